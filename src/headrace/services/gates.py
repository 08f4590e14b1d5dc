"""What stands between a version and a pointer: whether a gate lets it through."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headrace.core.access import Principal
from headrace.core.deployments import Aim, PointerKind
from headrace.core.effects import JSON
from headrace.core.files import File
from headrace.core.ports import Transaction
from headrace.services.base import Ports


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate says of a candidate.

    Attributes:
        has_gate: whether there is one; without one everything passes.
        is_open: whether the candidate may pass.
        reasons: all that speaks against it, in words with figures.
        figures: what was measured, by rule.
    """

    has_gate: bool = False
    is_open: bool = True
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, JSON] = {}


def verdict(
    tx: Transaction,  # noqa: ARG001
    ports: Ports,  # noqa: ARG001
    principal: Principal,  # noqa: ARG001
    file: File,  # noqa: ARG001
    kind: PointerKind,  # noqa: ARG001
    pointer_id: str,  # noqa: ARG001
    candidate: Aim,  # noqa: ARG001
) -> Verdict:
    """Whether a pointer may be moved to a candidate. No pointer has a gate."""
    return Verdict()
