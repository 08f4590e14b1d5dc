"""Runs that can be repeated: what they can't compute anew comes out of a journal, and from nowhere else.

Calls are made at the same time, as ever. Those that have ended are gathered on a page, in the order of the
plan; the machine is told of them once the page is in the journal, and only when it can't go on without. So
the machine does the same with the same pages, however long the calls took: a run that is repeated tells the
same events in the same order, apart from their times, and makes no call that a page tells the end of.
"""

from __future__ import annotations

import asyncio
import time

import msgspec

from headrace.core.durable import Journal
from headrace.core.execution import FailureKind
from headrace.core.jsontext import json_text
from headrace.engine.call import Call, Reply
from headrace.engine.failure import Failure
from headrace.engine.machine import Machine
from headrace.engine.plan import Plan
from headrace.engine.run import Run, RunContext, StartInput, machine_of

TOGETHER_S = 0.005
"""So long calls that have ended wait for others, to share a page: writing one takes about as long."""
NOBODY_TO_ASK = "It asks for input, and nobody is there to answer in a durable execution."


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """A call that has ended: by name, and how."""

    call: str
    reply: Reply


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """What became known together.

    Attributes:
        ended: the calls that have ended, in the order of the plan.
        is_late: whether the run has taken too long; then nothing else is on the page.
    """

    ended: tuple[Ended, ...] = ()
    is_late: bool = False


class StrangePage(Exception):
    """A page tells of a call that the run does not wait for: it belongs to another plan, or to another way to
    run it."""


class JournaledRun(Run):
    """A run of a flow from its beginning, for the first time or repeated.

    Args:
        left_s: how much of the time that the run may take is left.
    """

    def __init__(
        self, plan: Plan, machine: Machine, context: RunContext, journal: Journal, *, left_s: float
    ) -> None:
        super().__init__(plan, machine, context)
        self._ends_at = time.monotonic() + left_s
        self._journal = journal
        self._open: dict[str, Call] = {}
        self._begun: set[str] = set()

    def _advance(self) -> None:
        # Without a look at the clock: how late it is, only a page can tell.
        self._machine.advance()

    async def _call(self) -> None:
        """Go on with what the next page tells, once the machine can't without."""
        machine = self._machine
        self._open.update((call.name, call) for call in machine.take_calls())
        if machine.is_ready or not self._open:
            # Others have waited long enough.
            await asyncio.sleep(0)
        else:
            self._hear(read_page(await self._journal.page(self._page)))

    def _hear(self, page: Page) -> None:
        machine = self._machine
        if page.is_late:
            machine.time_out(self._context.limit_s)
        for one in page.ended:
            call = self._open.pop(one.call, None)
            if call is None:
                raise StrangePage(one.call)
            self._begun.discard(one.call)
            if not machine.is_over:
                # What it leads to comes before what the next one may break.
                machine.deliver(call, one.reply)
                machine.advance()

    async def _page(self) -> bytes:
        """Make the calls that have to be made, and tell of those that have ended, once there are any."""
        left_s = self._ends_at - time.monotonic()
        if left_s <= 0:
            return write_page(Page(is_late=True))
        for name, call in self._open.items():
            if name not in self._begun:
                self._tasks[asyncio.create_task(self._act(call))] = call
                self._begun.add(name)
        done, others = await asyncio.wait(self._tasks, timeout=left_s, return_when=asyncio.FIRST_COMPLETED)
        if done and others:
            done |= (await asyncio.wait(others, timeout=min(TOGETHER_S, left_s)))[0]
        calls = {task: self._tasks.pop(task) for task in done}
        ordered = sorted(calls, key=lambda task: calls[task].place)
        ended = [Ended(call=calls[task].name, reply=_unasked(task.result())) for task in ordered]
        return write_page(Page(ended=tuple(ended), is_late=not ended))


def write_page(page: Page) -> bytes:
    """A page as JSON text."""
    return json_text(page)


# Python reads the numbers that are no integers; see headrace.core.parsing.
read_page = msgspec.json.Decoder(Page, float_hook=float).decode
"""A page as it was written."""


def _unasked(reply: Reply) -> Reply:
    """A reply without a question: it fails the node (bedrock 5.2)."""
    if reply.question is None:
        return reply
    failure = Failure(kind=FailureKind.VALIDATION, message=NOBODY_TO_ASK)
    return Reply(failure=failure, actions=reply.actions)


def run_journaled(
    plan: Plan, start: StartInput, context: RunContext, journal: Journal, *, left_s: float
) -> Run:
    """Run a flow from its beginning, with what the journal knows already."""
    machine = machine_of(plan, context)
    machine.start(start.node, start.output, start.document)
    return JournaledRun(plan, machine, context, journal, left_s=left_s)
