"""Looking logs through: which ones are wanted, and from where on."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

import msgspec

from headrace.core.logs import Log

Found = tuple[bytes | None, bool]
"""A judgment as JSON text, and whether there is an error instead."""


class Verdicts(msgspec.Struct, frozen=True, kw_only=True):
    """Which judgments of an evaluator a log must have one of; without more, any that is no error.

    Attributes:
        evaluator_id: the evaluator's file.
        value: a boolean, a text, or an option that was chosen, be it among others.
        least, most: numbers between these; booleans are 0 and 1.
        has_failed: whether the evaluator failed, instead.
        is_missing: whether there is to be no judgment of it at all, instead.
    """

    evaluator_id: str
    value: bool | str | None = None
    least: float | None = None
    most: float | None = None
    has_failed: bool = False
    is_missing: bool = False

    def fit(self, found: Sequence[Found]) -> bool:
        """Whether a log is wanted that was judged so by this evaluator."""
        if self.is_missing:
            return not found
        if self.has_failed:
            return any(has_error for _, has_error in found)
        return any(not has_error and self._is_wanted(judgment) for judgment, has_error in found)

    def _is_wanted(self, judgment: bytes | None) -> bool:
        value = None if judgment is None else msgspec.json.decode(judgment)
        if value is None:
            return False
        if self.value is not None and not _says(value, self.value):
            return False
        if self.least is None and self.most is None:
            return True
        if not isinstance(value, bool | int | float):
            return False
        return (self.least is None or value >= self.least) and (self.most is None or value <= self.most)


def _says(judgment: object, wanted: bool | str) -> bool:
    if isinstance(wanted, bool) or isinstance(judgment, bool):
        return judgment is wanted
    return wanted in judgment if isinstance(judgment, list) else judgment == wanted


class LogFilter(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs are looked for. What is None, or False, leaves nothing out.

    Attributes:
        file_id: None is any file that is there.
        trace_id: the root of their trace.
        search: only logs whose inputs, messages, output or error have all these words; the last word may be
            the beginning of one.
        metadata: the same of the keys and values of the metadata.
        start: created at this moment or later.
        end: created at this moment or earlier.
        has_error: only those with an error, or only those without.
        is_root: only logs that stand for themselves: below no other log, and no judgment on one.
    """

    file_id: str | None = None
    version_id: str | None = None
    environment: str | None = None
    source: str | None = None
    user: str | None = None
    trace_id: str | None = None
    search: str | None = None
    metadata: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    has_error: bool | None = None
    is_root: bool = False
    judged: Verdicts | None = None


class Mark(msgspec.Struct, frozen=True, kw_only=True):
    """A place between logs: right after this one, be it gone meanwhile."""

    created_at: datetime
    log_id: str


class LogSlice(msgspec.Struct, frozen=True, kw_only=True):
    """Logs that were found, newest first.

    Attributes:
        mark: from where on to look for more, which there may be none of; None when all was looked through.
    """

    logs: list[Log]
    mark: Mark | None
