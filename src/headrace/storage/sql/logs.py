"""Logs in SQL."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from headrace.core.judgments import counted
from headrace.core.log_search import LogFilter, LogSlice, Mark
from headrace.core.logs import Log, LogQuery, TraceUsage, Usage
from headrace.core.monitoring import Aggregate, Total
from headrace.storage.draws import draw_of
from headrace.storage.log_changes import updated
from headrace.storage.log_words import index_words
from headrace.storage.places import free_place
from headrace.storage.sql.collection import Connection, SqlCollection
from headrace.storage.sql.log_pages import LogPages
from headrace.storage.sql.log_search import LogSearch
from headrace.storage.sql.log_words import LogWords
from headrace.storage.sql.rows import Row, from_microseconds, mapper, microseconds

LOG = mapper(Log)
TOTAL = mapper(Total)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Kept:
    """A log as it is in the store.

    Attributes:
        place: where it stands in the lists.
        numbers: of its file and its version.
    """

    place: int
    numbers: dict[str, int]
    log: Log


class Logs(SqlCollection):
    def __init__(self, connection: Connection, account: str, words: LogWords) -> None:
        super().__init__(connection, account)
        self._words = words
        self._pages = LogPages(connection, account, words)
        self._search = LogSearch(connection, account, words)

    def _loaded(self, rows: list[Row]) -> list[Log]:
        return [LOG.load(row) for row in rows]

    def _at(self, places: Sequence[int]) -> list[Log]:
        return self._loaded(self._connection.all("logs_at", places=_json(places))) if places else []

    def get(self, *, id: str) -> Log | None:
        row = self._one("log_by_id", id=id)
        return LOG.load(row) if row else None

    def some(self, *, ids: Collection[str]) -> list[Log]:
        return self._loaded(self._all("logs_by_id", ids=_json(set(ids))))

    def add(self, log: Log, *, at: datetime) -> None:
        numbers = self._numbers(file_id=log.file_id, version_id=log.version_id)
        place = free_place(self._connection, log.created_at)
        count = {
            "version_number": numbers["version_number"],
            "is_in_trace": int(log.is_in_trace),
            "at": microseconds(at),
        }
        steps = (
            self._step("add_log", place=place, lot=draw_of(log.id), **_columns(log), **numbers),
            self._step("add_payload", place=place, payload=log.payload),
            ("count_log", count),
        )
        self._words.add(place, id=log.id, words=index_words(log, **numbers), beside=steps)

    def note_use(self, *, file_id: str, version_id: str, at: datetime) -> None:
        numbers = self._numbers(file_id=file_id, version_id=version_id)
        self._connection.run("note_use", version_number=numbers["version_number"], at=microseconds(at))

    def _numbers(self, *, file_id: str, version_id: str) -> dict[str, int]:
        row = self._one("scope_of_version", version_id=version_id)
        if row is None:
            row = self._one("add_scope", version_id=version_id, file_id=file_id)
        assert row is not None
        return {"version_number": row[0], "file_number": row[1]}

    def _kept(self, id: str) -> _Kept | None:
        row = self._one("kept_log", id=id)
        if row is None:
            return None
        place, file_number, version_number, *columns = row
        numbers = {"file_number": file_number, "version_number": version_number}
        return _Kept(place=place, numbers=numbers, log=LOG.load(tuple(columns)))

    def update(self, log: Log) -> None:
        kept = self._kept(log.id)
        if kept is None:
            return
        log = updated(kept.log, log)
        self._connection.run("update_log", place=kept.place, **_columns(log))
        if log.payload != kept.log.payload:
            self._connection.run("update_payload", place=kept.place, payload=log.payload)
        self._recount(kept, change=0, traced_change=log.is_in_trace - kept.log.is_in_trace)
        if (log.payload, log.is_in_trace) != (kept.log.payload, kept.log.is_in_trace):
            before, after = index_words(kept.log, **kept.numbers), index_words(log, **kept.numbers)
            if before != after:
                self._words.change(kept.place, after)

    def _recount(self, kept: _Kept, *, change: int, traced_change: int) -> None:
        if change or traced_change:
            self._connection.run(
                "recount_log",
                version_number=kept.numbers["version_number"],
                change=change,
                traced_change=traced_change,
            )

    def remove(self, *, id: str) -> None:
        kept = self._kept(id)
        if kept:
            self._words.remove(kept.place)
            self._connection.run("remove_log", place=kept.place)
            self._recount(kept, change=-1, traced_change=-int(kept.log.is_in_trace))

    def page(self, query: LogQuery, *, skip: int, take: int) -> tuple[list[Log], int]:
        places, total = self._pages.places(query, skip=skip, take=take)
        return self._at(places), total

    def walk(self, *, file_id: str, after: str | None, take: int) -> list[Log]:
        if after is None:
            return self._at(self._pages.oldest(file_id=file_id, after=None, take=take))
        row = self._one("place_of_log", id=after, file_id=file_id)
        return self._at(self._pages.oldest(file_id=file_id, after=row[0], take=take)) if row else []

    def find(self, wanted: LogFilter, *, before: Mark | None, take: int, most: int) -> LogSlice:
        places, mark = self._search.places(wanted, before=before, take=take, most=most)
        return LogSlice(logs=self._at(places), mark=mark)

    def children(self, *, parent_ids: Collection[str]) -> list[Log]:
        return self._loaded(self._all("logs_of_parents", parent_ids=_json(set(parent_ids))))

    def of_trace(self, *, trace_id: str) -> list[Log]:
        return self._loaded(self._all("logs_of_trace", trace_id=trace_id))

    def judgments(self, *, judged_ids: Collection[str]) -> list[Log]:
        return self._loaded(self._all("judgments_of_logs", judged_ids=_json(set(judged_ids))))

    def judgment(self, *, judged_id: str, version_id: str, is_automatic: bool) -> Log | None:
        row = self._one(
            "judgment", judged_id=judged_id, version_id=version_id, is_automatic=int(is_automatic)
        )
        return LOG.load(row) if row else None

    def of_execution(self, *, execution_id: str) -> list[Log]:
        return self._loaded(self._all("logs_of_execution", execution_id=execution_id))

    def traced_ids(self, *, file_id: str, after: str | None, take: int) -> list[str]:
        place = -(2**63)
        if after is not None:
            row = self._one("place_of_log", id=after, file_id=file_id)
            if row is None:
                return []
            place = row[0]
        rows = self._all("traced_ids", file_id=file_id, place=place, take=take)
        return [log_id for (log_id,) in rows]

    def in_traces_of(self, *, flow_id: str, take: int) -> list[Log]:
        return self._loaded(self._all("logs_in_traces_of", flow_id=flow_id, take=take))

    def usage(self, *, version_ids: Collection[str]) -> Mapping[str, Usage]:
        rows = self._all("usage_of_versions", version_ids=_json(set(version_ids)))
        return {
            version_id: Usage(logs_count=count, last_used_at=from_microseconds(last))
            for version_id, count, last in rows
        }

    def usage_of_file(self, *, file_id: str) -> Usage:
        ((count, _, last),) = self._all("usage_of_file", file_id=file_id)
        return Usage(logs_count=count, last_used_at=None if last is None else from_microseconds(last))

    def trace_usage(self, *, trace_ids: Collection[str]) -> Mapping[str, TraceUsage]:
        traces: dict[str, list[Row]] = {}
        for trace_id, *used in self._all("used_in_traces", trace_ids=_json(set(trace_ids))):
            traces.setdefault(trace_id, []).append(tuple(used))
        return {trace_id: _used_by(rows) for trace_id, rows in traces.items()}

    def total(self, *, version_id: str, evaluator_version_id: str) -> Total | None:
        row = self._one("total", version_id=version_id, evaluator_version_id=evaluator_version_id)
        return TOTAL.load(row) if row else None

    def put_total(self, total: Total) -> None:
        self._run("put_total", **TOTAL.dump(total))

    def aggregates(self, *, version_ids: Collection[str]) -> list[Aggregate]:
        rows = self._all("totals_of_versions", version_ids=_json(sorted(set(version_ids))))
        return [
            Aggregate(
                total=TOTAL.load(tuple(total)),
                first_at=from_microseconds(first),
                last_at=from_microseconds(last),
            )
            for first, last, *total in rows
            if first is not None
        ]


def _json(values: Collection[Any]) -> str:
    return msgspec.json.encode(values).decode()


def _columns(log: Log) -> dict[str, Any]:
    return LOG.dump(log) | {"is_counted": int(counted(log) is not None)}


def _used_by(rows: list[Row]) -> TraceUsage:
    prompt, reasoning, output, *costs = zip(*rows, strict=True)
    said = [cost for pair in zip(*costs, strict=True) for cost in pair if cost is not None]
    return TraceUsage(
        logs_count=len(rows),
        prompt_tokens=_sum_of(prompt),
        reasoning_tokens=_sum_of(reasoning),
        output_tokens=_sum_of(output),
        cost=sum(said) if said else None,
    )


def _sum_of(tokens: tuple[int | None, ...]) -> int | None:
    said = [number for number in tokens if number is not None]
    return sum(said) if said else None
