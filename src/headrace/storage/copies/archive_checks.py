"""Whether what an archive says is a row: of the right types, readable as what it stands for, true to itself.

An archive may have been written by anybody.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

import msgspec

from headrace.core.archives import Columns, Refused
from headrace.core.canonical import digest
from headrace.core.datasets import read_chunk, read_membership
from headrace.core.deployments import Move, PointerKind
from headrace.core.errors import HeadraceError
from headrace.core.files import Directory, check_path
from headrace.core.gates import parse as parse_gate
from headrace.core.gates import read_watched
from headrace.core.kinds import KINDS
from headrace.core.kinds.dataset import read_dataset
from headrace.core.logs import read_payload
from headrace.core.monitoring import Total
from headrace.core.validate import Finding
from headrace.core.versions import DRAFT
from headrace.storage.copies.archive_columns import Column, columns_of_all
from headrace.storage.copies.archive_tables import ARCHIVED, Archived
from headrace.storage.sql.datasets import Datasets
from headrace.storage.sql.rows import Mapper, mapper

MOST_INTEGER = 2**63
_NUMBER = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)
MORE = {
    "after": Column(types=(str,), is_nullable=True, is_needed=False, default=None),
    "payload": Column(types=(bytes,), is_nullable=False, is_needed=True, default=None),
}
"""What rows have that is in no column of their table."""
ELSEWHERE = {"logs_count": 0, "last_used_at": 0, "holder": None}
"""What structs have that no row of an archive does."""
MAPPERS: Mapping[str, Mapper[Any]] = {
    table.name: mapper(table.struct) for table in ARCHIVED if table.struct is not None
}
DIRECTORY = mapper(Directory)


def read_values(table: Archived, row: Columns) -> dict[str, Any]:
    """The values of a row, as columns hold them; what an older schema did not have gets what stands for it.

    Raises:
        Refused: a column is missing, unknown, or of another type.
    """
    unknown = [name for name in row if name not in table.names]
    if unknown:
        raise Refused(f"has a column that is not known here: {unknown[0]!r}")
    columns = {**columns_of_all()[table.name], **MORE}
    return {name: _value(name, columns[name], row) for name in table.names}


def _value(name: str, column: Column, row: Columns) -> Any:
    if name not in row:
        if column.is_needed:
            raise Refused(f"has no {name}")
        return column.default
    value = row[name]
    if value is None:
        if not column.is_nullable:
            raise Refused(f"{name} is null")
        return None
    if bytes in column.types:
        return _bytes(name, value)
    if type(value) not in column.types or (type(value) is int and not -MOST_INTEGER <= value < MOST_INTEGER):
        raise Refused(f"{name} is no {'text' if str in column.types else 'number that fits'}")
    if float in column.types:
        if not math.isfinite(value):
            raise Refused(f"{name} is no number that fits")
        return float(value)
    return value


def _bytes(name: str, value: Any) -> bytes:
    try:
        return base64.b64decode(value, validate=True)
    except (binascii.Error, TypeError, ValueError):
        raise Refused(f"{name} is no base64") from None


def write_values(values: Mapping[str, Any]) -> Columns:
    """A row as it stands in an archive."""
    return {
        name: base64.b64encode(value).decode() if isinstance(value, bytes) else value
        for name, value in values.items()
    }


def check_row(table: Archived, values: Mapping[str, Any], *, kind: str | None) -> None:
    """Read a row as what it stands for.

    Args:
        kind: of the file that it belongs to; None when it belongs to none.

    Raises:
        Refused: it can't be read.
    """
    try:
        _check_moments(values)
        if table.name == "entries":
            _check_entry(values)
        elif table.struct is not None:
            _load(MAPPERS[table.name], values)
        if table.name in CONTENTS:
            CONTENTS[table.name](values, kind)
    except Refused:
        raise
    except HeadraceError as error:
        raise Refused(error.message) from None
    except Exception as error:  # noqa: BLE001 - whatever hostile content makes of its reader
        raise Refused(f"can't be read: {type(error).__name__}") from None


def _check_moments(values: Mapping[str, Any]) -> None:
    for name, value in values.items():
        if name.endswith("_at") and isinstance(value, int):
            datetime.fromtimestamp(value / 1_000_000)  # noqa: DTZ006 - only whether it is one


def _value_of(table: str, values: Mapping[str, Any]) -> Any:
    return _load(MAPPERS[table], values)


def _load(one: Mapper[Any], values: Mapping[str, Any]) -> Any:
    known = {**ELSEWHERE, **values}
    return one.load(tuple(known[name] for name in one.columns))


def _check_entry(values: Mapping[str, Any]) -> None:
    kind, path = values["kind"], values["path"]
    if kind is None:
        _load(DIRECTORY, {**values, "parent_id": values["directory_id"]})
    elif kind not in KINDS:
        raise Refused(f"is of a kind that is not known here: {kind!r}")
    else:
        _load(MAPPERS["entries"], values)
        needed = ("directory_id", "short_id", "short_name", "created_by", "tags")
        if None in [values[name] for name in needed]:
            raise Refused(f"is a file without one of {', '.join(needed)}")
    if path:
        check_path(path)
    name = path.rpartition("/")[2]
    if (values["name"], values["name_folded"]) != (name, name.casefold()):
        raise Refused("has another name than its path")


def _check_version(values: Mapping[str, Any], kind: str | None) -> None:
    if kind is None:
        raise Refused("is a version of what is no file here")
    content = values["content"]
    if not isinstance(msgspec.json.decode(content), dict):
        raise Refused("its content is no JSON object")
    if digest(KINDS[kind].identity(content)) != values["digest"]:
        raise Refused("its digest is not that of its content")
    KINDS[kind].links(content)
    KINDS[kind].inputs(content)


def check_members(datasets: Datasets, *, file_id: str, content: bytes) -> None:
    """Look for what a dataset's version is made of.

    Raises:
        Refused: some of it is not here, or is none.
    """
    try:
        membership = read_dataset(content).membership
        lists = datasets.parts(file_id=file_id, digests=[membership])
        for ref in read_membership(lists[membership]):
            ids = read_chunk(datasets.parts(file_id=file_id, digests=[ref.digest])[ref.digest])
            if len(datasets.some(ids=ids)) < len(ids):
                raise Refused("some of its datapoints are not here")
    except KeyError:
        raise Refused("some of the lists of its datapoints are not here") from None
    except msgspec.MsgspecError:
        raise Refused("the list of its datapoints is none") from None


def _check_draft(values: Mapping[str, Any]) -> None:
    for name in ("content", "snapshot"):
        if values[name] is not None and not isinstance(msgspec.json.decode(values[name]), dict):
            raise Refused(f"its {name} is no JSON object")
    if values["findings"] is not None:
        msgspec.json.decode(values["findings"], type=list[Finding])


def _check_total(total: Total) -> None:
    if total.judgments < 1:
        raise Refused("adds up no judgment")
    total.mean()


def _check_move(move: Move) -> None:
    if move.evidence is not None and not isinstance(msgspec.json.decode(move.evidence), dict):
        raise Refused("its evidence is no JSON object")
    aims = [(move.version_id, move.target), *((share.version_id, share.target) for share in move.shares)]
    if not all(_can_target(move.kind, *aim) for aim in aims):
        raise Refused(f"targets what no {move.kind.value} can")
    weights = [share.weight for share in move.shares]
    if weights and not (min(weights) >= 0 and max(weights) > 0):
        raise Refused("its shares have no weights that calls could be shared out by")


def _can_target(kind: PointerKind, version_id: str | None, target: str | None) -> bool:
    if version_id is None and target is None:
        return True
    if kind is PointerKind.ALIAS:
        return target == DRAFT if version_id is None else bool(target and _NUMBER.fullmatch(target))
    return kind is PointerKind.ENVIRONMENT and target is None


def _check_log(values: Mapping[str, Any], _: str | None) -> None:
    read_payload(values["payload"])
    if values["judgment"] is not None:
        msgspec.json.decode(values["judgment"])


CONTENTS: Mapping[str, Callable[[Mapping[str, Any], str | None], Any]] = {
    "versions": _check_version,
    "drafts": lambda values, _: _check_draft(values),
    "moves": lambda values, _: _check_move(_value_of("moves", values)),
    "gates": lambda values, _: parse_gate(values["spec"].encode()),
    "watches": lambda values, _: read_watched(values["rules"]),
    "datapoints": lambda values, _: msgspec.json.decode(values["body"]),
    "event_batches": lambda values, _: _value_of("event_batches", values).events(),
    "logs": _check_log,
    "totals": lambda values, _: _check_total(_value_of("totals", values)),
}
"""What is read of rows beyond their columns; with the kind of the file that they belong to."""
