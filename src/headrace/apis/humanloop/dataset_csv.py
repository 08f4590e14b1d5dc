"""Datapoints from the rows of a CSV file (humanloop 4.2, Datasets).

The first line names the columns. ``inputs.x`` is the input ``x``, ``target.x`` a member of the target, and
``messages`` holds chat messages as JSON text; any other column is an input of its name.
"""

from __future__ import annotations

import csv
import io
from collections import Counter
from collections.abc import Iterator, Mapping
from typing import Annotated, Any

import msgspec

from headrace.apis.humanloop.multipart import read_form
from headrace.apis.humanloop.requests import unstorable
from headrace.core.datasets import Case, case_of
from headrace.core.errors import Invalid, Problem
from headrace.core.prompts import ChatMessage

FILE = "file"
MESSAGES = "messages"
INPUT, TARGET = "inputs.", "target."
MOST_PROBLEMS = 20
csv.field_size_limit(2**31 - 1)  # the body has a limit, and cells may be documents


class UploadCsv(msgspec.Struct, frozen=True, kw_only=True):
    """The fields of the form."""

    file: Annotated[bytes, msgspec.Meta(extra_json_schema={"format": "binary"})]
    version_name: str | None = None
    version_description: str | None = None


def read_upload(body: bytes) -> tuple[UploadCsv, Mapping[str, Any]]:
    """The form; its file is not looked into.

    Raises:
        Malformed: it is no form.
        Invalid: it has no file, or a text that can't be kept.
    """
    form = read_form(body)
    if FILE not in form.files:
        raise Invalid.at(FILE, message="Field required", kind="missing")
    upload = UploadCsv(
        file=form.files[FILE],
        version_name=form.fields.get("version_name") or None,  # a form can't hold null
        version_description=form.fields.get("version_description") or None,
    )
    problems = unstorable(upload, where="body")
    if problems:
        raise Invalid(*problems)
    return upload, {}


def read_rows(file: bytes) -> list[Case]:
    """The datapoints of a file. Takes long for many.

    Raises:
        Invalid: with the lines of the first rows that are wrong.
    """
    rows = _rows(_text(file))
    columns = _columns(next(rows, (1, [])))
    cases: list[Case] = []
    problems: list[Problem] = []
    for line, values in rows:
        try:
            cases.append(_case(columns, line, values))
        except Invalid as error:
            problems += error.problems
            if len(problems) >= MOST_PROBLEMS:
                break
    if problems:
        raise Invalid(*problems)
    return cases


def _text(file: bytes) -> str:
    try:
        return file.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = file.count(b"\n", 0, error.start) + 1
        raise _wrong(line, f"this is no UTF-8: byte {file[error.start]:#04x}", "encoding") from None


def _rows(text: str) -> Iterator[tuple[int, list[str]]]:
    """Each row that is not empty, with the line that it begins in."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    line = 1
    try:
        for values in reader:
            if values:
                yield line, values
            line = reader.line_num + 1
    except csv.Error as error:
        raise _wrong(line, f"this is no CSV: {error}", "csv") from None


def _columns(header: tuple[int, list[str]]) -> list[str]:
    line, columns = header
    if not columns:
        raise _wrong(line, "the file has no line that names its columns", "csv")
    for index, column in enumerate(columns):
        name = column.removeprefix(INPUT).removeprefix(TARGET)
        if not name.strip():
            raise _wrong(line, f"column {index + 1} has no name", "csv")
    counts = Counter(_place(column) for column in columns)
    double = next((column for column in columns if counts[_place(column)] > 1), None)
    if double is not None:
        raise _wrong(line, f"two columns mean `{double}`", "csv")
    return columns


def _place(column: str) -> str:
    return column if column == MESSAGES or column.startswith((INPUT, TARGET)) else INPUT + column


def _case(columns: list[str], line: int, values: list[str]) -> Case:
    if len(values) != len(columns):
        text = f"there are {len(values)} values for {len(columns)} columns"
        raise _wrong(line, text, "csv")
    inputs: dict[str, str] = {}
    target: dict[str, str] = {}
    messages = None
    for column, value in zip(columns, values, strict=True):
        if column == MESSAGES:
            messages = _messages(line, value)
        elif column.startswith(TARGET):
            target[column.removeprefix(TARGET)] = value
        else:
            inputs[column.removeprefix(INPUT)] = value
    return case_of(inputs=inputs, messages=messages, target=target or None)


def _messages(line: int, value: str) -> list[Any] | None:
    """An empty cell holds none."""
    if not value.strip():
        return None
    try:
        _decode(value)
    except (msgspec.MsgspecError, RecursionError, UnicodeEncodeError) as error:
        raise _wrong(line, f"`messages` holds no chat messages as JSON: {error}", "messages") from None
    found: list[Any] = msgspec.json.decode(value)
    return found


def _wrong(line: int, message: str, kind: str) -> Invalid:
    return Invalid.at(FILE, line, message=f"Line {line}: {message}.", kind=kind)


_decode = msgspec.json.Decoder(list[ChatMessage]).decode
