"""Moves of pointers among several callers and several servers: who wins, and from when on it holds."""

from __future__ import annotations

import asyncio
import http.client
import itertools
import json
import re
import threading
import time
from collections import Counter
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any, TypeVar
from urllib.parse import urlsplit

import pytest
from botocore.exceptions import ClientError
from tests.contract.bedrock.running import agent, chain, furnish, install, invoke
from tests.contract.bedrock.test_invoke import executions
from tests.contract.bedrock.things import CREDENTIALS, ROLE, new_token
from tests.contract.conftest import LiveServer
from tests.contract.inprocess import InProcess, in_process
from tests.postgres import cluster
from tests.stores import SECRET_KEY
from tests.unit.services.conftest import DefinitionIsRunnable, NoVault

from headrace.core.access import Principal
from headrace.core.clock import SystemClock
from headrace.core.deployments import Action, Move
from headrace.core.errors import Conflict
from headrace.core.ids import RandomIds
from headrace.services.base import Ports
from headrace.services.deployments import rollouts
from headrace.services.deployments.moves import Moved, Wish
from headrace.services.deployments.pointers import Where
from headrace.services.deployments.splits import split
from headrace.services.deployments.switches import switch
from headrace.services.server import access
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.settings import Settings
from headrace.storage import open_store

T = TypeVar("T")
pytestmark = pytest.mark.live

CALLERS = 50
WITHIN_S = 30.0
KEY_HEADER = "x-headrace-split-key"


# Who wins


@pytest.fixture(params=["sqlite", "postgresql"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[list[InProcess]]:
    """One server on a file, or two on one database."""
    is_shared = request.param == "postgresql"
    if is_shared:
        settings = Settings(store=cluster().new(), secret_key=SECRET_KEY)
    else:
        settings = Settings(store=f"sqlite:///{tmp_path}/store.db")
    with ExitStack() as stack:
        yield [stack.enter_context(in_process(settings)) for _ in range(1 + is_shared)]


def says(number: int) -> dict[str, Any]:
    """A flow that hands its document on by an output that names the version."""
    name = f"Version_{number}"
    ports = [{"name": "document", "type": "String"}]
    return {
        "nodes": [
            {"name": "FlowInput", "type": "Input", "outputs": ports},
            {"name": name, "type": "Output", "inputs": [{**ports[0], "expression": "$.data"}]},
        ],
        "connections": [
            {
                "name": "Through",
                "type": "Data",
                "source": "FlowInput",
                "target": name,
                "configuration": {"data": {"sourceOutput": "document", "targetInput": "document"}},
            }
        ],
    }


def flow_with_versions(server: InProcess, count: int) -> tuple[str, list[str]]:
    """A flow and its versions, the first of them deployed by itself."""
    made = []
    for number in range(1, count + 1):
        content = {"definition": says(number)}
        submission = Submission(
            kind="flow", ref=None, path="a/b", content=json.dumps(content).encode(), parsed=content
        )
        made.append(server.run(versions.upsert(server.server.ports, server.server.local, submission)))
    return made[0].file.id, [one.version.id for one in made]


def at_once(servers: list[InProcess], where: Where, targets: list[str], **wish: Any) -> list[Any]:
    """What comes of moves that all callers, shared out among the servers, ask for together."""
    barrier = threading.Barrier(len(targets))

    def one(number: int) -> Any:
        server = servers[number % len(servers)]
        moving = rollouts.point(
            server.server.ports, server.server.local, where, to=targets[number], wish=Wish(**wish)
        )
        barrier.wait(WITHIN_S)
        try:
            return server.run(moving)
        except Conflict as refused:
            return refused

    with ThreadPoolExecutor(len(targets)) as pool:
        return list(pool.map(one, range(len(targets))))


def history(server: InProcess, where: Where) -> list[Move]:
    found = rollouts.history(server.server.ports, server.server.local, where, take=1000)
    return server.run(found)


@pytest.mark.parametrize("goal", ["another each", "the same"])
def test_one_of_fifty_wins(servers: list[InProcess], goal: str) -> None:
    flow, made = flow_with_versions(servers[0], CALLERS + 1)
    where = Where(kind="flow", ref=flow, environment="production")
    (first,) = history(servers[0], where)
    targets = made[1:] if goal == "another each" else [made[1]] * CALLERS
    found = at_once(servers, where, targets, expected=first.id)
    (winner,) = (one for one in found if isinstance(one, Moved))
    losers = [one for one in found if isinstance(one, Conflict)]
    assert len(losers) == CALLERS - 1
    assert winner.move is not None
    for refused in losers:
        assert f"since move {winner.move.id}" in refused.message
        assert winner.after.version_id in refused.message
    for server in servers:
        assert history(server, where) == [winner.move, first]


def test_fifty_who_expect_nothing_move_one_after_another(servers: list[InProcess]) -> None:
    flow, made = flow_with_versions(servers[0], CALLERS + 1)
    where = Where(kind="flow", ref=flow, environment="production")
    found = at_once(servers, where, made[1:])
    told = history(servers[-1], where)
    assert {one.move.id for one in found} == {one.id for one in told[:-1]}
    assert len(told) == CALLERS + 1
    for later, earlier in itertools.pairwise(told):
        assert later.from_version_id == earlier.version_id
    live = servers[0].run(rollouts.live(servers[0].server.ports, servers[0].server.local, where))
    assert live.move_id == told[0].id


# From when on it holds


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[LiveServer]]:
    """Two processes on one database, for all tests: each has flows of its own."""
    wanted = furnish(tmp_path_factory.mktemp("pair")) | {"secret_key": SECRET_KEY, "store_connections": "4"}
    store = cluster().new()
    made = [LiveServer(store=store, settings=wanted) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(LiveServer.start, made))
    yield made
    for live in made:
        assert live.stop() == 0


class Operator:
    """Somebody at a third process on the same database."""

    def __init__(self, store: str, runner: asyncio.Runner) -> None:
        self._runner = runner
        self.ports = Ports(
            store=open_store(store),
            ids=RandomIds(),
            clock=SystemClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        self.principal: Principal = self.run(
            access.ensure_organisation(self.ports, account="000000000000", name="default")
        )

    def run(self, call: Any) -> Any:
        return self._runner.run(call)

    def switch(self, where: Where, *, is_off: bool, reason: str | None = None) -> Moved:
        wish = Wish(reason=reason)
        return self.run(  # type: ignore[no-any-return]
            switch(self.ports, self.principal, where, is_off=is_off, wish=wish)
        )

    def split(self, where: Where, *shares: tuple[str, int]) -> Moved:
        return self.run(  # type: ignore[no-any-return]
            split(self.ports, self.principal, where, shares=shares)
        )


@pytest.fixture
def operator(pair: list[LiveServer]) -> Iterator[Operator]:
    with asyncio.Runner() as runner:
        made = Operator(pair[0].store, runner)
        yield made
        runner.run(made.ports.store.close())


def flow_that_counts(server: LiveServer, count: int) -> tuple[str, str]:
    """A flow whose versions say which they are, and an alias at the first."""
    bedrock = server.boto()
    flow = install(bedrock, says(1))
    name = bedrock.get_flow(flowIdentifier=flow)["name"]
    for number in range(1, count + 1):
        bedrock.update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=says(number))
        bedrock.prepare_flow(flowIdentifier=flow)
        bedrock.create_flow_version(flowIdentifier=flow)
    made = bedrock.create_flow_alias(
        flowIdentifier=flow, name="live", routingConfiguration=[{"flowVersion": "1"}]
    )
    return flow, str(made["id"])


class Caller:
    """Invokes a flow again and again on one connection; who it is tells what it was answered."""

    def __init__(self, server: LiveServer, flow: str, alias: str) -> None:
        parts = urlsplit(server.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=WITHIN_S)
        self._path = f"/flows/{flow}/aliases/{alias}"

    def version(self, *, key: str | None = None, execution: str | None = None) -> int:
        given = {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}
        body = {"inputs": [given]} | ({} if execution is None else {"executionId": execution})
        headers = {**CREDENTIALS, **({} if key is None else {KEY_HEADER: key})}
        self._connection.request("POST", self._path, body=json.dumps(body), headers=headers)
        answer = self._connection.getresponse()
        text = answer.read()
        assert answer.status == 200, text
        found = re.search(rb"Version_(\d+)", text)
        assert found is not None, text
        return int(found[1])

    def close(self) -> None:
        self._connection.close()


def look_while_it_moves(pair: list[LiveServer], *, calls: int, moves: int) -> Counter[int]:
    """Invoke through one server while the alias is moved through the other, version by version.

    None may be answered by an older version than the one that was acknowledged before it asked.
    """
    flow, alias = flow_that_counts(pair[0], moves + 1)
    mover = pair[0].boto()
    acknowledged = 1
    is_done = threading.Event()
    answered: Counter[int] = Counter()

    def ask(share: int) -> list[int]:
        caller = Caller(pair[1], flow, alias)
        found = []
        while len(found) < share or not is_done.is_set():
            least = acknowledged
            version = caller.version()
            assert version >= least, f"{version} was answered after {least} was acknowledged"
            found.append(version)
        caller.close()
        return found

    with ThreadPoolExecutor(4) as pool:
        asking = [pool.submit(ask, calls // 4) for _ in range(4)]
        for number in range(2, moves + 2):
            mover.update_flow_alias(
                flowIdentifier=flow,
                aliasIdentifier=alias,
                name="live",
                routingConfiguration=[{"flowVersion": str(number)}],
            )
            acknowledged = number
        is_done.set()
        for one in asking:
            answered.update(one.result())
    last = Caller(pair[1], flow, alias)
    assert last.version() == moves + 1
    last.close()
    return answered


def test_nobody_is_answered_by_what_was_there_before(pair: list[LiveServer]) -> None:
    answered = look_while_it_moves(pair, calls=200, moves=8)
    assert answered.total() >= 200
    assert len(answered) > 2, "it was asked while it moved"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_ten_thousand_callers_see_no_older_version(pair: list[LiveServer]) -> None:
    answered = look_while_it_moves(pair, calls=10_000, moves=40)
    assert answered.total() >= 10_000
    assert len(answered) > 10


def refusal(call: Any) -> str:
    """What is said when it is refused because of a conflict."""
    with pytest.raises(ClientError) as caught:
        call()
    error = caught.value.response
    assert error["Error"]["Code"] == "ConflictException"
    assert error["ResponseMetadata"]["HTTPStatusCode"] == 409
    return str(error["Error"]["Message"])


def test_off_holds_on_the_next_call_of_every_process(pair: list[LiveServer], operator: Operator) -> None:
    flow, alias = flow_that_counts(pair[0], 1)
    runtimes = [server.boto("bedrock-agent-runtime") for server in pair]
    start = {
        "flowIdentifier": flow,
        "flowAliasIdentifier": alias,
        "inputs": [{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}],
    }
    for where, said in (
        (Where(kind="flow", ref=flow, alias="live"), "The alias `live` of Flow"),
        (Where(kind="flow", ref=flow), "Flow `"),
    ):
        for runtime in runtimes:
            invoke(runtime, flow, "x", alias=alias)
        operator.switch(where, is_off=True, reason="It leaks")
        for server, runtime in zip(pair, runtimes, strict=True):
            for call in (
                lambda runtime=runtime: invoke(runtime, flow, "x", alias=alias),
                lambda runtime=runtime: runtime.start_flow_execution(**start),
            ):
                told = refusal(call)
                assert told.startswith(said), told
                assert "It leaks" in told
                assert "switches it on again" in told
            shown = server.boto().get_flow_alias(flowIdentifier=flow, aliasIdentifier=alias)
            assert shown["routingConfiguration"] == [{"flowVersion": "1"}], "reading goes on"
        operator.switch(where, is_off=False)
    for runtime in runtimes:
        assert invoke(runtime, flow, "x", alias=alias).outputs


def test_a_conversation_stops_at_a_switch_and_goes_on_after_it(
    pair: list[LiveServer], operator: Operator
) -> None:
    flow = install(pair[0].boto(), chain(("AgentsNode_1", "Agent", agent())))
    runtimes = [server.boto("bedrock-agent-runtime") for server in pair]
    asked = invoke(runtimes[0], flow, "ask me")
    operator.switch(Where(kind="flow", ref=flow), is_off=True)

    def answer() -> Any:
        return invoke(runtimes[1], flow, "green", answers=True, node="AgentsNode_1", executionId=asked.id)

    assert "switched off" in refusal(answer)
    operator.switch(Where(kind="flow", ref=flow), is_off=False)
    assert answer().outputs == [("FlowOutput", "Green it is.")]


def test_off_holds_on_the_only_server_of_a_file(tmp_path: Path) -> None:
    """What was read is kept there as long as nothing changes, which this does."""
    settings = Settings(store=f"sqlite:///{tmp_path}/store.db")
    with in_process(settings) as running:
        flow, _ = flow_with_versions(running, 1)
        server = LiveServer(store="memory:", url=running.url)
        runtime = server.boto("bedrock-agent-runtime")
        short = server.boto().list_flows()["flowSummaries"][0]["id"]
        where = Where(kind="flow", ref=flow, environment="production")
        for is_off in (True, False, True):
            running.run(switch(running.server.ports, running.server.local, where, is_off=is_off))
            if is_off:
                assert "`production`" in refusal(lambda: invoke(runtime, short, "x", alias="production"))
            else:
                assert invoke(runtime, short, "x", alias="production").events


# Splits


def test_a_split_is_the_same_on_every_server(pair: list[LiveServer], operator: Operator) -> None:
    flow, alias = flow_that_counts(pair[0], 3)
    operator.split(Where(kind="flow", ref=flow, alias="live"), ("1", 2), ("2", 1), ("3", 1))
    callers = [Caller(server, flow, alias) for server in pair]
    found = {f"key {n}": callers[n % 2].version(key=f"key {n}") for n in range(40)}
    assert set(found.values()) == {1, 2, 3}
    for number, (key, version) in enumerate(found.items()):
        assert callers[1 - number % 2].version(key=key) == version
    for number in range(10):
        name = f"execution-{number}"
        versions_of_it = {caller.version(execution=name) for caller in callers}
        assert len(versions_of_it) == 1
        assert callers[0].version(execution=name, key="another") in versions_of_it, "the name comes first"
    assert {callers[0].version() for _ in range(40)} == {1, 2, 3}, "without a key each is on its own"
    shown = pair[1].boto().get_flow_alias(flowIdentifier=flow, aliasIdentifier=alias)
    assert shown["routingConfiguration"] == [{"flowVersion": "1"}]
    for caller in callers:
        caller.close()


def test_what_ran_is_recorded_and_executions_are_split_by_their_names(
    pair: list[LiveServer], operator: Operator
) -> None:
    flow, alias = flow_that_counts(pair[0], 2)
    operator.split(Where(kind="flow", ref=flow, alias="live"), ("1", 1), ("2", 1))
    caller = Caller(pair[0], flow, alias)
    runtime = pair[1].boto("bedrock-agent-runtime")
    wanted = {}
    for number in range(12):
        name = f"name-{number}-{new_token()[:8]}"
        wanted[name] = caller.version(execution=name)
        runtime.start_flow_execution(
            flowIdentifier=flow,
            flowAliasIdentifier=alias,
            flowExecutionName=name,
            inputs=[{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}],
        )
    assert set(wanted.values()) == {1, 2}
    end = time.monotonic() + WITHIN_S
    while len(told := executions(pair[0], flow)) < 2 * len(wanted):
        assert time.monotonic() < end
        time.sleep(0.05)
    assert {(one["name"], one["number"]) for one in told} == set(wanted.items())
    caller.close()


def test_tools_are_called_by_split_and_switch(pair: list[LiveServer], operator: Operator) -> None:
    clients = [server.humanloop() for server in pair]
    first = clients[0].tools.upsert(path="a/tool", source_code="def f():\n    return 'one'\n")
    second = clients[0].tools.upsert(path="a/tool", source_code="def f():\n    return 'two'\n")
    where = Where(kind="tool", ref=first.id, environment="production")
    operator.split(where, (first.version_id, 1), (second.version_id, 1))
    found: dict[int, tuple[str, str]] = {}
    for number in range(40):  # until both were drawn
        options = {"additional_headers": {KEY_HEADER: f"user {number}"}}
        answers = [client.tools.call(id=first.id, request_options=options) for client in clients]
        (found[number],) = {(answer.output, answer.tool.version_id) for answer in answers}
        if len(set(found.values())) == 2:
            break
    assert set(found.values()) == {("one", first.version_id), ("two", second.version_id)}
    operator.switch(where, is_off=True, reason="It costs too much")
    for client in clients:
        with pytest.raises(Exception, match="It costs too much") as caught:
            client.tools.call(id=first.id)
        assert caught.value.status_code == 409  # type: ignore[attr-defined]
        assert client.tools.call(id=first.id, version_id=second.version_id).output == "two"
        assert client.tools.get(first.id).version_id == first.version_id
    operator.switch(where, is_off=False)
    assert clients[1].tools.call(id=first.id).output in ("one", "two")


# What was written down


def test_a_move_can_neither_be_changed_nor_removed_in_the_database(
    pair: list[LiveServer], operator: Operator
) -> None:
    import psycopg

    flow, _ = flow_that_counts(pair[0], 2)
    operator.switch(Where(kind="flow", ref=flow, alias="live"), is_off=True)
    with psycopg.connect(pair[0].store, autocommit=True) as connection:
        for change in ("UPDATE moves SET reason = 'nothing'", "DELETE FROM moves"):
            with pytest.raises(psycopg.Error, match="only ever appended"):
                connection.execute(change)
    moves = operator.run(
        rollouts.history(
            operator.ports, operator.principal, Where(kind="flow", ref=flow, alias="live"), take=9
        )
    )
    assert [one.action for one in moves] == [Action.SWITCH_OFF, Action.MOVE]
