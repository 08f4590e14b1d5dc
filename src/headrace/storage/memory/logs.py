"""The memory store's logs."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping, Sequence
from datetime import datetime

from headrace.core import search
from headrace.core.judgments import counted
from headrace.core.log_search import Found, LogFilter, LogSlice, Mark
from headrace.core.logs import Log, LogQuery, TraceUsage, Usage
from headrace.core.monitoring import Aggregate, Total
from headrace.core.ports import Clash
from headrace.storage.draws import draw_of
from headrace.storage.log_changes import updated
from headrace.storage.memory.tables import Claim, Rows


def _claims(log: Log) -> list[Claim]:
    if log.judged_id is None:
        return []
    return [("judgment", log.judged_id, log.version_id, str(log.is_automatic))]


class Logs:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, id: str) -> Log | None:
        log = self._rows.logs.get(id)
        return log if log and self._is_live(log) else None

    def some(self, *, ids: Collection[str]) -> list[Log]:
        return [log for log in self._live() if log.id in ids]

    def add(self, log: Log, *, at: datetime) -> None:
        self._rows.claims.check(_claims(log))
        if log.id in self._rows.logs:
            raise Clash("id")
        self._rows.require_file(log.file_id)
        self._rows.claims.take(log.id, _claims(log))
        self._rows.logs.put(log.id, log)
        last = self._rows.arrivals.get("log", 0) + 1
        self._rows.arrivals.put("log", last)
        self._rows.arrivals.put(f"log {log.id}", last)
        self.note_use(file_id=log.file_id, version_id=log.version_id, at=at)

    def note_use(self, *, file_id: str, version_id: str, at: datetime) -> None:
        used = self._rows.usage.get((file_id, version_id), at)
        self._rows.usage.put((file_id, version_id), max(used, at))

    def update(self, log: Log) -> None:
        known = self._rows.logs.get(log.id)
        if known:
            self._rows.logs.put(log.id, updated(known, log))

    def remove(self, *, id: str) -> None:
        log = self._rows.logs.get(id)
        if log:
            self._rows.claims.give_up(_claims(log))
            self._rows.logs.drop(id)

    def page(self, query: LogQuery, *, skip: int, take: int) -> tuple[list[Log], int]:
        found = [log for log in self._oldest_first(self._live()) if _fits(log, query)]
        if query.sample is not None:
            drawn = sorted(found, key=lambda log: draw_of(log.id))[: query.sample]
            found = self._oldest_first(drawn)
        return found[::-1][skip : skip + take], len(found)

    def walk(self, *, file_id: str, after: str | None, take: int) -> list[Log]:
        found = self._oldest_first(log for log in self._live() if log.file_id == file_id)
        if after is None:
            return found[:take]
        places = [place for place, log in enumerate(found, 1) if log.id == after]
        return found[places[0] :][:take] if places else []

    def find(self, wanted: LogFilter, *, before: Mark | None, take: int, most: int) -> LogSlice:
        fit = [log for log in self._live() if is_wanted(log, wanted, self._found_by(wanted, log))]
        found = self._oldest_first(log for log in fit if before is None or self._is_before(log, before))[::-1]
        if len(found) < take:
            return LogSlice(logs=found, mark=None)
        last = found[take - 1]
        return LogSlice(logs=found[:take], mark=Mark(created_at=last.created_at, log_id=last.id))

    def _is_before(self, log: Log, mark: Mark) -> bool:
        at = self._rows.logs.get(mark.log_id)
        if at is None:
            return log.created_at < mark.created_at
        return (log.created_at, self._arrival(log)) < (at.created_at, self._arrival(at))

    def _found_by(self, wanted: LogFilter, log: Log) -> list[Found]:
        """What the evaluator that is asked about found of a log."""
        judge = None if wanted.judged is None else wanted.judged.evaluator_id
        judgments = [one for one in self._rows.logs.values() if one.judged_id == log.id]
        return [(one.judgment, one.has_error) for one in judgments if one.file_id == judge]

    def children(self, *, parent_ids: Collection[str]) -> list[Log]:
        return self._by_start(log for log in self._live() if log.trace_parent_id in parent_ids)

    def of_trace(self, *, trace_id: str) -> list[Log]:
        return self._by_start(log for log in self._live() if log.trace_id == trace_id)

    def judgments(self, *, judged_ids: Collection[str]) -> list[Log]:
        return self._oldest_first(log for log in self._live() if log.judged_id in judged_ids)

    def judgment(self, *, judged_id: str, version_id: str, is_automatic: bool) -> Log | None:
        claim = ("judgment", judged_id, version_id, str(is_automatic))
        return self.get(id=self._rows.claims.get(claim, ""))

    def of_execution(self, *, execution_id: str) -> list[Log]:
        return self._by_start(log for log in self._live() if log.execution_id == execution_id)

    def traced_ids(self, *, file_id: str, after: str | None, take: int) -> list[str]:
        found = [log for log in self._rows.logs.values() if log.file_id == file_id]
        ordered = [log.id for log in self._oldest_first(found)]
        later = ordered if after is None else ordered[ordered.index(after) + 1 :] if after in ordered else []
        return [log_id for log_id in later if self._rows.logs[log_id].is_in_trace][:take]

    def in_traces_of(self, *, flow_id: str, take: int) -> list[Log]:
        found = [log for log in self._live() if log.trace_flow_id == flow_id and log.file_id != flow_id]
        return self._oldest_first(found)[:take]

    def usage(self, *, version_ids: Collection[str]) -> Mapping[str, Usage]:
        versions = {version_id for _, version_id in self._rows.usage if version_id in version_ids}
        return {version_id: self._rows.usage_of(version_id=version_id) for version_id in versions}

    def usage_of_file(self, *, file_id: str) -> Usage:
        return self._rows.usage_of(file_id=file_id)

    def trace_usage(self, *, trace_ids: Collection[str]) -> Mapping[str, TraceUsage]:
        traces = defaultdict(list)
        for log in self._oldest_first(self._live()):
            if log.trace_id in trace_ids:
                traces[log.trace_id].append(log)
        return {trace_id: _used_by(logs) for trace_id, logs in traces.items()}

    def total(self, *, version_id: str, evaluator_version_id: str) -> Total | None:
        return self._rows.totals.get((version_id, evaluator_version_id))

    def put_total(self, total: Total) -> None:
        self._rows.totals.put((total.version_id, total.evaluator_version_id), total)

    def aggregates(self, *, version_ids: Collection[str]) -> list[Aggregate]:
        found = []
        for (version_id, _), total in sorted(self._rows.totals.items()):
            is_wanted = version_id in version_ids and total.judgments > 0
            judged = self._counted_in(total) if is_wanted else []
            if judged and total.evaluator_id in self._rows.files:
                first_at, last_at = judged[0].created_at, judged[-1].created_at
                found.append(Aggregate(total=total, first_at=first_at, last_at=last_at))
        return found

    def _counted_in(self, total: Total) -> list[Log]:
        versions = (total.version_id, total.evaluator_version_id)
        return self._oldest_first(
            log
            for log in self._rows.logs.values()
            if (log.judged_version_id, log.version_id) == versions and counted(log) is not None
        )

    def _is_live(self, log: Log) -> bool:
        return log.file_id in self._rows.files

    def _live(self) -> list[Log]:
        return [log for log in self._rows.logs.values() if self._is_live(log)]

    def _arrival(self, log: Log) -> int:
        return self._rows.arrivals[f"log {log.id}"]

    def _oldest_first(self, logs: Iterable[Log]) -> list[Log]:
        return sorted(logs, key=lambda log: (log.created_at, self._arrival(log)))

    def _by_start(self, logs: Iterable[Log]) -> list[Log]:
        return sorted(self._oldest_first(logs), key=lambda log: log.start_time or log.created_at)


def _fits(log: Log, query: LogQuery) -> bool:
    text, metadata = search.wanted(query.search), search.wanted(query.metadata)
    return (
        log.file_id == query.file_id
        and query.version_id in (None, log.version_id)
        and (not query.ids or any(part in log.id for part in query.ids))
        and (text is None or text.is_in(search.text_words(log)))
        and (metadata is None or metadata.is_in(search.metadata_words(log)))
        and (query.start is None or log.created_at >= query.start)
        and (query.end is None or log.created_at <= query.end)
        and query.in_trace in (None, log.is_in_trace)
    )


def is_wanted(log: Log, wanted: LogFilter, found: Sequence[Found]) -> bool:
    """Whether a search is for a log of which that was found."""
    query = LogQuery(
        file_id=log.file_id if wanted.file_id is None else wanted.file_id,
        version_id=wanted.version_id,
        search=wanted.search,
        metadata=wanted.metadata,
        start=wanted.start,
        end=wanted.end,
    )
    said = ("environment", "source", "user", "trace_id", "has_error")
    return (
        _fits(log, query)
        and all(getattr(wanted, name) in (None, getattr(log, name)) for name in said)
        and not (wanted.is_root and (log.trace_parent_id or log.judged_id))
        and (wanted.judged is None or wanted.judged.fit(found))
    )


def _used_by(logs: list[Log]) -> TraceUsage:
    costs = [cost for log in logs for cost in (log.prompt_cost, log.output_cost) if cost is not None]
    return TraceUsage(
        logs_count=len(logs),
        prompt_tokens=_sum_of(log.prompt_tokens for log in logs),
        reasoning_tokens=_sum_of(log.reasoning_tokens for log in logs),
        output_tokens=_sum_of(log.output_tokens for log in logs),
        cost=sum(costs) if costs else None,
    )


def _sum_of(tokens: Iterable[int | None]) -> int | None:
    said = [number for number in tokens if number is not None]
    return sum(said) if said else None
