"""Use cases that say what they are about, so that a store may run those of different files side by side."""

from __future__ import annotations

from collections.abc import Callable
from typing import Generic, TypeVar

from headrace.core.ports import Transaction

T = TypeVar("T")


class OfOneFile(Generic[T]):
    """A use case for ``Store.write`` that is about one file that is there.

    A store may run it at the same time as others that declare other files, and lets it see what they have
    done by each statement, not by its first. So whoever declares this promises that the use case

    - writes only what belongs to that file, or what no use case reads to decide anything;
    - decides only by what belongs to that file, or by what no use case changes that declares itself: that
      other files are there, environments, gates, logs, keys;
    - makes, moves, names and removes no file.

    What declares nothing runs while none of these does. Uniqueness is decided by constraints, as ever. Where
    the file is not there, the use case is run as any other.

    Attributes:
        ref: the file's id or its short id; or None.
        path: the path at which it is; used where there is no ``ref``.
    """

    __slots__ = ("_work", "path", "ref")

    def __init__(
        self, work: Callable[[Transaction], T], *, ref: str | None = None, path: str | None = None
    ) -> None:
        self._work = work
        self.ref = ref
        self.path = path if ref is None else None

    @property
    def name(self) -> str | None:
        """What the file is called here."""
        return self.path if self.ref is None else self.ref

    def __call__(self, tx: Transaction) -> T:
        return self._work(tx)
