"""Calls of prompts and tools on the wire: what is asked, and what is answered, whole or piece by piece
(humanloop 4.1, 4.2, 4.4)."""

from __future__ import annotations

from typing import Annotated, Any, ClassVar, Literal

import msgspec

from headrace.apis.humanloop.log_requests import CallLog, ToolChoice
from headrace.apis.humanloop.log_wire import EvaluatorLogResponse, LogResponse
from headrace.apis.humanloop.wire import JsonObject, PromptResponse, Time, ToolResponse
from headrace.core.kinds.tool import ToolContent
from headrace.core.prompts import ChatMessage, Prompt

Count = Annotated[int, msgspec.Meta(ge=1)]


class CallPromptRequest(CallLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Prompts. Null means absent; a prompt may be the text of a file (humanloop 4.5).

    Attributes:
        provider_api_keys: used for this call, and never kept.
        num_samples: how many answers.
        logprobs: of how many tokens at each place the provider tells the probability.
        suffix: what comes after the answer; goes to the provider as it is.
    """

    FREE_TEXTS: ClassVar[frozenset[str]] = frozenset({"prompt", "suffix"})

    messages: list[ChatMessage] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    prompt: Prompt | str | None = None
    provider_api_keys: dict[str, str | None] | None = None
    num_samples: Count | None = None
    stream: bool | None = None
    return_inputs: bool | None = None
    logprobs: Annotated[int, msgspec.Meta(ge=0)] | None = None
    suffix: str | None = None


class CallToolRequest(CallLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Tools. Null means absent."""

    tool: ToolContent | None = None


class EnvironmentVariable(msgspec.Struct, frozen=True, kw_only=True):
    """A variable that a tool finds in its environment. Its value is not shown again."""

    name: str
    value: str


class PopulateTemplate(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Prompts. The body is the inputs themselves."""


class PromptCallLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """One answer of a call."""

    index: int
    output: str | None
    output_message: dict[str, Any] | None
    error: str | None
    created_at: Time
    provider_latency: float | None
    stdout: str | None
    prompt_tokens: int | None
    reasoning_tokens: int | None
    output_tokens: int | None
    prompt_cost: float | None
    output_cost: float | None
    finish_reason: str | None


class PromptCallResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a prompt."""

    id: str
    log_id: str
    trace_id: str | None
    trace_parent_id: str | None
    prompt: PromptResponse
    messages: list[dict[str, Any]] | None
    tool_choice: str | dict[str, Any] | None
    inputs: JsonObject
    source: str | None
    metadata: dict[str, Any] | None
    start_time: Time | None
    end_time: Time | None
    log_status: Literal["complete", "incomplete"] | None
    source_datapoint_id: str | None
    user: str | None
    environment: str | None
    save: bool
    logs: list[PromptCallLogResponse]


class ToolCallResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a tool: its log."""

    id: str
    log_id: str
    tool: ToolResponse
    output: str | None
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
    source_datapoint_id: str | None
    trace_parent_id: str | None
    trace_id: str | None
    trace_flow_id: str | None
    trace_children: tuple[LogResponse, ...] | None
    evaluator_logs: tuple[EvaluatorLogResponse, ...]
    batches: tuple[str, ...]
    user: str | None
    environment: str | None
    save: bool


class PopulateTemplateResponse(PromptResponse, frozen=True, kw_only=True):
    """A prompt with its template filled."""

    populated_template: str | list[dict[str, Any]] | None
