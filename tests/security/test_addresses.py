"""Where flows and tools can lead the server to: only to public addresses, unless its configuration says so."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest
from tests.backends.things import context

from headrace.backends.functions.routes import HttpRoute
from headrace.backends.hooks import Hook, Hooks, checked_addresses, is_public
from headrace.core.effects import EffectFailed

PRIVATE = (
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.255.255.254",
    "169.254.169.254",
    "169.254.170.2",
    "172.16.0.1",
    "192.0.0.8",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:169.254.169.254",
    "::ffff:0:7f00:1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::7f00:1",
    "100::1",
    "2001::1",
    "2001:db8::1",
    "2001:0:5ef5:79fb:0:0:80ff:fffe",
    "2002:7f00:1::",
    "2002:a9fe:a9fe::",
    "2620:0:2d0:200:0:5efe:7f00:1",
    "2620:0:2d0:200:200:5efe:a00:1",
    "3fff::1",
    "4000::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%eth0",
    "fec0::1",
    "ff02::1",
)
PUBLIC = (
    "1.1.1.1",
    "8.8.8.8",
    "93.184.216.34",
    "2606:4700:4700::1111",
    "2001:4860:4860::8888",
    "64:ff9b::808:808",
)


@pytest.mark.parametrize("address", PRIVATE)
def test_no_private_address_is_public(address: str) -> None:
    assert not is_public(address)


@pytest.mark.parametrize("address", PUBLIC)
def test_public_addresses_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "url",
    [
        "http://127.0.0.1/",
        "http://127.1/",
        "http://2130706433/",
        "http://0x7f000001/",
        "http://0177.0.0.1/",
        "http://0/",
        "http://[::1]/",
        "http://[::ffff:7f00:1]/",
        "http://[::ffff:169.254.169.254]/",
        "http://localhost/",
        "http://LOCALHOST./",
        "http://user@127.0.0.1/",
        "http://1.1.1.1@127.0.0.1/",
        "http://169.254.169.254/latest/meta-data/",
        "http://127.0.0.1:22/",
    ],
)
def test_no_way_to_write_an_address_gets_around(url: str) -> None:
    with pytest.raises(EffectFailed):
        asyncio.run(checked_addresses(Hook(url=url), "Lambda"))


class _Inside(BaseHTTPRequestHandler):
    """Something that only this machine should reach; it remembers who came."""

    asked: list[str]
    answers: tuple[int, dict[str, str]]

    def do_POST(self) -> None:
        self.asked.append(self.path)
        status, headers = self.answers
        self.rfile.read(int(self.headers["content-length"]))
        self.send_response(status)
        for name, value in {**headers, "content-length": "2"}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(b"{}")

    do_GET = do_POST

    def log_message(self, *_: Any) -> None:
        """Nothing: the test looks at what was asked."""


@pytest.fixture
def inside() -> Iterator[tuple[str, type[_Inside]]]:
    class Handler(_Inside):
        asked: list[str] = []  # noqa: RUF012 - one list for all requests is meant
        answers = (200, {})

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", Handler
        server.shutdown()
        thread.join(10)


async def _post(url: str, *, allow_private: bool = False) -> Any:
    hooks = Hooks()
    try:
        hook = HttpRoute(match="*", url=url, allow_private=allow_private)
        return await hooks.post(hook, {}, resource="Lambda", context=context())
    finally:
        await hooks.close()


def test_what_is_inside_is_not_asked(inside: tuple[str, type[_Inside]]) -> None:
    url, handler = inside
    with pytest.raises(EffectFailed, match="not public"):
        asyncio.run(_post(url))
    assert handler.asked == []
    assert asyncio.run(_post(url, allow_private=True)) == {}
    assert handler.asked == ["/"]


def test_no_redirect_is_followed(inside: tuple[str, type[_Inside]]) -> None:
    url, handler = inside
    for status in (301, 302, 303, 307, 308):
        handler.answers = (status, {"location": "/latest/meta-data/"})
        with pytest.raises(EffectFailed, match="redirect"):
            asyncio.run(_post(url, allow_private=True))
    assert set(handler.asked) == {"/"}


def test_a_name_that_leads_elsewhere_when_it_is_connected_to(
    inside: tuple[str, type[_Inside]], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The address that was looked at is the one that is connected to: names are looked up once."""
    url, handler = inside
    port = int(url.rpartition(":")[2])
    looked_up: list[str] = []
    real = socket.getaddrinfo

    def rebinding(host: Any, *more: Any, **rest: Any) -> Any:
        name = host.decode() if isinstance(host, bytes) else str(host)
        if name != "rebinding.example":
            return real(host, *more, **rest)
        looked_up.append(name)
        address = "127.0.0.3" if len(looked_up) == 1 else "127.0.0.1"
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", (address, port))]

    monkeypatch.setattr(socket, "getaddrinfo", rebinding)
    # Stands for a public address, at which nobody listens.
    monkeypatch.setattr("headrace.backends.hooks.is_public", lambda address: address == "127.0.0.3")
    with pytest.raises(EffectFailed, match="could not be reached"):
        asyncio.run(_post(f"http://rebinding.example:{port}/"))
    assert handler.asked == []
    assert looked_up == ["rebinding.example"]


def test_one_private_address_among_public_ones_is_enough(monkeypatch: pytest.MonkeyPatch) -> None:
    def both(*_: Any, **__: Any) -> Any:
        return [
            (socket.AF_INET, socket.SOCK_STREAM, 6, "", (one, 80)) for one in ("1.1.1.1", "169.254.169.254")
        ]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with pytest.raises(EffectFailed, match=r"169\.254\.169\.254"):
        asyncio.run(checked_addresses(Hook(url="http://two.example/"), "Lambda"))


@pytest.mark.parametrize(
    "url", ["file:///etc/passwd", "ftp://1.1.1.1/", "gopher://x/", "//x/", "http:///x", "x"]
)
def test_no_other_scheme_can_be_configured(url: str) -> None:
    with pytest.raises(ValueError, match="url must begin"):
        Hook(url=url)
