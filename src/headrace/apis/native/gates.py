"""Gates over HTTP: what must be so before a pointer is moved, who approved it, and what it would say now."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.changes import reference
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.pointer_bodies import VerdictBody, verdict_body
from headrace.apis.native.pointers import POINTER
from headrace.apis.native.requests import Reference
from headrace.apis.native.wire import PersonBody
from headrace.core import gates as core_gates
from headrace.core.access import Right, User
from headrace.core.gates import GateSpec
from headrace.services.deployments import approvals, gates
from headrace.services.deployments.approvals import ApprovalView
from headrace.services.deployments.gates import GateView, InEnvironment
from headrace.services.deployments.pointers import Where
from headrace.services.tree import subjects

ENVIRONMENT = "/environments/{environment}/gate"


class GateBody(msgspec.Struct, frozen=True, kw_only=True):
    """A gate.

    Attributes:
        pointer: the name of the environment or the alias.
        is_for_all_files: whether it stands at an environment, for all files.
        gate: what it asks for, with evaluators and datasets by their paths.
    """

    pointer: str
    is_for_all_files: bool
    set_by: PersonBody
    set_at: datetime
    gate: msgspec.Raw


class GateList(msgspec.Struct, frozen=True, kw_only=True):
    """All gates that hold for a pointer: that of its environment first, then its own."""

    gates: list[GateBody]


class Candidate(msgspec.Struct, frozen=True, kw_only=True):
    """What a gate is asked about.

    Attributes:
        to: a version's id or number; for an alias `draft` too.
    """

    to: str


class NewApproval(msgspec.Struct, frozen=True, kw_only=True):
    """What is approved.

    Attributes:
        version: its id or number.
        reason: why, for the history.
    """

    version: Reference
    reason: str | None = None


class OfVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Which version.

    Attributes:
        version: its id or number.
    """

    version: str


class ApprovalBody(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody approved a version for a pointer."""

    version_id: str
    approved_by: PersonBody
    approved_at: datetime
    reason: str | None


class ApprovalList(msgspec.Struct, frozen=True, kw_only=True):
    """Who approved a version for a pointer, oldest first."""

    approvals: list[ApprovalBody]


async def get_gates(call: Call) -> Response:
    """All gates that hold for a pointer: that of its environment for all files, and its own."""
    found = await gates.holding(call.ports, call.principal, await _where(call))
    return ok(GateList(gates=[_gate(one) for one in found]))


async def put_gate(call: Call) -> Response:
    """Set the gate of a pointer, in the place of the one that is there. It holds from the next move on."""
    found = await gates.put(call.ports, call.principal, await _where(call), call.request.body)
    return ok(_gate(found))


async def delete_gate(call: Call) -> Response:
    """Take the gate of a pointer away."""
    await gates.remove(call.ports, call.principal, await _where(call))
    return Response(status=204)


async def get_environment_gate(call: Call) -> Response:
    """The gate of an environment for all files."""
    return ok(_gate(await gates.get(call.ports, call.principal, _environment(call))))


async def put_environment_gate(call: Call) -> Response:
    """Set the gate of an environment for all files, in the place of the one that is there."""
    return ok(_gate(await gates.put(call.ports, call.principal, _environment(call), call.request.body)))


async def delete_environment_gate(call: Call) -> Response:
    """Take the gate of an environment for all files away."""
    await gates.remove(call.ports, call.principal, _environment(call))
    return Response(status=204)


async def get_verdict(call: Call) -> Response:
    """What the gates of a pointer would say if you moved it to a version now."""
    query: Candidate = call.query
    found = await gates.check(call.ports, call.principal, await _where(call), to=reference(query.to))
    return ok(verdict_body(found))


async def approve(call: Call) -> Response:
    """Approve a version for a pointer. Who made a version can't, and who moves it does not count."""
    body: NewApproval = call.body
    found = await approvals.approve(
        call.ports,
        call.principal,
        await _where(call),
        version=str(body.version),
        reason=body.reason,
    )
    return ok(_approval(found))


async def withdraw(call: Call) -> Response:
    """Take your own approval back. What was moved because of it stays where it is."""
    query: OfVersion = call.query
    await approvals.withdraw(call.ports, call.principal, await _where(call), version=query.version)
    return Response(status=204)


async def list_approvals(call: Call) -> Response:
    """Who approved a version for a pointer, oldest first."""
    query: OfVersion = call.query
    found = await approvals.list_all(call.ports, call.principal, await _where(call), version=query.version)
    return ok(ApprovalList(approvals=[_approval(one) for one in found]))


async def _where(call: Call) -> Where:
    file, pointer = call.parameters["file"], call.parameters["pointer"]
    return await subjects.where_is(call.ports, call.principal, file=file, pointer=pointer)


def _environment(call: Call) -> InEnvironment:
    return InEnvironment(environment=call.parameters["environment"])


def _gate(view: GateView) -> GateBody:
    return GateBody(
        pointer=view.pointer,
        is_for_all_files=view.is_for_all_files,
        set_by=_person(view.gate.set_by, view.set_by),
        set_at=view.gate.set_at,
        gate=msgspec.Raw(core_gates.write(view.spec).encode()),
    )


def _approval(view: ApprovalView) -> ApprovalBody:
    approved = view.approved
    return ApprovalBody(
        version_id=approved.version_id,
        approved_by=_person(approved.user_id, view.user),
        approved_at=approved.approved_at,
        reason=approved.reason,
    )


def _person(user_id: str, user: User | None) -> PersonBody:
    return PersonBody(id=user_id, name=None if user is None else user.full_name)


def _row(name: str, method: str, template: str, handler: Any, right: Right, **more: Any) -> Operation:
    return Operation(name=name, method=method, template=template, handler=handler, right=right, **more)


OPERATIONS = (
    _row("getGates", "GET", f"{POINTER}/gate", get_gates, Right.READER, response=GateList),
    _row("putGate", "PUT", f"{POINTER}/gate", put_gate, Right.ADMIN, body=GateSpec, response=GateBody),
    _row("deleteGate", "DELETE", f"{POINTER}/gate", delete_gate, Right.ADMIN, status=204),
    _row(
        "getVerdict",
        "GET",
        f"{POINTER}/verdict",
        get_verdict,
        Right.READER,
        query=Candidate,
        response=VerdictBody,
    ),
    _row(
        "approve",
        "POST",
        f"{POINTER}/approvals",
        approve,
        Right.EDITOR,
        body=NewApproval,
        response=ApprovalBody,
        errors=(404, 409),
    ),
    _row("withdraw", "DELETE", f"{POINTER}/approvals", withdraw, Right.EDITOR, query=OfVersion, status=204),
    _row(
        "listApprovals",
        "GET",
        f"{POINTER}/approvals",
        list_approvals,
        Right.READER,
        query=OfVersion,
        response=ApprovalList,
    ),
    _row("getEnvironmentGate", "GET", ENVIRONMENT, get_environment_gate, Right.READER, response=GateBody),
    _row(
        "putEnvironmentGate",
        "PUT",
        ENVIRONMENT,
        put_environment_gate,
        Right.ADMIN,
        body=GateSpec,
        response=GateBody,
    ),
    _row("deleteEnvironmentGate", "DELETE", ENVIRONMENT, delete_environment_gate, Right.ADMIN, status=204),
)
