"""The Humanloop objects that responses about logs are made of, and how the domain becomes them.

Every documented key is always there, with null when empty (humanloop 0.6, 3.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any, Literal

import msgspec

from headrace.apis.humanloop.render import Renderer
from headrace.apis.humanloop.wire import (
    AgentResponse,
    EvaluatorResponse,
    FlowResponse,
    JsonObject,
    PromptResponse,
    Time,
    ToolResponse,
)
from headrace.core.logs import Log, Payload, TraceUsage
from headrace.services.logs.log_views import LogView

NOTHING = msgspec.Raw(b"{}")
_encode = msgspec.json.Encoder().encode


class TraceUsageResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What all logs of a trace used together: a key of our own (humanloop 3.5)."""

    logs_count: int
    prompt_tokens: int | None
    reasoning_tokens: int | None
    output_tokens: int | None
    cost: float | None


class LogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What logs of all kinds have (humanloop 3.1).

    Attributes:
        trace_status: what ``log_status`` was called before.
        batches: what evaluations were before; always empty.
    """

    id: str
    log_id: str
    output: str | None
    output_message: dict[str, Any] | None
    inputs: JsonObject
    error: str | None
    stdout: str | None
    start_time: Time | None
    end_time: Time | None
    created_at: Time
    provider_latency: float | None
    provider_request: dict[str, Any] | None
    provider_response: dict[str, Any] | None
    source: str | None
    metadata: dict[str, Any] | None
    log_status: Literal["complete", "incomplete"] | None
    trace_status: Literal["complete", "incomplete"] | None
    source_datapoint_id: str | None
    trace_parent_id: str | None
    trace_id: str | None
    trace_flow_id: str | None
    trace_children: tuple[LogResponse, ...] | None
    trace_usage: TraceUsageResponse | None
    evaluator_logs: tuple[EvaluatorLogResponse, ...]
    batches: tuple[str, ...] = ()
    user: str | None
    environment: str | None
    save: bool


class FlowLogResponse(LogResponse, frozen=True, kw_only=True):
    """A log of a flow."""

    messages: list[dict[str, Any]] | None
    flow: FlowResponse


class ModelLogResponse(LogResponse, frozen=True, kw_only=True):
    """What logs of prompts and of agents have."""

    messages: list[dict[str, Any]] | None
    prompt_tokens: int | None
    reasoning_tokens: int | None
    output_tokens: int | None
    prompt_cost: float | None
    output_cost: float | None
    finish_reason: str | None
    tool_choice: str | dict[str, Any] | None


class PromptLogResponse(ModelLogResponse, frozen=True, kw_only=True):
    """A log of a prompt."""

    prompt: PromptResponse


class AgentLogResponse(ModelLogResponse, frozen=True, kw_only=True):
    """A log of an agent."""

    agent: AgentResponse


class ToolLogResponse(LogResponse, frozen=True, kw_only=True):
    """A log of a tool."""

    tool: ToolResponse


class EvaluatorLogResponse(LogResponse, frozen=True, kw_only=True):
    """A log of an evaluator."""

    parent_id: str | None
    parent: LogResponse | None
    judgment: bool | float | str | list[str] | None
    marked_completed: bool | None
    evaluator: EvaluatorResponse


class PaginatedLogs(msgspec.Struct, frozen=True, kw_only=True):
    """A page of logs (humanloop 0.7)."""

    records: list[LogResponse]
    page: int
    size: int
    total: int


class CreateFlowLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A flow's log that was made (humanloop 1.2)."""

    id: str
    flow_id: str
    version_id: str
    log_status: Literal["complete", "incomplete"]


class CreatePromptLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A prompt's log that was made (humanloop 4.2)."""

    id: str
    prompt_id: str
    version_id: str
    session_id: str | None = None


class CreateAgentLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An agent's log that was made (humanloop 4.2)."""

    id: str
    agent_id: str
    version_id: str
    log_status: Literal["complete", "incomplete"] | None


class CreateToolLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A tool's log that was made (humanloop 4.2)."""

    id: str
    tool_id: str
    version_id: str
    session_id: str | None = None


class CreateEvaluatorLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A judgment that was made (humanloop 4.2)."""

    id: str
    parent_id: str
    version_id: str
    session_id: str | None = None


def created(log: Log) -> msgspec.Struct:
    """What the maker of a log is told."""
    match log.kind:
        case "flow":
            assert log.status is not None
            return CreateFlowLogResponse(
                id=log.id, flow_id=log.file_id, version_id=log.version_id, log_status=log.status.value
            )
        case "prompt":
            return CreatePromptLogResponse(id=log.id, prompt_id=log.file_id, version_id=log.version_id)
        case "agent":
            return CreateAgentLogResponse(
                id=log.id,
                agent_id=log.file_id,
                version_id=log.version_id,
                log_status=None if log.status is None else log.status.value,
            )
        case "tool":
            return CreateToolLogResponse(id=log.id, tool_id=log.file_id, version_id=log.version_id)
        case _:
            assert log.judged_id is not None
            return CreateEvaluatorLogResponse(id=log.id, parent_id=log.judged_id, version_id=log.version_id)


class LogRenderer:
    """Makes the logs of one response. A version that several of them were made with is rendered once.

    What it makes is JSON text in places where the response types have objects: what a log holds goes out
    as it was sent.
    """

    def __init__(self, wire: Renderer) -> None:
        self._wire = wire
        self._files: dict[str, msgspec.Raw] = {}

    def logs(self, views: Iterable[LogView]) -> list[bytes]:
        """Each log as JSON text."""
        return [self.log(view) for view in views]

    def log(self, view: LogView) -> bytes:
        """A log as JSON text."""
        return _encode(self.members(view))

    def members(self, view: LogView) -> dict[str, Any]:
        """A log as its members, some of them JSON texts."""
        log = view.log
        payload = log.content()
        children = view.children
        shown: dict[str, Any] = {
            "id": log.id,
            "log_id": log.id,
            "output": payload.output,
            "output_message": payload.output_message,
            "inputs": payload.inputs or NOTHING,
            "error": payload.error,
            "stdout": payload.stdout,
            "start_time": self._time(log.start_time),
            "end_time": self._time(log.end_time),
            "created_at": self._wire.time(log.created_at),
            "provider_latency": log.provider_latency_s,
            "provider_request": payload.provider_request,
            "provider_response": payload.provider_response,
            "source": log.source,
            "metadata": payload.metadata,
            "log_status": log.status,
            # Quirk(humanloop): clients of former times know the status by another name (3.2).
            "trace_status": log.status,
            "source_datapoint_id": log.source_datapoint_id,
            "trace_parent_id": log.trace_parent_id,
            "trace_id": log.trace_id if log.is_in_trace else None,
            "trace_flow_id": log.trace_flow_id,
            "trace_children": None if children is None else [self.members(one) for one in children],
            "trace_usage": _usage(view.usage),
            "evaluator_logs": [self.members(one) for one in view.judgments],
            "batches": (),
            "user": log.user,
            "environment": log.environment,
            "save": log.is_saved,
            log.kind: self._file(view),
        }
        return shown | self._of_kind(view, payload)

    def _of_kind(self, view: LogView, payload: Payload) -> dict[str, Any]:
        """What only logs of some kinds have."""
        log = view.log
        match log.kind:
            case "flow":
                return {"messages": payload.messages}
            case "prompt" | "agent":
                return {
                    "messages": payload.messages,
                    "prompt_tokens": log.prompt_tokens,
                    "reasoning_tokens": log.reasoning_tokens,
                    "output_tokens": log.output_tokens,
                    "prompt_cost": log.prompt_cost,
                    "output_cost": log.output_cost,
                    "finish_reason": log.finish_reason,
                    "tool_choice": payload.tool_choice,
                }
            case "evaluator":
                return {
                    "parent_id": log.judged_id,
                    "parent": None if view.judged is None else self.members(view.judged),
                    "judgment": None if log.judgment is None else msgspec.Raw(log.judgment),
                    "marked_completed": log.marked_completed,
                }
        return {}

    def _file(self, view: LogView) -> msgspec.Raw:
        version_id = view.log.version_id
        if version_id not in self._files:
            self._files[version_id] = msgspec.Raw(_encode(self._wire.file(view.version)))
        return self._files[version_id]

    def _time(self, moment: datetime | None) -> str | None:
        return None if moment is None else self._wire.time(moment)


def _usage(usage: TraceUsage | None) -> TraceUsageResponse | None:
    if usage is None:
        return None
    return TraceUsageResponse(
        logs_count=usage.logs_count,
        prompt_tokens=usage.prompt_tokens,
        reasoning_tokens=usage.reasoning_tokens,
        output_tokens=usage.output_tokens,
        cost=usage.cost,
    )
