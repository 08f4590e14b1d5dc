"""How long logs are kept, and what was erased of a person."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """How long the logs of one file are kept, instead of what the server's setting says.

    Attributes:
        keep_days: days from a log's creation; 0 is for ever.
        set_by: the user's id.
    """

    file_id: str
    keep_days: int
    set_by: str
    set_at: datetime


class Sort(StrEnum):
    """By what it was said what is to be erased."""

    USER = "user"
    """The person that logs name."""
    SESSION = "session"
    """A conversation or a run, by its id or its name."""
    IDS = "ids"
    """Logs and runs, one by one."""


class Count(msgspec.Struct, frozen=True, kw_only=True):
    """How many things of a kind were erased."""

    kind: str
    number: int


class Erasure(msgspec.Struct, frozen=True, kw_only=True):
    """That something was erased: who, when and how much, and never what.

    Attributes:
        id: ``ers_…``.
        subject: a hash of the identifier that only this server's key can make.
        erased_by: the user's id.
    """

    id: str
    sort: Sort
    subject: str
    erased_by: str
    erased_at: datetime
    counts: tuple[Count, ...]
