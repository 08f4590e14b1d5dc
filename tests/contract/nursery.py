"""Servers and commands, forked from a process which has imported everything already: a fifth of a start's cost.

Run as a program it is that process. It takes requests from a socket, each with the files that are to be standard
output and error. For each it forks a keeper, which forks the process, tells its id, waits for its end and tells that.
The process then runs what ``headrace`` runs, with nothing but more modules imported. Some tests start the real
command, so that one that no longer starts by itself is noticed.
"""

from __future__ import annotations

import atexit
import functools
import importlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO

MODULES = ("headrace.cli.store_console", "headrace.storage.sqlite.store", "headrace.storage.postgres.store")
"""What is imported besides the commands."""
STARTED_WITHIN_S = 60
MAX_REQUEST_BYTES = 1 << 17


class Forked:
    """A process, as `subprocess.Popen` would show it.

    Attributes:
        pid: the process.
        stdout: what it prints.
        returncode: its exit status, or less than zero for a signal; None while it runs.
    """

    def __init__(self, keeper: IO[bytes], stdout: IO[str]) -> None:
        self._keeper = keeper
        self.stdout: IO[str] | None = stdout
        self.returncode: int | None = None
        self.pid = int(keeper.readline())

    def poll(self) -> int | None:
        """Its status, if it has ended."""
        return self._status_within(0)

    def wait(self, timeout: float | None = None) -> int:
        """Its status when it has ended."""
        status = self._status_within(timeout)
        if status is None:
            raise subprocess.TimeoutExpired(f"process {self.pid}", timeout or 0)
        return status

    def send_signal(self, number: int) -> None:
        """Send a signal, unless it is known to have ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def _status_within(self, timeout_s: float | None) -> int | None:
        if self.returncode is None and select.select([self._keeper], [], [], timeout_s)[0]:
            self.returncode = os.waitstatus_to_exitcode(int(self._keeper.readline()))
            self._keeper.close()
        return self.returncode


class Nursery:
    """The process that forks, as its user sees it."""

    def __init__(self) -> None:
        self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        self._process = subprocess.Popen(
            [sys.executable, "-m", __name__, str(theirs.fileno())], pass_fds=[theirs.fileno()]
        )
        theirs.close()
        self._socket.settimeout(STARTED_WITHIN_S)

    def start(
        self,
        arguments: Sequence[str],
        *,
        environment: dict[str, str],
        stderr: IO[str] | None,
        modules: Sequence[str] = (),
    ) -> Forked:
        """Run ``headrace`` with these arguments and nothing but this environment.

        Args:
            modules: are imported before, by this one and all that are started later.
        """
        asked = {"arguments": arguments, "environment": environment, "modules": modules}
        request = json.dumps({**asked, "folder": str(Path.cwd())})
        (ours, out), (told, tells) = os.pipe(), os.pipe()
        error = stderr.fileno() if stderr else 2
        socket.send_fds(self._socket, [request.encode()], [out, error, tells])
        os.close(out)
        os.close(tells)
        return Forked(os.fdopen(told, "rb", buffering=0), os.fdopen(ours))

    def run(
        self, arguments: Sequence[str], *, environment: dict[str, str], timeout_s: float
    ) -> subprocess.CompletedProcess[str]:
        """Run ``headrace`` with these arguments to its end."""
        with tempfile.TemporaryFile("w+") as error:
            process = self.start(arguments, environment=environment, stderr=error)
            assert process.stdout is not None
            with process.stdout as printed:
                out = printed.read()
            status = process.wait(timeout_s)
            error.seek(0)
            return subprocess.CompletedProcess(list(arguments), status, out, error.read())

    def close(self) -> None:
        """End it. What it forked goes on."""
        self._socket.close()
        self._process.wait(STARTED_WITHIN_S)


@functools.cache
def nursery() -> Nursery:
    """The one of this process, started when it is first asked for."""
    made = Nursery()
    atexit.register(made.close)
    return made


def _fork_until_asked(control: socket.socket) -> None:
    """Come back in each fork only; the process itself ends here when its user is gone."""
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for keepers
    while True:
        request, files, *_ = socket.recv_fds(control, MAX_REQUEST_BYTES, 3)
        if not request:
            raise SystemExit
        asked = json.loads(request)
        for module in asked["modules"]:
            importlib.import_module(module)
        if os.fork() == 0:
            signal.signal(signal.SIGCHLD, signal.SIG_DFL)
            control.close()
            _keep(asked, *files)
            return
        for one in files:
            os.close(one)


def _keep(request: dict[str, object], out: int, error: int, tells: int) -> None:
    """Come back in the fork only; its keeper ends here, after it."""
    child = os.fork()
    if child:
        os.close(out)
        os.close(error)
        os.write(tells, b"%d\n" % child)
        _, status = os.waitpid(child, 0)
        with suppress(BrokenPipeError):  # who started it did not wait for its end
            os.write(tells, b"%d\n" % status)
        os._exit(0)
    os.close(tells)
    for source, target in ((out, 1), (error, 2)):
        os.dup2(source, target)
        os.close(source)
    os.environ.clear()
    os.environ.update(request["environment"])  # type: ignore[arg-type]
    os.chdir(str(request["folder"]))
    sys.argv = ["headrace", *request["arguments"]]  # type: ignore[misc]


if __name__ == "__main__":
    cli = importlib.import_module("headrace.cli")
    for name in (*MODULES, *(module.partition(":")[0] for module, _ in cli.COMMANDS.values())):
        importlib.import_module(name)
    _fork_until_asked(socket.socket(fileno=int(sys.argv[1])))
    cli.main()
