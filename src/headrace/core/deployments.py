"""Environments and aliases, and the append-only log of moves that says what each of them targets.

The state of a pointer is its last move: what it targets, how that is split, and whether it is off.
"""

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

    @property
    def is_default(self) -> bool:
        """Whether it is the one that reads show, and that first versions are deployed to."""
        return self.tag is EnvironmentTag.DEFAULT


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
    """What points: an environment at a version, an alias at a number or the draft.

    ``FLOW`` is the file itself, of whatever kind: it points at nothing, and can only be switched off and on.
    """

    ENVIRONMENT = "environment"
    ALIAS = "alias"
    FLOW = "flow"


class Action(StrEnum):
    """What kind of move it was. ``REVERT`` is a rollback that nobody asked for: a watch did it."""

    MOVE = "move"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    REVERT = "revert"
    TAKE_AWAY = "take_away"
    SPLIT = "split"
    SWITCH_OFF = "switch_off"
    SWITCH_ON = "switch_on"


class Share(msgspec.Struct, frozen=True, kw_only=True):
    """A version's part of what is called by a pointer.

    Attributes:
        target: the release number by which an alias targets it; None for an environment.
        weight: a whole number; what counts is its part of the sum of all.
    """

    version_id: str
    target: str | None
    weight: int


class Aim(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets, or is to target.

    Attributes:
        version_id: None when it follows the draft, and when it targets nothing.
        target: a release number or ``DRAFT``; None for an environment.
        digest: of the content; of the draft's prepared snapshot at that time.
        shares: of several versions; the first fields are those of the primary, which compatible APIs show.
    """

    version_id: str | None = None
    target: str | None = None
    digest: str | None = None
    shares: tuple[Share, ...] = ()

    @property
    def is_nothing(self) -> bool:
        """Whether it targets nothing."""
        return self.version_id is None and self.target is None

    @property
    def version_ids(self) -> tuple[str, ...]:
        """All versions that it means, the primary one first."""
        found = (self.version_id, *(share.version_id for share in self.shares))
        return tuple(dict.fromkeys(one for one in found if one is not None))

    def is_as(self, other: Aim) -> bool:
        """Whether both mean the same, whatever the draft held at the time."""
        return (self.version_id, self.target, self.shares) == (other.version_id, other.target, other.shares)


class Move(msgspec.Struct, frozen=True, kw_only=True):
    """One change of a pointer. Moves are only ever appended.

    Attributes:
        id: ``mv_…``, sorting by time.
        pointer_id: the environment's, the alias's or the file's id.
        version_id: what it now targets; None when it was taken away, or follows the draft.
        target: a release number or ``DRAFT`` as it was asked for; None for an environment.
        is_automatic: whether it came with something else, such as a file's first version.
        moved_by: the user's id.
        reason: why, in somebody's words.
        digest: of the content that it now targets; of the draft's prepared snapshot at that time.
        source: where it came from: the id of the pointer promoted from, or of the move rolled back to.
        evidence: JSON text: what the gate said, the figures, whether it was overridden.
        shares: the split, when there is one.
        is_off: whether the pointer is switched off since.
        from_version_id: what it targeted before.
        from_target: the same as a number or ``DRAFT``.
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
    action: Action = Action.MOVE
    reason: str | None = None
    digest: str | None = None
    source: str | None = None
    evidence: str | None = None
    shares: tuple[Share, ...] = ()
    is_off: bool = False
    from_version_id: str | None = None
    from_target: str | None = None

    @property
    def targets_nothing(self) -> bool:
        """Whether the pointer was taken away."""
        return self.version_id is None and self.target is None

    @property
    def leaves_nothing(self) -> bool:
        """Whether there is nothing to know of the pointer but its history."""
        return self.targets_nothing and not (self.is_off and self.kind is PointerKind.FLOW)

    @property
    def aim(self) -> Aim:
        """What the pointer targets since."""
        return Aim(version_id=self.version_id, target=self.target, digest=self.digest, shares=self.shares)


class Pointer(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets now: its last move.

    Attributes:
        move_id: the last move's id, by which the state is known.
    """

    file_id: str
    kind: PointerKind
    pointer_id: str
    version_id: str | None
    target: str | None
    is_automatic: bool
    moved_at: datetime
    move_id: str
    digest: str | None = None
    shares: tuple[Share, ...] = ()
    is_off: bool = False

    @classmethod
    def after(cls, move: Move) -> Pointer:
        """The state that a move leads to."""
        state = {name: getattr(move, name) for name in cls.__struct_fields__ if name != "move_id"}
        return cls(**state, move_id=move.id)

    @property
    def aim(self) -> Aim:
        """What it targets."""
        return Aim(version_id=self.version_id, target=self.target, digest=self.digest, shares=self.shares)
