"""Everything of one store into another, whatever kinds they are: rows, then the indexes, then a check.

Tables are copied row by row, because both kinds of store have the same ones. What finds logs by their words
differs from kind to kind and is made anew. The target bears a mark until all was found to be there, and with
that mark it is no store: see `headrace.storage.migrations`.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Callable, Sequence
from dataclasses import dataclass
from typing import Protocol

import msgspec

from headrace.storage.errors import StoreDamaged, StoreError
from headrace.storage.sql.rows import Row

TABLES = (
    "organisations",
    "users",
    "keys",
    "entries",
    "counts",
    "versions",
    "releases",
    "drafts",
    "environments",
    "moves",
    "pointers",
    "receipts",
    "aliases",
    "tags",
    "secrets",
    "executions",
    "event_batches",
    "sessions",
    "tickets",
    "usage",
    "logs",
    "payloads",
    "totals",
    "monitors",
    "jobs",
    "processes",
    "datapoints",
    "dataset_parts",
    "evaluations",
    "seats",
    "runs",
    "run_links",
    "slots",
    "awaited",
    "gates",
    "approvals",
    "watches",
    "retentions",
    "erasures",
    "provider_accounts",
    "provider_uses",
)
"""What is copied, in an order in which nothing comes before what it refers to."""
MADE_ANEW = frozenset({"log_ids", "log_terms", "log_words", "migrations", "new_words"})
"""The tables that each store makes of the others, or for itself."""
BATCH_BYTES = 4 * 1024 * 1024
BATCH_ROWS = 2_000
SUM_BYTES = 16


class CopyRefused(StoreError):
    """These two stores can't be source and target; the message says why."""


class Source(Protocol):
    """A store to read, at one moment."""

    async def columns(self, table: str) -> list[str]:
        """The names of a table's columns."""

    async def count(self, table: str) -> int: ...

    def batches(self, table: str, columns: Sequence[str]) -> AsyncIterator[list[Row]]:
        """All rows, in any order; texts as they were given to the store."""

    async def going(self) -> int:
        """How many durable executions have not ended."""

    async def sealed(self) -> str | None:
        """Something that was sealed with the server's key and is of use; None when nothing was."""


class Target(Source, Protocol):
    """A store that bears the mark of an unfinished copy."""

    async def add(self, table: str, columns: Sequence[str], rows: list[Row]) -> None: ...

    async def index(self, tell: Callable[[int], None]) -> int:
        """Make all logs be found by their words and ids; how many they are.

        Args:
            tell: given how many are done, now and then.
        """

    async def finish(self) -> None:
        """Take the mark away: from now on this is a store."""


class Sum:
    """How many rows there are, and a digest of them in any order, the same for every kind of store."""

    def __init__(self) -> None:
        self.rows = 0
        self._total = 0

    def add(self, rows: list[Row]) -> None:
        """Count some rows in."""
        for row in rows:
            told = hashlib.blake2b(msgspec.msgpack.encode(row), digest_size=SUM_BYTES).digest()
            self._total += int.from_bytes(told)
        self.rows += len(rows)

    @property
    def digest(self) -> str:
        return f"{self._total % (1 << 8 * SUM_BYTES):0{2 * SUM_BYTES}x}"


@dataclass(frozen=True, slots=True, kw_only=True)
class Copied:
    """What became of a table.

    Attributes:
        digest: of its rows in the source.
        is_same: whether the target has the same rows.
    """

    table: str
    rows: int
    digest: str
    is_same: bool


@dataclass(frozen=True, slots=True, kw_only=True)
class Step:
    """How far it is.

    Attributes:
        doing: ``copy``, ``index`` or ``check``.
        rows: done so far, of the table.
        of: so many it will be.
    """

    doing: str
    table: str
    rows: int
    of: int


async def check_ended(source: Source) -> None:
    """Look before the target is touched: a copy that is refused marks nothing.

    Raises:
        CopyRefused: durable executions go on in the source: what they have done so far can't be copied.
    """
    going = await source.going()
    if going:
        raise CopyRefused(
            f"{going} executions in the background have not ended. Wait for them, or stop them with "
            "`headrace executions stop`: what they have done so far can't be copied."
        )


async def copy(source: Source, target: Target, tell: Callable[[Step], None]) -> list[Copied]:
    """Copy everything, and look whether all of it is there; only then is the target a store.

    Raises:
        StoreDamaged: the tables of the two differ.
    """
    sums: dict[str, Sum] = {}
    for table in TABLES:
        sums[table] = await _copy_table(source, target, table, tell)
    logs = sums["logs"].rows
    await target.index(lambda done: tell(Step(doing="index", table="logs", rows=done, of=logs)))
    copied = [await _checked(target, table, sums[table], tell) for table in TABLES]
    if all(one.is_same for one in copied):
        await target.finish()
    return copied


async def _copy_table(source: Source, target: Target, table: str, tell: Callable[[Step], None]) -> Sum:
    columns = sorted(await source.columns(table))
    if columns != sorted(await target.columns(table)):
        raise StoreDamaged(f"The table {table} has other columns in the source than in the target.")
    told, of = Sum(), await source.count(table)
    async for rows in source.batches(table, columns):
        told.add(rows)
        await target.add(table, columns, rows)
        tell(Step(doing="copy", table=table, rows=told.rows, of=of))
    return told


async def _checked(target: Target, table: str, wanted: Sum, tell: Callable[[Step], None]) -> Copied:
    found = Sum()
    async for rows in target.batches(table, sorted(await target.columns(table))):
        found.add(rows)
        tell(Step(doing="check", table=table, rows=found.rows, of=wanted.rows))
    is_same = (found.rows, found.digest) == (wanted.rows, wanted.digest)
    return Copied(table=table, rows=wanted.rows, digest=wanted.digest, is_same=is_same)


def quoted(names: Sequence[str]) -> str:
    """Names of columns, for a statement."""
    return ", ".join(f'"{name}"' for name in names)


def size_of(row: Row) -> int:
    """About how many bytes a row has in memory."""
    return sum(len(value) if isinstance(value, (str, bytes)) else 8 for value in row)


NOT_EMPTY = (
    "The target holds something already. Name a new database or file: nothing is ever added to a store "
    "by copying."
)
AGAIN = "To start over, give `--again`; only what an unfinished copy left is ever removed."
