"""What is said in the turns of agents: messages in plain values, as logs keep them, and the calls in them.

An agent's last message may hold calls of tools that nobody has answered. Then its turn is suspended, and goes
on with the answers (humanloop 4.2, Agents).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from headrace.core.errors import Conflict, Invalid, Problem
from headrace.core.logs import Payload
from headrace.core.parsing import parse
from headrace.core.prompts import ChatMessage

Message = Mapping[str, Any]
Call = Mapping[str, Any]
"""A call of a tool, as a message holds it."""
AT = "messages"
"""Where messages stand in a request."""


def said(payload: Payload) -> list[Message]:
    """The conversation that a log holds: its messages, and what came out of it if that is not among them.

    Raises:
        Conflict: the log, which others may have written, holds something else.
    """
    held: Any = [] if payload.messages is None else parse(payload.messages)
    last = [] if payload.output_message is None else [parse(payload.output_message)]
    typed([*held, *last] if isinstance(held, list) else held)
    messages: list[Message] = held
    spoken = [one for one in messages if one["role"] == "assistant"][-1:]
    return messages if spoken == last else [*messages, *last]


def plain(messages: Sequence[ChatMessage]) -> list[Message]:
    """Messages in plain values; what is absent is left out."""
    return [
        {name: value for name, value in msgspec.to_builtins(one).items() if value is not None}
        for one in messages
    ]


def typed(messages: Sequence[Message]) -> list[ChatMessage]:
    """Messages that a log holds, as models are told of them.

    Raises:
        Conflict: a client has put something else there.
    """
    try:
        return msgspec.convert(messages, list[ChatMessage])
    except msgspec.ValidationError as error:
        raise Conflict(f"What the log holds as messages can't be gone on with: {error}") from None


def answer(call: Call, text: str) -> Message:
    """A tool's answer to a call."""
    return {"role": "tool", "tool_call_id": call["id"], "content": text}


def open_calls(messages: Sequence[Message]) -> list[Call]:
    """The calls in the last of an agent's messages that nobody has answered."""
    for place in reversed(range(len(messages))):
        if messages[place].get("role") == "assistant":
            answered = {one.get("tool_call_id") for one in messages[place + 1 :]}
            calls = messages[place].get("tool_calls") or ()
            return [call for call in calls if call["id"] not in answered]
    return []


def waiting(messages: Sequence[Message]) -> Message | None:
    """The last of an agent's messages with only the calls that wait for an answer; None when none does."""
    calls = open_calls(messages)
    if not calls:
        return None
    last = next(one for one in reversed(messages) if one.get("role") == "assistant")
    return {**last, "tool_calls": calls}


def check_answers(messages: Sequence[Message], more: Sequence[Message]) -> None:
    """See that what is said next answers every call that waits, each once, before it says anything else.

    Raises:
        Invalid: with everything that is wrong.
    """
    problems = list(_unfit(open_calls(messages), more))
    if problems:
        raise Invalid(*problems)


def _unfit(calls: Sequence[Call], more: Sequence[Message]) -> Iterator[Problem]:
    left = {call["id"]: call["function"]["name"] for call in calls}
    for index, message in enumerate(more):
        if message.get("role") != "tool":
            break
        call_id = message.get("tool_call_id")
        if left.pop(call_id, None) is None:
            waits = ", ".join(f"`{one}`" for one in left) or "none"
            text = f"No call `{call_id}` waits for an answer. Those that do: {waits}."
            yield Problem(path=(AT, index, "tool_call_id"), message=text, kind="unknown")
    for call_id, name in left.items():
        text = f"The call `{call_id}` of the tool `{name}` needs an answer first."
        yield Problem(path=(AT,), message=text, kind="missing")
