"""Logs as lines: whole as JSON, or as a table for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections.abc import AsyncIterator, Sequence
from typing import Any

import msgspec

from headrace.apis.native.log_bodies import LogBody, log_body
from headrace.apis.native.operations import LINES_MEDIA
from headrace.core.jsontext import json_text
from headrace.services.logs.log_search import Page

CSV_MEDIA = "text/csv; charset=utf-8"
MEDIA = {"jsonl": LINES_MEDIA, "csv": CSV_MEDIA}
COLUMNS = (
    "id",
    "created_at",
    "type",
    "path",
    "number",
    "version_id",
    "environment",
    "source",
    "user",
    "session",
    "status",
    "latency_s",
    "input_tokens",
    "output_tokens",
    "cost_usd",
    "inputs",
    "messages",
    "output_text",
    "error_text",
    "metadata",
    "judgments",
)
"""What a table of logs has; `judgments` is an object of what each evaluator found, by its path."""
FORMULA = ("=", "+", "-", "@", "\t", "\r")
"""What makes spreadsheets take a text for something to be carried out."""


async def lines(first: Page, rest: AsyncIterator[Page], form: str) -> AsyncIterator[bytes]:
    """Pages of logs, written down as they are read."""
    if form == "csv":
        yield _table([COLUMNS])
    page: Page | None = first
    while page is not None:
        bodies = [log_body(Page(rows=(row,), evaluators=page.evaluators, mark=None)) for row in page.rows]
        if form == "csv":
            yield _table([_cells(body) for body in bodies])
        else:
            yield b"".join(json_text(body) + b"\n" for body in bodies)
        page = await anext(rest, None)


def _table(rows: Sequence[Sequence[Any]]) -> bytes:
    text = io.StringIO()
    csv.writer(text).writerows(rows)
    return text.getvalue().encode()


def _cells(body: LogBody) -> list[Any]:
    paths = {one.id: one.path for one in body.evaluators}
    found = {paths.get(one.evaluator_id, one.evaluator_id): one.judgment for one in body.judgments}
    own = {"type": body.file.type, "path": body.file.path, "judgments": json_text(found) if found else None}
    return [_cell(own[name] if name in own else getattr(body, name)) for name in COLUMNS]


def _cell(value: Any) -> Any:
    """A value as it stands in a table; no text of a user is a formula there."""
    if isinstance(value, msgspec.Raw | bytes):
        text = bytes(value).decode(errors="replace")
        return "" if text == "null" else text
    if isinstance(value, str) and value.startswith(FORMULA):
        return f"'{value}"
    return value.isoformat() if hasattr(value, "isoformat") else value
