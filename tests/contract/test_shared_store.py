"""Two servers on one PostgreSQL database: what is told to one holds for the other, and one outlives the other."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError
from tests.contract.bedrock.running import agent, chain, code, furnish, install, invoke, prompt
from tests.contract.bedrock.test_invoke import executions
from tests.contract.bedrock.things import ROLE, definition, new_name, new_token, send
from tests.contract.conftest import LiveServer
from tests.contract.keys import run, run_json
from tests.postgres import cluster
from tests.stores import SECRET_KEY

T = TypeVar("T")
pytestmark = [pytest.mark.live, pytest.mark.slow]

CALLERS = 50
TIMEOUT_S = 2.0
WITHIN_S = 30.0
ECHO = chain(("Say", "InlineCode", code("value + '!'")))
ASKS = chain(("AgentsNode_1", "Agent", agent()))
SLOW = chain(("Slow", "Prompt", prompt()))
LATE = chain(("Late", "Prompt", prompt()))
SOON = chain(("Short", "Prompt", prompt()))


@pytest.fixture
def make_pair(tmp_path: Path) -> Iterator[Callable[..., tuple[LiveServer, LiveServer]]]:
    """Two servers on a new database, begun at the same moment."""
    wanted = furnish(tmp_path) | {
        "store": cluster().new(),
        "secret_key": SECRET_KEY,
        "process_timeout": str(TIMEOUT_S),
        "store_connections": "4",
    }
    made: list[LiveServer] = []

    def make(**settings: str) -> tuple[LiveServer, LiveServer]:
        chosen = wanted | settings
        store = chosen.pop("store")
        made.extend(LiveServer(store=store, settings=chosen) for _ in range(2))
        with ThreadPoolExecutor() as pool:
            list(pool.map(LiveServer.start, made))
        return made[0], made[1]

    yield make
    for live in made:
        if live.process is not None and live.process.poll() is None:
            live.process.send_signal(signal.SIGCONT)
            assert live.stop() == 0


Pair = tuple[LiveServer, LiveServer]


@pytest.fixture
def pair(make_pair: Callable[..., Pair]) -> Pair:
    return make_pair()


def on_both(pair: Pair, work: Callable[[LiveServer, int], T]) -> list[T]:
    """What ``work`` answers to so many callers of each server, who all start at the same moment."""
    barrier = threading.Barrier(2 * CALLERS)

    def one(index: int) -> T:
        barrier.wait(timeout=60)
        return work(pair[index % 2], index)

    with ThreadPoolExecutor(max_workers=2 * CALLERS) as pool:
        return list(pool.map(one, range(2 * CALLERS)))


def eventually(look: Callable[[], T]) -> T:
    """The first true answer."""
    end = time.monotonic() + WITHIN_S
    while not (found := look()):
        assert time.monotonic() < end, "it did not come to pass"
        time.sleep(0.02)
    return found


def state(server: LiveServer, flow: str, name: str) -> tuple[str, str | None]:
    """How a run stands, and what is said of its failure."""
    found = {one["name"]: one for one in executions(server, flow)}
    return (found[name]["status"], found[name]["error"]) if name in found else ("", None)


FAILED = ("Failed", "The server stopped while this was running.")


# One registry


def test_two_servers_can_start_on_an_empty_database_at_the_same_moment(
    make_pair: Callable[..., Pair],
) -> None:
    first, second = make_pair(store=cluster().empty())
    made = first.humanloop().flows.upsert(path="a/b", attributes={"a": 1})
    seen = {one.name for one in second.humanloop().flows.list_environments(made.id)}
    assert seen == {"production", "staging"}


def test_the_same_upsert_through_both_makes_one_version(pair: Pair) -> None:
    body = {"path": "at/once", "attributes": {"definition": definition("same"), "executionRoleArn": ROLE}}
    headers = {"x-api-key": "any", "content-type": "application/json"}
    answers = on_both(pair, lambda server, _: send(server.url, "POST", "/v5/flows", body, headers=headers))
    assert {answer.status for answer in answers} <= {200, 201}, answers
    assert len({answer.json()["version_id"] for answer in answers}) == 1
    (flow,) = {answer.json()["id"] for answer in answers}
    assert len(pair[0].humanloop().flows.list_versions(flow).records) == 1


def test_versions_made_through_both_have_numbers_without_a_gap(pair: Pair) -> None:
    flow = install(pair[0].boto(), ECHO)
    answers = on_both(
        pair,
        lambda server, _: send(server.url, "POST", f"/flows/{flow}/versions", {"clientToken": new_token()}),
    )
    assert Counter(answer.status for answer in answers) == {201: 2 * CALLERS}
    assert sorted(int(answer.json()["version"]) for answer in answers) == list(range(1, 2 * CALLERS + 1))


def test_one_name_through_both_makes_one_flow(pair: Pair) -> None:
    body = {"name": new_name(), "executionRoleArn": ROLE}
    answers = on_both(
        pair, lambda server, _: send(server.url, "POST", "/flows/", {**body, "clientToken": new_token()})
    )
    assert Counter(answer.status for answer in answers) == {201: 1, 409: 2 * CALLERS - 1}


def test_one_token_through_both_makes_one_version(pair: Pair) -> None:
    flow = install(pair[0].boto(), ECHO)
    body = {"description": "once", "clientToken": new_token()}
    answers = on_both(pair, lambda server, _: send(server.url, "POST", f"/flows/{flow}/versions", body))
    assert Counter(answer.status for answer in answers) == {201: 2 * CALLERS}
    assert len({answer.body for answer in answers}) == 1


def test_an_alias_moved_through_one_leads_there_from_the_next_call_on_the_other(pair: Pair) -> None:
    agents = [server.boto() for server in pair]
    runtimes = [server.boto("bedrock-agent-runtime") for server in pair]
    flow = install(agents[0], ECHO)
    name = agents[0].get_flow(flowIdentifier=flow)["name"]
    agents[0].create_flow_version(flowIdentifier=flow)
    other = chain(("Say", "InlineCode", code("value + '?'")))
    agents[0].update_flow(flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=other)
    agents[0].prepare_flow(flowIdentifier=flow)
    agents[0].create_flow_version(flowIdentifier=flow)
    routes = [[{"flowVersion": version}] for version in ("1", "2")]
    alias = agents[0].create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=routes[0])[
        "id"
    ]
    for turn in range(20):
        mover, caller = turn % 2, 1 - turn % 2
        wanted = (turn + 1) % 2
        agents[mover].update_flow_alias(
            flowIdentifier=flow, aliasIdentifier=alias, name="live", routingConfiguration=routes[wanted]
        )
        assert invoke(runtimes[caller], flow, "x", alias=alias).outputs == [
            ("FlowOutput", "x" + "!?"[wanted])
        ]


def test_a_key_made_or_revoked_through_one_counts_at_once_on_the_other(pair: Pair) -> None:
    first, second = pair
    assert send(second.url, "GET", "/flows/").status == 200, "without keys both are open"
    key = run_json(
        *("keys", "create", "--email", "ann@example.com", "--right", "admin", "--store", first.store),
        HEADRACE_SECRET_KEY=SECRET_KEY,
    )
    assert send(second.url, "GET", "/v5/flows", headers={"x-api-key": "any"}).status == 401
    headers = {"x-api-key": key["api_key"]}
    extra = send(first.url, "POST", "/console/keys", {"email": "b@example.com"}, headers=headers).json()
    for server in pair:
        assert send(server.url, "GET", "/v5/flows", headers={"x-api-key": extra["api_key"]}).status == 200
    assert send(first.url, "DELETE", f"/console/keys/{extra['id']}", headers=headers).status == 204
    assert send(second.url, "GET", "/v5/flows", headers={"x-api-key": extra["api_key"]}).status == 401
    signed = second.boto(access_key=key["access_key_id"], secret_key=key["secret_access_key"])
    assert signed.list_flows()["flowSummaries"] == []


def test_a_page_token_of_one_is_good_on_the_other(pair: Pair) -> None:
    for number in range(3):
        pair[0].boto().create_flow(name=f"flow-{number}", executionRoleArn=ROLE)
    first = pair[0].boto().list_flows(maxResults=2)
    second = pair[1].boto().list_flows(maxResults=2, nextToken=first["nextToken"])
    assert len(first["flowSummaries"] + second["flowSummaries"]) == 3


# Runs


def test_a_conversation_begun_on_one_is_answered_on_the_other(pair: Pair) -> None:
    runtimes = [server.boto("bedrock-agent-runtime") for server in pair]
    flow = install(pair[0].boto(), ASKS)
    asked = invoke(runtimes[0], flow, "ask me")
    assert asked.question == ("AgentsNode_1", "Which colour?")
    found = invoke(runtimes[1], flow, "green", answers=True, node="AgentsNode_1", executionId=asked.id)
    assert found.outputs == [("FlowOutput", "Green it is.")]
    assert eventually(lambda: state(pair[1], flow, asked.id) == ("Succeeded", None))


def test_a_turn_that_is_carried_out_on_one_is_busy_on_the_other(pair: Pair) -> None:
    runtimes = [server.boto("bedrock-agent-runtime", read_timeout=60) for server in pair]
    flow = install(pair[0].boto(), SLOW)
    response = runtimes[0].invoke_flow(
        flowIdentifier=flow,
        flowAliasIdentifier="TSTALIASID",
        executionId="talk",
        inputs=[{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}],
    )
    with pytest.raises(ClientError, match="ConflictException"):
        invoke(runtimes[1], flow, "x", executionId="talk")
    response["responseStream"].close()
    eventually(lambda: state(pair[1], flow, "talk")[0] == "Aborted")


def test_each_run_becomes_one_log_whoever_shows_it(pair: Pair) -> None:
    runtimes = [server.boto("bedrock-agent-runtime") for server in pair]
    flow = install(pair[0].boto(), ECHO)
    file_id = next(iter(pair[0].humanloop().flows.list())).id
    with ThreadPoolExecutor(max_workers=8) as pool:
        list(pool.map(lambda n: invoke(runtimes[n % 2], flow, f"n{n}"), range(40)))

    def logs() -> int:
        answer = send(
            pair[1].url, "GET", f"/v5/logs?file_id={file_id}&size=100", headers={"x-api-key": "any"}
        )
        return int(answer.json()["total"])

    eventually(lambda: logs() >= 40)
    assert logs() == 40


# One that ends


def _begun(
    server: LiveServer, flow: str, name: str, document: str = "x"
) -> tuple[threading.Thread, list[Any]]:
    """A run that another thread listens to, once it is recorded; and what comes of it."""
    runtime, told = server.boto("bedrock-agent-runtime", read_timeout=60), []

    def listen() -> None:
        try:
            told.append(invoke(runtime, flow, document, executionId=name).error)
        except Exception as error:
            told.append(error)

    thread = threading.Thread(target=listen)
    thread.start()
    eventually(lambda: state(server, flow, name)[0] == "Running")
    return thread, told


def test_what_a_killed_server_ran_has_failed_within_the_timeout(pair: Pair) -> None:
    first, second = pair
    flow = install(first.boto(), SLOW)
    asks = install(first.boto(), ASKS)
    asked = invoke(first.boto("bedrock-agent-runtime"), asks, "ask me")
    thread, _ = _begun(first, flow, "dies")
    first.kill()
    killed_at = time.monotonic()
    thread.join()
    assert eventually(lambda: state(second, flow, "dies") == FAILED)
    assert time.monotonic() - killed_at < 6 * TIMEOUT_S, "and a little more, on a busy machine"
    runtime = second.boto("bedrock-agent-runtime", read_timeout=60)
    found = invoke(runtime, asks, "green", answers=True, node="AgentsNode_1", executionId=asked.id)
    assert found.outputs == [("FlowOutput", "Green it is.")], "what waited can still be answered"
    short = install(second.boto(), SOON)
    assert invoke(runtime, short, "x", executionId="dies").outputs == [("FlowOutput", "soon")]


@pytest.mark.parametrize(
    ("runs", "document"), [(LATE, "x"), (ASKS, "ask late")], ids=["goes on after that", "asks at once"]
)
def test_a_server_that_was_held_up_gives_its_runs_up_and_goes_on(
    pair: Pair, runs: dict[str, Any], document: str
) -> None:
    first, second = pair
    flow = install(first.boto(), runs)
    thread, told = _begun(first, flow, "held", document)
    assert first.process is not None
    os.kill(first.process.pid, signal.SIGSTOP)
    assert eventually(lambda: state(second, flow, "held") == FAILED)
    os.kill(first.process.pid, signal.SIGCONT)
    thread.join()
    assert told != [None], "its caller is told so"
    assert "out of reach" in str(told[0])
    assert state(second, flow, "held") == FAILED
    quick = install(first.boto(), ECHO)
    assert invoke(first.boto("bedrock-agent-runtime"), quick, "x", executionId="held").error is None
    assert eventually(lambda: state(second, quick, "held") == ("Succeeded", None))
    assert state(second, flow, "held") == FAILED


# The key and the password


def test_a_shared_store_wants_the_secret_key(tmp_path: Path) -> None:
    store = cluster().new()
    command = [sys.executable, "-m", "headrace", "serve", "--port", "0", "--store", store]
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    done = subprocess.run(command, env=clean, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "needs HEADRACE_SECRET_KEY" in done.stderr
    assert "headrace keys secret" in done.stderr
    assert "Traceback" not in done.stderr
    made = run("keys", "secret").stdout.strip()
    assert run("keys", "list", "--store", store, HEADRACE_SECRET_KEY=made).returncode == 0
    assert made != run("keys", "secret").stdout.strip()


def test_another_secret_key_than_that_of_the_others_is_told(tmp_path: Path) -> None:
    store = cluster().new()
    create = ("keys", "create", "--email", "ann@example.com", "--store", store)
    assert run(*create, HEADRACE_SECRET_KEY=SECRET_KEY).returncode == 0
    for secret_key, is_told in ((SECRET_KEY, False), (run("keys", "secret").stdout.strip(), True)):
        with (tmp_path / "log").open("w") as log:
            LiveServer(store=store, settings={"secret_key": secret_key}, stderr=log).start().stop()
        told = (tmp_path / "log").read_text()
        assert ("all processes of a store need the same key" in told) is is_told
        assert secret_key not in told


def test_nothing_tells_the_password_of_a_store(tmp_path: Path) -> None:
    store = "postgresql://ann:tell-nobody@127.0.0.1:9/none"
    for command in ("serve", "settings", "keys list", "settings --json", "executions list"):
        done = run(*command.split(), HEADRACE_STORE=store, HEADRACE_SECRET_KEY=SECRET_KEY)
        assert "127.0.0.1:9" in done.stdout + done.stderr
        assert "tell-nobody" not in done.stdout + done.stderr
