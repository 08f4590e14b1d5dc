"""The memory store's gates, approvals, and what is watched."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

from headrace.core.deployments import PointerKind
from headrace.core.gates import Approved, Gate, Scored, Use, Watch
from headrace.core.logs import Log
from headrace.storage.memory.tables import Rows


class Gates:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> Gate | None:
        return self._rows.gates.get((file_id, kind, pointer_id))

    def holding(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> list[Gate]:
        places = [(file, kind, pointer_id) for file in ("", file_id)]
        return [self._rows.gates[place] for place in places if place in self._rows.gates]

    def put(self, gate: Gate) -> None:
        self._rows.gates.put((gate.file_id, gate.kind, gate.pointer_id), gate)

    def remove(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> None:
        self._rows.gates.drop((file_id, kind, pointer_id))

    def approve(self, approved: Approved) -> None:
        self._rows.require_file(approved.file_id)
        place = (approved.file_id, approved.kind, approved.pointer_id)
        self._rows.approvals.put((*place, approved.version_id, approved.user_id), approved)

    def withdraw(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, version_id: str, user_id: str
    ) -> None:
        self._rows.approvals.drop((file_id, kind, pointer_id, version_id, user_id))

    def approvals(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, version_id: str
    ) -> list[Approved]:
        of = (file_id, kind, pointer_id, version_id)
        found = [one for key, one in self._rows.approvals.items() if key[:4] == of]
        return sorted(found, key=lambda one: (one.approved_at, one.user_id))

    def watch(self, watch: Watch) -> None:
        self._rows.require_file(watch.file_id)
        self._rows.watches.put((watch.move_id, watch.version_id), watch)

    def watched(self, *, move_id: str) -> list[Watch]:
        return [one for key, one in sorted(self._rows.watches.items()) if key[0] == move_id]

    def watching(self, *, version_id: str) -> list[Watch]:
        found = [one for key, one in sorted(self._rows.watches.items()) if key[1] == version_id]
        return [one for one in found if one.ended_at is None]

    def uses(
        self, *, version_id: str, start: datetime | None = None, end: datetime | None = None, take: int
    ) -> list[Use]:
        found = [
            log
            for log in self._rows.logs.values()
            if log.version_id == version_id
            and (start is None or start <= log.created_at)
            and (end is None or log.created_at <= end)
        ]
        newest = sorted(found, key=self._place, reverse=True)[:take]
        return [Use(log_id=log.id, has_error=log.has_error) for log in newest]

    def scores(self, *, log_ids: Collection[str], evaluator_id: str) -> list[Scored]:
        if evaluator_id not in self._rows.files:
            return []
        found = [
            log
            for log in self._rows.logs.values()
            if log.file_id == evaluator_id and log.judged_id in set(log_ids)
        ]
        return [
            Scored(
                log_id=str(log.judged_id),
                is_automatic=log.is_automatic,
                has_error=log.has_error,
                judgment=log.judgment,
            )
            for log in sorted(found, key=self._place)
        ]

    def _place(self, log: Log) -> tuple[datetime, int]:
        return log.created_at, self._rows.arrivals[f"log {log.id}"]
