"""What stands between a version and a pointer: gates, and whether they let a version through.

A gate stands on one pointer of a file, or on an environment for all files; where both do, both hold. All
rules are looked at, never only the first that is not met.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import Aim, PointerKind
from headrace.core.effects import JSON
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.gates import Finding, Gate, GateSpec, parse, read_spec, write
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit, read, scan
from headrace.services.deployments import gate_names, gate_rules, pointers
from headrace.services.deployments.pointers import Spot, Where
from headrace.services.versions.views import environment_of


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate says of a candidate.

    Attributes:
        has_gate: whether there is one; without one everything passes.
        is_open: whether the candidate may pass.
        reasons: all that speaks against it, in words with figures.
        figures: what came of each rule, by the candidate's version: lists of objects with ``gate``, ``rule``,
            ``is_passed``, ``says`` and ``figures``.
    """

    has_gate: bool = False
    is_open: bool = True
    reasons: tuple[str, ...] = ()
    figures: Mapping[str, JSON] = {}


class InEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """Where a gate for all files of an environment stands.

    Attributes:
        environment: its id or name.
    """

    environment: str


Place: TypeAlias = Where | InEnvironment
"""Where a gate stands: at a pointer, or at an environment."""


class GateView(msgspec.Struct, frozen=True, kw_only=True):
    """A gate as a caller sees it.

    Attributes:
        spec: evaluators and datasets are named by their paths; by the id where the file is gone.
        pointer: the name of the environment or the alias.
        is_for_all_files: whether it stands at an environment, for all files.
        set_by: None when that user is gone.
    """

    gate: Gate
    spec: GateSpec
    pointer: str
    is_for_all_files: bool
    set_by: User | None


async def put(ports: Ports, principal: Principal, where: Place, text: bytes) -> GateView:
    """Set a gate, in the place of the one that is there. It holds from the next move on.

    Args:
        text: JSON text of a `headrace.core.gates.GateSpec`.

    Raises:
        NotFound: there is no such pointer or environment.
        Invalid: the text is no spec; or what it names is not there, or can't be measured.
    """
    principal.require(Right.ADMIN)
    spec = parse(text)

    def work(tx: Transaction) -> GateView:
        spot = _spot(tx, where)
        gate = Gate(
            file_id=spot.file_id,
            kind=spot.kind,
            pointer_id=spot.pointer_id,
            spec=write(gate_names.kept(tx, spec)),
            set_by=principal.user.id,
            set_at=ports.clock.now(),
        )
        tx.gates.put(gate)
        return _view(tx, gate, spot.name)

    return await commit(ports, principal.account, work)


async def get(ports: Ports, principal: Principal, where: Place) -> GateView:
    """The gate that stands at that very place.

    Raises:
        NotFound: there is no such place, or no gate there.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> GateView:
        spot = _spot(tx, where)
        return _view(tx, _gate(tx, spot), spot.name)

    return await read(ports, principal, work)


async def holding(ports: Ports, principal: Principal, where: Where) -> list[GateView]:
    """All gates that hold for a pointer: that of its environment first, then its own.

    Raises:
        NotFound: there is no such pointer.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[GateView]:
        spot = pointers.find(tx, where)
        found = tx.gates.holding(file_id=spot.file.id, kind=spot.kind, pointer_id=spot.pointer_id)
        return [_view(tx, gate, spot.name) for gate in found]

    return await read(ports, principal, work)


async def remove(ports: Ports, principal: Principal, where: Place) -> None:
    """Take a gate away; what is watched since earlier moves stays watched.

    Raises:
        NotFound: there is no such place, or no gate there.
    """
    principal.require(Right.ADMIN)

    def work(tx: Transaction) -> None:
        gate = _gate(tx, _spot(tx, where))
        tx.gates.remove(file_id=gate.file_id, kind=gate.kind, pointer_id=gate.pointer_id)

    await commit(ports, principal.account, work)


async def check(ports: Ports, principal: Principal, where: Where, *, to: str) -> Verdict:
    """What the gates of a pointer would say if the caller moved it to a version.

    Args:
        to: a version's id or number; for an alias ``DRAFT`` too.

    Raises:
        NotFound: there is no such pointer or version.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> Verdict:
        spot = pointers.find(tx, where)
        aim = pointers.aim_at(tx, spot.file, spot.kind, to)
        return verdict(tx, ports, principal, spot.file, spot.kind, spot.pointer_id, aim)

    return await scan(ports, principal, work)


class _Spot(msgspec.Struct, frozen=True, kw_only=True):
    """Where a gate stands; without a file, for all of them."""

    file_id: str
    kind: PointerKind
    pointer_id: str
    name: str


def _spot(tx: Transaction, where: Place) -> _Spot:
    if isinstance(where, InEnvironment):
        place = environment_of(tx, where.environment)
        return _Spot(file_id="", kind=PointerKind.ENVIRONMENT, pointer_id=place.id, name=place.name)
    spot = gated(tx, where)
    return _Spot(file_id=spot.file.id, kind=spot.kind, pointer_id=spot.pointer_id, name=spot.name)


def gated(tx: Transaction, where: Where) -> Spot:
    """A pointer that can have a gate.

    Raises:
        NotFound: there is no such pointer.
        Invalid: it is a file itself.
    """
    spot = pointers.find(tx, where)
    if spot.kind is PointerKind.FLOW:
        message = "A gate stands at an environment or an alias; a file itself points at nothing."
        raise Invalid.at("pointer", message=message, kind="mismatch")
    return spot


def _gate(tx: Transaction, spot: _Spot) -> Gate:
    gate = tx.gates.get(file_id=spot.file_id, kind=spot.kind, pointer_id=spot.pointer_id)
    if gate is None:
        raise NotFound("gate", spot.name, f"There is no gate at the {spot.kind.value} `{spot.name}`.")
    return gate


def _view(tx: Transaction, gate: Gate, name: str) -> GateView:
    return GateView(
        gate=gate,
        spec=gate_names.shown(tx, read_spec(gate.spec)),
        pointer=name,
        is_for_all_files=not gate.file_id,
        set_by=tx.access.user(id=gate.set_by),
    )


def verdict(
    tx: Transaction,
    ports: Ports,  # noqa: ARG001 - as every judge of a move is asked
    principal: Principal,
    file: File,
    kind: PointerKind,
    pointer_id: str,
    candidate: Aim,
) -> Verdict:
    """Whether a pointer may be moved to a candidate, by whoever asks. Part of the use case that moves it."""
    gates = tx.gates.holding(file_id=file.id, kind=kind, pointer_id=pointer_id)
    if not gates:
        return Verdict()
    state = tx.pointers.get(file_id=file.id, kind=kind, pointer_id=pointer_id)
    case = gate_rules.Case(
        file=file,
        kind=kind,
        pointer_id=pointer_id,
        version=None if candidate.version_id is None else tx.versions.kept(id=candidate.version_id),
        current_id=None if state is None else state.version_id,
        mover_id=principal.user.id,
    )
    found = [(gate, gate_rules.find(tx, rule, case)) for gate in gates for rule in read_spec(gate.spec).rules]
    told: list[JSON] = [_told(gate, finding) for gate, finding in found]
    return Verdict(
        has_gate=True,
        is_open=all(finding.is_passed for _, finding in found),
        reasons=tuple(finding.says for _, finding in found if not finding.is_passed),
        figures={candidate.version_id or str(candidate.target): told},
    )


def _told(gate: Gate, finding: Finding) -> dict[str, JSON]:
    return {
        "gate": "pointer" if gate.file_id else "environment",
        "rule": finding.rule,
        "is_passed": finding.is_passed,
        "says": finding.says,
        "figures": dict(finding.figures),
    }
