"""Who gets in: open mode and keys (the common domain, *Who*; bedrock 6.2; humanloop 0.3)."""

from __future__ import annotations

import hmac
import time
from dataclasses import dataclass
from functools import lru_cache
from ipaddress import ip_address

from headrace.apis.http import Request
from headrace.core.access import Principal
from headrace.core.changes import Kept
from headrace.core.counts import Tally
from headrace.core.errors import Forbidden, Throttled, Unauthenticated
from headrace.services.base import Ports
from headrace.services.server import access, sessions

PAGE = "x-headrace-page"
"""The header with which the server's own pages ask."""
SESSION = "headrace_session"
"""The cookie of who signed in."""
LOOK_EVERY_S = 1.0
"""How often a server in open mode looks whether another process made the first key."""


class Gate:
    """Turns a request's credentials into a principal.

    In open mode (no key was ever made, and the server listens on loopback only) any credentials are those of
    the local user. They must be there, and the request must not come from a foreign web page: a browser adds
    no credential header to a forged request, sends the attacker's ``Origin``, and after a DNS rebinding the
    attacker's ``Host``.
    """

    def __init__(self, ports: Ports, local: Principal, *, local_token: str = "") -> None:
        self._ports = ports
        self._local = local
        self._local_token = local_token.encode()
        self._is_closed = False
        self._looked_at_s = float("-inf")
        self._by_hash: Kept[str, Principal] = Kept()
        self._by_access_id: Kept[str, tuple[Principal, bytes]] = Kept()

    async def is_open(self) -> bool:
        """Whether any credentials do. Once a key was made this is never so again.

        A key made through any process counts at once: in a store that is shared, each request looks.
        """
        if self._is_closed:
            return False
        now_s = time.monotonic()
        if now_s - self._looked_at_s > LOOK_EVERY_S or self._ports.store.is_shared:
            has_keys = await access.has_keys(self._ports)
            self._looked_at_s = now_s
            if has_keys:
                self.close()
        return not self._is_closed

    def close(self) -> None:
        """A key was made. What is kept may have been read since then for who had none, and counts no more."""
        if not self._is_closed:
            self._is_closed = True
            self._ports.store.changes.count(of_registry=True)

    async def local(self, request: Request) -> Principal:
        """The local user, in open mode.

        Raises:
            Forbidden: the request came from a foreign web page.
        """
        check_local(request)
        return self._local

    async def by_local_token(self, request: Request) -> Principal | None:
        """The local user, when the request shows the token from the file beside the store; or None."""
        shown = request.headers.get(b"x-headrace-local", b"")
        if self._local_token and hmac.compare_digest(shown, self._local_token):
            return self._local
        return None

    async def by_console(self, request: Request) -> Principal:
        """Whoever speaks to the console: by the token from that file, or else by an API key."""
        return await self.by_local_token(request) or await self.by_api_key(request)

    async def by_page(self, request: Request) -> Principal:
        """Whoever looks at the server's own pages, or else whoever speaks to the console.

        A page shows no key: its browser adds the cookie of a session by itself, also to what a foreign page
        sends. So it counts only with a header that no foreign page can send without asking first.

        Raises:
            Unauthenticated: nobody signed in, or the session is over.
        """
        if request.header(PAGE) is None or request.header("x-api-key") is not None:
            return await self.by_console(request)
        check_origin(request)
        if await self.is_open():
            return await self.local(request)
        token = cookie_of(request, SESSION)
        if token is None:
            raise Unauthenticated("Nobody is signed in.")
        return await self._by_hash_of_key(sessions.key_hash_of(self._ports, token))

    async def by_api_key(self, request: Request) -> Principal:
        """Whoever the ``X-API-KEY`` header names.

        Raises:
            Unauthenticated: there is no such header, or nobody holds that key.
        """
        key = request.headers.get(b"x-api-key")
        if not key:
            raise Unauthenticated("Invalid or missing API key.")
        if await self.is_open():
            check_local(request)
            return self._local
        return await self._by_hash_of_key(access.hash_api_key(key.decode("latin-1")))

    async def _by_hash_of_key(self, hashed: str) -> Principal:
        at = self._ports.store.changes.registry
        known = self._by_hash.get(at, hashed)
        if known is None:
            known = await access.by_key_hash(self._ports, hashed)
            self._by_hash.put(at, hashed, known)
        return known

    async def by_access_key_id(self, access_key_id: str) -> tuple[Principal, bytes]:
        """Whoever holds this access key, and its secret, against which the signature is to be checked.

        Raises:
            Unauthenticated: nobody does, it was revoked, or its secret can't be read any more.
        """
        at = self._ports.store.changes.registry
        known = self._by_access_id.get(at, access_key_id)
        if known is None:
            known = await access.by_access_key_id(self._ports, access_key_id)
            self._by_access_id.put(at, access_key_id, known)
        return known


def check_local(request: Request) -> None:
    """Refuse a request that a foreign web page may have caused."""
    headers = request.headers
    if b"origin" not in headers and _is_here(headers.get(b"host", b"")):
        return
    host = request.header("host") or ""
    if not is_loopback(host_of(host)):
        raise Forbidden(
            f"Without keys this server answers only to loopback names, not to {host!r}. "
            "Make a key with `headrace keys create` to use another name."
        )
    origin = request.header("origin")
    if origin is not None and origin.partition("://")[2] != host:
        raise Forbidden(f"Without keys this server takes no requests from web pages of {origin!r}.")


@lru_cache(maxsize=100)
def _is_here(host: bytes) -> bool:
    """Whether a ``Host`` names this machine's loopback."""
    return is_loopback(host_of(host.decode("latin-1")))


def check_origin(request: Request) -> None:
    """Refuse what a browser says another site's page has caused."""
    if request.header("sec-fetch-site") not in (None, "same-origin", "none"):
        raise Forbidden("The server's own pages are asked only by themselves.")


def cookie_of(request: Request, name: str) -> str | None:
    """The value of a cookie; None when it was not sent."""
    for pair in (request.header("cookie") or "").split(";"):
        said, _, value = pair.strip().partition("=")
        if said == name:
            return value
    return None


def host_of(authority: str) -> str:
    """The host of ``host``, ``host:port`` or ``[v6]:port``."""
    if authority.startswith("["):
        return authority[1:].partition("]")[0]
    return authority.rpartition(":")[0] if authority.count(":") == 1 else authority


@lru_cache(maxsize=1000)
def is_loopback(host: str) -> bool:
    """Whether a host is this machine's loopback, by name or by address."""
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(slots=True)
class _Bucket:
    tokens: float
    filled_at: float


class Throttle:
    """A token bucket for each account and operation (bedrock 6.3); off when the rate is 0.

    Args:
        read_rate_per_s: for operations that only read; 0 is the same rate as for the others.
        burst: the size of a bucket; 0 is what is filled in within a second.
        refused: counts what was refused, by operation.
    """

    def __init__(
        self,
        rate_per_s: float,
        burst: int,
        *,
        read_rate_per_s: float = 0.0,
        refused: Tally | None = None,
    ) -> None:
        self._rates = {False: rate_per_s, True: read_rate_per_s or rate_per_s}
        self._sizes = {is_read: float(burst or max(rate, 1)) for is_read, rate in self._rates.items()}
        self._buckets: dict[tuple[str, str], _Bucket] = {}
        self._refused = refused or Tally()

    def take(self, account: str, operation: str, *, is_read: bool) -> None:
        """Take one token.

        Raises:
            Throttled: there is none.
        """
        rate, size = self._rates[is_read], self._sizes[is_read]
        if not rate:
            return
        now = time.monotonic()
        bucket = self._buckets.setdefault((account, operation), _Bucket(size, now))
        bucket.tokens = min(size, bucket.tokens + (now - bucket.filled_at) * rate)
        bucket.filled_at = now
        if bucket.tokens < 1:
            self._refused.add((operation,))
            raise Throttled(retry_after_s=(1 - bucket.tokens) / rate)
        bucket.tokens -= 1
