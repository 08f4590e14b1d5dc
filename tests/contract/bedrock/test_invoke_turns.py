"""Conversations: an agent asks, the run waits, the answer goes on with it (bedrock 4.5)."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from botocore.exceptions import EventStreamError
from tests.contract.bedrock.running import agent, chain, code, furnished, install, invoke, prompt
from tests.contract.bedrock.test_invoke import edit, executions, refused_invoke
from tests.contract.bedrock.things import new_name, refused
from tests.contract.conftest import LiveServer, boto_client
from tests.contract.inprocess import in_process

from headrace.core.ports import Transaction
from headrace.settings import Settings
from headrace.storage.memory.store import MemoryStore

pytestmark = pytest.mark.live

ASKS = chain(
    ("Before", "InlineCode", code("value + '!'")),
    ("AgentsNode_1", "Agent", agent()),
    ("After", "InlineCode", code("value + ' Bye.'")),
)
ANSWERED = [("FlowOutput", "Green it is. Bye.")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    live = furnished(tmp_path_factory.mktemp("turns")).start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def agent_client(server: LiveServer) -> Any:
    return server.boto()


@pytest.fixture(scope="module")
def runtime(server: LiveServer) -> Any:
    return server.boto("bedrock-agent-runtime", read_timeout=40)


def ask(runtime: Any, flow: str, document: str = "ask me", **options: Any) -> str:
    """The first turn; the execution's id."""
    found = invoke(runtime, flow, document, **options)
    assert found.question == ("AgentsNode_1", "Which colour?")
    assert found.completion == ["INPUT_REQUIRED"]
    assert [next(iter(event)) for event in found.events[-2:]] == [
        "flowMultiTurnInputRequestEvent",
        "flowCompletionEvent",
    ]
    assert found.outputs == []
    return found.id


def answer(runtime: Any, flow: str, name: str, text: Any = "green", **options: Any) -> Any:
    options = {"node": "AgentsNode_1", **options}
    return invoke(runtime, flow, text, answers=True, executionId=name, **options)


def test_an_answer_goes_on_with_the_run(server: LiveServer, runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, ASKS)
    name = ask(runtime, flow)
    (run,) = executions(server, flow)
    assert (run["name"], run["status"], run["ended_at"]) == (name, "Waiting", None)
    found = answer(runtime, flow, name, enableTrace=True)
    assert found.id == name
    assert found.outputs == ANSWERED
    assert found.completion == ["SUCCESS"]
    nodes = [node for _, node, _ in found.traces]
    assert "Before" not in nodes, "what ran before the question does not run again"
    assert nodes[-3:] == ["After", "After", "FlowOutput"]
    deadline = time.monotonic() + 60
    while (run := executions(server, flow)[0])["status"] != "Succeeded":
        assert time.monotonic() < deadline
    assert len(executions(server, flow)) == 1, "both turns are one execution"
    with refused("ValidationException", 400, name):
        answer(runtime, flow, name)


def test_the_caller_may_name_the_execution(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, ASKS)
    name = "a:name.of-mine_1"
    assert ask(runtime, flow, executionId=name) == name
    assert answer(runtime, flow, name).outputs == ANSWERED
    again = refused_invoke(runtime, flow, executionId=name)
    assert again["executionId"] == name, "a name may be used again once the run has ended"
    again["responseStream"].close()


def test_an_agent_may_ask_again(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, ASKS)
    name = ask(runtime, flow, "ask twice")
    again = answer(runtime, flow, name, "hm")
    assert again.question == ("AgentsNode_1", "Which colour?")
    assert again.completion == ["INPUT_REQUIRED"]
    assert answer(runtime, flow, name).outputs == ANSWERED


def test_a_restart_loses_no_question(tmp_path: Path) -> None:
    live = furnished(tmp_path).start()
    try:
        flow = install(live.boto(), ASKS)
        name = ask(live.boto("bedrock-agent-runtime"), flow, "ask, I am Ada")
        live.kill()
        live.start()
        edit(live.boto(), flow, "'edited meanwhile'")
        live.boto().prepare_flow(flowIdentifier=flow)
        found = answer(live.boto("bedrock-agent-runtime"), flow, name, "teal")
        assert found.outputs == [("FlowOutput", "Teal it is, Ada. Bye.")]
    finally:
        live.stop()


@pytest.mark.parametrize("options", [{}, {"executionId": "named"}], ids=["unnamed", "named"])
def test_a_flow_is_deleted_before_it_asks(
    server: LiveServer, runtime: Any, agent_client: Any, options: dict[str, str]
) -> None:
    flow = install(agent_client, ASKS)
    given = [{"nodeName": "FlowInput", "content": {"document": "ask late"}}]
    begun = refused_invoke(runtime, flow, inputs=given, **options)
    agent_client.delete_flow(flowIdentifier=flow)
    with pytest.raises(EventStreamError, match="was deleted") as told:
        list(begun["responseStream"])
    assert told.value.response["Error"]["Code"] == "resourceNotFoundException"
    with refused("ResourceNotFoundException", 404):
        answer(runtime, flow, begun["executionId"])


def test_an_answer_must_be_for_what_asked(runtime: Any, agent_client: Any) -> None:
    flow, other = install(agent_client, ASKS), install(agent_client, ASKS)
    agent_client.create_flow_version(flowIdentifier=flow)
    alias = agent_client.create_flow_alias(
        flowIdentifier=flow, name=new_name(), routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    name = ask(runtime, flow)
    with refused("ValidationException", 400, "AgentsNode_1"):
        answer(runtime, flow, name, node="Before")
    with refused("ValidationException", 400, "TSTALIASID"):
        answer(runtime, flow, name, alias=alias)
    with refused("ValidationException", 400, name):
        answer(runtime, other, name)
    with refused("ValidationException", 400, "unknown.name"):
        answer(runtime, flow, "unknown.name")
    with refused("ValidationException", 400, "String"):
        answer(runtime, flow, name, {"not": "a text"})
    given = {"nodeName": "AgentsNode_1", "nodeInputName": "promptAttributes", "content": {"document": "x"}}
    to = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID"}
    with refused("ValidationException", 400, "agentInputText"):
        runtime.invoke_flow(**to, executionId=name, inputs=[given])
    with refused("ValidationException", 400, "needs the executionId"):
        runtime.invoke_flow(**to, inputs=[{**given, "nodeInputName": "agentInputText"}])
    with refused("ConflictException", 409, name):
        refused_invoke(runtime, flow, executionId=name)
    assert answer(runtime, flow, name).outputs == ANSWERED


def test_a_running_execution_is_busy(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, chain(("Short", "Prompt", prompt())))
    for options in ({"executionId": "busy.one"}, {}):
        first = refused_invoke(runtime, flow, **options)
        with refused("ConflictException", 409, first["executionId"]):
            refused_invoke(runtime, flow, executionId=first["executionId"])
        assert [next(iter(event)) for event in first["responseStream"]][-1] == "flowCompletionEvent"
        assert invoke(runtime, flow, "x", executionId="busy.one").completion == ["SUCCESS"]


def test_of_two_answers_at_once_one_is_taken(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, ASKS)
    name = ask(runtime, flow)

    def attempt(_: int) -> Any:
        try:
            return answer(runtime, flow, name).outputs
        except runtime.exceptions.ClientError as error:
            return error.response["Error"]["Code"]

    with ThreadPoolExecutor(5) as pool:
        outcomes = list(pool.map(attempt, range(5)))
    assert outcomes.count(ANSWERED) == 1
    assert {one for one in outcomes if isinstance(one, str)} <= {"ConflictException", "ValidationException"}


def test_a_question_is_not_kept_for_ever(tmp_path: Path) -> None:
    live = furnished(tmp_path, answer_timeout="1").start()
    try:
        runtime = live.boto("bedrock-agent-runtime")
        flow = install(live.boto(), ASKS)
        name = ask(runtime, flow)
        asked = time.monotonic()
        while time.monotonic() - asked < 1.1:
            time.sleep(0.1)
        with refused("ValidationException", 400, name):
            answer(runtime, flow, name)
        refused_invoke(runtime, flow, executionId=name)["responseStream"].close()
    finally:
        live.stop()


def test_a_deleted_version_does_not_stop_a_conversation(runtime: Any, agent_client: Any) -> None:
    flow = install(agent_client, ASKS)
    agent_client.create_flow_version(flowIdentifier=flow)
    alias = agent_client.create_flow_alias(
        flowIdentifier=flow, name=new_name(), routingConfiguration=[{"flowVersion": "1"}]
    )["id"]
    name = ask(runtime, flow, alias=alias)
    agent_client.delete_flow_version(flowIdentifier=flow, flowVersion="1", skipResourceInUseCheck=True)
    assert answer(runtime, flow, name, alias=alias).outputs == ANSWERED


class HoldsUpForgetting(MemoryStore):
    """A store that never comes to the end of the first conversation that is forgotten."""

    def __init__(self) -> None:
        super().__init__()
        self.is_asked = threading.Event()

    async def write(self, account: str, work: Callable[[Transaction], Any]) -> Any:
        if getattr(work, "__name__", "") == "_forget" and not self.is_asked.is_set():
            self.is_asked.set()
            await asyncio.Event().wait()
        return await super().write(account, work)


def test_a_caller_that_goes_away_at_the_very_end_leaves_the_name_free() -> None:
    store = HoldsUpForgetting()
    with in_process(Settings(store="memory:"), store) as running:
        flow = install(boto_client(running.url), chain(("Before", "InlineCode", code("value + '!'"))))
        runtime = boto_client(running.url, "bedrock-agent-runtime")
        first = refused_invoke(runtime, flow, executionId="again")
        assert store.is_asked.wait(20)
        first["responseStream"].close()
        deadline = time.monotonic() + 60
        while True:
            try:
                found = invoke(runtime, flow, "x", executionId="again")
                break
            except runtime.exceptions.ConflictException:
                assert time.monotonic() < deadline, "the name is taken for ever"
        assert found.outputs == [("FlowOutput", "x!")]
