"""Turns of agents as server-sent events (humanloop 4.4, appendix A, EventType)."""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator, Mapping
from typing import Any

import msgspec

from headrace.apis.humanloop.log_wire import LogRenderer
from headrace.apis.humanloop.operations import Call
from headrace.apis.humanloop.prompt_calls import DONE, SILENT
from headrace.apis.sending import CUT_OFF
from headrace.core.errors import HeadraceError
from headrace.core.prompt_requests import finish_reason
from headrace.services.agents.agent_calls import Listening
from headrace.services.agents.agent_events import (
    Answered,
    Asked,
    Begun,
    Event,
    Replied,
    Said,
    ToolBegun,
    ToolEnded,
    ToolSaid,
)
from headrace.services.calls.prompt_calls import used
from headrace.services.versions.views import VersionView

_encode = msgspec.json.Encoder().encode
Told = tuple[str, str, Any]
"""An event: its type, its message, its payload."""


class Telling:
    """A turn as server-sent events.

    Attributes:
        limit_s: how long it may take to be read; None where all of it is there.
    """

    def __init__(self, made: Call, heard: Listening | Answered) -> None:
        self.limit_s = heard.limit_s if isinstance(heard, Listening) else None
        self._made = made
        self._heard = heard
        if isinstance(heard, Listening):
            self._log_id, self._version = heard.log_id, heard.version
        else:
            self._log_id, self._version = heard.log.log.id, heard.log.version
        self._events = self._told()

    def __aiter__(self) -> AsyncIterator[bytes]:
        return self

    async def __anext__(self) -> bytes:
        return await anext(self._events)

    @property
    def cut_off(self) -> bytes:
        """What is said when the server ends before the turn."""
        return self._failed(CUT_OFF) + DONE

    async def aclose(self) -> None:
        """Stop what still goes on."""
        if isinstance(self._heard, Listening):
            await self._heard.aclose()

    async def _told(self) -> AsyncIterator[bytes]:
        try:
            if isinstance(self._heard, Answered):
                for told in self._repeated(self._heard):
                    yield self._event(*told)
            else:
                async for event in self._heard:
                    for told in self._in_words(event):
                        yield self._event(*told)
        # The status is sent; what goes wrong with the turn or its record can only be told here.
        except HeadraceError as error:
            yield self._failed(error.message)
        yield DONE

    def _failed(self, why: str) -> bytes:
        return self._event("error", why, self._piece(error=why))

    def _repeated(self, answered: Answered) -> Iterator[Told]:
        """A call that was carried out before: what came of it, as if it had come at once."""
        output = answered.log.log.content().output
        yield from self._in_words(Begun(is_new=True))
        if output:
            yield from self._in_words(Said(text=output))
        yield from self._in_words(answered)

    def _in_words(self, event: Event) -> Iterator[Told]:
        match event:
            case Begun(is_new=True):
                yield "agent_turn_start", "The agent begins its turn.", None
            case Begun():
                yield "agent_turn_continue", "The agent goes on with its turn.", None
            case Asked(number=number):
                yield "agent_start", f"The agent's model is asked for the time no. {number}.", None
            case Said(text=text):
                yield "agent_update", "The model has said more.", self._piece(output=text)
            case Replied():
                yield "agent_end", "The model's answer is whole.", self._reply(event)
            case ToolBegun(call=call):
                yield "tool_start", f"The tool `{_name(call)}` is called.", call
            case ToolSaid(call=call):
                yield "tool_update", f"The tool `{_name(call)}` has said more.", _piece_of_tool(event)
            case ToolEnded(call=call):
                yield "tool_end", self._ended(event), self._log(event)
            case Answered():
                yield from self._over(event)

    def _over(self, answered: Answered) -> Iterator[Told]:
        end = self._end(answered)
        if answered.waiting is not None:
            calls = ", ".join(f"`{_name(call)}`" for call in answered.waiting["tool_calls"])
            yield "agent_turn_suspend", f"The agent waits for answers of {calls}.", end
            return
        if answered.error is not None:
            yield "error", answered.error, self._piece(error=answered.error)
        yield "agent_turn_end", "The agent has ended its turn.", end

    def _ended(self, event: ToolEnded) -> str:
        name = _name(event.call)
        return f"The tool `{name}` has answered." if event.text is not None else f"Nobody here runs `{name}`."

    def _log(self, event: ToolEnded) -> Any:
        return None if event.log is None else LogRenderer(self._made.wire).members(event.log)

    def _reply(self, event: Replied) -> dict[str, Any]:
        return self._piece(
            **used(event.reply),
            output_message=event.message,
            finish_reason=finish_reason(event.reply),
            provider_latency=event.latency_s,
        )

    def _end(self, answered: Answered) -> dict[str, Any]:
        """What the log says; of its message, when the turn is suspended, what has to be answered."""
        log, payload = answered.log.log, answered.log.log.content()
        return self._piece(
            output_message=answered.waiting or payload.output_message,
            error=payload.error,
            created_at=self._made.wire.time(log.created_at),
            provider_latency=log.provider_latency_s,
            prompt_tokens=log.prompt_tokens,
            reasoning_tokens=log.reasoning_tokens,
            output_tokens=log.output_tokens,
            prompt_cost=log.prompt_cost,
            output_cost=log.output_cost,
            finish_reason=log.finish_reason,
        )

    def _piece(self, **members: Any) -> dict[str, Any]:
        # Quirk(humanloop): clients join the outputs of all pieces and take none for null (4.4).
        return {**SILENT, "output": "", **_agent(self._log_id, self._version), **members}

    def _event(self, kind: str, message: str, payload: Any) -> bytes:
        now = self._made.wire.time(self._made.ports.clock.now())
        event: Mapping[str, Any] = {
            "log_id": self._log_id,
            "message": message,
            "payload": payload,
            "type": kind,
            "created_at": now,
        }
        return b"data: " + _encode(event) + b"\n\n"


def _name(call: Mapping[str, Any]) -> str:
    name: str = call["function"]["name"]
    return name


def _agent(log_id: str, version: VersionView) -> dict[str, str]:
    return {"id": log_id, "agent_id": version.file.id, "version_id": version.version.id}


def _piece_of_tool(event: ToolSaid) -> dict[str, Any]:
    names: dict[str, Any] = _agent(event.log_id, event.version)
    if event.version.file.kind == "prompt":
        names = {**names, "index": 0, "prompt_id": names.pop("agent_id")}
    return {**SILENT, "output": event.text, **names}
