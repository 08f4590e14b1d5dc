"""Which web pages may use the APIs from a browser (humanloop 8.66)."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from headrace.apis.http import Request, Response

ANY = "*"
LIFETIME_S = 600
"""How long a browser may remember what it was allowed."""
Header = tuple[bytes, bytes]


class Cors:
    """Tells browsers which foreign pages may read answers.

    Only a page of a configured origin may, and only once there are keys: without keys, nothing but the
    browser keeps a foreign page from using a server on its visitor's machine. The console is for no page but
    the server's own.

    Args:
        origins: such as ``https://app.example.com``; ``*`` is any.
        is_open: whether any credentials do.
    """

    def __init__(self, origins: frozenset[str], is_open: Callable[[], Awaitable[bool]]) -> None:
        self._origins = origins
        self._is_open = is_open

    async def headers(self, request: Request) -> list[Header]:
        """What is added to any answer, also to a refusal, so that a page can tell what went wrong."""
        vary = (b"vary", b"Origin")
        origin = request.header("origin")
        if origin is None or not await self._may_read(request, origin):
            return [vary]
        allowed = (b"access-control-allow-origin", origin.encode("latin-1"))
        return [vary, allowed, (b"access-control-expose-headers", b"*")]

    async def preflight(self, request: Request) -> Response | None:
        """The answer to a browser that asks before it sends; None when it may not, or does not ask."""
        method = request.headers.get(b"access-control-request-method")
        origin = request.header("origin")
        if request.method != "OPTIONS" or method is None or origin is None:
            return None
        if not await self._may_read(request, origin):
            return None
        wanted = request.headers.get(b"access-control-request-headers", b"")
        is_inward = request.header("access-control-request-private-network") == "true"
        headers = [
            (b"vary", b"Access-Control-Request-Method, Access-Control-Request-Headers"),
            # Some browsers ask so before a page of the internet may speak to an address of a private network.
            (b"access-control-allow-private-network", b"true" if is_inward else b""),
            (b"access-control-allow-methods", method),
            (b"access-control-allow-headers", wanted),
            (b"access-control-max-age", str(LIFETIME_S).encode()),
        ]
        return Response(status=204, headers=[header for header in headers if header[1]])

    async def _may_read(self, request: Request, origin: str) -> bool:
        if request.segments[:1] == ("console",) or not {origin, ANY} & self._origins:
            return False
        return not await self._is_open()
