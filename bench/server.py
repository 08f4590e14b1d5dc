"""Servers to measure: Headrace itself, and the least that the same HTTP server can do."""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

HELLO = """
import sys, uvicorn, asyncio, uvloop
body = b"x" * int(sys.argv[1])
start = {"type": "http.response.start", "status": 200,
         "headers": [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]}
end = {"type": "http.response.body", "body": body}
async def app(scope, receive, send):
    while (await receive()).get("more_body"):
        pass
    await send(start)
    await send(end)
class Server(uvicorn.Server):
    async def startup(self, sockets=None):
        await super().startup(sockets)
        port = self.servers[0].sockets[0].getsockname()[1]
        print(f"listening on http://127.0.0.1:{port}", flush=True)
config = uvicorn.Config(app, port=0, http="httptools", ws="none", lifespan="off", access_log=False,
                        log_config=None, server_header=False)
with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
    runner.run(Server(config).serve())
"""


@dataclass(frozen=True)
class Running:
    """A server process."""

    url: str
    pid: int


@contextmanager
def _process(command: list[str], environment: dict[str, str]) -> Iterator[Running]:
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    )
    assert process.stdout is not None
    try:
        line = process.stdout.readline()
        yield Running(url=line.rpartition(" ")[2].strip(), pid=process.pid)
    finally:
        process.terminate()
        process.wait(timeout=30)
        process.stdout.close()


@contextmanager
def headrace(*, store: str = "", **settings: str) -> Iterator[Running]:
    """`headrace serve` on a store of its own.

    Args:
        store: its URL; else a SQLite file.
    """
    with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        environment |= {f"HEADRACE_{name.upper()}": value for name, value in settings.items()}
        command = [sys.executable, "-m", "headrace", "serve", "--port", "0"]
        with _process(
            [*command, "--store", store or f"sqlite:///{directory}/bench.db"], environment
        ) as running:
            yield running


@contextmanager
def hello(body_bytes: int) -> Iterator[Running]:
    """The same HTTP server answering a fixed body without looking at the request."""
    with _process([sys.executable, "-c", HELLO, str(body_bytes)], dict(os.environ)) as running:
        yield running


def store_directory() -> str:
    """Where benchmark stores are made: on the disk that the working directory is on."""
    os.makedirs("build", exist_ok=True)  # noqa: PTH103
    return "build"
