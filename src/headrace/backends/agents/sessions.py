"""What agents remember between the turns of one execution."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable
from typing import Generic, TypeVar

LIFETIME_S = 3600.0
"""As long as a paused execution waits (bedrock 4.5)."""
MOST = 10_000

S = TypeVar("S")


class Sessions(Generic[S]):
    """Values by execution and agent, in this process; old ones are forgotten."""

    def __init__(self, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._kept: OrderedDict[tuple[str, ...], tuple[float, S]] = OrderedDict()

    def get(self, *key: str) -> S | None:
        """What was kept last, unless it is too old."""
        found = self._kept.get(key)
        return found[1] if found is not None and self._clock() - found[0] < LIFETIME_S else None

    def put(self, value: S, *key: str) -> None:
        """Keep a value; forget the old and the too many."""
        self._kept[key] = (self._clock(), value)
        self._kept.move_to_end(key)
        while self._kept:
            at, _ = next(iter(self._kept.values()))
            if len(self._kept) <= MOST and self._clock() - at < LIFETIME_S:
                return
            self._kept.popitem(last=False)

    def drop(self, *key: str) -> None:
        """Forget a value."""
        self._kept.pop(key, None)
