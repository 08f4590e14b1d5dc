"""Several statements as one: each way to the server and back costs as much as what most statements do there.

PostgreSQL runs the parts of such a statement on one state of the database, in no order that could be relied
on. So one goes along only with those that write nothing that it touches, and a use case can't tell.
"""

from __future__ import annotations

import functools
import re
from typing import Any

from headrace.storage.postgres import dialect
from headrace.storage.postgres.statements import MIGRATIONS, QUERIES, WRITTEN
from headrace.storage.sql.collection import Step

Joined = tuple[str, ...]
"""The names of statements that write, then of one that is answered; or "" where nothing is asked."""
MOST = 8
_TABLE = re.compile(r"CREATE TABLE (\w+)")
_VIEW = re.compile(r"CREATE VIEW (\w+) AS(.*?);", re.DOTALL)
_WORD = re.compile(r"\w+")


def _tables() -> dict[str, frozenset[str]]:
    """What is behind each name: a table itself, or those that a view shows."""
    scripts = [QUERIES["make_migrations"], *(migration.script for migration in MIGRATIONS)]
    found = {name: frozenset([name]) for text in scripts for name in _TABLE.findall(text)}
    for text in scripts:
        for view, body in _VIEW.findall(text):
            behind = (found.get(word, frozenset()) for word in _WORD.findall(body))
            found[view] = frozenset().union(*behind)
    return found


TABLES = _tables()
TOUCHED = {
    name: frozenset().union(*(TABLES.get(word, frozenset()) for word in _WORD.findall(text)))
    for name, text in QUERIES.items()
}
"""The tables that each statement reads or writes; a column that has the name of one counts as that."""
_ALONE = re.compile(r"\s*(WITH|DELETE)\b", re.IGNORECASE)
"""How statements begin that are joined to none; what is removed may take rows of other tables along."""


@functools.cache
def joined(key: Joined) -> dialect.Statement:
    """The statements as one; the parameter ``x`` of the first is ``x_0``."""
    *writing, last = key
    parts = [
        f"step_{number} AS ({dialect.renamed(QUERIES[name], f'_{number}')} RETURNING 1)"
        for number, name in enumerate(writing)
    ]
    return dialect.statement(f"WITH {', '.join(parts)} {QUERIES[last] if last else 'SELECT 1'}")


class Waiting:
    """Statements that write, waiting for others to go with.

    Attributes:
        steps: they, in their order.
    """

    __slots__ = ("_written", "steps")

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._written: set[str] = set()

    def add(self, step: Step) -> None:
        """Let one wait."""
        self.steps.append(step)
        self._written.add(WRITTEN[step[0]][0])

    def goes_with(self, name: str) -> bool:
        """Whether another may be run together with these, as if it came after them."""
        return (
            len(self.steps) < MOST
            and self._written.isdisjoint(TOUCHED[name])
            and not _ALONE.match(QUERIES[name])
            and not any(_ALONE.match(QUERIES[one]) for one, _ in self.steps)
        )

    def taken(self, last: Step | None) -> tuple[Joined, dict[str, Any]]:
        """All of them, and ``last``; they wait no more."""
        values = {
            f"{parameter}_{number}": value
            for number, (_, given) in enumerate(self.steps)
            for parameter, value in given.items()
        }
        key = (*(name for name, _ in self.steps), "" if last is None else last[0])
        self.clear()
        return key, values if last is None else values | last[1]

    def clear(self) -> None:
        """Forget them."""
        self.steps.clear()
        self._written.clear()
