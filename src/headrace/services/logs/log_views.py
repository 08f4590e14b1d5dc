"""What a caller is shown of logs: each with its version, its judgments, and what is below it (humanloop 3.6).

A page of logs costs a few statements, whatever is below the logs, and one for each file and version that
occurs.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Collection, Iterable, Mapping

import msgspec

from headrace.core.logs import Log, TraceUsage
from headrace.core.ports import Transaction
from headrace.services.logs import traces
from headrace.services.versions.views import VersionView
from headrace.services.versions.views import views as version_views


class LogView(msgspec.Struct, frozen=True, kw_only=True):
    """A log and what surrounds it.

    Attributes:
        version: the version it was made with, hidden or not, and its file.
        judgments: of evaluators on this log; what surrounds those is not shown.
        children: the logs right below it; None when they were not asked for.
        judged: what an evaluator's log judges; None when it judges nothing, or that was not asked for.
        usage: what its whole trace used; None when it is no root of one, or children were not asked for.
    """

    log: Log
    version: VersionView
    judgments: tuple[LogView, ...] = ()
    children: tuple[LogView, ...] | None = None
    judged: LogView | None = None
    usage: TraceUsage | None = None


def view(tx: Transaction, log: Log, *, with_children: bool = False) -> LogView:
    """A log as a caller sees it."""
    return views(tx, [log], with_children=with_children)[0]


def views(
    tx: Transaction, logs: Collection[Log], *, with_children: bool = False, with_judged: bool = False
) -> list[LogView]:
    """Logs as a caller sees them; those of files that are gone meanwhile are left out.

    Args:
        with_children: show what is below each, however deep.
        with_judged: show what each evaluator's log judges.
    """
    ids = [log.id for log in logs]
    below: list[Log] = []
    usage: Mapping[str, TraceUsage] = {}
    if with_children:
        usage = tx.logs.trace_usage(trace_ids=[log.id for log in logs if _is_root(log)])
        below = _below(tx, logs, usage)
    judged = _judged(tx, logs) if with_judged else {}
    judgments = _judgments(tx, list(dict.fromkeys([*ids, *(log.id for log in below), *judged])))
    gathered = [*logs, *below, *judgments, *judged.values()]
    scene = _Scene(
        versions=_versions(tx, gathered),
        judgments=_by_key(judgments, "judged_id"),
        children=_by_key(below, "trace_parent_id") if with_children else None,
        judged=judged,
        usage=usage,
    )
    return [scene.show(log) for log in logs if log.version_id in scene.versions]


def _below(tx: Transaction, logs: Collection[Log], usage: Mapping[str, TraceUsage]) -> list[Log]:
    """What hangs below logs; a list of a flow's logs may hold one and, of a flow within it, another.

    Only where a trace has more logs than hang together is there a look for those that hang nowhere yet.
    """
    below = traces.descendants(tx, [log.id for log in logs], with_own=True)
    found = Counter(log.trace_id for log in below)
    torn = [log for log in logs if log.id in usage and usage[log.id].logs_count > found[log.id] + 1]
    strays = traces.strays(tx, torn)
    return below + strays + traces.descendants(tx, [log.id for log in strays])


def _is_root(log: Log) -> bool:
    return log.is_in_trace and log.trace_id == log.id


def _judgments(tx: Transaction, ids: list[str]) -> list[Log]:
    return [
        log
        for first in range(0, len(ids), traces.BATCH)
        for log in tx.logs.judgments(judged_ids=ids[first : first + traces.BATCH])
    ]


def _judged(tx: Transaction, logs: Iterable[Log]) -> dict[str, Log]:
    ids = {log.judged_id for log in logs if log.judged_id is not None}
    return {log.id: log for log in tx.logs.some(ids=ids)} if ids else {}


def _by_key(logs: Iterable[Log], key: str) -> dict[str, list[Log]]:
    grouped: dict[str, list[Log]] = defaultdict(list)
    for log in logs:
        grouped[getattr(log, key)].append(log)
    return grouped


def _versions(tx: Transaction, logs: Iterable[Log]) -> dict[str, VersionView]:
    """The versions that occur, by id; those of one file are looked up together."""
    by_file: dict[str, set[str]] = defaultdict(set)
    for log in logs:
        by_file[log.file_id].add(log.version_id)
    found = {}
    for file_id, ids in by_file.items():
        file = tx.files.get(id=file_id)
        kept = [tx.versions.kept(id=one) for one in sorted(ids)]
        if file is not None:
            for shown in version_views(tx, file, [one for one in kept if one is not None]):
                found[shown.version.id] = shown
    return found


class _Scene(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that surrounds some logs.

    Attributes:
        versions: by id.
        judgments: by what they judge.
        children: by their parent; None when they were not asked for.
        judged: what is judged, by id, where it was asked for.
        usage: by trace.
    """

    versions: dict[str, VersionView]
    judgments: dict[str, list[Log]]
    children: dict[str, list[Log]] | None
    judged: dict[str, Log]
    usage: Mapping[str, TraceUsage]

    def show(self, log: Log, above: tuple[str, ...] = ()) -> LogView:
        """A log with what surrounds it. What is above is not shown below again, should it say so, and nothing
        that is too deep for JSON that clients can read."""
        children = None
        if self.children is not None:
            path = (*above, log.id)
            below = self.children.get(log.id, ()) if len(above) < traces.MOST_LEVELS else ()
            children = tuple(self.show(one, path) for one in below if one.id not in path)
        return LogView(
            log=log,
            version=self.versions[log.version_id],
            judgments=self._judgments(log),
            children=children,
            judged=self._judged(self.judged[log.judged_id]) if log.judged_id in self.judged else None,
            usage=self.usage.get(log.id),
        )

    def _judged(self, log: Log) -> LogView:
        return LogView(log=log, version=self.versions[log.version_id], judgments=self._judgments(log))

    def _judgments(self, log: Log) -> tuple[LogView, ...]:
        return tuple(
            LogView(log=one, version=self.versions[one.version_id]) for one in self.judgments.get(log.id, ())
        )
