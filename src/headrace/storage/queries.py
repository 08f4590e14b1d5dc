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
from headrace.core.datasets import Datapoint
from headrace.core.deployments import Alias, Environment, Move, Pointer
from headrace.core.durable import Ticket
from headrace.core.files import File
from headrace.core.logs import Log
from headrace.core.monitoring import Job, Monitor, Total
from headrace.core.processes import Process
from headrace.core.records import EventBatch, Execution, Session
from headrace.core.versions import Draft, Receipt, Release, Version

STRUCTS: dict[str, type[msgspec.Struct]] = {
    struct.__name__: struct
    for struct in (
        Alias,
        Datapoint,
        Draft,
        Environment,
        EventBatch,
        Execution,
        File,
        Job,
        Key,
        Log,
        Monitor,
        Move,
        Organisation,
        Pointer,
        Process,
        Receipt,
        Release,
        Session,
        Ticket,
        Total,
        User,
        Version,
    )
}
_STATEMENT = re.compile(r"^-- (name|part): (\w+)\n-- \S.*\n((?:(?!-- (?:name|part): ).*\n)*)", re.MULTILINE)
_COLUMNS = re.compile(r"\{(:|\w+\.|)([A-Z]\w+)\}")
_PART = re.compile(r"\{([a-z_]+)\}")


def parse(text: str) -> dict[str, str]:
    """The statements in ``text``, with everything in braces written out."""
    found = _STATEMENT.findall(text)
    parts = {name: body.strip() for sort, name, body in found if sort == "part"}
    names = [name for sort, name, _ in found if sort == "name"]
    if len(set(names)) != len(names):
        raise ValueError(f"Two statements have one name: {sorted(names)}")
    return {
        name: _COLUMNS.sub(_columns, _PART.sub(lambda part: parts[part[1]], body)).strip().rstrip(";")
        for sort, name, body in found
        if sort == "name"
    }


def _columns(place: re.Match[str]) -> str:
    return ", ".join(place[1] + field for field in STRUCTS[place[2]].__struct_fields__)


FILES = ("queries.sql", "log_queries.sql", "dataset_queries.sql")

QUERIES = parse("\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in FILES))
