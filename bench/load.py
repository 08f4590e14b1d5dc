"""A load generator that costs little: raw HTTP/1.1 on kept connections, one request at a time on each."""

from __future__ import annotations

import asyncio
import statistics
import time
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

TICKS_PER_S = 100


@dataclass(frozen=True)
class Result:
    """What one load measured.

    Attributes:
        rate: answered requests per second.
        p50_ms: median latency.
        p99_ms: 99th percentile.
        cpu_us: processor time of the server per request, user and system.
        failures: answers that were not 2xx.
        count: all answers.
        reconnects: connections that were made because the server had closed one.
    """

    rate: float
    p50_ms: float
    p99_ms: float
    cpu_us: float
    failures: int
    count: int
    reconnects: int = 0


class _Connection(asyncio.Protocol):
    def __init__(self, requests: Iterator[bytes], until: Callable[[], bool], latencies: list[float]) -> None:
        self._requests = requests
        self._until = until
        self._latencies = latencies
        self._buffer = b""
        self._sent_at = 0.0
        self.failures = 0
        self.done = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = transport
        self._next()

    def connection_lost(self, exc: Exception | None) -> None:
        if not self.done.done():
            self.done.set_exception(exc or ConnectionError(CLOSED))

    def _next(self) -> None:
        request = None if self._until() else next(self._requests, None)
        if request is None:
            self.done.set_result(None)
            self._transport.close()
            return
        self._sent_at = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        self._buffer += data
        head_end = self._buffer.find(b"\r\n\r\n")
        if head_end < 0:
            return
        head = self._buffer[:head_end].lower()
        if not self._is_whole(head, head_end + 4):
            return
        self._latencies.append(time.perf_counter() - self._sent_at)
        if not head.startswith(b"http/1.1 2"):
            self.failures += 1
        self._buffer = b""
        if b"\r\nconnection: close" in head:
            self.done.set_exception(ConnectionError(CLOSED))
        else:
            self._next()

    def _is_whole(self, head: bytes, body_at: int) -> bool:
        at = head.find(b"content-length:")
        if at < 0:  # chunked
            return self._buffer.endswith(b"\r\n0\r\n\r\n")
        end = head.find(b"\r", at)
        length = int(head[at + 15 : end if end > 0 else None])
        return len(self._buffer) >= body_at + length


def request(method: str, path: str, headers: dict[str, str], body: bytes = b"") -> bytes:
    """The bytes of one request."""
    named = {"host": "127.0.0.1", **headers}
    lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in named.items())]
    if body or method in ("POST", "PUT"):
        lines.append(f"content-length: {len(body)}")
    return "\r\n".join([*lines, "", ""]).encode() + body


CLOSED = "the server closed the connection"


class _Client:
    """Keeps one connection busy.

    Args:
        may_reconnect: whether it makes another one when the server closes it; what was not answered by then
            is not asked again.
    """

    def __init__(self, connect: Callable[[], Awaitable[_Connection]], *, may_reconnect: bool) -> None:
        self._connect = connect
        self._may_reconnect = may_reconnect
        self.failures = 0
        self.reconnects = 0

    async def run(self, connection: _Connection, until: Callable[[], bool]) -> None:
        """Go on until the time is over or there are no more requests."""
        while await self._is_cut(connection) and not until():
            self.reconnects += 1
            connection = await self._connect()

    async def _is_cut(self, connection: _Connection) -> bool:
        """Whether the server closed it, as it may; waits for its end."""
        try:
            await connection.done
        except ConnectionError:
            if not self._may_reconnect:
                raise
            return True
        finally:
            self.failures += connection.failures
        return False


async def load(
    url: str, requests: Iterator[bytes], *, connections: int, seconds: float, pid: int, may_reconnect: bool
) -> Result:
    """See `run`; in the event loop that is there."""
    loop = asyncio.get_running_loop()
    latencies: list[float] = []
    parts = urlsplit(url)
    started, cpu = time.perf_counter(), cpu_seconds(pid)

    def until() -> bool:
        return time.perf_counter() - started > seconds

    async def connect() -> _Connection:
        made = lambda: _Connection(requests, until, latencies)  # noqa: E731
        return (await loop.create_connection(made, parts.hostname, parts.port))[1]

    clients = [_Client(connect, may_reconnect=may_reconnect) for _ in range(connections)]
    first = [await connect() for _ in clients]
    await asyncio.gather(
        *(client.run(connection, until) for client, connection in zip(clients, first, strict=True))
    )
    elapsed, spent = time.perf_counter() - started, cpu_seconds(pid) - cpu
    latencies.sort()
    return Result(
        rate=len(latencies) / elapsed,
        p50_ms=statistics.median(latencies) * 1000,
        p99_ms=latencies[int(len(latencies) * 0.99)] * 1000,
        cpu_us=spent / len(latencies) * 1e6,
        failures=sum(client.failures for client in clients),
        count=len(latencies),
        reconnects=sum(client.reconnects for client in clients),
    )


def run(
    url: str,
    requests: Iterator[bytes],
    *,
    connections: int,
    seconds: float,
    pid: int,
    may_reconnect: bool = False,
) -> Result:
    """Send requests until the time is over or there are no more.

    Args:
        may_reconnect: whether the server may close connections; otherwise that is a ConnectionError.
    """
    import uvloop

    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        return runner.run(
            load(
                url,
                requests,
                connections=connections,
                seconds=seconds,
                pid=pid,
                may_reconnect=may_reconnect,
            )
        )


def cpu_seconds(pid: int) -> float:
    """Processor time of a process so far, user and system."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / TICKS_PER_S


def tree_cpu_seconds(pid: int) -> float:
    """The same of a process and all that descend from it, with those that have ended."""
    parents, spent = {}, {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        try:
            fields = path.read_text().rpartition(")")[2].split()
        except OSError:  # it has ended meanwhile
            continue
        one = int(path.parent.name)
        parents[one], spent[one] = int(fields[1]), sum(map(int, fields[11:15]))
    found = {pid}
    while more := {one for one, parent in parents.items() if parent in found} - found:
        found |= more
    return sum(spent.get(one, 0) for one in found) / TICKS_PER_S


def resident_mib(pid: int) -> float:
    """Memory of a process."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("VmRSS"):
            return int(line.split()[1]) / 1024
    raise LookupError(pid)
