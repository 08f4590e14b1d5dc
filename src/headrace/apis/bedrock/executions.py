"""The operations on executions in the background (bedrock 5): wire members in, wire members out."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.apis.bedrock.call import Call, Values
from headrace.apis.bedrock.executions_events import KINDS, event_members
from headrace.apis.bedrock.runtime import order_of
from headrace.core.execution import Status
from headrace.core.records import Execution
from headrace.core.versions import DRAFT
from headrace.services.durable import durable_ends, durable_executions, durable_starts
from headrace.services.durable.durable_executions import Called, Durables, Found


async def start_flow_execution(call: Call, durables: Durables) -> Values:
    """StartFlowExecution: the flow runs in the background, with what its alias points at now."""
    order = msgspec.structs.replace(order_of(call), name=call.params.get("flowExecutionName"))
    found = await durable_starts.start(durables, call.ports, call.principal, order)
    return {"executionArn": _arn(call, found)}


async def get_flow_execution(call: Call) -> Values:
    """GetFlowExecution: how far it is, and what went wrong."""
    found = await durable_executions.get(call.ports, call.principal, called_of(call))
    return {
        **_members(call, found),
        "startedAt": found.execution.started_at,
        "errors": _errors(found.execution),
    }


async def list_flow_executions(call: Call) -> Values:
    """ListFlowExecutions of a flow or of one of its aliases, newest first."""
    alias = call.params.get("flowAliasIdentifier")
    if alias is not None:
        alias = call.place.alias_ref(alias, flow=call.flow)
    page = call.page(f"{call.flow} {alias or ''}")
    found = await durable_executions.page(
        call.ports,
        call.principal,
        flow=call.flow,
        alias=alias,
        before=page.after_moment,
        take=page.size + 1,
    )
    shown = found[: page.size]
    last = shown[-1].execution if shown else None
    return {
        "flowExecutionSummaries": [
            {**_members(call, one), "createdAt": one.execution.started_at} for one in shown
        ],
        "nextToken": last and page.token_after_moment(len(found), last.started_at, last.id),
    }


async def list_flow_execution_events(call: Call) -> Values:
    """ListFlowExecutionEvents: what happened to the flow or to its nodes, oldest first, so far."""
    called, kind = called_of(call), call.params["eventType"]
    page = call.page(f"{called.flow} {called.alias} {called.name} {kind}")
    found = await durable_executions.events(
        call.ports, call.principal, called, kinds=KINDS[kind], first=page.after or 0, take=page.size + 1
    )
    shown = found[: page.size]
    return {
        "flowExecutionEvents": [event_members(one.event) for one in shown],
        "nextToken": page.token(len(found), shown[-1].number + 1) if shown else None,
    }


async def stop_flow_execution(call: Call, durables: Durables) -> Values:
    """StopFlowExecution: nothing that its nodes wait for counts any more."""
    found = await durable_ends.stop(durables, call.ports, call.principal, called_of(call))
    return {"executionArn": _arn(call, found), "status": found.execution.status.value}


async def get_execution_flow_snapshot(call: Call) -> Values:
    """GetExecutionFlowSnapshot: the flow as it was when the execution started."""
    taken = await durable_executions.snapshot(call.ports, call.principal, called_of(call))
    return {
        **_origin(taken.found),
        "executionRoleArn": taken.role or call.default_role,
        "customerEncryptionKeyArn": taken.key,
        "definition": taken.definition,
    }


def called_of(call: Call) -> Called:
    """The execution that a call is about, by its name or its ARN (bedrock 1.1)."""
    flow = call.flow
    name, of_flow, of_alias = call.place.execution_ref(call.params["executionIdentifier"])
    alias = call.place.alias_ref(call.params["flowAliasIdentifier"], flow=flow)
    return Called(flow=flow, alias=alias, name=name, of_flow=of_flow, of_alias=of_alias)


def _members(call: Call, found: Found) -> dict[str, Any]:
    execution = found.execution
    return {
        **_origin(found),
        "executionArn": _arn(call, found),
        "status": execution.status.value,
        "endedAt": execution.ended_at,
    }


def _origin(found: Found) -> dict[str, Any]:
    """What runs, by plain ids (bedrock 9, 56). A version that never had a number is shown without one."""
    execution = found.execution
    number = None if execution.number is None else str(execution.number)
    return {
        "flowIdentifier": found.file.short_id,
        "flowAliasIdentifier": found.pointer_id,
        "flowVersion": DRAFT if execution.is_draft else number,
    }


def _arn(call: Call, found: Found) -> str:
    return call.place.execution_arn(found.file.short_id, found.pointer_id, found.execution.name)


def _errors(execution: Execution) -> list[dict[str, str | None]] | None:
    """Why it ended early (bedrock 5.2): only taking too long has a code."""
    if execution.status is Status.TIMED_OUT:
        return [{"error": "ExecutionTimedOut", "message": execution.error}]
    if execution.status is Status.FAILED:
        return [{"nodeName": execution.failed_node, "message": execution.error}]
    return None
