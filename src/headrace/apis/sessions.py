"""Signing in to the web UI with an API key, and out again.

The key is sent once. What the browser keeps is a cookie that no script can read, that is sent to this server
only, and that counts only together with a header (`headrace.apis.gate.PAGE`).
"""

from __future__ import annotations

from typing import ClassVar

import msgspec

from headrace.apis.gate import PAGE, SESSION, Gate, check_origin
from headrace.apis.http import JSON, Request, Response, options
from headrace.apis.native import errors
from headrace.apis.native.errors import MethodNotAllowed
from headrace.apis.native.requests import read_body
from headrace.apis.request_watch import OPERATION
from headrace.core.access import Principal
from headrace.core.errors import Forbidden, HeadraceError
from headrace.services.base import Ports
from headrace.services.server import sessions

METHODS = ("GET", "POST", "DELETE")
SESSION_OPERATIONS = {"GET": "GetSession", "HEAD": "GetSession", "POST": "SignIn", "DELETE": "SignOut"}
_encode = msgspec.json.Encoder().encode


class SignIn(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Attributes:
    key: an API key.
    """

    key: str


class Who(msgspec.Struct, frozen=True, kw_only=True):
    """Who is looking.

    Attributes:
        is_open: whether the server has no keys, so that there is nobody to sign in.
        id: the user's; approvals and moves name it.
        right: what the key allows: `reader`, `runner`, `editor` or `admin`.
    """

    is_open: bool
    id: str
    name: str
    email: str
    right: str
    organisation: str


class SessionsApi:
    """``/api/session``.

    Args:
        is_tls: whether browsers reach the server by TLS, so that the cookie must never be sent without.
    """

    name: ClassVar = "sessions"

    def __init__(self, ports: Ports, gate: Gate, *, lifetime_s: int, is_tls: bool) -> None:
        self._ports = ports
        self._gate = gate
        self._lifetime_s = lifetime_s
        self._is_tls = is_tls

    def owns(self, segments: tuple[str, ...]) -> bool:
        """See `headrace.apis.pipeline.Api`."""
        return segments == ("api", "session")

    async def answer(self, request: Request) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        OPERATION.set(SESSION_OPERATIONS.get(request.method, ""))
        if request.method in ("GET", "HEAD"):
            return await self._shown(await self._gate.by_page(request))
        if request.method == "OPTIONS":
            return options(METHODS)
        if request.method not in METHODS:
            raise MethodNotAllowed(METHODS)
        if request.header(PAGE) is None:
            raise Forbidden(f"Sessions are for the server's own pages, which send the header {PAGE}.")
        check_origin(request)
        if request.method == "DELETE":
            return Response(status=204, headers=[self._cookie(request, "", lifetime_s=0)])
        body = read_body(SignIn, request.body)
        if await self._gate.is_open():
            return await self._shown(await self._gate.local(request))
        session = await sessions.sign_in(self._ports, body.key, lifetime_s=self._lifetime_s)
        cookie = self._cookie(request, session.token, lifetime_s=self._lifetime_s)
        return await self._shown(session.principal, cookie)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        return errors.failure(request, error)

    async def _shown(self, principal: Principal, *headers: tuple[bytes, bytes]) -> Response:
        who = Who(
            is_open=await self._gate.is_open(),
            id=principal.user.id,
            name=principal.user.full_name,
            email=principal.user.email,
            right=principal.right.name.lower(),
            organisation=principal.account,
        )
        return Response(status=200, headers=[JSON, *headers], body=_encode(who))

    def _cookie(self, request: Request, token: str, *, lifetime_s: int) -> tuple[bytes, bytes]:
        is_secure = self._is_tls or request.header("x-forwarded-proto") == "https"
        said = f"{SESSION}={token}; Path=/; Max-Age={lifetime_s}; HttpOnly; SameSite=Strict"
        return b"set-cookie", (said + "; Secure" * is_secure).encode()
