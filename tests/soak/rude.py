"""Clients that do what they should not: each is told off, and nobody else notices."""

from __future__ import annotations

import asyncio
import json
from contextlib import suppress

from tests.soak.requests import document, flow_body
from tests.soak.site import Client, Site
from tests.soak.wire import HEADERS, Connection, NoAnswer

TIMEOUT_S = 30.0
BURST = 150
"""Connections opened at once; the server may have fewer files open than that (`servers.SPARE_FILES`)."""
LARGE_BYTES = 3 << 20
"""More than the servers of a run accept."""
HEAD = "".join(f"{name}: {value}\r\n" for name, value in HEADERS.items())

MALFORMED: tuple[tuple[str, str, bytes], ...] = (
    ("POST", "/flows/", b"{"),
    ("POST", "/flows/", b'{"name": "\xff"}'),
    ("POST", "/flows/", b"[" * 20_000),
    ("POST", "/flows/", b'{"name": 7, "executionRoleArn": []}'),
    ("PUT", "/flows/%00/", b"{}"),
    ("GET", "/flows/?nextToken=%00garbage", b""),
    ("GET", "/flows/?maxResults=-1", b""),
    ("POST", "/v5/flows", b"null"),
    ("POST", "/v5/flows", b'{"path": "../../x", "attributes": {"a": 1e999}}'),
    ("POST", "/v5/flows", json.dumps({"path": "x" * 100_000, "attributes": {}}).encode()),
    ("POST", "/v5/prompts/log", b'{"path": "a\\u0000b", "prompt": {"model": "m"}}'),
    ("GET", "/v5/logs?file_id=%F0%28%8C%28&size=99999999999999999999", b""),
    ("POST", "/api/files/none/pointers/none/moves", b'{"to": {"a": 1}}'),
    ("GET", "/api/logs?take=many", b""),
    ("DELETE", "/v5/logs?id=%00", b""),
    ("TRACE", "/flows/", b""),
    ("POST", "/nowhere/at/all", b"x"),
)


def raw(method: str, path: str, body: bytes, *, length: int | None = None) -> bytes:
    """The bytes of a request, which may promise another length than it has."""
    size = len(body) if length is None else length
    return (
        f"{method} {path} HTTP/1.1\r\nhost: 127.0.0.1\r\n{HEAD}content-length: {size}\r\n\r\n".encode() + body
    )


class Rude:
    """Does one bad thing after another."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._port = site.ports[number % len(site.ports)]
        self._ways = (
            self.sends_nonsense,
            self.sends_too_much,
            self.trickles,
            self.leaves_in_the_middle,
            self.closes_half,
            self.cuts_a_stream,
        )

    async def act(self) -> None:
        """One of them."""
        way = self._site.luck.choice(self._ways)
        self._site.calls[f"rude: {way.__name__.replace('_', ' ')}", 0] += 0
        with suppress(OSError, EOFError, NoAnswer, TimeoutError):  # being hung up on is an answer, too
            async with asyncio.timeout(TIMEOUT_S):
                await way()

    async def sends_nonsense(self) -> None:
        """Bodies and paths that mean nothing."""
        method, path, body = self._site.luck.choice(MALFORMED)
        await self._told_off("sends nonsense", raw(method, path, body))

    async def sends_too_much(self) -> None:
        """A body beyond the limit."""
        await self._told_off("sends too much", raw("POST", "/v5/flows", b" " * LARGE_BYTES))

    async def _told_off(self, name: str, request: bytes) -> None:
        connection = Connection(self._port, timeout_s=TIMEOUT_S)
        client = Client(self._site, connection)
        try:
            answer = await connection.send(request)
            self._site.calls[f"rude: {name}", answer.status] += 1
            if answer.status >= 500:
                client.judge_failure(name, "-", request[:60].decode("latin-1"), answer)
            elif answer.status < 400 and answer.status != 204:
                self._site.complain(f"nonsense was taken: {answer.status} {request[:200]!r}")
        finally:
            await connection.close()

    async def trickles(self) -> None:
        """A good request, a few bytes at a time."""
        request = raw("POST", "/flows/validate-definition", json.dumps(flow_body("a", "b")).encode())
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            for at in range(0, len(request), 97):
                writer.write(request[at : at + 97])
                await writer.drain()
                await asyncio.sleep(0.02)
            self._note("trickles", await reader.readuntil(b"\r\n"))
        finally:
            writer.close()

    async def leaves_in_the_middle(self) -> None:
        """Half of a body, then nobody."""
        _, writer = await asyncio.open_connection("127.0.0.1", self._port)
        writer.write(raw("POST", "/v5/flows", b'{"path": "soak/never", ', length=5000))
        await writer.drain()
        writer.transport.abort()
        self._note("leaves in the middle", b"")

    async def closes_half(self) -> None:
        """Sends, says that no more comes, and reads."""
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        try:
            writer.write(raw("GET", "/flows/?maxResults=5", b""))
            writer.write_eof()
            self._note("closes half", await reader.readuntil(b"\r\n"))
        finally:
            writer.close()

    async def cuts_a_stream(self) -> None:
        """Calls a flow and leaves when the answer begins."""
        flows = [(key, one) for key, one in self._site.model.flows.items() if one.aliases]
        if not flows:
            return
        flow_id, flow = self._site.luck.choice(flows)
        alias = next(iter(flow.aliases))
        reader, writer = await asyncio.open_connection("127.0.0.1", self._port)
        body = json.dumps(document("x" * 50_000)).encode()
        writer.write(raw("POST", f"/flows/{flow_id}/aliases/{alias}", body))
        await reader.read(20)
        writer.transport.abort()
        self._note("cuts a stream", b"")

    def _note(self, name: str, line: bytes) -> None:
        status = int(line.split(b" ")[1]) if line else 0
        self._site.calls[f"rude: {name}", status] += 1


async def burst(site: Site, port: int, *, hold_s: float) -> int:
    """Open many connections at once, ask on each, hold them; how many were answered."""
    streams = []
    for _ in range(BURST):
        with suppress(OSError):
            streams.append(await asyncio.open_connection("127.0.0.1", port))
    answered = 0
    for _, writer in streams:
        writer.write(raw("GET", "/healthz", b""))
    for reader, _ in streams:
        with suppress(OSError, EOFError, TimeoutError):
            async with asyncio.timeout(hold_s / 4):
                await reader.readuntil(b"\r\n")
                answered += 1
    await asyncio.sleep(hold_s / 4)
    for _, writer in streams:
        writer.transport.abort()
    return answered
