"""Figures of many things in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from datetime import datetime
from typing import Any

import msgspec

from headrace.core.figures import QUARTER, FileName, Judged, Spent, Used, latency_s
from headrace.core.files import Directory, File
from headrace.core.logs import Usage
from headrace.storage.places import place_range
from headrace.storage.sql.collection import SqlCollection, place
from headrace.storage.sql.rows import Row, from_microseconds, mapper

DIRECTORY = mapper(Directory)
FILE = mapper(File)
FILE_NAME = mapper(FileName)
JUDGED = mapper(Judged)
_QUARTER_MICROSECONDS = int(QUARTER.total_seconds()) * 1_000_000


class Figures(SqlCollection):
    def folders(self, *, directory_id: str, after: str, take: int) -> list[tuple[Directory, int]]:
        rows = self._all("folders_of_directory", directory_id=directory_id, after=after, take=take)
        return [(DIRECTORY.load(row[:-1]), int(row[-1])) for row in rows]

    def changed_files(
        self, *, kinds: Collection[str], before: tuple[datetime, str] | None, take: int
    ) -> list[File]:
        since = place(before)
        rows = self._all(
            "changed_files",
            kinds=f" {' '.join(kinds)} " if kinds else None,
            updated_at=since["created_at"],
            id=since["id"],
            take=take,
        )
        return [FILE.load(row) for row in rows]

    def file_names(self, *, after: str, take: int) -> list[FileName]:
        return [FILE_NAME.load(row) for row in self._all("file_names", after=after, take=take)]

    def usage_of_files(self, *, file_ids: Collection[str]) -> Mapping[str, Usage]:
        rows = self._all("usage_of_files", file_ids=_json(file_ids))
        return {
            file_id: Usage(logs_count=int(count), last_used_at=from_microseconds(last))
            for file_id, count, last in rows
        }

    def numbers(self, *, version_ids: Collection[str]) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = {}
        for version_id, number in self._all("numbers_of_versions", version_ids=_json(version_ids)):
            found.setdefault(version_id, []).append(number)
        return found

    def last_uses(self, *, version_ids: Collection[str], take: int) -> list[Used]:
        rows = self._all("last_uses", version_ids=_json(version_ids), take=take)
        return [_used(row) for row in rows]

    def spent(self, *, file_id: str, start: datetime, end: datetime) -> list[Spent]:
        scope = self._one("scope_of_file", file_id=file_id)
        if scope is None:
            return []
        rows = self._connection.all("spent_by_file", file_number=scope[0], **place_range(start, end))
        return _spent(rows)

    def spent_below(self, *, flow_id: str, start: datetime, end: datetime) -> list[Spent]:
        return _spent(self._all("spent_below_flow", flow_id=flow_id, **place_range(start, end)))

    def draw(self, *, file_id: str, start: datetime, end: datetime, take: int) -> list[Used]:
        scope = self._one("scope_of_file", file_id=file_id)
        if scope is None:
            return []
        limits = place_range(start, end)
        rows = self._connection.all("draw_uses", file_number=scope[0], take=take, **limits)
        return [_used(row) for row in rows]

    def judged(self, *, log_ids: Collection[str]) -> list[Judged]:
        return [JUDGED.load(row) for row in self._all("judged_logs", log_ids=_json(log_ids))]


def _json(values: Collection[Any]) -> str:
    return msgspec.json.encode(sorted(set(values))).decode()


def _used(row: Row) -> Used:
    log_id, version_id, created_at, has_error, told_s, start, end = row
    times = (None if one is None else from_microseconds(one) for one in (start, end))
    return Used(
        log_id=log_id,
        version_id=version_id,
        created_at=from_microseconds(created_at),
        has_error=bool(has_error),
        latency_s=latency_s(told_s, *times),
    )


def _spent(rows: list[Row]) -> list[Spent]:
    return [
        Spent(
            start=from_microseconds(quarter * _QUARTER_MICROSECONDS),
            logs=logs,
            errors=errors,
            input_tokens=inputs or 0,
            output_tokens=outputs or 0,
            cost_usd=cost,
            costs=costs,
        )
        for quarter, logs, errors, inputs, outputs, cost, costs in sorted(rows, key=lambda row: int(row[0]))
    ]
