"""Executions in the background through boto3: every member, every state, every error (bedrock 5).

Nobody carries out what is started here: what happens in an execution is written as a worker would write it,
so that each state can be looked at for as long as it takes.
"""

from __future__ import annotations

import importlib.util
import itertools
import json
import re
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from botocore.exceptions import ClientError
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.running import chain, code, prompt
from tests.contract.bedrock.things import KEY, ROLE, definition, new_name, refused, send, without_metadata
from tests.contract.inprocess import InProcess, in_process
from tests.unit.engine.world import World, told

from headrace.core.access import Principal
from headrace.core.definition import NodeType, PortType
from headrace.core.execution import Event, FailureKind, FlowFailed, NodeFinished, OutputPort, Status
from headrace.core.jsontext import json_text
from headrace.core.ports import Transaction
from headrace.core.records import EventBatch, Execution
from headrace.engine.plan import compile_plan
from headrace.engine.run import StartInput, run
from headrace.services.durable import durable_executions
from headrace.services.runs.targets import definition_of
from headrace.settings import Settings

IDLE: Mapping[str, Any] = {"store": "memory:", "durable_runs": 0}
"""The settings of a server that carries out nothing."""
DRAFT = "TSTALIASID"
TURN = [{"nodeName": "In", "nodeOutputName": "document", "content": {"document": "hi"}}]
UUID4 = "[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
_names = (f"run-{number}" for number in itertools.count(1))


class Bench:
    """A server, its clients, and the hand of a worker."""

    def __init__(self, running: InProcess) -> None:
        self.running = running
        self.agent = checked_client(running.url)
        self.runtime = checked_client(running.url, "bedrock-agent-runtime")

    def flow(self, **members: Any) -> str:
        """The id of a prepared flow."""
        wanted = {"name": new_name(), "executionRoleArn": ROLE, "definition": definition(), **members}
        flow = self.agent.create_flow(**wanted)["id"]
        self.agent.prepare_flow(flowIdentifier=flow)
        return str(flow)

    def alias(self, flow: str, **members: Any) -> str:
        """The id of an alias to a new version of a flow."""
        number = self.agent.create_flow_version(flowIdentifier=flow)["version"]
        made = self.agent.create_flow_alias(
            flowIdentifier=flow,
            name=new_name("alias"),
            routingConfiguration=[{"flowVersion": number}],
            **members,
        )
        return str(made["id"])

    def start(self, flow: str, alias: str = DRAFT, **members: Any) -> dict[str, Any]:
        """Start an execution; how the other operations name it."""
        wanted = {"inputs": TURN, "flowExecutionName": next(_names), **members}
        arn = self.runtime.start_flow_execution(flowIdentifier=flow, flowAliasIdentifier=alias, **wanted)[
            "executionArn"
        ]
        name = arn.rpartition("/")[2]
        return {"flowIdentifier": flow, "flowAliasIdentifier": alias, "executionIdentifier": name}

    def row(self, named: dict[str, Any]) -> Execution:
        """What the store has of an execution."""
        server = self.running.server
        called = durable_executions.Called(
            flow=named["flowIdentifier"],
            alias=named["flowAliasIdentifier"],
            name=named["executionIdentifier"],
        )
        return self.running.run(durable_executions.get(server.ports, server.local, called)).execution

    def write(self, work: Callable[[Transaction], Any]) -> Any:
        principal: Principal = self.running.server.local
        return self.running.run(self.running.server.ports.store.write(principal.account, work))

    def happen(self, named: dict[str, Any], events: Sequence[Event], **changes: Any) -> None:
        """Write events behind those that there are, and what has become of the execution."""
        execution = self.row(named)
        batch = EventBatch(
            execution_id=execution.id,
            first=execution.events_count,
            size=len(events),
            body=json_text(list(events)),
        )
        changes["events_count"] = execution.events_count + len(events)

        def work(tx: Transaction) -> None:
            tx.executions.put(msgspec.structs.replace(execution, **changes))
            if events:
                tx.executions.append(batch)

        self.write(work)

    def carry_out(self, named: dict[str, Any], world: World | None = None) -> None:
        """What a worker would do, at once and in this world."""
        execution = self.row(named)
        ticket = self.write(lambda tx: tx.tickets.get(execution_id=execution.id))
        plan = compile_plan(definition_of(ticket.content), digest=ticket.digest)
        given = StartInput(
            node=ticket.node, output=ticket.output, document=msgspec.json.decode(ticket.document)
        )
        running = run(plan, given, (world or World()).context(traces=True))
        events = self.running.run(told(running))
        last = events[-1]
        failed = last if isinstance(last, FlowFailed) else None
        self.happen(
            named,
            events,
            status=execution.status.after(last),
            ended_at=datetime.now(UTC),
            error=failed and failed.message,
            failed_node=failed and failed.node,
        )

    def events(self, named: dict[str, Any], kind: str) -> list[dict[str, Any]]:
        """All events of a type, through the paginator."""
        pages = self.runtime.get_paginator("list_flow_execution_events").paginate(eventType=kind, **named)
        return [event for page in pages for event in page["flowExecutionEvents"]]


@pytest.fixture(scope="module")
def bench() -> Iterator[Bench]:
    with in_process(Settings(**IDLE)) as running:
        yield Bench(running)


@pytest.fixture(scope="module")
def flow(bench: Bench) -> str:
    """A prepared flow that all may use and nobody changes."""
    return bench.flow()


def arn_of(flow: str, alias: str, name: str) -> str:
    return f"arn:aws:bedrock:us-east-1:000000000000:flow/{flow}/alias/{alias}/execution/{name}"


# Starting, and what is told at once


def test_an_execution_is_there_as_soon_as_it_was_started(bench: Bench, flow: str) -> None:
    before = datetime.now(UTC)
    named = bench.start(flow, flowExecutionName="the-First-1")
    found = without_metadata(bench.runtime.get_flow_execution(**named))
    started_at = found.pop("startedAt")
    assert found == {
        "executionArn": arn_of(flow, DRAFT, "the-First-1"),
        "flowIdentifier": flow,
        "flowAliasIdentifier": DRAFT,
        "flowVersion": "DRAFT",
        "status": "Running",
    }
    assert before <= started_at <= datetime.now(UTC)
    assert re.fullmatch(r".*\.\d{9}Z", bench.runtime.raw["startedAt"]), "the runtime shows nanoseconds"
    (summary,) = bench.runtime.list_flow_executions(flowIdentifier=flow)["flowExecutionSummaries"]
    assert summary == {**found, "createdAt": started_at}


def test_an_execution_without_a_name_gets_one(bench: Bench, flow: str) -> None:
    arns = {
        bench.runtime.start_flow_execution(flowIdentifier=flow, flowAliasIdentifier=DRAFT, inputs=TURN)[
            "executionArn"
        ]
        for _ in range(2)
    }
    assert len(arns) == 2
    for arn in arns:
        name = arn.rpartition("/")[2]
        assert uuid.UUID(name).version == 4
        assert arn == arn_of(flow, DRAFT, name)


def test_every_way_to_name_flow_alias_and_execution(bench: Bench, flow: str) -> None:
    alias = bench.alias(flow)
    flow_arn = f"arn:aws:bedrock:us-east-1:000000000000:flow/{flow}"
    alias_arn = f"{flow_arn}/alias/{alias}"
    named = bench.start(flow_arn, alias_arn)
    name = named["executionIdentifier"]
    ways = itertools.product((flow, flow_arn), (alias, alias_arn), (name, arn_of(flow, alias, name)))
    found = [
        without_metadata(
            bench.runtime.get_flow_execution(
                flowIdentifier=one, flowAliasIdentifier=two, executionIdentifier=three
            )
        )
        for one, two, three in ways
    ]
    assert len(found) == 8
    assert all(one == found[0] for one in found)
    assert (found[0]["flowIdentifier"], found[0]["flowAliasIdentifier"]) == (flow, alias), "plain ids"
    assert found[0]["flowVersion"] == "1"


def test_performance_and_concurrency_are_frozen_with_the_rest(bench: Bench, flow: str) -> None:
    manual = bench.alias(flow, concurrencyConfiguration={"type": "Manual", "maxConcurrency": 3})
    optimized = {"performanceConfig": {"latency": "optimized"}}
    named = bench.start(flow, manual, modelPerformanceConfiguration=optimized)
    execution = bench.row(named)
    ticket = bench.write(lambda tx: tx.tickets.get(execution_id=execution.id))
    assert (ticket.latency, ticket.max_parallel) == ("optimized", 3)


def test_a_flow_of_the_other_api_runs_by_the_name_of_an_environment(bench: Bench) -> None:
    attributes = {"definition": definition(), "executionRoleArn": None, "note": "the author's own"}
    made = send(
        bench.running.url,
        "POST",
        "/v5/flows",
        {"path": new_name("elsewhere/flow"), "attributes": attributes},
        headers={"x-api-key": "any"},
    ).json()
    named = bench.start(made["id"], "production")
    found = bench.runtime.get_flow_execution(**named)
    assert re.fullmatch("[A-Z0-9]{10}", found["flowAliasIdentifier"]), "what stands for the environment"
    assert found["flowVersion"] == "1"
    by_arn = {
        "flowIdentifier": found["flowIdentifier"],
        "flowAliasIdentifier": found["flowAliasIdentifier"],
        "executionIdentifier": found["executionArn"],
    }
    taken = bench.runtime.get_execution_flow_snapshot(**by_arn)
    assert json.loads(taken["definition"]) == definition()
    assert taken["executionRoleArn"] == Settings().default_role
    with refused("ResourceNotFoundException", 404, "not deployed to the environment staging"):
        bench.start(made["id"], "staging")


# What becomes of it


def test_success_is_told_with_its_events(bench: Bench) -> None:
    flow = bench.flow(definition=chain(("Ask", "Prompt", prompt("Say {{text}}!"))))
    named = bench.start(flow, inputs=[{"nodeName": "FlowInput", "content": {"document": "it"}}])
    bench.carry_out(named, World(script={"Ask": "Said."}))
    found = bench.runtime.get_flow_execution(**named)
    assert (found["status"], "errors" in found) == ("Succeeded", False)
    assert found["endedAt"] >= found["startedAt"]
    (summary,) = bench.runtime.list_flow_executions(flowIdentifier=flow)["flowExecutionSummaries"]
    assert (summary["status"], summary["endedAt"]) == ("Succeeded", found["endedAt"])
    flow_events = bench.events(named, "Flow")
    assert [without_time(event) for event in flow_events] == [
        {
            "flowInputEvent": {
                "nodeName": "FlowInput",
                "fields": [{"name": "document", "content": {"document": "it"}}],
            }
        },
        {
            "flowOutputEvent": {
                "nodeName": "FlowOutput",
                "fields": [{"name": "document", "content": {"document": "Said."}}],
            }
        },
    ]
    raw = bench.runtime.raw["flowExecutionEvents"][0]["flowInputEvent"]["timestamp"]
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{9}Z", raw)


def test_the_events_of_nodes_are_those_that_aws_documents(bench: Bench) -> None:
    flow = bench.flow(definition=chain(("Ask", "Prompt", prompt("Say {{text}}!"))))
    named = bench.start(flow, inputs=[{"nodeName": "FlowInput", "content": {"document": "it"}}])
    bench.carry_out(named, World(script={"Ask": "Said."}))
    events = [without_time(event) for event in bench.events(named, "Node")]
    assert [next(iter(event)) for event in events] == [
        "nodeOutputEvent",
        "nodeInputEvent",
        "nodeActionEvent",
        "nodeOutputEvent",
        "nodeInputEvent",
    ]
    assert events[0]["nodeOutputEvent"] == {
        "nodeName": "FlowInput",
        "fields": [
            {
                "name": "document",
                "content": {"document": "it"},
                "type": "String",
                "next": [{"nodeName": "Ask", "inputFieldName": "text"}],
            }
        ],
    }
    assert events[1]["nodeInputEvent"] == {
        "nodeName": "Ask",
        "fields": [
            {
                "name": "text",
                "content": {"document": "it"},
                "type": "String",
                "source": {"nodeName": "FlowInput", "outputFieldName": "document", "expression": "$.data"},
            }
        ],
    }
    action = events[2]["nodeActionEvent"]
    assert (action["nodeName"], action["serviceName"], action["operationName"]) == (
        "Ask",
        "Bedrock",
        "InvokeModel",
    )
    assert action["requestId"]
    assert action["operationRequest"]["messages"] == [{"role": "user", "content": [{"text": "Say it!"}]}]
    assert action["operationResponse"]
    assert [one["name"] for one in events[4]["nodeInputEvent"]["fields"]] == ["document"]


def without_time(event: dict[str, Any]) -> dict[str, Any]:
    """An event without its timestamp, which every one has."""
    ((name, members),) = event.items()
    assert isinstance(members["timestamp"], datetime)
    return {name: {member: value for member, value in members.items() if member != "timestamp"}}


def test_a_failed_node_is_told_by_two_events_and_one_error(bench: Bench) -> None:
    flow = bench.flow(definition=chain(("Work", "InlineCode", code("value"))))
    named = bench.start(flow, inputs=[{"nodeName": "FlowInput", "content": {"document": "x"}}])
    bench.carry_out(named, World(script={"Work": 12}))
    message = bench.events(named, "Node")[-1]["nodeFailureEvent"]["errorMessage"]
    (failure,) = [one for one in bench.events(named, "Node") if "nodeFailureEvent" in one]
    assert without_time(failure)["nodeFailureEvent"] == {
        "nodeName": "Work",
        "errorCode": "VALIDATION",
        "errorMessage": message,
    }
    last = without_time(bench.events(named, "Flow")[-1])["flowFailureEvent"]
    assert last["errorCode"] == "NODE_EXECUTION_FAILED"
    found = bench.runtime.get_flow_execution(**named)
    assert found["status"] == "Failed"
    assert found["errors"] == [{"nodeName": "Work", "message": last["errorMessage"]}]


@pytest.mark.parametrize(
    "given",
    [
        {"nodeName": "In", "content": {"document": {"not": "a string"}}},
        {"nodeName": "NoSuchNode", "content": {"document": "x"}},
        {"nodeName": "In", "nodeOutputName": "other", "content": {"document": "x"}},
    ],
)
def test_a_document_that_does_not_fit_fails_the_flow_not_the_call(
    bench: Bench, flow: str, given: dict[str, Any]
) -> None:
    named = bench.start(flow, inputs=[given])
    bench.carry_out(named)
    (failure,) = [one["flowFailureEvent"] for one in bench.events(named, "Flow") if "flowFailureEvent" in one]
    assert failure["errorCode"] == "VALIDATION"
    found = bench.runtime.get_flow_execution(**named)
    assert (found["status"], found["errors"]) == ("Failed", [{"message": failure["errorMessage"]}])


def test_taking_too_long_has_a_code_of_its_own(bench: Bench, flow: str) -> None:
    named = bench.start(flow)
    message = "The flow did not end within 86400 seconds."
    event = FlowFailed(at_ns=1, kind=FailureKind.TIMED_OUT, message=message)
    bench.happen(named, [event], status=Status.TIMED_OUT, ended_at=datetime.now(UTC), error=message)
    found = bench.runtime.get_flow_execution(**named)
    assert found["status"] == "TimedOut"
    assert found["errors"] == [{"error": "ExecutionTimedOut", "message": message}]
    (last,) = bench.events(named, "Flow")
    assert last["flowFailureEvent"]["errorCode"] == "INTERNAL_SERVER"


# Stopping


def test_a_stopped_execution_is_aborted_at_once_and_for_good(bench: Bench, flow: str) -> None:
    named = bench.start(flow)
    for _ in range(2):
        stopped = without_metadata(bench.runtime.stop_flow_execution(**named))
        arn = arn_of(flow, DRAFT, named["executionIdentifier"])
        assert stopped == {"executionArn": arn, "status": "Aborted"}
    found = bench.runtime.get_flow_execution(**named)
    assert (found["status"], "errors" in found) == ("Aborted", False)
    assert found["endedAt"]
    assert bench.events(named, "Flow") == []


@pytest.mark.parametrize("status", [Status.SUCCEEDED, Status.FAILED, Status.TIMED_OUT])
def test_what_has_ended_by_itself_is_not_stopped(bench: Bench, flow: str, status: Status) -> None:
    named = bench.start(flow)
    bench.happen(named, [], status=status, ended_at=datetime.now(UTC))
    with refused("ConflictException", 409, named["executionIdentifier"], status.value):
        bench.runtime.stop_flow_execution(**named)


# The snapshot


def test_the_snapshot_is_the_flow_as_it_was_at_the_start(bench: Bench) -> None:
    flow = bench.flow(customerEncryptionKeyArn=KEY, definition=definition("first"))
    alias = bench.alias(flow)
    by_draft, by_alias = bench.start(flow), bench.start(flow, alias)
    bench.agent.update_flow(
        flowIdentifier=flow,
        name=new_name(),
        executionRoleArn=ROLE + "-2",
        definition=definition("second"),
    )
    bench.agent.prepare_flow(flowIdentifier=flow)
    second = bench.agent.create_flow_version(flowIdentifier=flow)["version"]
    bench.agent.update_flow_alias(
        flowIdentifier=flow,
        aliasIdentifier=alias,
        name=new_name("alias"),
        routingConfiguration=[{"flowVersion": second}],
    )
    bench.agent.delete_flow_version(flowIdentifier=flow, flowVersion="1", skipResourceInUseCheck=True)
    for named, number in ((by_draft, "DRAFT"), (by_alias, "1")):
        found = without_metadata(bench.runtime.get_execution_flow_snapshot(**named))
        assert json.loads(found.pop("definition")) == definition("first")
        assert found == {
            "flowIdentifier": flow,
            "flowAliasIdentifier": named["flowAliasIdentifier"],
            "flowVersion": number,
            "executionRoleArn": ROLE,
            "customerEncryptionKeyArn": KEY,
        }
    later = bench.runtime.get_execution_flow_snapshot(**bench.start(flow, alias))
    assert (later["flowVersion"], later["executionRoleArn"]) == ("2", ROLE + "-2")
    assert "customerEncryptionKeyArn" not in later
    assert json.loads(later["definition"]) == definition("second")


def test_an_execution_is_found_when_its_alias_is_gone(bench: Bench) -> None:
    flow = bench.flow()
    alias = bench.alias(flow)
    named = bench.start(flow, alias)
    bench.agent.delete_flow_alias(flowIdentifier=flow, aliasIdentifier=alias)
    bench.carry_out(named)
    assert bench.runtime.get_flow_execution(**named)["status"] == "Succeeded"
    listed = bench.runtime.list_flow_executions(flowIdentifier=flow, flowAliasIdentifier=alias)
    assert len(listed["flowExecutionSummaries"]) == 1
    with refused("ResourceNotFoundException", 404):
        bench.start(flow, alias)


def test_an_execution_goes_on_without_its_flow(bench: Bench) -> None:
    flow = bench.flow()
    named = bench.start(flow)
    execution = bench.row(named)
    bench.agent.delete_flow(flowIdentifier=flow)
    for call in (
        bench.runtime.get_flow_execution,
        bench.runtime.stop_flow_execution,
        bench.runtime.get_execution_flow_snapshot,
    ):
        with refused("ResourceNotFoundException", 404):
            call(**named)
    with refused("ResourceNotFoundException", 404):
        bench.runtime.list_flow_executions(flowIdentifier=flow)
    assert bench.write(lambda tx: tx.executions.get(id=execution.id)) == execution


# Lists


def test_executions_are_listed_newest_first_page_by_page(bench: Bench) -> None:
    flow = bench.flow()
    alias = bench.alias(flow)
    names = [bench.start(flow, alias if n % 2 else DRAFT)["executionIdentifier"] for n in range(23)]
    names.reverse()
    paginator = bench.runtime.get_paginator("list_flow_executions")

    def listed(**options: Any) -> list[list[str]]:
        pages = paginator.paginate(flowIdentifier=flow, **options)
        return [
            [one["executionArn"].rpartition("/")[2] for one in page["flowExecutionSummaries"]]
            for page in pages
        ]

    assert listed() == [names[:10], names[10:20], names[20:]]
    by_alias = listed(flowAliasIdentifier=alias, PaginationConfig={"PageSize": 4})
    assert [len(page) for page in by_alias] == [4, 4, 3]
    assert [name for page in by_alias for name in page] == names[1::2]
    first = bench.runtime.list_flow_executions(flowIdentifier=flow, maxResults=100)
    assert len(first["flowExecutionSummaries"]) == 10
    bench.start(flow)
    second = bench.runtime.list_flow_executions(flowIdentifier=flow, nextToken=first["nextToken"])
    shown = [one["executionArn"].rpartition("/")[2] for one in second["flowExecutionSummaries"]]
    assert shown == names[10:20], "a new one does not shift the pages"
    with refused("ValidationException", 400, "nextToken"):
        bench.runtime.list_flow_executions(
            flowIdentifier=flow, flowAliasIdentifier=alias, nextToken=first["nextToken"]
        )


def test_a_list_by_an_alias_that_never_was(bench: Bench, flow: str) -> None:
    with refused("ResourceNotFoundException", 404, "NOSUCHALIA"):
        bench.runtime.list_flow_executions(flowIdentifier=flow, flowAliasIdentifier="NOSUCHALIA")


def test_a_flow_without_executions_has_an_empty_list(bench: Bench) -> None:
    listed = bench.runtime.list_flow_executions(flowIdentifier=bench.flow())
    assert without_metadata(listed) == {"flowExecutionSummaries": []}


def test_events_are_paged_and_can_be_read_while_it_runs(bench: Bench, flow: str) -> None:
    named = bench.start(flow)
    empty = bench.runtime.list_flow_execution_events(eventType="Node", **named)
    assert without_metadata(empty) == {"flowExecutionEvents": []}
    port = OutputPort(name="out", type=PortType.NUMBER)
    some = [
        NodeFinished(at_ns=n, node=f"Node{n}", type=NodeType.PROMPT, ports=(port,), values=(n,))
        for n in range(1, 26)
    ]
    bench.happen(named, some[:12])
    found = bench.runtime.list_flow_execution_events(eventType="Node", **named)
    assert len(found["flowExecutionEvents"]) == 10
    bench.happen(named, some[12:])
    rest = bench.runtime.list_flow_execution_events(
        eventType="Node", nextToken=found["nextToken"], maxResults=3, **named
    )
    names = [one["nodeOutputEvent"]["nodeName"] for one in rest["flowExecutionEvents"]]
    assert names == ["Node11", "Node12", "Node13"]
    assert len(bench.events(named, "Node")) == 25
    assert bench.events(named, "Flow") == []
    for wrong in ({"eventType": "Flow"}, {"eventType": "Node", **bench.start(flow)}):
        with refused("ValidationException", 400, "nextToken"):
            bench.runtime.list_flow_execution_events(**{**named, "nextToken": found["nextToken"], **wrong})


def test_an_answer_is_never_an_old_one(bench: Bench, flow: str) -> None:
    """Nothing of the registry changes between two looks at an execution."""
    named = bench.start(flow)
    assert bench.runtime.get_flow_execution(**named)["status"] == "Running"
    assert bench.events(named, "Node") == []
    bench.carry_out(named)
    assert bench.runtime.get_flow_execution(**named)["status"] == "Succeeded"
    assert len(bench.events(named, "Node")) > 3


# Errors


@pytest.mark.parametrize(
    ("changes", "parts"),
    [
        ({"flowExecutionName": "no spaces"}, ("flowExecutionName",)),
        ({"flowExecutionName": "a" * 37}, ("flowExecutionName",)),
        ({"flowExecutionName": "under_score"}, ("flowExecutionName",)),
        ({"flowExecutionName": ""}, ("flowExecutionName",)),
        ({"inputs": TURN * 2}, ("inputs",)),
        ({"inputs": [{**TURN[0], "nodeName": "no name"}]}, ("nodeName",)),
        ({"inputs": [{"nodeName": "In", "nodeInputName": "agentInputText", "content": {"document": "x"}}]},
         ("asks nothing", "agentInputText")),
        ({"modelPerformanceConfiguration": {"performanceConfig": {"latency": "fast"}}}, ("latency",)),
        ({"flowIdentifier": "short"}, ("flowIdentifier",)),
    ],
)  # fmt: skip
def test_a_start_out_of_shape(
    bench: Bench, flow: str, changes: dict[str, Any], parts: tuple[str, ...]
) -> None:
    wanted = {"flowIdentifier": flow, "flowAliasIdentifier": DRAFT, "inputs": TURN, **changes}
    with refused("ValidationException", 400, *parts):
        bench.runtime.start_flow_execution(**wanted)


def test_a_start_of_what_is_not_there_or_not_prepared(bench: Bench, flow: str) -> None:
    with refused("ResourceNotFoundException", 404, "NOSUCHFLOW"):
        bench.start("NOSUCHFLOW")
    with refused("ResourceNotFoundException", 404, "NOSUCHALIA"):
        bench.start(flow, "NOSUCHALIA")
    bare = bench.agent.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())["id"]
    with refused("ConflictException", 409, "StartFlowExecution", "NotPrepared"):
        bench.start(bare)
    alias = bench.alias(flow)
    number = bench.agent.get_flow_alias(flowIdentifier=flow, aliasIdentifier=alias)["routingConfiguration"]
    bench.agent.delete_flow_version(
        flowIdentifier=flow, flowVersion=number[0]["flowVersion"], skipResourceInUseCheck=True
    )
    with refused("ResourceNotFoundException", 404):
        bench.start(flow, alias)


@pytest.mark.parametrize(
    "operation",
    [
        "get_flow_execution",
        "stop_flow_execution",
        "get_execution_flow_snapshot",
        "list_flow_execution_events",
    ],
)
def test_an_execution_that_is_named_wrongly(bench: Bench, flow: str, operation: str) -> None:
    more = {"eventType": "Node"} if operation.startswith("list") else {}
    named = bench.start(flow)
    alias, name = bench.alias(flow), named["executionIdentifier"]
    other = bench.flow()

    def call(**changes: Any) -> Any:
        return getattr(bench.runtime, operation)(**{**named, **more, **changes})

    with refused("ResourceNotFoundException", 404, "nobody"):
        call(executionIdentifier="nobody")
    with refused("ResourceNotFoundException", 404, name, alias):
        call(flowAliasIdentifier=alias)
    with refused("ResourceNotFoundException", 404):
        call(flowIdentifier=other)
    for wrong in (arn_of(other, DRAFT, name), arn_of(flow, alias, name)):
        with refused("ValidationException", 400, "is of flow"):
            call(executionIdentifier=wrong)
    foreign = arn_of(flow, DRAFT, name).replace("us-east-1", "eu-west-1")
    with refused("ResourceNotFoundException", 404, "eu-west-1"):
        call(executionIdentifier=foreign)
    with refused("ValidationException", 400, "executionIdentifier"):
        call(executionIdentifier="no name")
    call()


def test_an_event_type_out_of_shape(bench: Bench, flow: str) -> None:
    with refused("ValidationException", 400, "eventType"):
        bench.runtime.list_flow_execution_events(eventType="All", **bench.start(flow))


def test_of_fifty_starts_under_one_name_one_succeeds(bench: Bench, flow: str) -> None:
    def start(_: int) -> str:
        try:
            bench.start(flow, flowExecutionName="everybody-s")
        except ClientError as error:
            return str(error.response["Error"]["Code"])
        return "started"

    with ThreadPoolExecutor(50) as pool:
        results = sorted(pool.map(start, range(50)))
    assert results == ["ConflictException"] * 49 + ["started"]
    with refused("ConflictException", 409, "everybody-s"):
        bench.start(flow, flowExecutionName="everybody-s")
    bench.start(flow, bench.alias(flow), flowExecutionName="everybody-s")


def test_the_quota_is_of_what_goes_on() -> None:
    with in_process(Settings(**IDLE, quota_executions=2)) as running:
        bench = Bench(running)
        flow = bench.flow()
        first, _ = bench.start(flow), bench.start(flow)
        with refused("ServiceQuotaExceededException", 400, "limit of 2"):
            bench.start(flow)
        bench.runtime.stop_flow_execution(**first)
        bench.start(flow)


def test_without_the_library_that_it_needs_nothing_is_taken_on(monkeypatch: pytest.MonkeyPatch) -> None:
    find_spec = importlib.util.find_spec
    monkeypatch.setattr(
        importlib.util, "find_spec", lambda name, *more: None if name == "dbos" else find_spec(name, *more)
    )
    with in_process(Settings(store="memory:")) as running:
        bench = Bench(running)
        flow = bench.flow()
        with refused("ConflictException", 409, "pip install 'headrace[durable]'"):
            bench.start(flow)
        assert bench.runtime.list_flow_executions(flowIdentifier=flow)["flowExecutionSummaries"] == []


# What is not kept is not shown


@pytest.mark.parametrize("keeps", ["metadata", "none"])
def test_content_that_is_not_kept_is_left_out(keeps: str) -> None:
    with in_process(Settings(**IDLE, keep_content=keeps)) as running:
        bench = Bench(running)
        named = bench.start(bench.flow(), inputs=[{"nodeName": "In", "content": {"document": "secret"}}])
        bench.runtime.stop_flow_execution(**named)
        assert bench.runtime.get_flow_execution(**named)["status"] == "Aborted"
        execution = bench.row(named)
        ticket = bench.write(lambda tx: tx.tickets.get(execution_id=execution.id))
        assert (execution.input, ticket.document) == (None, b"")
        assert json.loads(bench.runtime.get_execution_flow_snapshot(**named)["definition"]) == definition()
