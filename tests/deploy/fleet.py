"""Servers and workers as they are deployed: on one PostgreSQL database, with a proxy before the servers."""

from __future__ import annotations

import contextlib
import json
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.bedrock.running import furnish
from tests.contract.conftest import LiveServer
from tests.postgres import cluster, free_port
from tests.stores import SECRET_KEY

ROOT = Path(__file__).resolve().parents[2]
DEPLOY = ROOT / "deploy"
WITHIN_S = 60.0


@dataclass
class LiveWorker:
    """A running `headrace worker`, which tells in JSON what it does."""

    settings: dict[str, str]
    log: Path
    process: subprocess.Popen[str] | None = None
    health: str = ""

    def start(self) -> LiveWorker:
        port = free_port()
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        environment |= {f"HEADRACE_{name.upper()}": value for name, value in self.settings.items()}
        with self.log.open("a") as file:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "headrace", "worker", "--json", "--health-port", str(port)],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=file,
                text=True,
            )
        self.health = f"http://127.0.0.1:{port}"
        self.told("ready")
        return self

    def told(self, event: str, **facts: Any) -> dict[str, Any]:
        """Wait for it to say something."""
        assert self.process is not None
        assert self.process.stdout is not None
        for line in self.process.stdout:
            said: dict[str, Any] = json.loads(line)
            if said["event"] == event and facts.items() <= said.items():
                return said
        raise AssertionError(f"it ended without saying {event} {facts}: {self.log.read_text()}")

    def rest(self) -> list[dict[str, Any]]:
        """What it says until it ends."""
        assert self.process is not None
        assert self.process.stdout is not None
        return [json.loads(line) for line in self.process.stdout]

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def ended(self) -> int:
        assert self.process is not None
        status = self.process.wait(timeout=WITHIN_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status


@dataclass
class Fleet:
    """What runs on one database.

    Attributes:
        settings: of all processes.
    """

    folder: Path
    settings: dict[str, str]
    servers: list[LiveServer] = field(default_factory=list)
    workers: list[LiveWorker] = field(default_factory=list)

    def server(self, *options: str, **more: str) -> LiveServer:
        """One more server; without workers inside."""
        settings = self.settings | more
        with self.log(len(self.servers)).open("a") as file:
            live = LiveServer(store=settings.pop("store"), settings=settings, stderr=file, is_forked=False)
            self.servers.append(live.start("--no-workers", *options))
        return live

    def log(self, number: int) -> Path:
        """What the server of a number, from zero, logs."""
        return self.folder / f"server-{number}.log"

    def replace(self, number: int) -> None:
        """Stop a server gently, and start another one in its place, until the proxy has found it there."""
        live, log = self.servers[number], self.log(number)
        port = live.url.rpartition(":")[2]
        assert live.stop() == 0
        before = len(log.read_text())
        with log.open("a") as live.stderr:
            live.start("--no-workers", "--port", port)
        # The answer to one probe has surely arrived when the next one comes.
        wait_until(lambda: log.read_text()[before:].count("GET /readyz 200") >= 2, "nobody asks for it")

    def worker(self, **more: str) -> LiveWorker:
        """One more worker."""
        log = self.folder / f"worker-{len(self.workers)}.log"
        self.workers.append(LiveWorker(settings=self.settings | more, log=log).start())
        return self.workers[-1]

    def end(self) -> None:
        """Stop what still runs."""
        for worker in self.workers:
            if worker.process is not None and worker.process.poll() is None:
                worker.process.kill()
                worker.ended()
        for server in self.servers:
            if server.process is not None and server.process.poll() is None:
                server.kill()


@pytest.fixture
def fleet(tmp_path: Path) -> Iterator[Fleet]:
    """Nothing yet, on a new database, with something for flows to call."""
    settings = furnish(tmp_path) | {
        "store": cluster().new(),
        "secret_key": SECRET_KEY,
        "process_timeout": "3",
        "store_connections": "4",
    }
    made = Fleet(folder=tmp_path, settings=settings)
    yield made
    made.end()


def ended(runtime: Any, **named: str) -> dict[str, Any]:
    """The execution once it does not run any more."""
    deadline = time.monotonic() + WITHIN_S
    while (found := runtime.get_flow_execution(**named))["status"] == "Running":
        assert time.monotonic() < deadline, found
        time.sleep(0.1)
    return dict(found)


@contextlib.contextmanager
def balancer(servers: list[str], folder: Path) -> Iterator[str]:
    """Caddy with the project's own Caddyfile in front of these servers; its address."""
    if shutil.which("caddy") is None:
        pytest.skip("caddy is not installed, so nothing is known about rolling restarts behind it.")
    port = free_port()
    text = re.sub(r"(?m)^:8321 ", f"http://127.0.0.1:{port} ", (DEPLOY / "Caddyfile").read_text())
    for number, server in enumerate(servers, start=1):
        text = text.replace(f"server-{number}:8321", server.removeprefix("http://"))
    assert str(port) in text
    assert "server-" not in text
    config = folder / "Caddyfile"
    config.write_text(text)
    home = {"HOME": str(folder), "XDG_DATA_HOME": str(folder), "XDG_CONFIG_HOME": str(folder)}
    command = ["caddy", "run", "--config", str(config), "--adapter", "caddyfile"]
    with (folder / "caddy.log").open("w") as log:
        proxy = subprocess.Popen(command, env={**os.environ, **home}, stdout=log, stderr=log)
    try:
        url = f"http://127.0.0.1:{port}"
        wait_until(lambda: _answers(url), "the proxy does not answer")
        yield url
    finally:
        proxy.terminate()
        proxy.wait(timeout=WITHIN_S)


def _answers(url: str) -> bool:
    try:
        return httpx.get(f"{url}/readyz").status_code == 200
    except httpx.TransportError:
        return False


def wait_until(is_so: Callable[[], bool], otherwise: str) -> None:
    """Within a limit."""
    deadline = time.monotonic() + WITHIN_S
    while not is_so():
        assert time.monotonic() < deadline, otherwise
        time.sleep(0.1)
