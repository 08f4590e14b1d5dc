"""A server whose flows have scripted models to call, and flows to run on it over our own API."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
import jsonschema
from tests.contract.bedrock.running import install
from tests.contract.bedrock.things import ROLE
from tests.contract.conftest import NO_CERTIFICATES, humanloop_client
from tests.contract.inprocess import InProcess, in_process
from tests.contract.native.asking import WITHIN_S, Asker, described
from tests.contract.native.test_comparisons import signed
from tests.contract.native.test_rights import issue

from headrace.settings import Settings

T = TypeVar("T")
EVERY_S = 0.02
CONFIG = """
[models.providers.script]
type = "scripted"
file = "answers.json"

[[models.route]]
match = "*"
provider = "script"

[[agents.route]]
type = "local"
match = "*"
model = "an-agent"
instructions = "Help."

[[models.price]]
match = "*"
input_usd = 1.0
output_usd = 2.0
"""
ASK = {"toolUse": {"toolUseId": "t1", "name": "ask_user", "input": {"question": "Which colour?"}}}
ANSWERS: list[dict[str, Any]] = [
    {"text": "broken$", "answer": {"error": {"fault": "dependency", "message": "no such model"}}},
    {"text": "late$", "answer": {"text": "late", "delay_s": 60}},
    {"text": "soon$", "answer": {"text": "soon", "delay_s": 0.4}},
    {
        "node": "Clerk",
        "text": "ask",
        "answers": [{"content": [ASK], "stop_reason": "tool_use"}, {"text": "Green it is."}],
    },
    {"answer": {"text": "Said.", "input_tokens": 10, "output_tokens": 5}},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Stage:
    """A server with models, and its clients."""

    running: InProcess
    asker: Asker
    boto: Any
    runtime: Any
    humanloop: Any

    def flow(self, *definitions: dict[str, Any]) -> str:
        """A flow with a version of each; its id."""
        flow = install(self.boto, definitions[0])
        name = self.boto.get_flow(flowIdentifier=flow)["name"]
        for definition in definitions:
            self.boto.update_flow(
                flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=definition
            )
            self.boto.prepare_flow(flowIdentifier=flow)
            self.boto.create_flow_version(flowIdentifier=flow)
        return flow

    def run(self, flow: str, document: Any, **said: Any) -> Told:
        """Run a flow to its end, or to a question."""
        response = self.asker.send("POST", "files", flow, "run", body={"input": document, **said})
        assert response.status_code == 200, response.text
        return Told(response)

    def of(self, execution: str, *parts: str, **query: Any) -> Any:
        """What is told of an execution."""
        return self.asker.ask("GET", "executions", execution, *parts, **query)

    def until(self, look: Callable[[], T], is_so: Callable[[T], bool]) -> T:
        """What is found once it is so."""
        deadline = time.monotonic() + WITHIN_S
        while not is_so(found := look()):
            assert time.monotonic() < deadline, found
            time.sleep(EVERY_S)
        return found

    def known(self, execution: str) -> Any:
        """An execution once it is kept, which is soon after it began."""
        answer = self.until(
            lambda: self.asker.send("GET", "executions", execution), lambda one: one.status_code == 200
        )
        return answer.json()

    def ended(self, execution: str) -> Any:
        """An execution once it has ended and is shown as a log."""
        return self.until(
            lambda: self.known(execution), lambda one: bool(one["ended_at"]) and bool(one["log_id"])
        )

    @contextmanager
    def watching(self, flow: str, document: Any, **said: Any) -> Iterator[Iterator[dict[str, Any]]]:
        """Run a flow, and go away with the end of the block."""
        with (
            httpx.Client(verify=NO_CERTIFICATES, timeout=WITHIN_S) as client,
            client.stream(
                "POST",
                f"{self.running.url}/api/files/{flow}/run",
                json={"input": document, **said},
                headers={"x-api-key": self.asker.key},
            ) as response,
        ):
            assert response.status_code == 200
            yield (json.loads(line) for line in response.iter_lines())


class Told:
    """What was answered to a run, each line of it held to the document."""

    def __init__(self, response: httpx.Response) -> None:
        operation = described()["paths"]["/api/files/{file}/run"]["post"]
        schema = operation["responses"]["200"]["content"]["application/x-ndjson"]["schema"]
        lines = [json.loads(line) for line in response.text.splitlines()]
        for line in lines:
            jsonschema.validate(line, {**schema, "components": described()["components"]})
        self.began, *self.events = lines
        assert self.began["event"] == "execution"
        self.id: str = self.began["id"]

    @property
    def outputs(self) -> list[Any]:
        return [one["value"] for one in self.events if one["event"] == "flow_output"]

    @property
    def kinds(self) -> list[str]:
        return [one["event"] for one in self.events]


@contextmanager
def staged(folder: Path, **settings: Any) -> Iterator[Stage]:
    """A server with scripted models."""
    (folder / "headrace.toml").write_text(CONFIG)
    (folder / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
    wanted = Settings(store="memory:", config=str(folder / "headrace.toml"), **settings)
    with in_process(wanted) as running:
        key = issue(running, "000000000000", "admin")
        yield Stage(
            running=running,
            asker=Asker(url=running.url, key=key),
            boto=signed(running, "bedrock-agent"),
            runtime=signed(running, "bedrock-agent-runtime"),
            humanloop=humanloop_client(running.url, key),
        )
