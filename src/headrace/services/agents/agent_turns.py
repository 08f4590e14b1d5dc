"""An agent's turn: its model is asked, what it calls is carried out, and so on until it says something and
calls nothing (humanloop 4.2, Agents).

The turn ends early when a tool was called that ends it, or when the model was asked as often as it may be.
It is suspended when a tool was called that this server does not carry out. What was done is kept before the
model is asked again, so that a turn that breaks off can be continued.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Iterator, Mapping
from contextlib import suppress

from headrace.core.effects import EffectContext, EffectFailed, Fault, ModelFailed, ModelReply, ModelRequest
from headrace.core.errors import HeadraceError, Invalid
from headrace.core.logs import LogStatus
from headrace.core.ports import Transaction
from headrace.services.agents import agent_logs, agent_talk
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
from headrace.services.agents.agent_orders import Task, begin, standing
from headrace.services.agents.agent_steps import (
    BadArguments,
    Outcome,
    Step,
    arguments_of,
    call_prompt,
    call_tool,
    failed,
    outcome_of,
)
from headrace.services.agents.agent_talk import Call, Message
from headrace.services.agents.agent_tools import Tool
from headrace.services.base import write
from headrace.services.calls.called import Repeated
from headrace.services.calls.prompt_calls import RESOURCE
from headrace.services.calls.tool_calls import NotRun
from headrace.services.logs.log_views import LogView

LEFT = "The caller went away before the agent had ended its turn."
Tell = Callable[[Event], None]


class Turn:
    """One turn, carried out by `run`.

    Args:
        tell: told what happens; None when nobody listens.
    """

    def __init__(self, task: Task, tell: Tell | None = None) -> None:
        self._task = task
        self._story = task.story
        self._before = task.story.iterations
        self._tell = tell
        self._why_stopped: str | None = None
        self._going: asyncio.Task[LogStatus] | None = None

    def stop(self, why: str) -> None:
        """End the turn where it is; `run` keeps what was done."""
        if self._why_stopped is None:
            self._why_stopped = why
            if self._going is not None:
                self._going.cancel()

    async def run(self) -> Answered:
        """Carry the turn out; what came of it is kept then.

        Raises:
            ModelFailed: the model did not answer at all. A turn that went on from another one is as it was.
            HeadraceError: it could not be recorded. It can be continued from what was kept last.
        """
        task, limit_s = self._task, self._task.calls.limits.agent_s
        self._going = going = asyncio.create_task(self._go_on())
        if self._why_stopped is not None:
            going.cancel()
        too_long = f"The turn took longer than the {limit_s:g} seconds that it may take."
        timer = asyncio.get_running_loop().call_later(limit_s, self.stop, too_long)
        try:
            await self._until(going)
            return await self._end(going)
        finally:
            timer.cancel()
            task.calls.turns.discard(task.mark.id or "")

    async def _until(self, going: asyncio.Task[LogStatus]) -> None:
        """Wait for the turn. Who no longer wants it stops it, and waits on, so that it is kept."""
        try:
            await asyncio.wait({going})
        except asyncio.CancelledError:
            self.stop(LEFT)
            await asyncio.wait({going})

    async def _end(self, going: asyncio.Task[LogStatus]) -> Answered:
        error = None if going.cancelled() else going.exception()
        if not going.cancelled() and error is None:
            return self._tell_end(await self._close(going.result(), None))
        if error is not None and not isinstance(error, EffectFailed):
            await self._give_back()
            raise error
        why = self._why_stopped or LEFT
        failure = error or EffectFailed(why, resource=RESOURCE, fault=Fault.GATEWAY)
        if self._task.is_new and self._task.leaves(failure):
            await self._forget()
        elif self._story.iterations > self._before:
            return self._tell_end(await self._close(LogStatus.COMPLETE, failure.message))
        elif self._task.is_new:
            answered = await self._close(LogStatus.COMPLETE, failure.message)
            if self._story.pieces:  # somebody has heard a part of it, and hears the end
                return self._tell_end(answered)
        else:
            await self._give_back()
        raise ModelFailed(failure, origin=self._origin())

    async def _close(self, status: LogStatus, error: str | None) -> Answered:
        task, story = self._task, self._story

        def work(tx: Transaction) -> LogView:
            return agent_logs.close(tx, task.ports, task.log.id, task.mark, story, status=status, error=error)

        shown = await write(task.ports, task.principal, work)
        is_open = status is LogStatus.INCOMPLETE
        waiting = agent_talk.waiting(story.messages) if is_open else None
        return Answered(log=shown, waiting=waiting, error=error)

    def _tell_end(self, answered: Answered) -> Answered:
        self._told(answered)
        return answered

    async def _forget(self) -> None:
        task = self._task
        await write(
            task.ports,
            task.principal,
            lambda tx: agent_logs.forget(tx, task.ports, task.log.id, task.mark),
        )

    async def _give_back(self) -> None:
        """Let others go on with the log from what was kept last, if the store can be told."""
        task = self._task
        with suppress(HeadraceError):
            await write(
                task.ports,
                task.principal,
                lambda tx: agent_logs.release(tx, task.ports, task.log.id, task.mark),
            )

    async def _go_on(self) -> LogStatus:
        """Ask and carry out; what the log is to be then."""
        task, story = self._task, self._story
        self._told(Begun(is_new=task.is_new))
        while True:
            message = await self._ask()
            calls = message.get("tool_calls") or ()
            is_last = any(tool.is_last for tool in self._tools(calls))
            if not calls or (story.iterations >= task.script.most and not is_last):
                return LogStatus.COMPLETE  # nobody would be told of what came of the calls
            await self._carry_out(calls)
            if is_last:
                return LogStatus.COMPLETE
            if agent_talk.open_calls(story.messages):
                return LogStatus.INCOMPLETE
            await write(
                task.ports,
                task.principal,
                lambda tx: agent_logs.keep(tx, task.ports, task.log.id, task.mark, story),
            )

    async def _ask(self) -> Message:
        task, story = self._task, self._story
        # What a caller forces a model to, it is forced to once: else it would never come to an end.
        choice = task.choice if story.iterations == self._before else standing(task.choice)
        try:
            story.request = request = task.script.request(story.messages, choice)
        except Invalid as error:  # the first request was good: this one has what the model itself said
            raise EffectFailed(error.message, resource=RESOURCE) from None
        self._told(Asked(number=story.iterations + 1))
        started_s = asyncio.get_running_loop().time()
        reply = await self._converse(request)
        self._check_is_wanted()
        latency_s = asyncio.get_running_loop().time() - started_s
        message = story.add(reply, latency_s)
        self._told(Replied(message=message, reply=reply, latency_s=latency_s))
        return message

    def _converse(self, request: ModelRequest) -> Awaitable[ModelReply]:
        task = self._task
        context = EffectContext(
            account=task.principal.account,
            flow_arn="",
            alias_arn="",
            execution_id=task.log.id,
            node=task.view.file.name,
            step=f"{task.log.id}/{self._story.iterations}",
            timeout_s=task.calls.limits.timeout_s,
            keys=task.keys,
        )
        if self._tell is None:
            return task.calls.models.converse(request, context)
        return task.calls.models.speak(request, context, self._heard)

    def _heard(self, text: str) -> None:
        self._story.pieces.append(text)
        self._told(Said(text=text))

    def _tools(self, calls: Iterable[Call]) -> Iterator[Tool]:
        """The tools that are called; a model may call some that there are not."""
        tools = self._task.script.tools
        for call in calls:
            if (tool := tools.get(call["function"]["name"])) is not None:
                yield tool

    async def _carry_out(self, calls: Iterable[Call]) -> None:
        """Carry out what this server can, one after another."""
        for call in calls:
            name = call["function"]["name"]
            tool = self._task.script.tools.get(name)
            if tool is not None and not tool.is_run:
                continue
            self._told(ToolBegun(call=call))
            nobody = Outcome(text=failed(f"There is no tool `{name}`."))
            outcome = nobody if tool is None else await self._use(tool, call)
            self._check_is_wanted()
            if outcome.text is not None:
                self._story.messages.append(agent_talk.answer(call, outcome.text))
            self._told(ToolEnded(call=call, text=outcome.text, log=outcome.log))

    async def _use(self, tool: Tool, call: Call) -> Outcome:
        assert tool.file is not None
        try:
            inputs = arguments_of(call)
        except BadArguments as error:
            return Outcome(text=failed(str(error)))
        hear = None if self._tell is None else self._told
        step = Step(task=self._task, tool=tool, call=call, inputs=inputs, hear=hear)
        try:
            return await _CALLERS[tool.file.kind](step)
        except NotRun:  # not here, but its caller may know how
            return Outcome(text=None)
        except HeadraceError as error:
            return Outcome(text=failed(error.message))

    def _check_is_wanted(self) -> None:
        """What was waited for may have been kept, and have ended as if nothing were."""
        if self._why_stopped is not None:
            raise asyncio.CancelledError

    def _told(self, event: Event) -> None:
        if self._tell is not None:
            self._tell(event)

    def _origin(self) -> str:
        prompt = self._task.script.prompt
        return prompt.provider or prompt.model


async def _call_agent(step: Step) -> Outcome:
    """Carry out a turn of another agent. One that is suspended leaves its call to the caller of this one.

    Raises:
        HeadraceError: as `headrace.services.agents.agent_calls.call`.
    """
    task = step.task
    most = task.calls.limits.depth
    if task.depth >= most:
        return Outcome(text=failed(f"Agents may call one another {most} deep, and no deeper."))
    nested = await begin(task.calls, task.ports, task.principal, step.order(), depth=task.depth + 1)
    assert not isinstance(nested, Repeated), "a log without an id of its own repeats none"

    def tell(event: Event) -> None:
        if isinstance(event, Said) and step.hear is not None:
            said = ToolSaid(call=step.call, log_id=nested.log.id, version=nested.view, text=event.text)
            step.hear(said)

    answered = await Turn(nested, None if step.hear is None else tell).run()
    if answered.log.log.status is LogStatus.INCOMPLETE:
        return Outcome(text=None, log=answered.log)
    return outcome_of(answered.log)


_CALLERS: Mapping[str, Callable[[Step], Awaitable[Outcome]]] = {
    "tool": call_tool,
    "prompt": call_prompt,
    "agent": _call_agent,
}
"""What is carried out, by the kind of its file."""
