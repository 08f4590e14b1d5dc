"""Our connections say the same on the wire as uvicorn's, which they are made from."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Any

import pytest
import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from headrace.cli.connection import Connection

WITHIN_S = 60
HOST = b"Host: localhost\r\n"
LAST = HOST + b"Connection: close\r\n\r\n"
DATE = (b"date", b"Sun, 01 Jan 2034 00:00:00 GMT")

Headers = list[tuple[bytes, bytes]]
SAID: dict[str, tuple[int, Headers, list[bytes]]] = {
    "/whole": (200, [(b"content-type", b"text/plain"), (b"content-length", b"4")], [b"said"]),
    "/empty": (200, [(b"content-length", b"0")], [b""]),
    "/pieces": (200, [(b"content-length", b"4")], [b"sa", b"id"]),
    "/chunks": (201, [(b"x-key", b"a b\tc")], [b"sa", b"", b"id"]),
    "/chunks-said": (200, [(b"transfer-encoding", b"chunked")], [b"said"]),
    "/nothing": (204, [], [b""]),
    "/last": (200, [(b"connection", b"close"), (b"content-length", b"4")], [b"said"]),
    "/name-in-capitals": (200, [(b"Content-Type", b"text/plain"), (b"content-length", b"4")], [b"said"]),
    "/too-long": (200, [(b"content-length", b"3")], [b"said"]),
    "/too-short": (200, [(b"content-length", b"5")], [b"said"]),
    "/line-in-value": (200, [(b"location", b"/a\r\nset-cookie: b")], [b""]),
    "/feed-in-value": (200, [(b"location", b"/a\nb"), (b"content-length", b"4")], [b"said"]),
    "/nul-in-value": (200, [(b"location", b"/a\0"), (b"content-length", b"4")], [b"said"]),
    "/line-in-name": (200, [(b"x\r\ny", b"a"), (b"content-length", b"4")], [b"said"]),
    "/colon-in-name": (200, [(b"x:y", b"a"), (b"content-length", b"4")], [b"said"]),
}


async def app(scope: Any, receive: Any, send: Any) -> None:
    body, is_more = b"", True
    while is_more:
        message = await receive()
        body, is_more = body + message["body"], message["more_body"]
    if scope["path"] == "/echo":
        told = b"%a %a %a %a" % (scope["raw_path"], scope["query_string"], scope["http_version"], body)
        status, headers, parts = 200, [(b"content-length", b"%d" % len(told))], [told]
    elif scope["path"] == "/é/":
        status, headers, parts = SAID["/whole"]
    else:
        status, headers, parts = SAID[scope["path"]]
    await send({"type": "http.response.start", "status": status, "headers": headers})
    for number, part in enumerate(parts, start=1):
        await send({"type": "http.response.body", "body": part, "more_body": number < len(parts)})


def answered(kind: type[HttpToolsProtocol], said: bytes, application: Any = app) -> bytes:
    """All that a server answers to some bytes, until it closes the connection."""

    async def run() -> bytes:
        config = uvicorn.Config(
            application, log_config=None, access_log=False, proxy_headers=False, ws="none"
        )
        state = ServerState()
        state.default_headers = [DATE]
        loop = asyncio.get_running_loop()
        server = await loop.create_server(lambda: kind(config, state, {}), "127.0.0.1", 0)
        async with server:
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(said)
            try:
                return await asyncio.wait_for(reader.read(), WITHIN_S)
            finally:
                writer.close()

    return asyncio.run(run())


BYTES = {
    **{path: b"GET %b HTTP/1.1\r\n" % path.encode() + LAST for path in SAID},
    **{f"HEAD {path}": b"HEAD %b HTTP/1.1\r\n" % path.encode() + LAST for path in ("/whole", "/chunks")},
    "kept": (b"GET /whole HTTP/1.1\r\n" + HOST + b"\r\n") * 3 + b"GET /chunks HTTP/1.1\r\n" + LAST,
    "an older client": b"GET /whole HTTP/1.0\r\n\r\n",
    "a body": b"POST /echo?a=%20b HTTP/1.1\r\nContent-Length: 5\r\n" + LAST + b"hello",
    "a body in chunks": b"POST /echo HTTP/1.1\r\nTransfer-Encoding: chunked\r\n"
    + LAST
    + b"5\r\nhello\r\n0\r\n\r\n",
    "a body that is announced": b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\nExpect: 100-continue\r\n"
    + LAST
    + b"hello",
    "escapes": b"GET /%C3%A9%2F HTTP/1.1\r\n" + LAST,
    "no target": b"OPTIONS * HTTP/1.1\r\n" + LAST,
    "a whole address": b"GET http://localhost/echo HTTP/1.1\r\n" + LAST,
    "no HTTP": b"hello\r\n\r\n",
}


@pytest.mark.parametrize("name", BYTES)
def test_the_same_is_said(name: str, caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.CRITICAL, logger="uvicorn.error"):
        theirs = answered(HttpToolsProtocol, BYTES[name])
        ours = answered(Connection, BYTES[name])
    assert ours == theirs


UPGRADE = b"Connection: Upgrade, HTTP2-Settings\r\nUpgrade: h2c\r\nHTTP2-Settings: AAMAAABk\r\n" + HOST
LENGTH, CHUNKED = b"Content-Length: 5\r\n", b"Transfer-Encoding: chunked\r\n"
ECHO = b"POST /echo HTTP/1.1\r\n" + UPGRADE
BEHIND = b"POST /echo HTTP/1.1\r\n" + LENGTH + LAST + b"again"


@pytest.mark.parametrize(
    ("said", "bodies"),
    [
        (b"GET /echo HTTP/1.1\r\n" + UPGRADE + b"\r\n" + BEHIND, [b"", b"again"]),
        (ECHO + LENGTH + b"\r\nhello" + BEHIND, [b"hello", b"again"]),
        (ECHO + b"Content-Length: 0\r\n\r\n" + BEHIND, [b"", b"again"]),
        (ECHO + CHUNKED + b"\r\n5\r\nhello\r\n0\r\n\r\n" + BEHIND, [b"hello", b"again"]),
        ((ECHO + LENGTH + b"\r\nhello") * 3 + BEHIND, [b"hello"] * 3 + [b"again"]),
        (ECHO.replace(b"h2c", b"websocket") + LENGTH + b"\r\nhello" + BEHIND, [b"hello", b"again"]),
    ],
    ids=["no body", "a body", "an empty body", "chunks", "each time", "a websocket"],
)
@pytest.mark.parametrize("is_in_pieces", [False, True], ids=["at once", "in pieces"])
def test_who_would_rather_have_another_protocol_is_answered_in_this_one(
    said: bytes, bodies: list[bytes], is_in_pieces: bool
) -> None:
    class InPieces(Connection):
        def data_received(self, data: bytes) -> None:
            for start in range(0, len(data), 7):
                super().data_received(data[start : start + 7])

    answer = answered(InPieces if is_in_pieces else Connection, said)
    told = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 200 OK")[1:]]
    assert told == [b"b'/echo' b'' '1.1' %a" % body for body in bodies]


class Remembering:
    """An application that has some answers at hand."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        await app(scope, receive, send)

    def answer_again(self, scope: Any) -> Any:
        self.asked.append(scope["path"])
        if scope["path"] != "/whole":
            return None
        return 200, [(b"x-again", b"yes"), (b"content-length", b"4")], b"soon"


def test_an_answer_at_hand_is_sent_in_its_turn() -> None:
    """One that is asked for behind others, in one piece with them, does not overtake them."""
    remembering = Remembering()
    kept, last = b"GET %b HTTP/1.1\r\n" + HOST + b"\r\n", b"GET %b HTTP/1.1\r\n" + LAST
    said = kept % b"/whole" + kept % b"/pieces" + kept % b"/whole" + kept % b"/chunks" + last % b"/whole"
    answer = answered(Connection, said, remembering)
    parts = [part.rpartition(b"\r\n\r\n")[2] for part in answer.split(b"HTTP/1.1 20")[1:]]
    assert parts[:3] == [b"soon", b"said", b"said"], "behind what takes its time the application answers"
    assert b"2\r\nsa\r\n" in answer
    assert answer.endswith(b"\r\n\r\nsaid")
    assert remembering.asked == ["/whole", "/pieces"]


def test_an_answer_at_hand_closes_the_connection_when_it_is_told_to() -> None:
    answer = answered(Connection, b"GET /whole HTTP/1.1\r\n" + LAST, Remembering())
    assert answer == (
        b"HTTP/1.1 200 OK\r\ndate: " + DATE[1] + b"\r\nx-again: yes\r\ncontent-length: 4\r\n"
        b"connection: close\r\n\r\nsoon"
    )


class Brief(Connection):
    """One that is closed soon after its last answer."""

    def __init__(self, *args: Any, **others: Any) -> None:
        super().__init__(*args, **others)
        self.timeout_keep_alive = 0.2  # type: ignore[assignment]


def test_a_connection_is_closed_when_nothing_more_comes() -> None:
    started_s = time.monotonic()
    assert answered(Brief, b"GET /whole HTTP/1.1\r\n" + HOST + b"\r\n").endswith(b"\r\n\r\nsaid")
    assert time.monotonic() - started_s >= 0.19


def test_a_connection_in_use_is_not_closed() -> None:
    """The timer that was set for the first answer says nothing once a second request has come."""
    made: list[Connection] = []
    came = asyncio.Event()

    class Watched(Connection):
        def on_headers_complete(self) -> None:
            super().on_headers_complete()
            came.set()

    def connection() -> Connection:
        config = uvicorn.Config(app, log_config=None, proxy_headers=False, ws="none")
        made.append(Watched(config, ServerState(), {}))
        return made[0]

    async def run() -> None:
        server = await asyncio.get_running_loop().create_server(connection, "127.0.0.1", 0)
        async with server, asyncio.timeout(WITHIN_S):
            reader, writer = await asyncio.open_connection(*server.sockets[0].getsockname())
            writer.write(b"GET /whole HTTP/1.1\r\n" + HOST + b"\r\n")
            await reader.readuntil(b"said")
            made[0].timeout_keep_alive = 0
            came.clear()
            writer.write(b"POST /echo HTTP/1.1\r\nContent-Length: 5\r\n" + HOST + b"\r\nhel")
            await came.wait()
            made[0]._end_if_idle()
            writer.write(b"lo")
            assert (await reader.readuntil(b"b'hello'")).startswith(b"HTTP/1.1 200 OK")
            made[0]._end_if_idle()
            assert await reader.read() == b"", "now it is closed"
            writer.close()

    asyncio.run(run())
