"""``GET /metrics``: what one process tells of itself."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import ClassVar

import msgspec

from headrace.apis.bearer import with_bearer_key
from headrace.apis.gate import Gate
from headrace.apis.http import JSON, Request, Response, options
from headrace.apis.metrics.render import read, render
from headrace.apis.metrics.sources import Sources
from headrace.apis.request_watch import OPERATION
from headrace.core.access import Right
from headrace.core.errors import Denied, Forbidden, HeadraceError, Unavailable

PATH = ("metrics",)
METHODS = ("GET", "HEAD")
STATUSES: Mapping[type[HeadraceError], int] = {
    HeadraceError: 400,
    Denied: 401,
    Forbidden: 403,
    Unavailable: 503,
}


class WrongMethod(HeadraceError):
    """Metrics are read with GET."""


class MetricsApi:
    """The one path.

    Args:
        gate: who may read; None is everybody, for a port that only the operator reaches.
        account: whose keys may: what is told is of all organisations.
    """

    name: ClassVar = "metrics"

    def __init__(self, sources: Sources, gate: Gate | None, *, account: str) -> None:
        self._sources = sources
        self._gate = gate
        self._account = account

    def owns(self, segments: tuple[str, ...]) -> bool:
        """See `headrace.apis.pipeline.Api`."""
        return segments == PATH

    async def answer(self, request: Request) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        if request.method == "OPTIONS":
            return options((*METHODS, "OPTIONS"))
        if request.method not in METHODS:
            raise WrongMethod
        OPERATION.set("GetMetrics")
        if self._gate is not None:
            await self._check(self._gate, request)
        found = read(await self._sources.read())
        # Hundreds of lines; and the first time the library is imported.
        text, kind = await asyncio.to_thread(render, found, request.header("accept") or "")
        headers = ((b"content-type", kind.encode()), (b"cache-control", b"no-store"))
        return Response(status=200, headers=headers, body=text)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        if isinstance(error, WrongMethod):
            allowed = (b"allow", ", ".join((*METHODS, "OPTIONS")).encode())
            return _refusal(405, error.message, allowed)
        if error is None:
            return _refusal(500, f"Internal error. Request id: {request.id}")
        status = next(STATUSES[one] for one in type(error).__mro__ if one in STATUSES)
        return _refusal(status, error.message)

    async def _check(self, gate: Gate, request: Request) -> None:
        """Whether somebody may read the figures.

        Raises:
            Unauthenticated: there is no key, or nobody holds it.
            Forbidden: the key is another organisation's.
        """
        if await gate.is_open():
            await gate.local(request)
            return
        principal = await gate.by_api_key(with_bearer_key(request))
        principal.require(Right.READER)
        if principal.account != self._account:
            raise Forbidden("Metrics are of the whole server: they need a key of its own organisation.")


def _refusal(status: int, message: str, *headers: tuple[bytes, bytes]) -> Response:
    return Response(status=status, headers=(JSON, *headers), body=msgspec.json.encode({"error": message}))
