"""Raw HTTP/1.1 on one kept connection: what an answer was, or that there was none."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Any

HEADERS = {"authorization": "AWS4-HMAC-SHA256 any", "x-api-key": "any", "content-type": "application/json"}
"""What open mode asks for, in all APIs at once."""
MAX_HEAD_BYTES = 1 << 16


class NoAnswer(Exception):
    """The connection ended before the answer did: nobody knows whether the request was carried out.

    Attributes:
        was_sent: whether any of it was sent; nothing was done if not.
    """

    def __init__(self, reason: str, *, was_sent: bool) -> None:
        super().__init__(reason)
        self.was_sent = was_sent


@dataclass(frozen=True, slots=True, kw_only=True)
class Answer:
    """An answer, read whole.

    Attributes:
        began_s, ended_s: when it was asked for and had come, by the monotonic clock.
    """

    status: int
    headers: Mapping[str, str]
    body: bytes
    began_s: float
    ended_s: float

    def json(self) -> Any:
        """The body's value; None for none."""
        return json.loads(self.body) if self.body else None

    @property
    def text(self) -> str:
        """The beginning of the body."""
        return self.body[:400].decode("utf-8", "replace")


class Connection:
    """One connection, opened when it is needed and opened again when it is gone. One request at a time.

    Args:
        port: of loopback.
        timeout_s: how long an answer may take.
    """

    def __init__(self, port: int, *, timeout_s: float) -> None:
        self.port = port
        self._timeout_s = timeout_s
        self._streams: tuple[asyncio.StreamReader, asyncio.StreamWriter] | None = None

    async def ask(self, method: str, path: str, body: Any = None) -> Answer:
        """Send a request, and read its answer.

        Raises:
            NoAnswer: there was none.
        """
        content = b"" if body is None else json.dumps(body).encode()
        lines = [f"{method} {path} HTTP/1.1", "host: 127.0.0.1", f"content-length: {len(content)}"]
        lines += [f"{name}: {value}" for name, value in HEADERS.items()]
        return await self.send("\r\n".join([*lines, "", ""]).encode() + content)

    async def send(self, request: bytes) -> Answer:
        """Send the bytes of a request, and read its answer.

        Raises:
            NoAnswer: there was none.
        """
        began_s, was_sent = time.monotonic(), False
        try:
            async with asyncio.timeout(self._timeout_s):
                reader, writer = await self._open()
                was_sent = True
                writer.write(request)
                await writer.drain()
                status, headers, body = await _read(reader)
        except (OSError, EOFError, TimeoutError, asyncio.LimitOverrunError, ValueError) as error:
            await self.close()
            raise NoAnswer(f"{type(error).__name__}: {error}", was_sent=was_sent) from None
        except BaseException:
            await self.close()
            raise
        if headers.get("connection") == "close":
            await self.close()
        return Answer(status=status, headers=headers, body=body, began_s=began_s, ended_s=time.monotonic())

    async def _open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        # The other side has hung up since the last answer: politely, or because it was killed.
        if self._streams is not None and (
            self._streams[0].at_eof() or self._streams[0].exception() or self._streams[1].is_closing()
        ):
            await self.close()
        if self._streams is None:
            self._streams = await asyncio.open_connection("127.0.0.1", self.port, limit=MAX_HEAD_BYTES)
        return self._streams

    async def close(self) -> None:
        """Hang up."""
        if self._streams is not None:
            (_, writer), self._streams = self._streams, None
            writer.transport.abort()
            with suppress(OSError):
                await writer.wait_closed()


async def _read(reader: asyncio.StreamReader) -> tuple[int, dict[str, str], bytes]:
    head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
    status = int(head[0].split(" ", 2)[1])
    headers = {name.lower(): value.strip() for name, _, value in (line.partition(":") for line in head[1:-2])}
    if "content-length" in headers:
        return status, headers, await reader.readexactly(int(headers["content-length"]))
    if headers.get("transfer-encoding") != "chunked":
        return status, headers, b""
    parts = []
    while size := int(await reader.readuntil(b"\r\n"), 16):
        parts.append(await reader.readexactly(size))
        await reader.readexactly(2)
    await reader.readexactly(2)
    return status, headers, b"".join(parts)
