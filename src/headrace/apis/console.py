"""What the server's own command line and operators use: keys, imports and exports, runs.

All of it is under ``/console`` and needs an API key (with the right `admin` to manage keys), or the token
that the server leaves in a file only its own user can read.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Iterable, Mapping
from typing import Any, ClassVar, Protocol

import msgspec

from headrace.apis.console_runs import Row
from headrace.apis.console_tree import ConsoleTree
from headrace.apis.gate import Gate
from headrace.apis.http import JSON, Request, Response
from headrace.apis.request_watch import OPERATION
from headrace.apis.routing import Match, Table
from headrace.core.access import Key, Principal, Right, User
from headrace.core.errors import (
    Conflict,
    Denied,
    Forbidden,
    HeadraceError,
    Invalid,
    NotFound,
    QuotaExceeded,
    TooLarge,
    TooSlow,
    Unavailable,
)
from headrace.services.base import Ports
from headrace.services.server import access

STATUSES: Mapping[type[BaseException], int] = {
    Invalid: 400,
    Forbidden: 403,
    Denied: 401,
    NotFound: 404,
    Conflict: 409,
    QuotaExceeded: 429,
    TooLarge: 413,
    TooSlow: 408,
    Unavailable: 503,
    HeadraceError: 400,
}


Handler = Callable[[Request, Mapping[str, str]], Awaitable[Response]]


class NewKey(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request for a key."""

    email: str
    full_name: str | None = None
    right: str = "editor"
    name: str = ""


class Exchange(Protocol):
    """Brings resources of another system in and takes them out, as JSON."""

    def place(self, principal: Principal) -> bytes: ...

    async def bring_in(
        self, principal: Principal, body: bytes, *, is_update: bool, is_rehearsal: bool
    ) -> bytes: ...

    async def take_out(self, principal: Principal, refs: Collection[str]) -> bytes: ...


class ConsoleApi:
    """Administration.

    Args:
        exchange: the other system whose resources are imported and exported: Bedrock.
        more: further operations.
    """

    name: ClassVar = "console"

    def __init__(self, ports: Ports, gate: Gate, exchange: Exchange, *, more: Iterable[Row] = ()) -> None:
        self._ports = ports
        self._gate = gate
        self._exchange = exchange
        self._table: Table[tuple[str, Handler]] = Table(
            (method, template, (f"{method} {template}", handler))
            for method, template, handler in (
                ("GET", "/console/keys", self._list_keys),
                ("POST", "/console/keys", self._create_key),
                ("DELETE", "/console/keys/{key}", self._revoke_key),
                ("GET", "/console/bedrock/place", self._place),
                ("POST", "/console/bedrock/import", self._import),
                ("GET", "/console/bedrock/export", self._export),
                *ConsoleTree(ports, gate).rows(),
                *more,
            )
        )

    def owns(self, segments: tuple[str, ...]) -> bool:
        return bool(segments) and segments[0] == "console"

    async def answer(self, request: Request) -> Response:
        match = self._table.find("GET" if request.method == "HEAD" else request.method, request.segments)
        if not isinstance(match, Match):
            path = request.raw_path.decode("latin-1")
            raise NotFound("path", path, f"There is nothing at {request.method} {path}.")
        operation, handler = match.row
        OPERATION.set(operation)
        return await handler(request, match.parameters)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        if error is None:
            return _json(500, {"error": f"Internal error. Request id: {request.id}"})
        status = next(STATUSES[one] for one in type(error).__mro__ if one in STATUSES)
        return _json(status, {"error": error.message})

    async def _list_keys(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        keys = await access.list_keys(self._ports, principal)
        return _json(200, {"keys": [describe_key(key, user) for key, user in keys]})

    async def _create_key(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        principal.require(Right.ADMIN)
        wanted = _parse(request.body)
        issued = await access.create_key(
            self._ports,
            principal,
            email=wanted.email,
            full_name=wanted.full_name,
            right=_right(wanted.right),
            name=wanted.name,
        )
        self._gate.close()
        secrets = {"api_key": issued.api_key, "secret_access_key": issued.secret_access_key}
        return _json(201, {**describe_key(issued.key, issued.user), **secrets})

    async def _revoke_key(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        await access.revoke_key(self._ports, principal, key_id=parameters["key"])
        return Response(status=204)

    async def _place(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        return Response(status=200, headers=[JSON], body=self._exchange.place(principal))

    async def _import(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        principal.require(Right.EDITOR)
        options = {name for name, value in request.query if value == "true"}
        report = await self._exchange.bring_in(
            principal, request.body, is_update="update" in options, is_rehearsal="dry_run" in options
        )
        return Response(status=200, headers=[JSON], body=report)

    async def _export(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        refs = [value for name, value in request.query if name == "flow"]
        return Response(status=200, headers=[JSON], body=await self._exchange.take_out(principal, refs))


def _parse(body: bytes) -> NewKey:
    try:
        return msgspec.json.decode(body, type=NewKey)
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise Invalid.at(message=str(error)) from None


def _right(name: str) -> Right:
    try:
        return Right[name.upper()]
    except KeyError:
        known = ", ".join(right.name.lower() for right in Right)
        raise Invalid.at("right", message=f"There is no right {name!r}; rights are: {known}.") from None


def describe_key(key: Key, user: User | None) -> dict[str, Any]:
    """A key without its secrets, in JSON's types."""
    return {
        "id": key.id,
        "name": key.name,
        "right": key.right.name.lower(),
        "account": key.account,
        "user": None if user is None else {"email": user.email, "full_name": user.full_name},
        "access_key_id": key.access_key_id,
        "created_at": key.created_at.isoformat(),
        "revoked_at": key.revoked_at and key.revoked_at.isoformat(),
    }


def _json(status: int, value: Any) -> Response:
    return Response(status=status, headers=[JSON], body=msgspec.json.encode(value))
