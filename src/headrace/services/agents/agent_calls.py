"""Calling agents, and going on with calls that are suspended (humanloop 4.2, 4.4)."""

from __future__ import annotations

import asyncio
from contextlib import ExitStack

from headrace.core.access import Principal
from headrace.core.logs import LogStatus
from headrace.services.agents import agent_talk
from headrace.services.agents.agent_events import Answered, Asked, Begun, Event
from headrace.services.agents.agent_logs import whole
from headrace.services.agents.agent_orders import More, Task, begin, resume
from headrace.services.agents.agent_turns import LEFT, Turn
from headrace.services.base import Ports, read
from headrace.services.calls.called import Repeated
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_calls import TELLING_S
from headrace.services.calls.prompt_orders import Order
from headrace.services.logs.log_views import view

__all__ = ["Answered", "Event", "Listening", "More", "Order", "call", "go_on", "listen", "listen_on"]


async def call(calls: Calls, ports: Ports, principal: Principal, order: Order) -> Answered:
    """Call an agent and wait until its turn is over, or suspended.

    Raises:
        NotFound, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
        Conflict: the call was made before, and goes on still.
        Invalid: inputs are missing, or the agent or a message is none that models can be told.
        Throttled: too much is going on.
        ModelFailed: its model did not answer at all.
    """
    with calls.place():
        task = await begin(calls, ports, principal, order)
        if isinstance(task, Repeated):
            return await _again(ports, principal, task)
        return await Turn(task).run()


async def go_on(calls: Calls, ports: Ports, principal: Principal, more: More) -> Answered:
    """Go on with a turn that is suspended.

    Raises:
        NotFound: there is no such log of an agent.
        Conflict: it is not incomplete, or somebody goes on with it already.
        Invalid: a call is not answered, or a message is none that models can be told.
        Throttled: too much is going on.
        ModelFailed: its model did not answer; the turn is suspended as it was.
    """
    with calls.place():
        return await Turn(await resume(calls, ports, principal, more)).run()


class Listening:
    """A turn that is listened to while it goes on. Whoever has it must close it.

    Attributes:
        log_id: the agent's log.
        version: what was called.
        limit_s: how long it may take, with telling of it.
    """

    def __init__(self, task: Task, place: ExitStack) -> None:
        self.log_id = task.log.id
        self.version = task.view
        self.limit_s = task.calls.limits.agent_s + TELLING_S
        self._place = place
        self._queue: asyncio.Queue[Event | BaseException] = asyncio.Queue()
        self._first: list[Event] = []
        self._is_over = False
        self._turn = Turn(task, self._queue.put_nowait)
        self._going = asyncio.create_task(self._go())

    async def _go(self) -> None:
        try:
            await self._turn.run()
        except Exception as error:  # noqa: BLE001  # whoever listens is told
            self._queue.put_nowait(error)

    async def open(self) -> None:
        """Wait until a model has said something.

        Raises:
            ModelFailed: there will be nothing.
            Exception: it could not be recorded.
        """
        while True:
            event = await self._next()
            self._first.append(event)
            if not isinstance(event, Begun | Asked):
                return

    async def _next(self) -> Event:
        item = await self._queue.get()
        if isinstance(item, BaseException):
            raise item
        return item

    def __aiter__(self) -> Listening:
        return self

    async def __anext__(self) -> Event:
        if self._is_over:
            raise StopAsyncIteration
        event = self._first.pop(0) if self._first else await self._next()
        self._is_over = isinstance(event, Answered)
        return event

    async def aclose(self) -> None:
        """Stop what still goes on, and record it."""
        self._turn.stop(LEFT)
        await asyncio.wait({self._going})
        self._place.close()


async def listen(calls: Calls, ports: Ports, principal: Principal, order: Order) -> Listening | Answered:
    """Call an agent and listen; a call that was carried out before has been answered.

    Raises:
        HeadraceError: as `call`; what goes wrong once a model has said something is in the answer.
    """
    with ExitStack() as place:
        place.enter_context(calls.place())
        task = await begin(calls, ports, principal, order)
        if isinstance(task, Repeated):
            return await _again(ports, principal, task)
        return await _opened(Listening(task, place.pop_all()))


async def listen_on(calls: Calls, ports: Ports, principal: Principal, more: More) -> Listening:
    """Go on with a turn that is suspended, and listen.

    Raises:
        HeadraceError: as `go_on`; what goes wrong once a model has said something is in the answer.
    """
    with ExitStack() as place:
        place.enter_context(calls.place())
        task = await resume(calls, ports, principal, more)
        return await _opened(Listening(task, place.pop_all()))


async def _opened(listening: Listening) -> Listening:
    try:
        await listening.open()
    except BaseException:
        await listening.aclose()
        raise
    return listening


async def _again(ports: Ports, principal: Principal, repeated: Repeated) -> Answered:
    """A call that was carried out before is answered as it stands now (humanloop 8.24)."""
    shown = await read(ports, principal, lambda tx: view(tx, repeated.log, with_children=True))
    shown = whole(ports, principal.account, shown)
    payload = shown.log.content()
    is_open = shown.log.status is LogStatus.INCOMPLETE
    waiting = agent_talk.waiting(agent_talk.said(payload)) if is_open else None
    return Answered(log=shown, waiting=waiting, error=payload.error)
