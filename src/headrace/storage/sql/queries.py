"""The statements of the ``…queries.sql`` files by name.

In those files a statement begins with ``-- name: `` and a line that says what it is for. ``{part}`` stands
for the text under ``-- part: part``, ``{Version}`` for the columns of that struct, ``{v.Version}`` for the
same of the table ``v``, ``{:Version}`` for parameters of their names.
"""

from __future__ import annotations

import re
from pathlib import Path

import msgspec

from headrace.core.access import Key, Organisation, User
from headrace.core.deployments import Alias, Environment, Move, Pointer
from headrace.core.durable import Ticket
from headrace.core.evaluations import Evaluation, Run, RunLink, Seat, Slot
from headrace.core.files import File
from headrace.core.gates import Approved, Gate, Watch
from headrace.core.keeping import Erasure, Retention
from headrace.core.logs import Log
from headrace.core.monitoring import Job, Monitor, Total
from headrace.core.processes import Process
from headrace.core.providers import ProviderAccount, ProviderUse
from headrace.core.records import EventBatch, Execution, Session
from headrace.core.versions import Draft, Receipt, Release, Version
from headrace.storage.copies import archive_tables

STRUCTS: dict[str, type[msgspec.Struct]] = {
    struct.__name__: struct
    for struct in (
        Alias,
        Approved,
        Draft,
        Environment,
        Erasure,
        Evaluation,
        EventBatch,
        Execution,
        File,
        Gate,
        Job,
        Key,
        Log,
        Monitor,
        Move,
        Organisation,
        Pointer,
        Process,
        ProviderAccount,
        ProviderUse,
        Receipt,
        Release,
        Retention,
        Run,
        RunLink,
        Seat,
        Session,
        Slot,
        Ticket,
        Total,
        User,
        Version,
        Watch,
    )
}
_STATEMENT = re.compile(r"^-- (name|part): (\w+)\n-- \S.*\n((?:(?!-- (?:name|part): ).*\n)*)", re.MULTILINE)
_COLUMNS = re.compile(r"\{(:|\w+\.|)([A-Z]\w+)\}")
_PART = re.compile(r"\{([a-z_]+)\}")


def parse(text: str, instead: str = "") -> dict[str, str]:
    """The statements in ``text``, with everything in braces written out.

    Args:
        instead: more statements and parts; one that has the name of one in ``text`` takes its place.
    """
    found = {**_named(text), **_named(instead)}
    parts = {name: body.strip() for (sort, name), body in found.items() if sort == "part"}
    return {
        name: _COLUMNS.sub(_columns, _PART.sub(lambda part: parts[part[1]], body)).strip().rstrip(";")
        for (sort, name), body in found.items()
        if sort == "name"
    }


def _named(text: str) -> dict[tuple[str, str], str]:
    found = _STATEMENT.findall(text)
    named = {(sort, name): body for sort, name, body in found}
    if len(named) != len(found):
        names = [name for _, name, _ in found]
        raise ValueError(f"Two have one name: {sorted({one for one in names if names.count(one) > 1})}")
    return named


def _columns(place: re.Match[str]) -> str:
    return ", ".join(place[1] + field for field in STRUCTS[place[2]].__struct_fields__)


FILES = (
    "queries.sql",
    "log_queries.sql",
    "dataset_queries.sql",
    "evaluation_queries.sql",
    "gate_queries.sql",
    "figure_queries.sql",
    "keeping_queries.sql",
    "cleaning_queries.sql",
    "archive_queries.sql",
)
"""The statements of every store that speaks SQL; PostgreSQL's form of them is made by `dialect`."""


def statements_with(file: str) -> dict[str, str]:
    """Those, and the ones that an engine has beside or instead."""
    here = Path(__file__)
    text = "\n".join(here.with_name(name).read_text(encoding="utf-8") for name in FILES)
    text = f"{text}\n{archive_tables.statements()}"
    return parse(text, here.with_name(file).read_text(encoding="utf-8"))


QUERIES = statements_with("sqlite_queries.sql")
"""The statements of SQLite."""
