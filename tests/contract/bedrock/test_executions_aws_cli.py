"""Executions in the background from the aws command line."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.test_executions import IDLE, TURN, arn_of
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer

AWS = Path(sys.executable).with_name("aws")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(300),
    pytest.mark.skipif(not AWS.exists(), reason="the aws command is not installed beside Python"),
]


@pytest.fixture
def idle(make_server: Any) -> LiveServer:
    """A server that carries out nothing."""
    live: LiveServer = make_server(**{name: str(value) for name, value in IDLE.items()})
    return live


@pytest.fixture
def aws(idle: LiveServer, tmp_path: Path) -> Any:
    """``aws(operation, name=value)``: its output, or its error text."""
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": str(tmp_path),
        "AWS_ACCESS_KEY_ID": "any",
        "AWS_SECRET_ACCESS_KEY": "any",
        "AWS_DEFAULT_REGION": "us-east-1",
        "AWS_MAX_ATTEMPTS": "1",
        "AWS_ENDPOINT_URL_BEDROCK_AGENT_RUNTIME": idle.url,
    }

    def call(operation: str, *flags: str, **members: Any) -> Any:
        options = [
            part
            for name, value in members.items()
            for part in (
                "--" + name.replace("_", "-"),
                value if isinstance(value, str) else json.dumps(value),
            )
        ]
        done = subprocess.run(
            [str(AWS), "bedrock-agent-runtime", operation, *options, *flags],
            env=environment,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        return json.loads(done.stdout or "{}") if done.returncode == 0 else done.stderr.strip()

    return call


def test_the_life_of_an_execution(aws: Any, idle: LiveServer) -> None:
    agent = idle.boto()
    flow = agent.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    agent.prepare_flow(flowIdentifier=flow)
    at = {"flow_identifier": flow, "flow_alias_identifier": "TSTALIASID"}
    started = aws("start-flow-execution", **at, inputs=TURN, flow_execution_name="by-hand")
    assert started == {"executionArn": arn_of(flow, "TSTALIASID", "by-hand")}
    again = aws("start-flow-execution", **at, inputs=TURN, flow_execution_name="by-hand")
    assert "An error occurred (ConflictException) when calling the StartFlowExecution operation" in again
    named = {**at, "execution_identifier": started["executionArn"]}
    found = aws("get-flow-execution", **named)
    assert (found["status"], found["executionArn"]) == ("Running", started["executionArn"])
    aws("start-flow-execution", **at, inputs=TURN)
    listed = aws("list-flow-executions", "--page-size", "1", flow_identifier=flow)["flowExecutionSummaries"]
    assert len(listed) == 2, "the command line follows the tokens"
    assert listed[1]["createdAt"] == found["startedAt"]
    assert aws("list-flow-execution-events", **named, event_type="Node") == {"flowExecutionEvents": []}
    taken = aws("get-execution-flow-snapshot", **named)
    assert json.loads(taken["definition"]) == definition()
    assert aws("stop-flow-execution", **named) == {**started, "status": "Aborted"}
    assert aws("get-flow-execution", **named)["status"] == "Aborted"
    nobody = {**at, "execution_identifier": "nobody"}
    assert "(ResourceNotFoundException)" in aws("get-flow-execution", **nobody)
