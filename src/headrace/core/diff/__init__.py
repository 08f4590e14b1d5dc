"""What differs between two contents of a file, whatever its kind.

A content is a JSON value. Where it holds a graph of nodes and connections, what differs is told of nodes and
connections; prose is compared by words, code by lines, everything else member by member. Nothing is left
out: what was there and what differs make what is there now, exactly. Two contents differ in nothing when they
have the same canonical form.
"""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.diff.applying import DoesNotFit, apply_edits
from headrace.core.diff.datapoints import DatapointsChanged, diff_datapoints
from headrace.core.diff.edits import Edit
from headrace.core.diff.effort import Effort
from headrace.core.diff.summary import Summary, summary_of
from headrace.core.diff.values import compare_values

MOST_STEPS = 400_000
"""How many steps a comparison may take: a second or so. What is left then is compared as a whole."""


class Diff(msgspec.Struct, frozen=True, kw_only=True):
    """What differs between two contents.

    Attributes:
        summary: how much.
        edits: what, in the order in which it stands in the content before.
    """

    summary: Summary
    edits: tuple[Edit, ...]

    @property
    def is_empty(self) -> bool:
        """Whether both are the same."""
        return not self.edits


def diff(before: Any, after: Any, *, most_steps: int = MOST_STEPS) -> Diff:
    """What differs between two JSON values; the same for the same values, however often.

    Raises:
        Invalid: a value is nested too deeply to be walked.
    """
    edits = tuple(compare_values(before, after, (), Effort(most_steps), 0))
    return Diff(summary=summary_of(edits), edits=edits)


def apply(diff: Diff, before: Any) -> Any:
    """The value after, made from the value before, which stays as it is.

    Raises:
        DoesNotFit: the diff is one of another value.
    """
    return apply_edits(before, diff.edits)


__all__ = ["DatapointsChanged", "Diff", "DoesNotFit", "Edit", "Summary", "apply", "diff", "diff_datapoints"]
