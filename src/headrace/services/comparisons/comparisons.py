"""Two versions of a flow or of a prompt on the same inputs, side by side.

What is compared is settled when a comparison begins: whatever an environment targets meanwhile, the same two
versions run. It goes on while it is read, and closing it stops what still runs.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, HeadraceError, Invalid
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.kinds import KINDS
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services.base import Ports, read
from headrace.services.calls.calls import Calls
from headrace.services.comparisons import comparison_inputs, comparison_scores
from headrace.services.comparisons.comparison_flows import order_of, run_flow
from headrace.services.comparisons.comparison_inputs import FLOW, Input, Wanted
from headrace.services.comparisons.comparison_prompts import call_prompt
from headrace.services.comparisons.comparison_results import (
    Judged,
    Pair,
    RunOutcome,
    Tally,
    Totals,
    pair_of,
    refused,
)
from headrace.services.comparisons.comparison_scores import Scoring, Seat, unjudged
from headrace.services.deployments import switches
from headrace.services.records.run_logs import Showing
from headrace.services.runs.invocations import Names
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import Runs
from headrace.services.runs.ways import way
from headrace.services.tree import subjects
from headrace.services.versions import differences
from headrace.services.versions.differences import Content

COMPARED = (FLOW, "prompt")
"""The kinds of files whose versions can be compared so."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ComparisonLimits:
    """How much there may be.

    Attributes:
        parallel: runs of all comparisons that this process carries out at once.
        inputs: how many one comparison takes.
        timeout_s: how long one may take.
    """

    parallel: int = 4
    inputs: int = 1_000
    timeout_s: float = 3_600.0


class Comparisons:
    """What comparisons need; one a process.

    Args:
        names: how flows and aliases of an organisation are told of to what flows call.
        showing: shows runs as logs, which evaluators are given.
    """

    def __init__(
        self,
        *,
        ports: Ports,
        runs: Runs,
        calls: Calls,
        names: Callable[[str], Names],
        judging: Scoring,
        showing: Showing,
        limits: ComparisonLimits,
    ) -> None:
        self.ports = ports
        self.runs = runs
        self.calls = calls
        self.names = names
        self.judging = judging
        self.showing = showing
        self.limits = limits
        self.places = asyncio.Semaphore(limits.parallel)


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be compared.

    Attributes:
        file: an id or a path.
        before: a version's id or number, ``draft``, or the name of an environment or an alias.
        after: the same.
        evaluators: ids or paths.
    """

    file: str
    before: str
    after: str
    on: Wanted
    evaluators: Sequence[str] = ()


class Scene(msgspec.Struct, frozen=True, kw_only=True):
    """What is compared, settled."""

    file: File
    before: Content
    after: Content
    panel: tuple[Seat, ...]


Told: TypeAlias = Scene | Pair | Totals


class Comparison:
    """A comparison that was begun: first what is compared, then pairs as they are done, then the sum of it.

    It only goes on while it is asked for more. Whoever has it must close it.

    Attributes:
        scene: what is compared.
        size: on how many inputs.
        limit_s: how long it may take.
    """

    def __init__(
        self, means: Comparisons, principal: Principal, scene: Scene, inputs: Sequence[Input]
    ) -> None:
        self.scene = scene
        self.size = len(inputs)
        self.limit_s = means.limits.timeout_s
        self._means = means
        self._principal = principal
        self._waiting: Iterator[tuple[int, Input]] = iter(enumerate(inputs))
        self._tally: Tally | None = Tally(seat.file.id for seat in scene.panel)
        self._is_told = False
        self._going: set[asyncio.Task[Pair]] = set()
        self._done: list[Pair] = []

    def __aiter__(self) -> Comparison:
        return self

    async def __anext__(self) -> Told:
        if self._tally is None:
            raise StopAsyncIteration
        if not self._is_told:
            self._is_told = True
            return self.scene
        pair = await self._pair()
        if pair is not None:
            self._tally.add(pair)
            return pair
        totals, self._tally = self._tally.totals(), None
        return totals

    async def _pair(self) -> Pair | None:
        """The next one that is done; None when all were told."""
        while not self._done:
            for index, one in self._waiting:
                self._going.add(asyncio.create_task(self._compare(index, one)))
                if len(self._going) >= self._means.limits.parallel:
                    break
            if not self._going:
                return None
            done, self._going = await asyncio.wait(self._going, return_when=asyncio.FIRST_COMPLETED)
            self._done = sorted((task.result() for task in done), key=lambda pair: -pair.index)
        return self._done.pop()

    async def aclose(self) -> None:
        """Stop what still runs."""
        going, self._going = self._going, set()
        for task in going:
            task.cancel()
        await asyncio.gather(*going, return_exceptions=True)

    async def _compare(self, index: int, one: Input) -> Pair:
        scene, value = self.scene, one.value
        try:
            one = await comparison_inputs.whole(self._means.ports, self._principal, scene.file, one)
            value = one.value
        except HeadraceError as error:
            before = after = refused(error.message)
        else:
            async with asyncio.TaskGroup() as both:
                first = both.create_task(self._run(scene.before, one))
                second = both.create_task(self._run(scene.after, one))
            before, after = first.result(), second.result()
        return pair_of(before, after, index=index, origin=one.origin, input=value)

    async def _run(self, side: Content, one: Input) -> RunOutcome:
        means, principal, file = self._means, self._principal, self.scene.file
        async with means.places:
            if file.kind == FLOW:
                names = means.names(principal.account)
                outcome = await run_flow(means.runs, means.ports, principal, names, side, one)
            else:
                outcome = await call_prompt(
                    means.calls, means.ports, principal, file, one, version_id=side.version.id
                )
            return await self._judged(outcome, one)

    async def _judged(self, outcome: RunOutcome, one: Input) -> RunOutcome:
        panel, log_id = self.scene.panel, outcome.log_id
        if not panel or not outcome.is_success or log_id is None:
            return outcome
        try:
            found = await self._scores(outcome.execution_id, log_id, one)
        except HeadraceError as error:
            found = tuple(unjudged(seat, error.message) for seat in panel)
        return msgspec.structs.replace(outcome, scores=found)

    async def _scores(self, execution_id: str | None, log_id: str, one: Input) -> tuple[Judged, ...]:
        means, principal = self._means, self._principal
        ports, now = means.ports, means.ports.clock.now()
        if execution_id is not None:  # evaluators are given logs, which runs become later otherwise
            record = Job(account=principal.account, work=Work.RECORD, subject=execution_id, due_at=now)
            await means.showing.act(record)
        return await comparison_scores.scores(
            means.judging, ports, principal, self.scene.panel, log_id=log_id, target=one.datapoint
        )


async def begin(means: Comparisons, principal: Principal, asked: Question) -> Comparison:
    """Begin a comparison.

    Raises:
        NotFound: the file, a version, an evaluator or an input is not there.
        NotPrepared: a version can't be run.
        Invalid: the file can't be called, or what to compare on is not said, or is too much.
        Conflict: the file is switched off, or content that is needed is not kept.
    """
    principal.require(Right.RUNNER)
    ports = means.ports
    scene = await read(ports, principal, lambda tx: _scene(tx, asked))
    if scene.panel and means.runs.recorder.keeps is not Keeps.ALL and scene.file.kind == FLOW:
        raise Conflict(
            "What goes through runs is not kept (HEADRACE_KEEP_CONTENT): evaluators would see nothing."
        )
    if scene.file.kind == FLOW:
        for side in (scene.before, scene.after):
            await way(means.runs, ports, principal, order_of(side))
    inputs = await comparison_inputs.find(ports, principal, scene.file, asked.on, most=means.limits.inputs)
    return Comparison(means, principal, scene, inputs)


def _scene(tx: Transaction, asked: Question) -> Scene:
    file = subjects.file_of(tx, asked.file)
    if file.kind not in COMPARED:
        message = (
            f"`{file.path}` is a {KINDS[file.kind].title}; flows and prompts can be compared by running them."
        )
        raise Invalid.at("file", message=message, kind="mismatch", where="path")
    switches.check_file(tx, file)
    return Scene(
        file=file,
        before=_side(tx, file, asked.before),
        after=_side(tx, file, asked.after),
        panel=comparison_scores.seats(tx, asked.evaluators, has_targets=asked.on.dataset is not None),
    )


def _side(tx: Transaction, file: File, ref: str) -> Content:
    """What is to run; of a draft, what was prepared."""
    found = differences.content_of(tx, file, DRAFT_ALIAS if ref.upper() == DRAFT else ref)
    if file.kind != FLOW and found.is_draft:
        raise Conflict(f"The draft of `{file.path}` can't be called: make a version of it first.")
    return found
