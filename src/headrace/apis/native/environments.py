"""Environments over HTTP: the places that versions are deployed to."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, made, ok
from headrace.core.access import Right
from headrace.core.errors import Invalid
from headrace.services.deployments import environments
from headrace.services.deployments.environments import EnvironmentView

TEMPLATE = "/environments/{environment}"


class EnvironmentBody(msgspec.Struct, frozen=True, kw_only=True):
    """An environment.

    Attributes:
        is_default: whether it is the one that reads show, and that first versions are deployed to.
        files: so many files have a version deployed there.
        has_gate: whether there is a gate for all files.
    """

    id: str
    name: str
    is_default: bool
    created_at: datetime
    files: int
    has_gate: bool


class EnvironmentList(msgspec.Struct, frozen=True, kw_only=True):
    """All environments, oldest first."""

    environments: list[EnvironmentBody]


class NewEnvironment(msgspec.Struct, frozen=True, kw_only=True):
    """An environment to be.

    Attributes:
        name: what no other is called.
    """

    name: str


class EnvironmentChange(msgspec.Struct, frozen=True, kw_only=True):
    """One of the two.

    Attributes:
        name: its name from now on.
        is_default: true makes it the default one; what is one stays one until another is.
    """

    name: str | None = None
    is_default: bool = False


class Removal(msgspec.Struct, frozen=True, kw_only=True):
    """How to remove it.

    Attributes:
        force: whether what is deployed there is taken out of it first.
    """

    force: bool = False


async def list_environments(call: Call) -> Response:
    """All environments, and how many files have a version deployed there."""
    found = await environments.list_all(call.ports, call.principal)
    return ok(EnvironmentList(environments=[_body(one) for one in found]))


async def create_environment(call: Call) -> Response:
    """Make an environment. It is not the default one, and nothing is deployed there."""
    body: NewEnvironment = call.body
    return made(_body(await environments.create(call.ports, call.principal, name=body.name)))


async def change_environment(call: Call) -> Response:
    """Give an environment another name, or make it the default one. What is deployed there stays.

    `{environment}` is its id or name.
    """
    body: EnvironmentChange = call.body
    ref = call.parameters["environment"]
    if body.is_default == (body.name is not None):
        raise Invalid.at(message="Give either `name`, or `is_default` as true.", kind="choice")
    if body.name is not None:
        return ok(_body(await environments.rename(call.ports, call.principal, ref=ref, name=body.name)))
    return ok(_body(await environments.set_default(call.ports, call.principal, ref=ref)))


async def delete_environment(call: Call) -> Response:
    """Remove an environment. The default one stays, and so does one to which something is deployed."""
    query: Removal = call.query
    ref = call.parameters["environment"]
    await environments.remove(call.ports, call.principal, ref=ref, is_forced=query.force)
    return Response(status=204)


def _body(view: EnvironmentView) -> EnvironmentBody:
    environment = view.environment
    return EnvironmentBody(
        id=environment.id,
        name=environment.name,
        is_default=environment.is_default,
        created_at=environment.created_at,
        files=view.files_count,
        has_gate=view.has_gate,
    )


OPERATIONS = (
    Operation(
        name="listEnvironments",
        method="GET",
        template="/environments",
        handler=list_environments,
        right=Right.READER,
        response=EnvironmentList,
        errors=(),
    ),
    Operation(
        name="createEnvironment",
        method="POST",
        template="/environments",
        handler=create_environment,
        right=Right.ADMIN,
        body=NewEnvironment,
        response=EnvironmentBody,
        status=201,
        errors=(409,),
    ),
    Operation(
        name="changeEnvironment",
        method="PATCH",
        template=TEMPLATE,
        handler=change_environment,
        right=Right.ADMIN,
        body=EnvironmentChange,
        response=EnvironmentBody,
        errors=(404, 409),
    ),
    Operation(
        name="deleteEnvironment",
        method="DELETE",
        template=TEMPLATE,
        handler=delete_environment,
        right=Right.ADMIN,
        query=Removal,
        status=204,
        errors=(404, 409),
    ),
)
