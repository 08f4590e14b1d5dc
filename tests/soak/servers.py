"""The servers of a run: the real command, each on a port that it keeps, with what breaks it at hand."""

from __future__ import annotations

import asyncio
import os
import resource
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from tests.postgres import free_port
from tests.soak.clock import Clock
from tests.soak.requests import write_world
from tests.soak.wire import Connection, NoAnswer
from tests.stores import SECRET_KEY

READY_WITHIN_S = 60.0
STOPPED_WITHIN_S = 60.0
LOOK_EVERY_S = 0.02
SPARE_FILES = 40
"""So many files a server may still open while it has too few."""
SETTINGS = {
    "log_level": "warning",
    "max_body": str(2 << 20),
    "store_connect_timeout": "2",
    "durable_attempts": "10000",
    "shutdown_timeout": "5",
    "drain_timeout": "5",
    "secret_key": SECRET_KEY,
}


@dataclass
class Server:
    """A server process, and the ones that take its place.

    Attributes:
        store: its store's URL.
        port: of loopback; the same for all of them.
        log: the file that everything it says goes to.
        lives: the processes that there were.
    """

    store: str
    folder: Path
    number: int = 0
    port: int = field(default_factory=free_port)
    lives: list[int] = field(default_factory=list)
    _process: subprocess.Popen[bytes] | None = None

    def __post_init__(self) -> None:
        self.log = self.folder / f"server-{self.number}.log"
        self.clock = Clock(self.folder / f"clock-{self.number}")
        write_world(self.folder)

    @property
    def pid(self) -> int:
        """The process that runs now; 0 when none does."""
        return self._process.pid if self._process is not None and self._process.poll() is None else 0

    def _environment(self) -> dict[str, str]:
        kept = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
        settings = {**SETTINGS, "config": str(self.folder / "headrace.toml")}
        kept |= self.clock.variables
        return kept | {f"HEADRACE_{name.upper()}": value for name, value in settings.items()}

    def start(self) -> None:
        """Start a process; it is not waited for."""
        command = [sys.executable, "-m", "headrace", "serve", "--port", str(self.port), "--store", self.store]
        self._process = subprocess.Popen(
            command, env=self._environment(), stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )
        self.lives.append(self._process.pid)
        threading.Thread(target=self._keep, args=(self._process,), daemon=True).start()

    def _keep(self, process: subprocess.Popen[bytes]) -> None:
        """Write down what it says: a full disk of its own must not keep it from saying so."""
        assert process.stdout is not None
        with process.stdout as said, self.log.open("ab") as log:
            for line in said:
                log.write(line)
                log.flush()

    async def ready(self) -> float:
        """How long it took until it is of use.

        Raises:
            RuntimeError: it ended, or never is.
        """
        began_s = time.monotonic()
        while time.monotonic() < began_s + READY_WITHIN_S:
            if not self.pid:
                raise RuntimeError(f"a server did not start: {self.log.read_text()[-1000:]}")
            connection = Connection(self.port, timeout_s=READY_WITHIN_S)
            try:
                if (await connection.ask("GET", "/readyz")).status == 200:
                    return time.monotonic() - began_s
            except NoAnswer:
                pass
            finally:
                await connection.close()
            await asyncio.sleep(LOOK_EVERY_S)
        raise RuntimeError(f"a server was not ready within {READY_WITHIN_S:g} s")

    async def end(self, number: signal.Signals) -> int:
        """End it with a signal; its exit status."""
        assert self._process is not None
        self._process.send_signal(number)
        return await asyncio.to_thread(self._process.wait, STOPPED_WITHIN_S)

    def signal(self, number: signal.Signals) -> None:
        """Send it a signal that does not end it."""
        os.kill(self.pid, number)

    def kill(self) -> None:
        """End it, if it runs, when all is over."""
        if self._process is not None and self._process.poll() is None:
            self._process.kill()
            self._process.wait(STOPPED_WITHIN_S)

    @contextmanager
    def limited(self, what: int, limit: int) -> Iterator[None]:
        """Take resources away from it while the block runs."""
        pid = self.pid
        before = resource.prlimit(pid, what)
        resource.prlimit(pid, what, (limit, before[1]))
        try:
            yield
        finally:
            if self.pid == pid:
                resource.prlimit(pid, what, before)

    def open_files(self) -> int:
        """How many it has."""
        return sum(1 for _ in Path(f"/proc/{self.pid}/fd").iterdir())
