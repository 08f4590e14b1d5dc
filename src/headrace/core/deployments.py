"""Environments and aliases, and the append-only log of moves that says what each of them targets."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class EnvironmentTag(StrEnum):
    """Exactly one environment of an organisation is the default."""

    DEFAULT = "default"
    OTHER = "other"


class Environment(msgspec.Struct, frozen=True, kw_only=True):
    """A named place of an organisation to which each file deploys at most one version.

    Attributes:
        id: ``env_…``.
        name: unique in the organisation, case-sensitive.
    """

    id: str
    name: str
    tag: EnvironmentTag
    created_at: datetime


class Concurrency(msgspec.Struct, frozen=True, kw_only=True):
    """How many nodes of a run may work at the same time; it never changes a result.

    Attributes:
        mode: ``Automatic`` runs whatever is ready, ``Manual`` at most ``most`` nodes.
        most: 1 to 100; None is no limit under ``Automatic`` and one under ``Manual``.
    """

    mode: str
    most: int | None = None


class Alias(msgspec.Struct, frozen=True, kw_only=True):
    """A named pointer of one flow. What it targets is its last move.

    Attributes:
        id: ten characters.
        name: unique among the flow's aliases.
    """

    id: str
    file_id: str
    name: str
    description: str | None
    concurrency: Concurrency | None
    created_at: datetime
    updated_at: datetime


class PointerKind(StrEnum):
    """What points: an environment at a version, an alias at a number or the draft."""

    ENVIRONMENT = "environment"
    ALIAS = "alias"


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a pointer. Moves are only ever appended.

    Attributes:
        id: ``mv_…``, sorting by time.
        pointer_id: the environment's or the alias's id.
        version_id: what it now targets; None when it was taken away, or follows the draft.
        target: a release number or ``DRAFT`` as it was asked for; None for an environment.
        is_automatic: whether it came with something else, such as a file's first version.
        moved_by: the user's id.
    """

    id: str
    file_id: str
    kind: PointerKind
    pointer_id: str
    version_id: str | None
    target: str | None
    is_automatic: bool
    moved_by: str
    moved_at: datetime

    @property
    def targets_nothing(self) -> bool:
        """Whether the pointer was taken away."""
        return self.version_id is None and self.target is None


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets now: its last move."""

    file_id: str
    kind: PointerKind
    pointer_id: str
    version_id: str | None
    target: str | None
    is_automatic: bool
    moved_at: datetime
