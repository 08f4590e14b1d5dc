"""How whoever keeps what was read knows that it still holds."""

from __future__ import annotations

from collections.abc import Hashable
from typing import Generic, TypeVar

K = TypeVar("K", bound=Hashable)
V = TypeVar("V")
MOST = 1_000


class Changes:
    """How often a store was changed. A read that begins once a write was answered finds it counted.

    Attributes:
        registry: changes of files, contents, numbers, pointers, keys: of all but the following.
        everything: changes of runs, logs, how often something was used, and waiting work, too.
    """

    __slots__ = ("everything", "registry")

    def __init__(self) -> None:
        self.registry = 0
        self.everything = 0

    def count(self, *, of_registry: bool) -> None:
        """There was a change."""
        self.everything += 1
        self.registry += of_registry


class Uncounted(Changes):
    """Of a store that other processes write to as well: there may always have been a change."""

    __slots__ = ("_asked",)

    def __init__(self) -> None:
        self._asked = 0

    def count(self, *, of_registry: bool) -> None:
        """It is no news that there was a change."""

    @property
    def registry(self) -> int:  # type: ignore[override]
        """Another number each time."""
        self._asked += 1
        return self._asked

    @property
    def everything(self) -> int:  # type: ignore[override]
        """Another number each time."""
        return self.registry


class Kept(Generic[K, V]):
    """What was read, for as long as it holds.

    Args:
        most: so many values; the next one takes the place of all.
    """

    def __init__(self, *, most: int = MOST) -> None:
        self._most = most
        self._at = 0
        self._values: dict[K, V] = {}

    def get(self, at: int, key: K) -> V | None:
        """What was read under this key.

        Args:
            at: the number of changes by now.
        """
        if at != self._at:
            self._at = at
            self._values.clear()
        return self._values.get(key)

    def put(self, at: int, key: K, value: V) -> None:
        """Keep what was read.

        Args:
            at: the number of changes before it was read.
        """
        if at != self._at:
            return
        if len(self._values) >= self._most:
            self._values.clear()
        self._values[key] = value
