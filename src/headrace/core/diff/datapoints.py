"""Which datapoints of two versions of a dataset differ."""

from __future__ import annotations

from collections.abc import Iterable

import msgspec


class DatapointsChanged(msgspec.Struct, frozen=True, kw_only=True):
    """Which datapoints came and went. Their order makes no other version, so it is not looked at.

    Attributes:
        added: ids, in the order of the version after.
        removed: ids, in the order of the version before.
        kept: how many are in both.
    """

    added: tuple[str, ...]
    removed: tuple[str, ...]
    kept: int

    @property
    def is_empty(self) -> bool:
        """Whether both have the same datapoints."""
        return not self.added and not self.removed

    @property
    def line(self) -> str:
        """The same as a line of text."""
        if self.is_empty:
            return "no differences"
        return f"datapoints: {len(self.added)} added, {len(self.removed)} removed, {self.kept} kept"


def diff_datapoints(before: Iterable[str], after: Iterable[str]) -> DatapointsChanged:
    """What differs in the datapoints of two versions, given by their ids."""
    old, new = dict.fromkeys(before), dict.fromkeys(after)
    added = tuple(one for one in new if one not in old)
    removed = tuple(one for one in old if one not in new)
    return DatapointsChanged(added=added, removed=removed, kept=len(new) - len(added))
