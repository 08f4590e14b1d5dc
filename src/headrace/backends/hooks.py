"""Posts JSON to an address of the operator's and takes the JSON that comes back.

Only to addresses of the public internet unless the configuration allows others, checked on the very address
that is connected to; redirects are an error, so that no answer leads elsewhere.
"""

from __future__ import annotations

import asyncio
import ipaddress
import socket
import ssl
from typing import Any
from urllib.parse import urlsplit

import msgspec

from headrace.backends.aws import fault_of_status
from headrace.backends.failures import late, load, redacted
from headrace.backends.headers import check_headers, idempotency_key
from headrace.core.effects import EffectContext, EffectFailed, Fault
from headrace.core.parsing import Unreadable, parse_answer

CONNECT_TIMEOUT_S = 10.0
MAX_ANSWER_BYTES = 16 * 1024 * 1024
MAX_ERROR_TEXT = 500
PORTS = {"http": 80, "https": 443}
GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All IPv6 addresses that are given to anybody on the internet are in it."""
NAT64 = ipaddress.ip_network("64:ff9b::/96")
NOT_PUBLIC = tuple(
    ipaddress.ip_network(one)
    for one in ("192.0.0.0/24", "192.88.99.0/24", "3fff::/20")  # not all known to every Python
)
_COMPATIBLE, _TRANSLATED = 0, 0xFFFF_0000
"""What is before the IPv4 address in ``::a.b.c.d`` and in ``::ffff:0:a.b.c.d``."""


class Hook(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Where to post.

    Attributes:
        url: with http or https.
        headers: sent with each request.
        allow_private: also connect to private, loopback and link-local addresses.
    """

    url: str
    headers: dict[str, str] = {}
    allow_private: bool = False

    def __post_init__(self) -> None:
        parts = urlsplit(self.url)
        if parts.scheme not in PORTS or not parts.hostname:
            raise ValueError("url must begin with http:// or https:// and name a host")


class Hooks:
    """Posts to hooks, keeping connections open."""

    def __init__(self) -> None:
        self._clients: dict[str, Any] = {}

    async def post(self, hook: Hook, event: Any, *, resource: str, context: EffectContext) -> Any:
        """The JSON that a hook answers.

        Raises:
            EffectFailed: the address is refused, nobody answers in time, the answer is an error or no JSON.
        """
        try:
            async with asyncio.timeout(context.timeout_s):
                return await self._post(hook, event, resource, context)
        except TimeoutError:
            raise late(resource, urlsplit(hook.url).hostname or "", context.timeout_s) from None

    async def _post(self, hook: Hook, event: Any, resource: str, context: EffectContext) -> Any:
        httpx = load("httpx", extra="http", resource=resource)
        url = httpx.URL(hook.url)
        client = self._client(url.netloc.decode())
        headers = {
            "content-type": "application/json",
            "idempotency-key": idempotency_key(context),
            **hook.headers,
            "host": url.netloc.decode(),
        }
        check_headers(hook.headers, who=url.host, resource=resource)
        unreached: Exception | None = None
        for address in await checked_addresses(hook, resource):
            request = client.build_request(
                "POST",
                url.copy_with(host=address),
                content=msgspec.json.encode(event),
                headers=headers,
                extensions={"sni_hostname": url.host},
            )
            try:
                response = await client.send(request, stream=True)
                try:
                    content = await _content(response, url.host, resource)
                finally:
                    await response.aclose()
            except httpx.ConnectError as error:
                unreached = error  # the host may have another address
            except httpx.HTTPError as error:
                raise _unreached(url.host, error, resource) from None
            else:
                return _answer(hook, url.host, response.status_code, content, resource)
        assert unreached is not None
        raise _unreached(url.host, unreached, resource)

    def _client(self, netloc: str) -> Any:
        """The connections of one host: a connection is to an address, but its certificate is a host's."""
        if netloc not in self._clients:
            from http.cookiejar import CookieJar, DefaultCookiePolicy  # it brings many modules with it

            import httpx

            self._clients[netloc] = httpx.AsyncClient(
                timeout=httpx.Timeout(None, connect=CONNECT_TIMEOUT_S),
                trust_env=False,  # a proxy of the environment would connect where we did not look
                verify=ssl.create_default_context(),
                # Calls know nothing of each other.
                cookies=CookieJar(DefaultCookiePolicy(allowed_domains=[])),
            )
        return self._clients[netloc]

    async def close(self) -> None:
        """Close the connections."""
        for client in self._clients.values():
            await client.aclose()


async def checked_addresses(hook: Hook, resource: str) -> list[str]:
    """The addresses to connect to, the best one first.

    Raises:
        EffectFailed: the host has no address, or one that the configuration does not allow.
    """
    parts = urlsplit(hook.url)
    host, port = parts.hostname or "", parts.port or PORTS[parts.scheme]
    loop = asyncio.get_running_loop()
    try:
        found = await loop.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    except (socket.gaierror, UnicodeError) as error:
        raise EffectFailed(
            f"The host {host} has no address: {error}", resource=resource, fault=Fault.GATEWAY
        ) from None
    addresses = [str(entry[4][0]) for entry in found]
    for address in addresses:
        if not hook.allow_private and not is_public(address):
            raise EffectFailed(
                f"The host {host} has the address {address}, which is not public. Set `allow_private = true` "
                "where that is meant.",
                resource=resource,
            )
    return addresses


def is_public(address: str) -> bool:
    """Whether an address is one of the public internet, and leads to no other one."""
    parsed = ipaddress.ip_address(address.partition("%")[0])
    if isinstance(parsed, ipaddress.IPv6Address):
        inner = _inner(parsed)
        if inner is not None:
            return is_public(str(inner))
        if parsed not in GLOBAL_UNICAST:
            return False
    return parsed.is_global and not parsed.is_multicast and not any(parsed in one for one in NOT_PUBLIC)


def _inner(address: ipaddress.IPv6Address) -> ipaddress.IPv4Address | None:
    """The IPv4 address that an address stands for, by any of the ways to do so."""
    if address in NAT64 or int(address) >> 32 in (_COMPATIBLE, _TRANSLATED) or _is_isatap(address):
        return ipaddress.IPv4Address(int(address) & 0xFFFFFFFF)
    return address.ipv4_mapped or address.sixtofour or (address.teredo or (None, None))[1]


def _is_isatap(address: ipaddress.IPv6Address) -> bool:
    """Whether the interface is named after an IPv4 address (RFC 5214)."""
    return (int(address) >> 32) & 0xFDFFFFFF == 0x00005EFE


async def _content(response: Any, host: str, resource: str) -> bytes:
    content = bytearray()
    async for part in response.aiter_bytes():
        content += part
        if len(content) > MAX_ANSWER_BYTES:
            raise EffectFailed(
                f"{host} answered more than {MAX_ANSWER_BYTES} bytes.",
                resource=resource,
                fault=Fault.GATEWAY,
            )
    return bytes(content)


def _unreached(host: str, error: Exception, resource: str) -> EffectFailed:
    return EffectFailed(
        f"{host} could not be reached: {type(error).__name__}: {error}",
        resource=resource,
        fault=Fault.GATEWAY,
    )


def _answer(hook: Hook, host: str, status: int, content: bytes, resource: str) -> Any:
    if 300 <= status < 400:
        raise EffectFailed(f"{host} answered {status}, a redirect, which is not followed.", resource=resource)
    if status >= 400:
        said = redacted(content.decode(errors="replace").strip(), hook.headers.values())
        text = said[:MAX_ERROR_TEXT]
        raise EffectFailed(
            f"{host} answered {status}: {text}", resource=resource, fault=fault_of_status(status)
        )
    try:
        return parse_answer(content)
    except Unreadable as error:
        raise EffectFailed(
            f"{host} answered what is no JSON: {error}", resource=resource, fault=Fault.GATEWAY
        ) from None
