"""Executions in the background that are carried out: through boto3, on a server with workers inside (bedrock 5)."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from pathlib import Path
from typing import Any

import psycopg
import pytest
from botocore.exceptions import ClientError
from psycopg import sql
from tests import stores
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.running import agent, chain, code, connection, function, prompt
from tests.contract.bedrock.things import ROLE, new_name, refused, send, without_metadata
from tests.contract.conftest import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.slow]

DRAFT = "TSTALIASID"
WITHIN_S = 30.0
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
instructions = "Ask."

[[functions.route]]
type = "handler"
match = "wait"
handler = "handlers:wait"

[handlers]
path = ["."]
"""
HANDLERS = """
import os
import time


def wait(event, context):
    (given,) = event["node"]["inputs"]
    open(given["value"] + ".begun", "w").close()
    end = time.monotonic() + 60
    while not os.path.exists(given["value"]) and time.monotonic() < end:
        time.sleep(0.02)
    return given["value"]
"""
ASK = {"toolUse": {"toolUseId": "t1", "name": "ask_user", "input": {"question": "Which colour?"}}}
ANSWERS = [
    {"node": "Asks", "answer": {"content": [ASK], "stop_reason": "tool_use"}},
    {"node": "Ask", "answer": {"text": "Said.", "input_tokens": 7, "output_tokens": 2}},
]
WAITING = chain(("Before", "InlineCode", code("value")), ("Wait", "LambdaFunction", function("wait")))


def until(found: Callable[[], Any]) -> Any:
    """What is found as soon as there is something."""
    end = time.monotonic() + WITHIN_S
    while not (value := found()):
        assert time.monotonic() < end, "nothing came"
        time.sleep(0.05)
    return value


class Site:
    """A server with workers inside, its clients, and a place for files that functions wait for."""

    def __init__(self, folder: Path, **settings: str) -> None:
        (folder / "headrace.toml").write_text(CONFIG)
        (folder / "handlers.py").write_text(HANDLERS)
        (folder / "answers.json").write_text(json.dumps({"answers": ANSWERS}))
        wanted = {"config": str(folder / "headrace.toml"), **settings}
        self.folder = folder
        self.live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=wanted).start()
        self.agent = self.live.boto()
        self.runtime = checked_client(self.live.url, "bedrock-agent-runtime")

    def flow(self, definition: dict[str, Any]) -> str:
        """The id of a prepared flow."""
        made = self.agent.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition)
        self.agent.prepare_flow(flowIdentifier=made["id"])
        return str(made["id"])

    def start(self, flow: str, document: Any, alias: str = DRAFT) -> dict[str, Any]:
        """Start an execution; how the other operations name it."""
        given = [{"nodeName": "FlowInput", "content": {"document": document}}]
        named = {"flowIdentifier": flow, "flowAliasIdentifier": alias}
        return {
            **named,
            "executionIdentifier": self.runtime.start_flow_execution(**named, inputs=given)["executionArn"],
        }

    def start_waiting(self, flow: str, alias: str = DRAFT) -> tuple[dict[str, Any], Path]:
        """Start an execution of a flow with a function that waits; it, and the file that is waited for."""
        file = self.folder / new_name("go")
        named = self.start(flow, str(file), alias)
        until(Path(f"{file}.begun").exists)
        return named, file

    def status(self, named: dict[str, Any]) -> str:
        return str(self.runtime.get_flow_execution(**named)["status"])

    def ended(self, named: dict[str, Any]) -> dict[str, Any]:
        """An execution once it has ended."""
        until(lambda: self.status(named) != "Running")
        return without_metadata(self.runtime.get_flow_execution(**named))

    def events(self, named: dict[str, Any], kind: str) -> list[tuple[str, dict[str, Any]]]:
        pages = self.runtime.get_paginator("list_flow_execution_events").paginate(eventType=kind, **named)
        return [next(iter(event.items())) for page in pages for event in page["flowExecutionEvents"]]

    def order(self, named: dict[str, Any], kind: str) -> list[str]:
        """The kinds and nodes of all events."""
        return [f"{name.removesuffix('Event')} {told['nodeName']}" for name, told in self.events(named, kind)]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = Site(tmp_path_factory.mktemp("background"))
    yield site
    assert site.live.stop() == 0


def test_an_execution_comes_to_its_end_by_itself(site: Site) -> None:
    flow = site.flow(chain(("Ask", "Prompt", prompt())))
    named = site.start(flow, "hello")
    found = site.ended(named)
    assert (found["status"], "errors" in found) == ("Succeeded", False)
    assert found["endedAt"] >= found["startedAt"]
    assert site.order(named, "Flow") == ["flowInput FlowInput", "flowOutput FlowOutput"]
    assert site.events(named, "Flow")[1][1]["fields"] == [
        {"name": "document", "content": {"document": "Said."}}
    ]
    assert site.order(named, "Node") == [
        "nodeOutput FlowInput",
        "nodeInput Ask",
        "nodeAction Ask",
        "nodeOutput Ask",
        "nodeInput FlowOutput",
    ]


def test_it_is_shown_as_a_log_of_its_flow_with_its_steps(site: Site) -> None:
    flow = site.flow(chain(("Ask", "Prompt", prompt())))
    named = site.start(flow, "hello")
    human = site.live.humanloop()
    name = site.agent.get_flow(flowIdentifier=flow)["name"]
    file_id = human.files.retrieve_by_path(path=name).id
    (listed,) = until(lambda: human.logs.list(file_id=file_id).items)
    log = human.logs.get(listed.id)
    assert (log["inputs"], log["output"], log["log_status"]) == ({"document": "hello"}, "Said.", "complete")
    (step,) = log["trace_children"]
    assert (step["output"], step["prompt_tokens"], step["output_tokens"]) == ("Said.", 7, 2)
    assert log["metadata"]["executionId"] == named["executionIdentifier"].rpartition("/")[2]


def test_events_are_read_while_it_runs(site: Site) -> None:
    named, file = site.start_waiting(site.flow(WAITING))
    expected = ["nodeOutput FlowInput", "nodeInput Before", "nodeOutput Before", "nodeInput Wait"]
    until(lambda: site.order(named, "Node") == expected)
    assert site.order(named, "Flow") == ["flowInput FlowInput"]
    found = site.runtime.get_flow_execution(**named)
    assert (found["status"], "endedAt" in found) == ("Running", False)
    file.touch()
    assert site.ended(named)["status"] == "Succeeded"
    rest = ["nodeAction Wait", "nodeOutput Wait", "nodeInput FlowOutput"]
    assert site.order(named, "Node") == expected + rest


def test_a_stopped_execution_stays_as_it_was_when_it_was_stopped(site: Site) -> None:
    named, file = site.start_waiting(site.flow(WAITING))
    until(lambda: len(site.order(named, "Node")) == 4)
    assert site.runtime.stop_flow_execution(**named)["status"] == "Aborted"
    before = (without_metadata(site.runtime.get_flow_execution(**named)), site.order(named, "Node"))
    file.touch()
    other, its_file = site.start_waiting(named["flowIdentifier"])
    its_file.touch()
    site.ended(other)
    assert (without_metadata(site.runtime.get_flow_execution(**named)), site.order(named, "Node")) == before
    assert before[1][-1] == "nodeInput Wait"
    assert site.runtime.stop_flow_execution(**named)["status"] == "Aborted"
    with refused("ConflictException", 409, "Succeeded"):
        site.runtime.stop_flow_execution(**other)


def test_whoever_is_first_decides_how_an_execution_ends(site: Site) -> None:
    """Executions that take about as long as it takes until they are stopped."""
    flow = site.flow(chain(("Ask", "Prompt", prompt()), ("Work", "InlineCode", code("value"))))

    def start_and_stop(number: int) -> tuple[str, str]:
        named = site.start(flow, "hello")
        time.sleep(number % 10 / 50)  # some sooner, some later: which one wins is not foreseen
        try:
            told = str(site.runtime.stop_flow_execution(**named)["status"])
        except ClientError as error:
            told = str(error.response["Error"]["Code"])
        return told, site.ended(named)["status"]

    with ThreadPoolExecutor(10) as pool:
        results = set(pool.map(start_and_stop, range(60)))
    assert results <= {("Aborted", "Aborted"), ("ConflictException", "Succeeded")}
    headers = {"x-api-key": "any"}
    rows = _console(site, f"/console/executions?flow={flow}&take=100", headers)["executions"]
    assert len(rows) == 60
    for row in rows:
        events = _console(site, f"/console/executions/{row['id']}/events", headers)["events"]
        last = {"Succeeded": "flow_finished", "Aborted": "flow_aborted"}[row["status"]]
        ends = [event["event"] for event in events if event["event"] in ("flow_finished", "flow_aborted")]
        assert (ends, events[-1]["event"], len(events)) == ([last], last, row["events_count"])


def test_what_runs_is_what_was_there_at_the_start(site: Site) -> None:
    flow = site.flow(WAITING)
    number = site.agent.create_flow_version(flowIdentifier=flow)["version"]
    route = [{"flowVersion": number}]
    alias = site.agent.create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=route)["id"]
    by_alias, file = site.start_waiting(flow, alias)
    by_draft, other = site.start_waiting(flow)
    named = {"flowIdentifier": flow}
    changed = chain(("Later", "InlineCode", code("value")))
    site.agent.update_flow(**named, name=new_name(), executionRoleArn=ROLE, definition=changed)
    site.agent.prepare_flow(**named)
    site.agent.create_flow_version(**named)
    site.agent.update_flow_alias(
        **named, aliasIdentifier=alias, name="live", routingConfiguration=[{"flowVersion": "2"}]
    )
    site.agent.delete_flow_version(**named, flowVersion=number, skipResourceInUseCheck=True)
    file.touch()
    other.touch()
    for one in (by_alias, by_draft):
        assert site.ended(one)["status"] == "Succeeded"
        assert "nodeOutput Wait" in site.order(one, "Node")
    later = site.start(flow, "x", alias)
    assert site.ended(later)["flowVersion"] == "2"
    assert "nodeOutput Later" in site.order(later, "Node")


def test_an_execution_of_a_flow_that_is_deleted_comes_to_its_end(site: Site) -> None:
    flow = site.flow(WAITING)
    named, file = site.start_waiting(flow)
    headers = {"x-api-key": "any"}
    rows = _console(site, f"/console/executions?flow={flow}", headers)["executions"]
    site.agent.delete_flow(flowIdentifier=flow)
    with refused("ResourceNotFoundException", 404):
        site.runtime.get_flow_execution(**named)
    file.touch()
    shown = until(lambda: _ended(_console(site, f"/console/executions/{rows[0]['id']}", headers)))
    assert (shown["status"], shown["is_durable"], shown["flow"]) == ("Succeeded", True, None)


def _ended(row: dict[str, Any]) -> dict[str, Any] | None:
    return None if row["status"] == "Running" else row


def _console(site: Site, path: str, headers: dict[str, str]) -> dict[str, Any]:
    answer = send(site.live.url, "GET", path, headers=headers)
    assert answer.status == 200, answer.body
    found: dict[str, Any] = answer.json()
    return found


@pytest.mark.parametrize(
    ("given", "part"),
    [
        ({"nodeName": "FlowInput", "content": {"document": 12}}, "STRING"),
        ({"nodeName": "Nobody", "content": {"document": "x"}}, "Nobody"),
        ({"nodeName": "FlowInput", "nodeOutputName": "odd", "content": {"document": "x"}}, "odd"),
    ],
)
def test_a_document_that_does_not_fit(site: Site, given: dict[str, Any], part: str) -> None:
    named = {"flowIdentifier": site.flow(WAITING), "flowAliasIdentifier": DRAFT}
    arn = site.runtime.start_flow_execution(**named, inputs=[given])["executionArn"]
    named["executionIdentifier"] = arn
    found = site.ended(named)
    (last,) = [told for name, told in site.events(named, "Flow") if name == "flowFailureEvent"]
    assert last["errorCode"] == "VALIDATION"
    assert part in last["errorMessage"]
    assert (found["status"], found["errors"]) == ("Failed", [{"message": last["errorMessage"]}])


def test_an_agent_that_asks_fails(site: Site) -> None:
    named = site.start(site.flow(chain(("Asks", "Agent", agent()))), "hello")
    found = site.ended(named)
    assert (found["status"], found["errors"][0]["nodeName"]) == ("Failed", "Asks")
    (failed,) = [told for name, told in site.events(named, "Node") if name == "nodeFailureEvent"]
    assert failed["errorCode"] == "VALIDATION"
    assert site.events(named, "Flow")[-1][1]["errorCode"] == "NODE_EXECUTION_FAILED"


def test_items_tell_where_they_stand(site: Site) -> None:
    named = site.start(site.flow(items()), ["a", "b", "c"])
    assert site.ended(named)["status"] == "Succeeded"
    given = [
        told["fields"][0]
        for name, told in site.events(named, "Node")
        if name == "nodeInputEvent" and told["nodeName"] == "Shout"
    ]
    chains = {one["content"]["document"]: one["executionChain"] for one in given}
    assert chains == {
        letter: [{"nodeName": "Each", "type": "Iterator", "index": index}]
        for index, letter in enumerate("abc")
    }
    assert site.events(named, "Flow")[-1][1]["fields"][0]["content"]["document"] == ["A", "B", "C"]


def items() -> dict[str, Any]:
    """A flow that shouts each item of a list."""

    def port(name: str, kind_of: str, *, takes: bool) -> dict[str, str]:
        return {"name": name, "type": kind_of, **({"expression": "$.data"} if takes else {})}

    def made(
        name: str, kind: str, given: dict[str, str], gives: dict[str, str], **more: Any
    ) -> dict[str, Any]:
        return {
            "name": name,
            "type": kind,
            "inputs": [port(one, kind_of, takes=True) for one, kind_of in given.items()],
            "outputs": [port(one, kind_of, takes=False) for one, kind_of in gives.items()],
            **more,
        }

    nodes = [
        made("FlowInput", "Input", {}, {"document": "Array"}),
        made("Each", "Iterator", {"array": "Array"}, {"arrayItem": "String", "arraySize": "Number"}),
        made(
            "Shout", "InlineCode", {"value": "String"}, {"response": "String"},
            configuration=code("value.upper()"),
        ),
        made(
            "Gather", "Collector", {"arrayItem": "String", "arraySize": "Number"},
            {"collectedArray": "Array"},
        ),
        made("FlowOutput", "Output", {"document": "Array"}, {}),
    ]  # fmt: skip
    for node in nodes:
        for side in ("inputs", "outputs"):
            if not node[side]:
                del node[side]
    return {
        "nodes": nodes,
        "connections": [
            connection("FlowInput", "document", "Each", "array"),
            connection("Each", "arrayItem", "Shout", "value"),
            connection("Shout", "response", "Gather", "arrayItem"),
            connection("Each", "arraySize", "Gather", "arraySize"),
            connection("Gather", "collectedArray", "FlowOutput", "document"),
        ],
    }


def test_taking_too_long(tmp_path: Path) -> None:
    site = Site(tmp_path, durable_timeout="4")
    try:
        named = site.start(site.flow(WAITING), str(tmp_path / "never"))
        found = site.ended(named)
        assert found["status"] == "TimedOut"
        (error,) = found["errors"]
        assert (error["error"], "4 seconds" in error["message"]) == ("ExecutionTimedOut", True)
        assert site.events(named, "Flow")[-1][1]["errorCode"] == "INTERNAL_SERVER"
    finally:
        site.live.kill()  # the function still waits, and would be waited for


@pytest.mark.parametrize(("keeps", "expected"), [("metadata", 5), ("none", 0)])
def test_of_content_that_is_not_kept_nothing_is_left(tmp_path: Path, keeps: str, expected: int) -> None:
    site = Site(tmp_path, keep_content=keeps)
    try:
        named = site.start(site.flow(chain(("Ask", "Prompt", prompt()))), "a secret document")
        assert site.ended(named)["status"] == "Succeeded"
        runtime = site.live.boto("bedrock-agent-runtime")  # the model wants at least one field
        events = runtime.list_flow_execution_events(eventType="Node", **named)["flowExecutionEvents"]
        assert len(events) == expected
        assert all(told.get("fields", []) == [] for event in events for told in event.values())
        assert "secret" not in json.dumps(events, default=str)
    finally:
        assert site.live.stop() == 0
    rows = list(_rows_in_postgres(site) if stores.IS_POSTGRES else _rows_in_files(tmp_path))
    assert len(rows) > 10
    assert not [row for row in rows if "a secret document" in row]


PLAIN = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE 'CREATE VIRTUAL%'"


def _rows_in_files(folder: Path) -> Iterator[str]:
    """All rows of all tables of the store and of the journals."""
    files = [folder / "headrace.db", folder / "headrace.db.executions"]
    for file in files:
        with closing(sqlite3.connect(f"file:{file}?mode=ro", uri=True)) as database:
            for (table,) in database.execute(PLAIN).fetchall():
                for row in database.execute(f'SELECT * FROM "{table}"'):
                    yield _told(row)


def _rows_in_postgres(site: Site) -> Iterator[str]:
    """The same of a database."""
    tables = (
        "SELECT table_schema, table_name FROM information_schema.tables "
        "WHERE table_schema IN ('public', 'dbos') AND table_type = 'BASE TABLE'"
    )
    with psycopg.connect(stores.url_of(site.live.store)) as database:
        found = database.execute(tables).fetchall()
        assert {schema for schema, _ in found} == {"public", "dbos"}
        for schema, table in found:
            query = sql.SQL("SELECT * FROM {}").format(sql.Identifier(schema, table))
            for row in database.execute(query):
                yield _told(row)


def _told(row: tuple[Any, ...]) -> str:
    return str([one.decode(errors="replace") if isinstance(one, bytes) else one for one in row])
