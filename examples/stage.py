"""What the demo stands on: a story that checks what it tells, and a server that can be killed."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import textwrap
from collections.abc import Callable
from pathlib import Path
from typing import Any

from botocore.exceptions import ClientError
from humanloop.core.api_error import ApiError

COLOURS = {"bold": "1", "dim": "2", "green": "32", "cyan": "36", "red": "31"}


class BrokenPromise(Exception):
    """An answer was not what it should be."""


class Story:
    """Prints what happens and checks it."""

    def __init__(self) -> None:
        self._is_coloured = sys.stdout.isatty() and "NO_COLOR" not in os.environ
        self._width = min(shutil.get_terminal_size(fallback=(100, 24)).columns, 100)
        self._steps = 0
        self._checks = 0

    @property
    def checks(self) -> int:
        """How many promises were kept."""
        return self._checks

    def step(self, title: str) -> None:
        """Begin a step."""
        self._steps += 1
        print(f"\n{self._paint('bold', f'{self._steps:>2}. {title}')}")

    def call(self, client: str, text: str) -> None:
        """What is called, and with which client."""
        print(f"    {self._paint('cyan', f'{client:<9}')} {text}")

    def promise(self, is_kept: bool, text: str) -> None:
        """What came back, which must be so.

        Raises:
            BrokenPromise: it is not.
        """
        if not is_kept:
            raise BrokenPromise(text)
        self._checks += 1
        mark = self._paint("green", "✓")
        lines = textwrap.wrap(text, self._width - 18)
        print(f"            {mark} " + "\n              ".join(lines))

    def quote(self, text: str) -> None:
        """What a command printed."""
        for line in text.splitlines():
            for part in textwrap.wrap(line, self._width - 14, subsequent_indent="  "):
                print(self._paint("dim", " " * 14 + part))

    def why(self, text: str) -> None:
        """Why it matters."""
        print(self._paint("dim", textwrap.indent(textwrap.fill(text, self._width - 4), "    ")))

    def end(self, text: str, colour: str) -> None:
        """The last line."""
        print(f"\n{self._paint(colour, text)}")

    def _paint(self, colour: str, text: str) -> str:
        return f"\033[{COLOURS[colour]}m{text}\033[0m" if self._is_coloured else text


class Server:
    """`headrace serve` on a free port, which it keeps when it is started again.

    Flows call what ``config`` says, and a run has ended only when its record is on the disk.
    """

    def __init__(self, directory: Path, *, config: Path) -> None:
        self._store = f"sqlite:///{directory / 'headrace.db'}"
        self._environment = {
            **{name: text for name, text in os.environ.items() if not name.startswith("HEADRACE_")},
            "HEADRACE_CONFIG": str(config),
            "HEADRACE_WAIT_FOR_RECORD": "true",
        }
        self._port = "0"
        self.process: subprocess.Popen[str] | None = None
        self.url = ""

    def start(self) -> None:
        """Start it and wait until it says that it listens."""
        self.process = subprocess.Popen(
            [sys.executable, "-m", "headrace", "serve", "--port", self._port, "--store", self._store],
            env=self._environment,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            text=True,
        )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        if "listening on" not in line:
            raise BrokenPromise(f"the server starts; it said {line!r}")
        self.url = line.split()[-1]
        self._port = self.url.rpartition(":")[2]

    def command(self, *arguments: str) -> str:
        """What a `headrace` command says about this server and its store.

        Raises:
            BrokenPromise: it failed.
        """
        done = subprocess.run(
            [sys.executable, "-m", "headrace", *arguments, "--store", self._store],
            env=self._environment,
            capture_output=True,
            text=True,
            timeout=60,
        )
        if done.returncode != 0:
            raise BrokenPromise(f"headrace {' '.join(arguments)} works; it said {done.stderr!r}")
        return done.stdout

    def end(self, number: signal.Signals) -> None:
        """Send it a signal and wait until it is gone."""
        if self.process is not None and self.process.poll() is None:
            self.process.send_signal(number)
            self.process.wait(timeout=20)


def refusal(function: Callable[..., Any], **arguments: Any) -> tuple[int, str]:
    """The status and the text of the error that a call of either client must end with."""
    try:
        function(**arguments)
    except ClientError as error:
        status: int = error.response["ResponseMetadata"]["HTTPStatusCode"]
        return status, f"{error.response['Error']['Code']}: {error.response['Error']['Message']}"
    except ApiError as error:
        return error.status_code or 0, error.body["detail"]
    return 200, "it was accepted"


def reordered(value: Any) -> Any:
    """The same JSON value with every object's keys the other way round and 0 written 0.0."""
    if isinstance(value, dict):
        return {key: reordered(value[key]) for key in reversed(value)}
    if isinstance(value, list):
        return [reordered(item) for item in value]
    return 0.0 if value == 0 and type(value) is int else value
