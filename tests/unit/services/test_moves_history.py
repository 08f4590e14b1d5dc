"""Any history of moves, beside a model of it: a stack of what was targeted, of which rolling back takes the top."""

from __future__ import annotations

import asyncio
from typing import Any

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, precondition, rule
from tests.unit.services.conftest import (
    CountingIds,
    DefinitionIsRunnable,
    NoVault,
    Registry,
    SteppingClock,
)
from tests.unit.services.test_moves import PRODUCTION, STAGING, Desk, promote
from tests.unit.services.test_splits import divide, turn

from headrace.core.deployments import Aim, Move
from headrace.core.errors import Conflict
from headrace.services.base import Ports
from headrace.services.deployments import rollouts
from headrace.services.server import access
from headrace.storage.memory.store import MemoryStore

numbers = st.integers(1, 4)


class Histories(RuleBasedStateMachine):
    """Moves one environment about; what it targets is a number, or a pair of them when it is split."""

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        ports = Ports(
            store=MemoryStore(),
            ids=CountingIds(),
            clock=SteppingClock(),
            rules=DefinitionIsRunnable(),
            vault=NoVault(),
        )
        principal = self.runner.run(access.ensure_organisation(ports, account="111122223333", name="Test"))
        self.desk = Desk(Registry(ports=ports, principal=principal, runner=self.runner))
        self.where = self.desk.at(STAGING)
        self.stack: list[Any] = []
        self.is_there = False
        self.is_off = False
        self.told: list[Move] = []
        self.stacks: dict[str, list[Any]] = {}
        """What the stack was after each move that targeted something."""

    def teardown(self) -> None:
        self.runner.close()

    def note(self, is_new: bool) -> None:
        """A move was made, or was none."""
        found = self.desk.history(self.where)[::-1]
        assert found[: len(self.told)] == self.told, "what was written down stays"
        assert len(found) == len(self.told) + is_new
        self.told = found
        if is_new and self.is_there:
            self.stacks[found[-1].id] = list(self.stack)

    def at(self, goal: Any) -> None:
        is_new = not self.is_there or self.stack[-1] != goal
        if not self.stack or self.stack[-1] != goal:
            self.stack.append(goal)
        self.is_there = True
        self.note(is_new)

    @rule(number=numbers)
    def move(self, number: int) -> None:
        self.desk.point(self.where, str(number))
        self.at(number)

    @rule(number=numbers)
    def promote(self, number: int) -> None:
        self.desk.point(self.desk.at(PRODUCTION), str(number))
        promote(self.desk, self.where, self.desk.at(PRODUCTION))
        self.at(number)

    @precondition(lambda self: self.is_there)
    @rule(other=numbers)
    def split(self, other: int) -> None:
        top = self.stack[-1]
        primary = top if isinstance(top, int) else top[0]
        if other != primary:
            divide(self.desk, self.where, (str(primary), 1), (str(other), 1))
            self.at((primary, other))

    @rule()
    def take_away(self) -> None:
        was_there, self.is_there = self.is_there, False
        self.desk.run(rollouts.take_away(self.desk.ports, self.desk.principal, self.where))
        self.note(was_there)

    @rule(is_off=st.booleans())
    def switch(self, is_off: bool) -> None:
        is_new = turn(self.desk, self.where, off=is_off).is_new
        assert is_new == (is_off != self.is_off)
        self.is_off = is_off
        self.note(is_new)

    @rule()
    def roll_back(self) -> None:
        wanted = self.stack[:-1] if self.is_there else self.stack
        try:
            self.desk.back(self.where)
        except Conflict:
            assert not wanted
            self.note(False)
            return
        assert wanted
        self.stack, self.is_there = list(wanted), True
        self.note(True)

    @precondition(lambda self: self.stacks)
    @rule(data=st.data())
    def roll_back_to(self, data: st.DataObject) -> None:
        move_id = data.draw(st.sampled_from(sorted(self.stacks)))
        goal = self.stacks[move_id]
        is_new = not self.is_there or self.stack[-1] != goal[-1]
        assert self.desk.back(self.where, to=move_id).is_new == is_new
        if is_new:
            self.stack = list(goal)
        self.is_there = True
        self.note(is_new)

    @invariant()
    def what_is_live_is_the_last_move(self) -> None:
        live = self.desk.run(rollouts.live(self.desk.ports, self.desk.principal, self.where))
        assert (live.pointer is not None, live.is_off) == (self.is_there, self.is_off)
        assert live.move_id == (self.told[-1].id if self.told else None)
        if live.pointer is not None:
            assert self.seen(live.pointer.aim) == self.stack[-1]
            assert live.pointer.aim == self.told[-1].aim

    @invariant()
    def each_move_begins_where_the_one_before_ended(self) -> None:
        before = None
        for move in self.told:
            assert move.from_version_id == before
            before = move.version_id

    def seen(self, aim: Aim) -> Any:
        """What is targeted, as the model has it."""
        known = {self.desk.id(number): number for number in range(1, 5)}
        assert aim.version_id is not None
        if not aim.shares:
            return known[aim.version_id]
        return tuple(known[share.version_id] for share in aim.shares)


TestHistories = Histories.TestCase
TestHistories.settings = settings(
    max_examples=40,
    stateful_step_count=40,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
)
