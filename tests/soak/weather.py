"""When something was broken on purpose, and so what may fail: nothing may at any other time."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

DOWN = "down"
"""Connections may break, and requests get no answer."""
SICK = "sick"
"""The store can't be used: requests may be refused, with a reason."""
SLOW = "slow"
"""Answers may take long."""
GRACE_S = 1.5
"""So long after a fault what comes of it may still be told."""


@dataclass(slots=True, eq=False)
class Spell:
    """A time in which something is broken."""

    kind: str
    began_s: float
    ended_s: float = float("inf")


@dataclass
class Weather:
    """The times in which something was broken."""

    spells: list[Spell] = field(default_factory=list)

    @contextmanager
    def bad(self, *kinds: str) -> Iterator[None]:
        """It is so while the block runs, and a moment longer."""
        begun = [Spell(kind, time.monotonic()) for kind in kinds]
        self.spells += begun
        try:
            yield
        finally:
            for one in begun:
                one.ended_s = time.monotonic() + GRACE_S

    def was(self, kind: str, since_s: float, until_s: float) -> bool:
        """Whether it was so at any time between."""
        return any(
            one.kind == kind and one.began_s <= until_s and since_s <= one.ended_s
            for one in reversed(self.spells)
        )

    def was_fine(self, since_s: float, until_s: float) -> bool:
        """Whether nothing was broken between."""
        return not any(self.was(kind, since_s, until_s) for kind in (DOWN, SICK, SLOW))
