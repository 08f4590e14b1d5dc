"""Carrying out the tools and prompts that agents call: each through its own service, with a log of its own
below the agent's (humanloop 3.12)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headrace.core.effects import JSON
from headrace.core.kinds import KINDS
from headrace.core.logs import Payload
from headrace.core.parsing import Unreadable, parse_answer
from headrace.core.prompts import ChatMessage
from headrace.services.agents.agent_events import ToolSaid
from headrace.services.agents.agent_logs import whole
from headrace.services.agents.agent_orders import Task
from headrace.services.agents.agent_talk import Call, plain
from headrace.services.agents.agent_tools import MESSAGE, Tool
from headrace.services.base import read
from headrace.services.calls import prompt_calls, tool_calls
from headrace.services.calls.prompt_calls import Answered, Piece, Sample, raw
from headrace.services.calls.prompt_orders import Order
from headrace.services.logs import log_views
from headrace.services.logs.log_views import LogView
from headrace.services.logs.new_logs import NewLog


class BadArguments(ValueError):
    """A model called a tool with something else than named arguments."""


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """A call of a linked file.

    Attributes:
        inputs: the arguments.
        hear: told what models say meanwhile; None when nobody listens.
    """

    task: Task
    tool: Tool
    call: Call
    inputs: Mapping[str, JSON]
    hear: Callable[[ToolSaid], None] | None

    def order(self) -> Order:
        """The order for a prompt or an agent: what is no input of its template is said to it."""
        assert self.tool.file is not None
        assert self.tool.version is not None
        inputs = dict(self.inputs)
        messages: list[ChatMessage] = []
        names = KINDS[self.tool.file.kind].inputs(self.tool.version.content)
        if MESSAGE in inputs and MESSAGE not in names:
            messages.append(ChatMessage(role="user", content=_text(inputs.pop(MESSAGE))))
        payload = Payload(inputs=raw(inputs), messages=raw(plain(messages)) if messages else None)
        return Order(new=self.new(payload), inputs=inputs, messages=messages, keys=self.task.keys)

    def new(self, payload: Payload) -> NewLog:
        """The log of the call."""
        log, file, version = self.task.log, self.tool.file, self.tool.version
        assert file is not None
        assert version is not None
        return NewLog(
            kind=file.kind,
            ref=file.id,
            version_id=version.id,
            parent_id=log.id,
            user=log.user,
            is_saved=log.is_saved,
            payload=payload,
        )


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call.

    Attributes:
        text: what the model is told; None when this server could not carry it out: somebody else has to.
    """

    text: str | None
    log: LogView | None = None


def arguments_of(call: Call) -> dict[str, JSON]:
    """The arguments of a call by their names.

    Raises:
        BadArguments: they are something else.
    """
    try:
        arguments = parse_answer(call["function"].get("arguments") or "{}")
    except Unreadable as error:
        raise BadArguments(f"The arguments are not JSON: {error}") from None
    if not isinstance(arguments, dict):
        raise BadArguments("The arguments have to be a JSON object.")
    return arguments


async def call_tool(step: Step) -> Outcome:
    """Run a tool's source.

    Raises:
        HeadraceError: as `headrace.services.calls.tool_calls.call`.
    """
    task = step.task
    new = step.new(Payload(inputs=raw(step.inputs)))
    log = await tool_calls.call(task.calls, task.ports, task.principal, new, step.inputs)
    return outcome_of(log)


async def call_prompt(step: Step) -> Outcome:
    """Ask the model of a prompt.

    Raises:
        HeadraceError: as `headrace.services.calls.prompt_calls.call`.
    """
    task = step.task
    sample = await _sample(step)
    log = await read(task.ports, task.principal, lambda tx: log_views.view(tx, sample.log))
    return outcome_of(whole(task.ports, task.principal.account, log))


async def _sample(step: Step) -> Sample:
    task, hear = step.task, step.hear
    if hear is None:
        answered = await prompt_calls.call(task.calls, task.ports, task.principal, step.order())
        return answered.samples[0]
    listening = await prompt_calls.listen(task.calls, task.ports, task.principal, step.order())
    assert not isinstance(listening, Answered), "a log without an id of its own repeats none"
    sample: Sample | None = None
    try:
        async for one in listening:
            if isinstance(one, Piece):
                said = ToolSaid(call=step.call, log_id=one.log_id, version=listening.version, text=one.text)
                hear(said)
            else:
                sample = one
    finally:
        await listening.aclose()
    assert sample is not None
    return sample


def outcome_of(log: LogView) -> Outcome:
    """What a log of a call says came of it, as a model is told."""
    payload = log.log.content()
    if payload.error is not None:
        return Outcome(text=failed(payload.error), log=log)
    if payload.output is None and payload.output_message is not None:
        return Outcome(text=bytes(payload.output_message).decode(), log=log)
    return Outcome(text=payload.output or "", log=log)


def failed(why: str) -> str:
    """What a model is told of a call that failed."""
    return f"Error: {why}"


def _text(value: Any) -> str:
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()
