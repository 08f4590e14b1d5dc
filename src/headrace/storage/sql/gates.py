"""Gates, approvals, what is watched, and what is measured for it, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from headrace.core.deployments import PointerKind
from headrace.core.gates import Approved, Gate, Scored, Use, Watch
from headrace.storage.places import place_range
from headrace.storage.sql.collection import SqlCollection
from headrace.storage.sql.rows import mapper

APPROVED = mapper(Approved)
GATE = mapper(Gate)
SCORED = mapper(Scored)
USE = mapper(Use)
WATCH = mapper(Watch)


class Gates(SqlCollection):
    def get(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> Gate | None:
        row = self._one("gate", file_id=file_id, kind=kind.value, pointer_id=pointer_id)
        return GATE.load(row) if row else None

    def holding(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> list[Gate]:
        rows = self._all("gates_holding", file_id=file_id, kind=kind.value, pointer_id=pointer_id)
        return [GATE.load(row) for row in rows]

    def put(self, gate: Gate) -> None:
        self._run("put_gate", **GATE.dump(gate))

    def remove(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> None:
        self._run("remove_gate", file_id=file_id, kind=kind.value, pointer_id=pointer_id)

    def approve(self, approved: Approved) -> None:
        self._run("put_approval", **APPROVED.dump(approved))

    def withdraw(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, version_id: str, user_id: str
    ) -> None:
        self._run(
            "remove_approval",
            file_id=file_id,
            kind=kind.value,
            pointer_id=pointer_id,
            version_id=version_id,
            user_id=user_id,
        )

    def approvals(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, version_id: str
    ) -> list[Approved]:
        rows = self._all(
            "approvals", file_id=file_id, kind=kind.value, pointer_id=pointer_id, version_id=version_id
        )
        found = [APPROVED.load(row) for row in rows]
        return sorted(found, key=lambda one: (one.approved_at, one.user_id))

    def watch(self, watch: Watch) -> None:
        self._run("put_watch", **WATCH.dump(watch))

    def watched(self, *, move_id: str) -> list[Watch]:
        return [WATCH.load(row) for row in self._all("watches_of_move", move_id=move_id)]

    def watching(self, *, version_id: str) -> list[Watch]:
        return [WATCH.load(row) for row in self._all("watches_of_version", version_id=version_id)]

    def uses(
        self, *, version_id: str, start: datetime | None = None, end: datetime | None = None, take: int
    ) -> list[Use]:
        scope = self._one("scope_of_version", version_id=version_id)
        if scope is None:
            return []
        rows = self._connection.all(
            "uses_of_version", version_number=scope[0], take=take, **place_range(start, end)
        )
        return [USE.load(row) for row in rows]

    def scores(self, *, log_ids: Collection[str], evaluator_id: str) -> list[Scored]:
        ids = msgspec.json.encode(set(log_ids)).decode()
        rows = self._all("scores_of_logs", log_ids=ids, evaluator_id=evaluator_id)
        return [SCORED.load(row[1:]) for row in sorted(rows, key=lambda row: int(row[0]))]
