"""What happens in an agent's turn, told to whoever listens while it goes on."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import msgspec

from headrace.core.effects import ModelReply
from headrace.services.agents.agent_talk import Call, Message
from headrace.services.logs.log_views import LogView
from headrace.services.versions.views import VersionView


class Begun(msgspec.Struct, frozen=True, kw_only=True):
    """The turn has begun, or goes on."""

    is_new: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """The model was asked.

    Attributes:
        number: how often by now, this time included.
    """

    number: int


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The model has said more of its answer."""

    text: str


class Replied(msgspec.Struct, frozen=True, kw_only=True):
    """The model's answer is whole."""

    message: Message
    reply: ModelReply
    latency_s: float


class ToolBegun(msgspec.Struct, frozen=True, kw_only=True):
    """A tool is carried out."""

    call: Call


class ToolSaid(msgspec.Struct, frozen=True, kw_only=True):
    """The model behind a prompt or an agent that was called as a tool has said more.

    Attributes:
        log_id: of the prompt's or the agent's log.
        version: of the prompt or the agent.
    """

    call: Call
    log_id: str
    version: VersionView
    text: str


class ToolEnded(msgspec.Struct, frozen=True, kw_only=True):
    """A tool has been carried out.

    Attributes:
        text: what the model is told; None when somebody else has to answer the call.
        log: None where there is none, or where nobody knows of it.
    """

    call: Call
    text: str | None
    log: LogView | None


class Answered(msgspec.Struct, frozen=True, kw_only=True):
    """The turn is over, or suspended.

    Attributes:
        log: shows all, even where not all is kept.
        waiting: the agent's last message with the calls that its caller has to answer; None when it is over.
        error: why the turn broke off; None when it did not.
    """

    log: LogView
    waiting: Mapping[str, Any] | None = None
    error: str | None = None


Event: TypeAlias = Begun | Asked | Said | Replied | ToolBegun | ToolSaid | ToolEnded | Answered
