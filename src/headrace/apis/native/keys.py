"""Keys over HTTP: who may do what, made and revoked by admins."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Literal

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, made, ok
from headrace.core.access import Key, Right, User
from headrace.services.server import access

RightName = Literal["reader", "runner", "editor", "admin"]
RIGHTS: Mapping[Right, RightName] = {
    Right.READER: "reader",
    Right.RUNNER: "runner",
    Right.EDITOR: "editor",
    Right.ADMIN: "admin",
}


class UserBody(msgspec.Struct, frozen=True, kw_only=True):
    """Whose a key is."""

    id: str
    email: str
    name: str


class KeyBody(msgspec.Struct, frozen=True, kw_only=True):
    """A key without its secrets.

    Attributes:
        name: what it is for.
        right: what it allows: `reader`, `runner`, `editor` or `admin`; each includes those before.
        user: null when that user is gone.
        access_key_id: the public half of the AWS pair.
        revoked_at: since when it opens nothing; null while it does.
        is_yours: whether you are asking with it.
    """

    id: str
    name: str
    right: RightName
    user: UserBody | None
    access_key_id: str
    created_at: datetime
    revoked_at: datetime | None
    is_yours: bool


class IssuedKeyBody(KeyBody, frozen=True, kw_only=True):
    """A key that was just made, with its secrets: they are shown only now.

    Attributes:
        api_key: for `X-API-KEY`.
        secret_access_key: the secret half of the AWS pair.
    """

    api_key: str
    secret_access_key: str


class KeyList(msgspec.Struct, frozen=True, kw_only=True):
    """All keys of the organisation, revoked ones too, oldest first."""

    keys: list[KeyBody]


class NewKey(msgspec.Struct, frozen=True, kw_only=True):
    """A key to be.

    Attributes:
        email: whose it is; a new user is made for a new address.
        full_name: that user's; without it, what is before the @.
        name: what the key is for.
    """

    email: str
    full_name: str | None = None
    right: RightName = "editor"
    name: str = ""


async def list_keys(call: Call) -> Response:
    """All keys of the organisation, revoked ones too, without their secrets."""
    found = await access.list_keys(call.ports, call.principal)
    return ok(KeyList(keys=[_body(call, key, user) for key, user in found]))


async def create_key(call: Call) -> Response:
    """Make a key. Its secrets are in this answer and never again.

    The first key ends the open mode: from then on the server answers only who shows one.
    """
    body: NewKey = call.body
    issued = await access.create_key(
        call.ports,
        call.principal,
        email=body.email,
        full_name=body.full_name,
        right=Right[body.right.upper()],
        name=body.name,
    )
    call.reach.gate.close()
    shown = IssuedKeyBody(
        **msgspec.structs.asdict(_body(call, issued.key, issued.user)),
        api_key=issued.api_key,
        secret_access_key=issued.secret_access_key,
    )
    return made(shown)


async def revoke_key(call: Call) -> Response:
    """Make a key open nothing any more, from now on. Doing it again changes nothing."""
    await access.revoke_key(call.ports, call.principal, key_id=call.parameters["key"])
    return Response(status=204)


def _body(call: Call, key: Key, user: User | None) -> KeyBody:
    return KeyBody(
        id=key.id,
        name=key.name,
        right=RIGHTS[key.right],
        user=None if user is None else UserBody(id=user.id, email=user.email, name=user.full_name),
        access_key_id=key.access_key_id,
        created_at=key.created_at,
        revoked_at=key.revoked_at,
        is_yours=key.id == call.principal.key_id,
    )


OPERATIONS = (
    Operation(
        name="listKeys",
        method="GET",
        template="/keys",
        handler=list_keys,
        right=Right.ADMIN,
        response=KeyList,
        errors=(),
    ),
    Operation(
        name="createKey",
        method="POST",
        template="/keys",
        handler=create_key,
        right=Right.ADMIN,
        body=NewKey,
        response=IssuedKeyBody,
        status=201,
        errors=(),
    ),
    Operation(
        name="revokeKey",
        method="DELETE",
        template="/keys/{key}",
        handler=revoke_key,
        right=Right.ADMIN,
        status=204,
    ),
)
