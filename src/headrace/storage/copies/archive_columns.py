"""The columns of each table, read off the numbered scripts that make them."""

from __future__ import annotations

import functools
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from headrace.storage.migrations import SCHEMA, migrations_in

_TABLE = re.compile(r"^CREATE TABLE (\w+) \((.*?)^\)", re.MULTILINE | re.DOTALL)
_ADDED = re.compile(r"^ALTER TABLE (\w+) ADD COLUMN (.*);", re.MULTILINE)
_DROPPED = re.compile(r"^ALTER TABLE (\w+) DROP COLUMN (\w+);", re.MULTILINE)
_COLUMN = re.compile(
    r"^\s*\"?([a-z_]+)\"? (TEXT|INTEGER|REAL|BLOB)( NOT NULL)?.*?(?:DEFAULT (\d+|'[^']*'))?,?$"
)
_TYPES: Mapping[str, tuple[type, ...]] = {
    "TEXT": (str,),
    "INTEGER": (int,),
    "REAL": (float, int),
    "BLOB": (bytes,),
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        types: what its values are.
        is_needed: whether there must be a value, because it may not be NULL and none stands for it.
        default: what stands for a value that is not given.
    """

    types: tuple[type, ...]
    is_nullable: bool
    is_needed: bool
    default: Any


@functools.cache
def schema_number() -> int:
    """The number of the schema that this release has."""
    return migrations_in(SCHEMA)[-1].number


@functools.cache
def columns_of_all() -> Mapping[str, Mapping[str, Column]]:
    """The columns of all tables after all migrations, by table and name."""
    found: dict[str, dict[str, Column]] = {}
    for migration in migrations_in(SCHEMA):
        for table, body in _TABLE.findall(migration.script):
            found[table] = dict(filter(None, map(_column, body.splitlines())))
        for table, text in _ADDED.findall(migration.script):
            found[table].update(filter(None, [_column(text)]))
        for table, name in _DROPPED.findall(migration.script):
            del found[table][name]
    return found


def _column(line: str) -> tuple[str, Column] | None:
    match = _COLUMN.match(line)
    if match is None:
        return None
    name, sort, not_null, default = match.groups()
    value = None
    if default is not None:
        value = default[1:-1] if default.startswith("'") else int(default)
    column = Column(
        types=_TYPES[sort],
        is_nullable=not not_null,
        is_needed=bool(not_null) and value is None,
        default=value,
    )
    return name, column
