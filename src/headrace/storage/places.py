"""Where logs stand in the lists: their places are integers, ordered by creation and then by arrival."""

from __future__ import annotations

from datetime import datetime

from headrace.storage.sql.collection import Connection
from headrace.storage.sql.rows import microseconds

PER_MICROSECOND = 2048
_END = 2**63 - 1
_MOST = _END // PER_MICROSECOND - PER_MICROSECOND


def first_place(moment: datetime) -> int:
    """The first place for what was created then; before 1827 and from 2112 on all times are one."""
    return max(-_MOST, min(microseconds(moment), _MOST)) * PER_MICROSECOND


def place_range(start: datetime | None, end: datetime | None) -> dict[str, int]:
    """The places of what was created at these moments and between; None is no limit."""
    return {
        "first": -_END if start is None else first_place(start),
        "last": _END if end is None else first_place(end) + PER_MICROSECOND - 1,
    }


def free_place(connection: Connection, moment: datetime) -> int:
    """A place after all others of that moment.

    Of one microsecond there are so many places; more logs than that, which an import may give the same time,
    go on into the next microseconds, twice as far each time that there is no room.
    """
    first, size = first_place(moment), PER_MICROSECOND
    while True:
        row = connection.one("last_place", first=first, end=first + size)
        place = first if row is None or row[0] is None else int(row[0]) + 1
        if place < first + size:
            return place
        size *= 2
