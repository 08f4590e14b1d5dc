"""`headrace serve` as a process of a test's own: on a free port, with no settings but those it is given."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from collections.abc import Mapping
from contextlib import suppress
from pathlib import Path

from headrace.settings import PREFIX
from headrace.testing.failures import NoServer

READY_WITHIN_S = 60.0
ENDS_WITHIN_S = 20.0
SHOWN_CHARS = 4_000
LISTENS = "listening on"


class Process:
    """A server that runs.

    Args:
        settings: by their names.
        log: the file that it writes its log to.

    Raises:
        NoServer: it does not start, or not in time; with what it said.
    """

    def __init__(self, settings: Mapping[str, str], log: Path) -> None:
        self.log = log
        outside = {name: value for name, value in os.environ.items() if not name.startswith(PREFIX)}
        inside = {PREFIX + name.upper(): value for name, value in settings.items()}
        with log.open("ab") as errors:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "headrace", "serve", "--port", "0"],
                env={**outside, **inside},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=errors,
                text=True,
            )
        self.url = self._address()

    def _address(self) -> str:
        """The line that it prints once it listens."""
        assert self._process.stdout is not None
        late = threading.Timer(READY_WITHIN_S, self._process.kill)
        late.start()
        try:
            line = self._process.stdout.readline()  # ends when the process does
        finally:
            late.cancel()
        if LISTENS not in line:
            self.close()
            raise NoServer(f"`headrace serve` did not start:\n{line}{self.said_since(0)}")
        return line.split()[-1]

    def said_since(self, place: int) -> str:
        """The end of what it wrote to its log behind a place."""
        with self.log.open("rb") as file:
            file.seek(place)
            return file.read().decode(errors="replace")[-SHOWN_CHARS:]

    @property
    def place(self) -> int:
        """Where the log ends now."""
        return self.log.stat().st_size

    def close(self) -> None:
        """End it."""
        self._process.terminate()
        try:
            self._process.wait(ENDS_WITHIN_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(ENDS_WITHIN_S)
        with suppress(OSError):
            if self._process.stdout is not None:
                self._process.stdout.close()
