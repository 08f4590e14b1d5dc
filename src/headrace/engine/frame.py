"""A scope while it runs: its values, and what its steps still wait for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Protocol

from headrace.core.execution import Link
from headrace.engine.step import Scope

if TYPE_CHECKING:
    from headrace.engine.walk import Walk


class Absent:
    """The type of the value that a slot has before there is one."""

    __slots__ = ()


ABSENT = Absent()


class Repetition(Protocol):
    """What makes frames: the items of an Iterator, the rounds of a Loop."""

    def chain(self, index: int) -> tuple[Link, ...]:
        """The repetitions that its frame of this number stands in, itself included."""

    def on_done(self, machine: Walk, frame: Frame) -> None:
        """All steps of one of its frames are done or skipped."""

    def open(self, machine: Walk) -> None:
        """It is its turn to bring forth outputs."""

    def frames(self) -> list[Frame]:
        """Its frames that are not done."""

    def save(self) -> dict[str, Any]:
        """Its state as JSON."""


class Frame:
    """One run of a scope.

    Attributes:
        values: by slot.
        waiting: for how many others each step still waits.
        skipped: the steps that were skipped, or will be as soon as nothing keeps them waiting.
        unsettled: how many steps are neither done nor skipped.
        owner: what repeats the scope; None for the flow itself.
        index: which item or round this is.
        turn: the number of the speaker whose turn it is to bring forth outputs.
        is_open: whether it is the turn of this frame at all.
        parked: the Output nodes that are ready before their turn.
        spoken: the repetitions that came to their end, where outputs were to be expected of them.
        children: the repetitions that run in this frame, by step.
        chain: the repetitions that it stands in, outermost first.
    """

    __slots__ = (
        "chain",
        "children",
        "index",
        "is_open",
        "owner",
        "parked",
        "scope",
        "skipped",
        "spoken",
        "turn",
        "unsettled",
        "values",
        "waiting",
    )

    def __init__(
        self, scope: Scope, values: list[Any], *, owner: Repetition | None, index: int, is_open: bool
    ) -> None:
        self.scope = scope
        self.values = values
        self.waiting = list(scope.waiting)
        self.skipped: set[int] = set()
        self.unsettled = len(scope.steps)
        self.owner = owner
        self.index = index
        self.turn = 0
        self.is_open = is_open
        self.parked: tuple[int, ...] = ()
        self.spoken: tuple[int, ...] = ()
        self.children: dict[int, Repetition] | None = None
        self.chain: tuple[Link, ...] = () if owner is None else owner.chain(index)

    @staticmethod
    def blank(scope: Scope, *, owner: Repetition | None, index: int = 0, is_open: bool = True) -> Frame:
        """A frame that knows nothing of the outside."""
        return Frame(scope, [ABSENT] * scope.size, owner=owner, index=index, is_open=is_open)

    @property
    def indexes(self) -> tuple[int, ...]:
        """The numbers of those repetitions."""
        return tuple(link.index for link in self.chain)
