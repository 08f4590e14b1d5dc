"""Turns of agents before a model is asked: what an order means, and whether it can be carried out.

The template is filled once a turn. All that can be refused is refused here (humanloop 2.6, 4.4).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.agents import Agent
from headrace.core.effects import JSON, NO_KEYS, CallerKeys, EffectFailed, ModelRequest
from headrace.core.errors import Invalid
from headrace.core.kinds.agent import read_agent
from headrace.core.logs import Log, Payload
from headrace.core.parsing import parse
from headrace.core.ports import Transaction
from headrace.core.prompt_requests import ToolChoice, Unsayable, request_of
from headrace.core.prompts import Prompt
from headrace.services.agents import agent_logs, agent_talk
from headrace.services.agents.agent_logs import AGENT, Mark, Story
from headrace.services.agents.agent_talk import Message
from headrace.services.agents.agent_tools import Tool, tools_of
from headrace.services.base import Ports, read, write
from headrace.services.calls.called import Repeated, choose
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_orders import Order, never
from headrace.services.calls.prompt_templates import filled
from headrace.services.deployments import switches
from headrace.services.logs import new_logs
from headrace.services.logs.new_logs import NewLog, Prepared
from headrace.services.versions.views import VersionView

_SHARED = (set(Agent.__struct_fields__) & set(Prompt.__struct_fields__)) - {"tools", "template"}
"""What an agent has as a prompt has it."""


@dataclass(frozen=True, slots=True, kw_only=True)
class More:
    """What is asked for to go on with a suspended turn.

    Attributes:
        messages: what is said next; the answers of tools come first.
    """

    log_id: str
    messages: Sequence[Message]
    keys: CallerKeys = NO_KEYS


@dataclass(frozen=True, slots=True, kw_only=True)
class Script:
    """What an agent's model is told whenever it is asked.

    Attributes:
        prompt: the agent as a prompt, with its template filled.
        most: how often the model may be asked.
    """

    prompt: Prompt
    tools: Mapping[str, Tool]
    most: int

    def request(
        self, messages: Sequence[Message], choice: ToolChoice | None, *, before: int = 0
    ) -> ModelRequest:
        """The request for the model.

        Args:
            before: so many of the messages were said before the present request came.

        Raises:
            Invalid: a message, or the agent, is none that models can be told.
        """
        functions = [tool.function for tool in self.tools.values()]
        try:
            return request_of(self.prompt, agent_talk.typed(messages), tools=functions, choice=choice)
        except Unsayable as error:
            raise Invalid.at(*_place(error.path, before), message=str(error), kind="unsayable") from None


def _place(path: tuple[str | int, ...], before: int) -> tuple[str | int, ...]:
    """Where in the present request the fault is."""
    match path:
        case ("messages", int(index), *rest):
            return ("messages", index - before, *rest) if index >= before else ("log_id",)
        case ("prompt", *rest):
            return (AGENT, *rest)
    return path


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A turn whose version is settled, and whose first request is known to be good.

    Attributes:
        view: the version of the agent.
        mark: in the log while the turn goes on.
        is_new: whether the log was made for it.
        choice: whether the model must, may or must not ask for tools, the first time.
        leaves: which failures leave no log, because the call will be made again.
        depth: so many agents stand above one another, this one included.
    """

    calls: Calls
    ports: Ports
    principal: Principal
    keys: CallerKeys
    script: Script
    story: Story
    view: VersionView
    log: Log
    mark: Mark
    is_new: bool
    choice: ToolChoice | None = None
    leaves: Callable[[EffectFailed], bool] = never
    depth: int = 1


async def begin(
    calls: Calls, ports: Ports, principal: Principal, order: Order, *, depth: int = 1
) -> Task | Repeated:
    """Make a turn ready, and its log.

    Raises:
        NotFound, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
        Invalid: inputs are missing, or the agent or a message is none that models can be told.
    """
    principal.require(Right.RUNNER)
    messages = _messages(order)
    payload = msgspec.structs.replace(order.new.payload, messages=_raw(messages))
    prepared = await new_logs.prepare(ports, msgspec.structs.replace(order.new, payload=payload))
    found = await read(ports, principal, lambda tx: _choose(tx, ports, calls, prepared, order.split_key))
    if isinstance(found, Repeated):
        return found
    new, form, tools = found
    script = await _script(calls, form, tools, order.inputs)
    script.request(messages, order.choice)
    prepared = msgspec.structs.replace(prepared, new=new)
    mark = Mark(id=ports.ids.long("turn_"), holder=ports.holder)
    with _held(calls, mark):
        log, view = await write(
            ports, principal, lambda tx: agent_logs.open_log(tx, ports, principal, prepared, mark)
        )
    return Task(
        calls=calls,
        ports=ports,
        principal=principal,
        keys=order.keys,
        script=script,
        story=Story(messages=messages),
        view=view,
        log=log,
        mark=mark,
        is_new=True,
        choice=order.choice,
        leaves=order.leaves,
        depth=depth,
    )


async def resume(calls: Calls, ports: Ports, principal: Principal, more: More) -> Task:
    """Take up a turn that is suspended.

    Raises:
        NotFound: there is no such log.
        Conflict: it is complete, somebody else goes on with it, or the agent is switched off.
        Invalid: a call is not answered, or a message is none that models can be told.
    """
    principal.require(Right.RUNNER)

    def look(tx: Transaction) -> tuple[Log, Payload, VersionView, dict[str, Tool]]:
        log, payload, view = agent_logs.suspended(tx, ports, calls, more.log_id)
        switches.check_file(tx, view.file)
        return log, payload, view, tools_of(tx, read_agent(view.version.content))

    log, payload, view, tools = await read(ports, principal, look)
    story = agent_logs.story_of(log, payload)
    agent_talk.check_answers(story.messages, more.messages)
    before = len(story.messages)
    story.messages = [*story.messages, *more.messages]
    inputs = {} if payload.inputs is None else parse(payload.inputs)
    script = await _script(calls, parse(view.version.content), tools, inputs)
    # A choice that was made for the first answer would have the model ask for the same tool for ever.
    choice = None if payload.tool_choice is None else standing(parse(payload.tool_choice))
    script.request(story.messages, choice, before=before)
    mark = Mark(iterations=story.iterations, id=ports.ids.long("turn_"), holder=ports.holder)
    with _held(calls, mark):
        await write(ports, principal, lambda tx: agent_logs.claim(tx, ports, calls, log, mark))
    return Task(
        calls=calls,
        ports=ports,
        principal=principal,
        keys=more.keys,
        script=script,
        story=story,
        view=view,
        log=log,
        mark=mark,
        is_new=False,
        choice=choice,
    )


@contextmanager
def _held(calls: Calls, mark: Mark) -> Iterator[None]:
    """A turn is this process's own from before the store knows, unless the store refuses it."""
    assert mark.id is not None
    calls.turns.add(mark.id)
    try:
        yield
    except BaseException:
        calls.turns.discard(mark.id)
        raise


def standing(choice: ToolChoice | None) -> ToolChoice | None:
    """What of a choice of tools holds for all answers of a model: only what forces it to nothing."""
    return choice if choice in ("none", "auto") else None


def _choose(
    tx: Transaction, ports: Ports, calls: Calls, prepared: Prepared, split_key: str | None
) -> tuple[NewLog, Mapping[str, Any], dict[str, Tool]] | Repeated:
    """What an order means at the moment."""
    chosen = choose(tx, prepared, split_key=split_key)
    if isinstance(chosen, Repeated):
        agent_logs.check_idle(tx, ports, calls, chosen.log, ports.unsaved.content(tx.account, chosen.log))
        return chosen
    if chosen.version is None:
        assert chosen.new.content is not None
        form = chosen.new.content.parsed
    else:
        form = parse(chosen.version.content)
    return chosen.new, form, tools_of(tx, msgspec.convert(form, Agent))


async def _script(
    calls: Calls, form: Mapping[str, Any], tools: Mapping[str, Tool], inputs: Mapping[str, JSON]
) -> Script:
    template = await filled(calls.languages, form, inputs, "inputs")
    own = {name: form[name] for name in _SHARED if form.get(name) is not None}
    most = form.get("max_iterations") or calls.limits.iterations
    return Script(
        prompt=msgspec.convert({**own, "template": template}, Prompt),
        tools=tools,
        most=min(most, calls.limits.iterations),
    )


def _messages(order: Order) -> list[Message]:
    """What its caller says, as it was sent where that is known."""
    if order.new.payload.messages is None:
        return agent_talk.plain(order.messages)
    messages: list[Message] = parse(order.new.payload.messages)
    return messages


def _raw(messages: Sequence[Message]) -> msgspec.Raw | None:
    return msgspec.Raw(msgspec.json.encode(messages)) if messages else None
