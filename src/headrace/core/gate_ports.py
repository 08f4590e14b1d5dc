"""What the inside needs of a store to keep gates. `headrace.core.ports` says what holds of all of it."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Protocol

from headrace.core.deployments import PointerKind
from headrace.core.gates import Approved, Gate, Scored, Use, Watch


class Gates(Protocol):
    """Gates, approvals, what is watched, and what is measured for it."""

    def get(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> Gate | None:
        """The gate of one pointer; with an empty ``file_id`` the one of an environment for all files."""

    def holding(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> list[Gate]:
        """The gates that hold for a pointer: that of its environment first, then its own."""

    def put(self, gate: Gate) -> None:
        """Set a gate, in the place of the one that is there."""

    def remove(self, *, file_id: str, kind: PointerKind, pointer_id: str) -> None: ...

    def approve(self, approved: Approved) -> None:
        """Keep an approval, in the place of an earlier one of the same user."""

    def withdraw(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, version_id: str, user_id: str
    ) -> None: ...

    def approvals(
        self, *, file_id: str, kind: PointerKind, pointer_id: str, version_id: str
    ) -> list[Approved]:
        """Who approved a version for a pointer, oldest first."""

    def watch(self, watch: Watch) -> None:
        """Watch a version, or replace what is known of it since that move."""

    def watched(self, *, move_id: str) -> list[Watch]:
        """What is or was watched since a move, in the order of the versions' ids."""

    def watching(self, *, version_id: str) -> list[Watch]:
        """The watches of a version that go on, in the order of the moves' ids."""

    def uses(
        self, *, version_id: str, start: datetime | None = None, end: datetime | None = None, take: int
    ) -> list[Use]:
        """The newest logs of a version that were created in that time, both ends included; newest first."""

    def scores(self, *, log_ids: Collection[str], evaluator_id: str) -> list[Scored]:
        """What any version of a live evaluator found of any of these logs, oldest first."""
