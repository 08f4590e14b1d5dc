"""One domain: a run of a flow through InvokeFlow is a log of it in the Humanloop API, its nodes logs below."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from tests.contract.bedrock.running import agent, chain, code, furnished, install, invoke, prompt
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live

PAIR = chain(("Ask", "Prompt", prompt()), ("Shout", "InlineCode", code("value.upper()")))
MOST_S = 60


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = furnished(tmp_path_factory.mktemp("shown")).start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def aws(server: LiveServer) -> Any:
    return server.boto()


@pytest.fixture(scope="module")
def runtime(server: LiveServer) -> Any:
    return server.boto("bedrock-agent-runtime", read_timeout=40)


@pytest.fixture(scope="module")
def human(server: LiveServer) -> Any:
    return server.humanloop()


def until(found: Callable[[], Any]) -> Any:
    """What is found as soon as there is something."""
    end = time.monotonic() + MOST_S
    while not (value := found()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.05)
    return value


def long_id(human: Any, aws: Any, flow: str) -> str:
    name = aws.get_flow(flowIdentifier=flow)["name"]
    return str(human.files.retrieve_by_path(path=name).id)


def the_log(human: Any, file_id: str, status: str = "complete") -> Any:
    """The only log of a flow, once it has that status."""

    def look() -> Any:
        found = human.logs.list(file_id=file_id).items
        assert len(found or []) <= 1
        return found[0] if found and found[0].log_status == status else None

    return human.logs.get(until(look).id)


def test_a_run_of_a_version_is_a_log_with_its_steps_below(aws: Any, runtime: Any, human: Any) -> None:
    flow = install(aws, PAIR)
    aws.create_flow_version(flowIdentifier=flow)
    alias = aws.create_flow_alias(
        flowIdentifier=flow, name="live", routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    ran = invoke(runtime, flow, "hello", alias=alias)
    assert ran.outputs == [("FlowOutput", "SAID.")]

    file_id = long_id(human, aws, flow)
    log = the_log(human, file_id)
    version = human.flows.get(file_id)
    assert log["flow"]["version_id"] == version.version_id
    assert (version.version_logs_count, version.last_used_at > version.created_at) == (1, True)
    assert (log["inputs"], log["output"], log["error"]) == ({"document": "hello"}, "SAID.", None)
    assert log["start_time"] <= log["end_time"]
    assert log["metadata"]["executionId"] == ran.id
    assert log["metadata"]["alias"] == alias

    asked, shouted = log["trace_children"]
    assert asked["prompt"]["name"] == "Ask"
    assert asked["prompt"]["path"].endswith("/Ask")
    assert asked["prompt"]["model"] == "a-model"
    assert (asked["output"], asked["output_message"]["content"]) == ("Said.", "Said.")
    assert (asked["prompt_tokens"], asked["output_tokens"]) == (7, 2)
    assert asked["messages"][-1]["role"] == "user"
    assert shouted["tool"]["source_code"] == "value.upper()"
    assert (shouted["inputs"], shouted["output"]) == ({"value": "Said."}, "SAID.")
    for child in (asked, shouted):
        assert (child["trace_parent_id"], child["trace_id"]) == (log["id"], log["id"])
        assert child["trace_flow_id"] == file_id


def test_hidden_files_of_nodes_are_in_no_list_but_can_be_found(aws: Any, runtime: Any, human: Any) -> None:
    flow = install(aws, PAIR)
    invoke(runtime, flow, "hello")
    log = the_log(human, long_id(human, aws, flow))
    hidden = log["trace_children"][0]["prompt"]
    assert hidden["id"] not in [one.id for one in human.prompts.list(size=1000).items or []]
    assert hidden["id"] not in [one.id for one in human.files.list_files(size=1000).records]
    assert human.prompts.get(hidden["id"]).path == hidden["path"]
    assert len(human.logs.list(file_id=hidden["id"]).items) == 1


def test_steps_follow_when_what_they_were_logged_against_is_deleted(
    aws: Any, runtime: Any, human: Any
) -> None:
    flow = install(aws, PAIR)
    file_id = long_id(human, aws, flow)

    def shown() -> set[str]:
        """The runs that are logs by now."""
        found = human.logs.list(file_id=file_id).items or []
        return {one.id for one in found if one.log_status == "complete"}

    def tool_of_next_run() -> str:
        before = shown()
        invoke(runtime, flow, "hello")
        (added,) = until(lambda: shown() - before)
        return str(human.logs.get(added)["trace_children"][1]["tool"]["id"])

    first = tool_of_next_run()
    assert tool_of_next_run() == first
    human.tools.delete(id=first)
    second = tool_of_next_run()
    assert second != first
    assert human.tools.get(second).id == second


def test_a_run_of_the_draft_is_logged_against_what_ran(aws: Any, runtime: Any, human: Any) -> None:
    flow = install(aws, PAIR)
    invoke(runtime, flow, "hello")
    name = aws.get_flow(flowIdentifier=flow)["name"]
    other = chain(("Other", "InlineCode", code("value")))
    aws.update_flow(
        flowIdentifier=flow,
        name=name,
        executionRoleArn=aws.get_flow(flowIdentifier=flow)["executionRoleArn"],
        definition=other,
    )
    aws.prepare_flow(flowIdentifier=flow)
    file_id = long_id(human, aws, flow)
    log = the_log(human, file_id)
    nodes = [node["name"] for node in log["flow"]["attributes"]["definition"]["nodes"]]
    assert "Ask" in nodes
    assert human.flows.list_versions(file_id).records == []


def test_a_named_prompt_is_logged_against_itself(aws: Any, runtime: Any, human: Any) -> None:
    variant = {
        "name": "default",
        "templateType": "TEXT",
        "modelId": "a-model",
        "templateConfiguration": {"text": {"text": "{{text}}", "inputVariables": [{"name": "text"}]}},
    }
    made = aws.create_prompt(name="Asked-by-name", variants=[variant], defaultVariant="default")
    arn = aws.create_prompt_version(promptIdentifier=made["id"])["arn"]
    named = {"prompt": {"sourceConfiguration": {"resource": {"promptArn": arn}}}}
    flow = install_as_is(aws, chain(("Ask", "Prompt", named)))
    invoke(runtime, flow, "hello")
    log = the_log(human, long_id(human, aws, flow))
    (asked,) = log["trace_children"]
    assert asked["prompt"]["path"] == "prompts/Asked-by-name"
    assert human.prompts.get(asked["prompt"]["id"]).version_logs_count == 1


def install_as_is(aws: Any, definition: dict[str, Any]) -> str:
    flow = aws.create_flow(
        name="named-prompt", executionRoleArn="arn:aws:iam::000000000000:role/r", definition=definition
    )["id"]
    aws.prepare_flow(flowIdentifier=flow)
    found = aws.get_flow(flowIdentifier=flow)
    assert found["status"] == "Prepared", found["validations"]
    return str(flow)


def test_a_failed_run_says_why(aws: Any, runtime: Any, human: Any) -> None:
    flow = install(aws, chain(("Wrong", "Prompt", prompt())))
    ran = invoke(runtime, flow, "hello")
    assert ran.error is not None
    log = the_log(human, long_id(human, aws, flow))
    assert "no such model" in log["error"]
    assert log["output"] is None
    (child,) = log["trace_children"]
    assert "no such model" in child["error"]


def test_a_conversation_is_one_log_that_is_open_while_it_waits(aws: Any, runtime: Any, human: Any) -> None:
    flow = install(aws, chain(("Before", "InlineCode", code("value")), ("AgentsNode_1", "Agent", agent())))
    first = invoke(runtime, flow, "ask me")
    file_id = long_id(human, aws, flow)
    waiting = the_log(human, file_id, status="incomplete")
    assert waiting["output"] is None
    assert [child["tool"]["name"] for child in waiting["trace_children"]] == ["Before"]
    invoke(runtime, flow, "green", node="AgentsNode_1", answers=True, executionId=first.id)
    ended = the_log(human, file_id)
    assert ended["id"] == waiting["id"]
    assert [message["role"] for message in ended["messages"]] == ["user", "assistant", "user"]
    assert [child["tool"]["name"] for child in ended["trace_children"]] == ["Before", "AgentsNode_1"]


def test_the_evaluators_of_a_flow_judge_its_runs(aws: Any, runtime: Any, human: Any) -> None:
    flow = install(aws, PAIR)
    file_id = long_id(human, aws, flow)
    judge = human.evaluators.upsert(
        path=f"judges/{flow}",
        spec={
            "evaluator_type": "python",
            "arguments_type": "target_free",
            "return_type": "boolean",
            "code": "def loud(log):\n    return log['output'].isupper() and len(log['children']) == 2\n",
        },
    )
    human.flows.update_monitoring(file_id, activate=[{"evaluator_version_id": judge.version_id}])
    invoke(runtime, flow, "hello")
    log = the_log(human, file_id)
    judged = until(lambda: human.logs.get(log["id"])["evaluator_logs"])
    assert [one["judgment"] for one in judged] == [True]


def test_an_environment_is_invoked_by_its_name_and_told(aws: Any, runtime: Any, human: Any) -> None:
    made = human.flows.upsert(path="runs/by environment", attributes={"definition": PAIR})
    ran = invoke(runtime, made.id, "hello", alias="production")
    assert ran.outputs == [("FlowOutput", "SAID.")]
    log = the_log(human, made.id)
    assert (log["environment"], log["flow"]["version_id"]) == ("production", made.version_id)


def test_what_the_server_was_told_not_to_keep_is_not_in_logs(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    live = furnished(tmp_path_factory.mktemp("unkept"), keep_content="metadata").start()
    try:
        aws, human = live.boto(), live.humanloop()
        flow = install(aws, PAIR)
        invoke(live.boto("bedrock-agent-runtime"), flow, "hello")
        log = the_log(human, long_id(human, aws, flow))
        assert (log["inputs"], log["output"], log["save"]) == ({}, None, False)
        assert [child["output"] for child in log["trace_children"]] == [None, None]
        assert log["trace_children"][0]["prompt_tokens"] == 7
    finally:
        assert live.stop() == 0
