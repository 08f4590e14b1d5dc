"""Calls of agents on the wire: what is asked, and what is answered, whole or as events (humanloop 4.2, 4.4,
appendix A)."""

from __future__ import annotations

from typing import Any, ClassVar, Literal

import msgspec

from headrace.apis.humanloop.log_requests import CallLog, ToolChoice
from headrace.apis.humanloop.log_wire import AgentLogResponse
from headrace.core.agents import Agent
from headrace.core.prompts import ChatMessage


class CallAgentRequest(CallLog, frozen=True, kw_only=True):
    """Humanloop 4.2, Agents. Null means absent; an agent may be the text of a file (humanloop 4.5).

    Attributes:
        provider_api_keys: used for this call, and never kept.
        include_trace_children: whether the answer has the logs of what the agent called.
    """

    FREE_TEXTS: ClassVar[frozenset[str]] = frozenset({"agent"})

    messages: list[ChatMessage] | None = None
    tool_choice: Literal["none", "auto", "required"] | ToolChoice | None = None
    agent: Agent | str | None = None
    provider_api_keys: dict[str, str | None] | None = None
    return_inputs: bool | None = None
    include_trace_children: bool | None = None
    stream: bool | None = None


class ContinueAgentRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Agents.

    Attributes:
        messages: the answers of tools first.
        provider_api_keys: used for this call, and never kept.
        include_trace_children: whether the answer has the logs of what the agent called.
    """

    log_id: str
    messages: list[ChatMessage]
    provider_api_keys: dict[str, str | None] | None = None
    include_trace_children: bool | None = None
    stream: bool | None = None


class AgentCallResponse(AgentLogResponse, frozen=True, kw_only=True):
    """A call of an agent: its log.

    Attributes:
        previous_agent_message: the agent's last message with the calls that its caller has to answer; null
            unless the log is incomplete because of them.
    """

    previous_agent_message: dict[str, Any] | None
