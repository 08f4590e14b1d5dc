"""What was changed since both were the same: here, there, or on both sides."""

from __future__ import annotations

from collections.abc import Callable
from enum import StrEnum

import msgspec


class Change(StrEnum):
    """What became of something since."""

    ADDED = "added"
    CHANGED = "changed"
    DELETED = "deleted"


class Sides(msgspec.Struct, frozen=True, kw_only=True):
    """What was done on each side; None where nothing was."""

    local: Change | None = None
    server: Change | None = None

    @property
    def is_same(self) -> bool:
        """Whether both are in step."""
        return self.local is None and self.server is None

    @property
    def is_conflict(self) -> bool:
        """Whether each side did something else."""
        return self.local is not None and self.server is not None


IN_STEP = Sides()


def three_way(
    base: str | None, local: str | None, server: str | None, *, was_there: Callable[[], bool]
) -> Sides:
    """What was done on each side, from what something was, is here, and is there; None is nothing.

    Args:
        base: None when it was nothing, or nobody knows.
        was_there: asked where nobody knows: whether the server had before what is here.
    """
    if local == server:
        return IN_STEP
    if base is None and local is not None and server is not None:
        return Sides(local=None if was_there() else Change.CHANGED, server=Change.CHANGED)
    return Sides(local=_change(base, local), server=_change(base, server))


def _change(before: str | None, after: str | None) -> Change | None:
    if before == after:
        return None
    if before is None:
        return Change.ADDED
    return Change.DELETED if after is None else Change.CHANGED
