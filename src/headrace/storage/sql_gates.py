"""Gates, approvals, and what is watched, in SQL."""

from __future__ import annotations

from headrace.core.deployments import PointerKind
from headrace.core.gates import Approved, Gate, Watch
from headrace.storage.rows import mapper
from headrace.storage.sql_collection import SqlCollection

APPROVED = mapper(Approved)
GATE = mapper(Gate)
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
