"""What an archive of an organisation is made of, and what the inside needs of a store to read and write one.

An archive is lines: a head, a line a row, an end. A row is a JSON object by the names of its columns; bytes
stand in it as base64, and who did something by their e-mail address.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, Protocol

import msgspec

Columns = Mapping[str, Any]
FORMAT = "headrace-archive"
VERSION = 1


class Head(msgspec.Struct, frozen=True, kw_only=True):
    """The first line of an archive.

    Attributes:
        format: ``headrace-archive``.
        version: of the format.
        schema: the number of the schema whose columns the rows have.
        root: the id of the root directory.
        environments: the ids of all environments.
        release: what wrote it.
        organisation: the name it has there.
        taken_at: the moment that it shows, as RFC 3339.
        left_out: what it does not hold, and why or how many.
    """

    format: str
    version: int
    schema: int
    root: str
    environments: list[str] = []
    release: str = ""
    organisation: str = ""
    taken_at: str = ""
    left_out: dict[str, str] = {}


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A row of a table."""

    table: str
    row: dict[str, Any]


class End(msgspec.Struct, frozen=True, kw_only=True):
    """The last line: how many rows of each table came before."""

    end: dict[str, int]


class Fate(StrEnum):
    """What became of a row."""

    ADDED = "added"
    UNCHANGED = "unchanged"


class Refused(Exception):
    """A row can't be kept; the message says why."""


class Archive(Protocol):
    """An organisation's rows as they stand in an archive."""

    @property
    def tables(self) -> tuple[str, ...]:
        """Those that an archive has, in an order in which nothing comes before what it refers to."""

    @property
    def schema(self) -> int:
        """The number of the store's schema."""

    def page(
        self, *, table: str, after: tuple[Any, ...] | None, take: int
    ) -> tuple[list[Columns], tuple[Any, ...] | None]:
        """Some rows, and the place to go on from; None behind the last."""

    def left_out(self) -> dict[str, str]:
        """What an archive does not hold, and why or how many."""

    def head(self) -> tuple[str, list[str]]:
        """The id of the root directory, and those of the environments."""

    def put(self, line: Line, *, head: Head, at: datetime, spare_id: str) -> Fate:
        """Add a row, unless it is there.

        Args:
            at: now.
            spare_id: for the user, if it is one that is not here.

        Raises:
            Refused: it is none, or clashes with what is here, or refers to what is not here.
        """
