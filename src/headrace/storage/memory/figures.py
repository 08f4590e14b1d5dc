"""The memory store's figures of many things."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from datetime import UTC, datetime

from headrace.core.figures import QUARTER, FileName, Judged, Spent, Used, latency_s
from headrace.core.files import Directory, File
from headrace.core.logs import Log, Usage
from headrace.storage.draws import draw_of
from headrace.storage.memory.tables import Rows

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Figures:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def _listed(self) -> list[File]:
        return [file for file in self._rows.files.values() if file.owner_id is None]

    def folders(self, *, directory_id: str, after: str, take: int) -> list[tuple[Directory, int]]:
        found = [one for one in self._rows.directories.values() if one.parent_id == directory_id]
        shown = [one for one in sorted(found, key=lambda one: one.path) if one.path > after][:take]
        return [(one, self._below(one)) for one in shown]

    def _below(self, directory: Directory) -> int:
        return sum(file.path.startswith(directory.path + "/") for file in self._listed())

    def changed_files(
        self, *, kinds: Collection[str], before: tuple[datetime, str] | None, take: int
    ) -> list[File]:
        found = [file for file in self._listed() if not kinds or file.kind in kinds]
        found.sort(key=lambda file: (file.updated_at, file.id), reverse=True)
        return [one for one in found if before is None or (one.updated_at, one.id) < before][:take]

    def file_names(self, *, after: str, take: int) -> list[FileName]:
        found = sorted((file for file in self._listed() if file.path > after), key=lambda file: file.path)
        return [
            FileName(id=one.id, kind=one.kind, path=one.path, updated_at=one.updated_at)
            for one in found[:take]
        ]

    def usage_of_files(self, *, file_ids: Collection[str]) -> Mapping[str, Usage]:
        found = {one: self._rows.usage_of(file_id=one) for one in set(file_ids)}
        return {one: usage for one, usage in found.items() if usage.last_used_at is not None}

    def numbers(self, *, version_ids: Collection[str]) -> Mapping[str, list[int]]:
        found: dict[str, list[int]] = defaultdict(list)
        for file_id in {self._rows.file_of[one] for one in version_ids if one in self._rows.file_of}:
            for release in self._rows.of(file_id).live_releases():
                if release.version_id in version_ids:
                    found[release.version_id].append(release.number)
        return {one: sorted(numbers) for one, numbers in found.items()}

    def last_uses(self, *, version_ids: Collection[str], take: int) -> list[Used]:
        found: list[Log] = []
        for version_id in set(version_ids):
            own = [log for log in self._rows.logs.values() if log.version_id == version_id]
            found += sorted(own, key=self._place, reverse=True)[:take]
        return [_used(log) for log in found]

    def spent(self, *, file_id: str, start: datetime, end: datetime) -> list[Spent]:
        return _spent(self._of_file(file_id, start, end))

    def spent_below(self, *, flow_id: str, start: datetime, end: datetime) -> list[Spent]:
        steps = (log for log in self._rows.logs.values() if log.trace_flow_id == flow_id != log.file_id)
        return _spent(log for log in steps if start <= log.created_at <= end)

    def draw(self, *, file_id: str, start: datetime, end: datetime, take: int) -> list[Used]:
        found = self._of_file(file_id, start, end)
        return [_used(log) for log in sorted(found, key=lambda log: draw_of(log.id))[:take]]

    def judged(self, *, log_ids: Collection[str]) -> list[Judged]:
        wanted = set(log_ids)
        return [
            Judged(log_id=log.judged_id, evaluator_version_id=log.version_id, judgment=log.judgment)
            for log in self._rows.logs.values()
            if log.judged_id is not None
            and log.judged_id in wanted
            and log.file_id in self._rows.files
            and log.judgment is not None
            and not log.has_error
        ]

    def _of_file(self, file_id: str, start: datetime, end: datetime) -> list[Log]:
        if file_id not in self._rows.files:
            return []
        own = (log for log in self._rows.logs.values() if log.file_id == file_id)
        return [log for log in own if start <= log.created_at <= end]

    def _place(self, log: Log) -> tuple[datetime, int]:
        return log.created_at, self._rows.arrivals[f"log {log.id}"]


def _used(log: Log) -> Used:
    return Used(
        log_id=log.id,
        version_id=log.version_id,
        created_at=log.created_at,
        has_error=log.has_error,
        latency_s=latency_s(log.provider_latency_s, log.start_time, log.end_time),
    )


def _spent(logs: Iterable[Log]) -> list[Spent]:
    quarters: dict[datetime, list[Log]] = defaultdict(list)
    for log in logs:
        quarters[_EPOCH + (log.created_at - _EPOCH) // QUARTER * QUARTER].append(log)
    return [_of_quarter(start, quarters[start]) for start in sorted(quarters)]


def _of_quarter(start: datetime, logs: list[Log]) -> Spent:
    costs = [cost for log in logs for cost in (log.prompt_cost, log.output_cost) if cost is not None]
    return Spent(
        start=start,
        logs=len(logs),
        errors=sum(log.has_error for log in logs),
        input_tokens=sum(log.prompt_tokens or 0 for log in logs),
        output_tokens=sum(log.output_tokens or 0 for log in logs),
        cost_usd=sum(costs, 0.0),
        costs=len(costs),
    )
