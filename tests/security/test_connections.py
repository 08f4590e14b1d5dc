"""Connections made to harm: heads of any form and size, and requests that hide others."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live
WITHIN_S = 60
HOST = b"Host: 127.0.0.1\r\n"
KEY = b"X-API-KEY: any\r\n"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    server = LiveServer(store=f"sqlite:///{tmp_path_factory.mktemp('connections')}/headrace.db").start()
    yield server
    assert server.stop() == 0


def said(live: LiveServer, *parts: bytes, ends: bool = True) -> bytes:
    """All that is answered to some bytes, until the server closes; or until it says no more."""
    at = urlsplit(live.url)
    with socket.create_connection((at.hostname or "", at.port or 0), timeout=WITHIN_S) as connection:
        for part in parts:
            try:
                connection.sendall(part)
            except OSError:  # it has closed already
                break
        found = b""
        try:
            if ends:
                connection.shutdown(socket.SHUT_WR)
            while part := connection.recv(65536):
                found += part
        except OSError:  # it has closed, and some of what was sent is unread
            pass
        return found


def is_alive(live: LiveServer) -> bool:
    return said(live, b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n").startswith(
        b"HTTP/1.1 200"
    )


HIDDEN = b"GET /healthz?hidden HTTP/1.1\r\n" + HOST + b"\r\n"
POST = b"POST /v5/flows HTTP/1.1\r\n" + HOST + KEY
SMUGGLED = {
    "two lengths": POST + b"Content-Length: 2\r\nContent-Length: %d\r\n\r\n{}" % (2 + len(HIDDEN)) + HIDDEN,
    "a length and chunks": POST
    + b"Content-Length: %d\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n" % (5 + len(HIDDEN))
    + HIDDEN,
    "chunks and a length": POST
    + b"Transfer-Encoding: chunked\r\nContent-Length: 5\r\n\r\n0\r\n\r\n"
    + HIDDEN,
    "chunks with a blank": POST + b"Transfer-Encoding : chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks by another word": POST + b"Transfer-Encoding: xchunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "chunks twice": POST + b"Transfer-Encoding: chunked, chunked\r\n\r\n0\r\n\r\n" + HIDDEN,
    "a negative length": POST + b"Content-Length: -2\r\n\r\n{}" + HIDDEN,
    "a length with a sign": POST + b"Content-Length: +2\r\n\r\n{}" + HIDDEN,
    "a length in letters": POST + b"Content-Length: 0x2\r\n\r\n{}" + HIDDEN,
    "a length too long": POST + b"Content-Length: " + b"9" * 400 + b"\r\n\r\n{}" + HIDDEN,
    "a folded line": POST + b"X-Long: a\r\n b\r\nContent-Length: 2\r\n\r\n{}",
    "a chunk too long": POST + b"Transfer-Encoding: chunked\r\n\r\n" + b"f" * 40 + b"\r\n{}" + HIDDEN,
    "a chunk with no size": POST + b"Transfer-Encoding: chunked\r\n\r\n\r\n{}\r\n0\r\n\r\n" + HIDDEN,
}


@pytest.mark.parametrize("name", SMUGGLED)
def test_no_request_is_hidden_in_another(live: LiveServer, name: str) -> None:
    """One that could be read in two ways is refused, with the connection: what comes after it is no request."""
    answer = said(live, SMUGGLED[name])
    assert answer.startswith((b"HTTP/1.1 400", b"HTTP/1.1 413")) or answer == b"", answer[:200]
    assert answer.count(b"HTTP/1.1 ") <= 1, answer
    assert b'"status":"ok"' not in answer
    assert is_alive(live)


def test_requests_one_after_another_are_answered_in_order(live: LiveServer) -> None:
    """As many as come at once, each by its own head."""
    count = 50
    asked = b"".join(
        b"GET /api/files/none-%d HTTP/1.1\r\n" % nth + HOST + KEY + b"\r\n" for nth in range(count)
    )
    last = b"GET /healthz HTTP/1.1\r\n" + HOST + b"Connection: close\r\n\r\n"
    answer = said(live, asked + last, ends=False)
    places = [answer.find(b"none-%d`" % nth) for nth in range(count)]
    assert -1 not in places
    assert places == sorted(places)
    assert answer.count(b"HTTP/1.1 404") == count
    assert answer.count(b"HTTP/1.1 200") == 1


HEADS = {
    "a long path": b"GET /" + b"a" * 100_000 + b" HTTP/1.1\r\n" + HOST + b"\r\n",
    "a long query": b"GET /v5/flows?" + b"a=b&" * 50_000 + b" HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "a long header": b"GET /v5/flows HTTP/1.1\r\nX-Long: " + b"a" * 1_000_000 + b"\r\n\r\n",
    "many headers": b"GET /v5/flows HTTP/1.1\r\n"
    + b"".join(b"X-%d: a\r\n" % n for n in range(60_000))
    + b"\r\n",
    "one header often": b"GET /v5/flows HTTP/1.1\r\n" + b"X-Same: a\r\n" * 60_000 + b"\r\n",
    "a long method": b"A" * 100_000 + b" / HTTP/1.1\r\n\r\n",
    "no http": b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" * 100,
    "http 0.9": b"GET /\r\n\r\n",
    "http 2": b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "nul in a path": b"GET /v5/flows\x00/a HTTP/1.1\r\n" + HOST + b"\r\n",
    "nul in a header": b"GET /v5/flows HTTP/1.1\r\n" + HOST + b"X-API-KEY: a\x00b\r\n\r\n",
    "a line end in a header": b"GET /v5/flows HTTP/1.1\r\n" + HOST + b"X: a\rX-API-KEY: b\r\n\r\n",
    "no host": b"GET /v5/flows HTTP/1.1\r\n" + KEY + b"\r\n",
    "two hosts": b"GET /v5/flows HTTP/1.1\r\n" + HOST + b"Host: evil.example\r\n" + KEY + b"\r\n",
    "another host in the target": b"GET http://evil.example/v5/flows HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "a tunnel": b"CONNECT 127.0.0.1:22 HTTP/1.1\r\n" + HOST + KEY + b"\r\n",
    "an upgrade": b"GET /v5/flows HTTP/1.1\r\n" + HOST + b"Connection: upgrade\r\nUpgrade: websocket\r\n\r\n",
    "an expectation": POST + b"Expect: 100-continue\r\nContent-Length: 99999999999\r\n\r\n",
}


@pytest.mark.parametrize("name", HEADS)
def test_no_head_harms(live: LiveServer, name: str) -> None:
    """It is refused or answered, never with a failure of the server's, and the server goes on."""
    answer = said(live, HEADS[name])
    status = answer[9:12]
    assert answer == b"" or status in (
        b"200",
        b"400",
        b"401",
        b"403",
        b"404",
        b"405",
        b"413",
        b"414",
        b"431",
    ), answer[:300]
    assert is_alive(live)
