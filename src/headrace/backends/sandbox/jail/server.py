"""The fork server: a warm, locked interpreter that forks a process for every call, and kills and reaps it.

It runs no foreign code. It ends, with all its calls, when the server closes the control socket or dies.
"""

from __future__ import annotations

import contextlib
import gc
import math
import os
import platform
import resource
import selectors
import signal
import socket
import sys
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.backends.sandbox.jail import call, kernel, landlock, modules, program, seccomp
from headrace.backends.sandbox.jail.protocol import MAX_MESSAGE_BYTES, Bounds, Command, Ending, Greeting
from headrace.backends.sandbox.jail.syscalls import LOADING, NUMBERS, RUNNING

CAP_KILL, CAP_SETGID, CAP_SETUID = 1 << 5, 1 << 6, 1 << 7


@dataclass(slots=True, kw_only=True)
class _Child:
    """A process for a call; a spare one, which waits for its call, has no id and all the time there is."""

    pid: int
    inbox: socket.socket
    id: int | None = None
    ends_at: float = math.inf
    is_late: bool = False


def main(control_file: int, bounds: str) -> None:
    """Lock this process and serve calls until the control socket is closed."""
    with socket.socket(fileno=control_file) as control:
        missing = missing_features(platform.machine())
        if missing:
            control.send(Greeting(missing=missing, locks={}).pack())
            return
        locks = _prepare(Bounds.from_text(bounds))
        control.send(Greeting(locks=_shown(locks)).pack())
        _Server(control, locks).run()


def missing_features(machine: str) -> tuple[str, ...]:
    """What this machine lacks of that without which no foreign code is run."""
    if sys.platform != "linux" or machine not in NUMBERS:
        return (f"Linux on {' or '.join(NUMBERS)} (this is {sys.platform} on {machine})",)
    needed = {
        "Landlock (Linux 5.13, turned on)": landlock.version(machine) >= 1,
        "seccomp filters": seccomp.is_supported(machine),
    }
    return tuple(name for name, is_there in needed.items() if not is_there)


def _prepare(bounds: Bounds) -> call.Locks:
    machine = platform.machine()
    modules.warm()
    # The first time costs a process half a millisecond: types are set up, pages are copied.
    program.as_json(program.last_value(program.parse("0"), {}))
    kernel.prctl(kernel.PR_SET_NO_NEW_PRIVS, 1)
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    kernel.drop_capabilities(but=CAP_KILL | CAP_SETGID | CAP_SETUID)
    base_bytes = _address_space_bytes()
    landlock.restrict(machine, readable=_libraries())
    resource.setrlimit(resource.RLIMIT_CORE, (0, 0))
    gc.collect()
    gc.freeze()
    return call.Locks(
        machine=machine,
        loading=seccomp.Filter(LOADING, machine=machine),
        running=seccomp.Filter(RUNNING, machine=machine),
        bounds=bounds,
        base_bytes=base_bytes,
        is_root=os.geteuid() == 0,
    )


def _shown(locks: call.Locks) -> dict[str, Any]:
    return {
        "landlock": landlock.version(locks.machine),
        "seccomp_calls": len(RUNNING),
        "changes_identity": locks.is_root,
        "python": platform.python_version(),
    }


def _libraries() -> list[Path]:
    """The standard library: a bare interpreter looks nowhere else."""
    return [path for path in map(Path, sys.path) if path.is_dir()]


def _address_space_bytes() -> int:
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    return pages * resource.getpagesize()


class _Server:
    def __init__(self, control: socket.socket, locks: call.Locks) -> None:
        self._control = control
        self._locks = locks
        self._pid = os.getpid()
        self._selector = selectors.DefaultSelector()
        self._selector.register(control, selectors.EVENT_READ)
        self._children: dict[int, _Child] = {}
        """By the file that becomes readable when the process ends."""
        self._spare: _Child | None = None

    def run(self) -> None:
        while True:
            for key, _ in self._selector.select(self._next_timeout_s()):
                if key.fileobj is not self._control:
                    self._reap(key.fd)
                elif not self._obey():
                    return self._end()
            self._kill_late()

    def _obey(self) -> bool:
        """Do one command; False when there are no more."""
        message, files = b"", list[int]()
        with contextlib.suppress(ConnectionResetError):  # closed by a server that had not heard all of us
            message, files, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, 1)
        if not message:
            return False
        command = Command.unpack(message)
        if files:
            self._start(command, files[0])
            os.close(files[0])
            return True
        for child in self._children.values():
            if child.id == command.id:
                child.ends_at = -math.inf
        return True

    def _fork(self) -> _Child:
        """A new spare process."""
        ours, theirs = socket.socketpair()
        with theirs:
            pid = os.fork()
            if pid == 0:
                call.serve(self._locks, theirs.fileno(), self._pid)
        watched = os.pidfd_open(pid)
        child = self._children[watched] = _Child(pid=pid, inbox=ours)
        self._selector.register(watched, selectors.EVENT_READ)
        return child

    def _start(self, command: Command, file: int) -> None:
        child, self._spare = self._spare or self._fork(), None
        child.id = command.id
        child.ends_at = time.monotonic() + command.wall_s
        # If it has died, that is reported when it is reaped.
        with contextlib.suppress(OSError), child.inbox:
            socket.send_fds(child.inbox, [b"1"], [file])

    def _next_timeout_s(self) -> float | None:
        next_end = min(
            (child.ends_at for child in self._children.values() if not child.is_late), default=math.inf
        )
        return None if next_end == math.inf else max(0.0, next_end - time.monotonic())

    def _kill_late(self) -> None:
        now = time.monotonic()
        for child in self._children.values():
            if child.ends_at <= now and not child.is_late:
                child.is_late = True
                os.kill(child.pid, signal.SIGKILL)

    def _reap(self, watched: int) -> None:
        child = self._children.pop(watched)
        self._selector.unregister(watched)
        os.close(watched)
        child.inbox.close()
        _, status, usage = os.wait4(child.pid, 0)
        if child.id is None:
            self._spare = None
            return
        ending = Ending(
            id=child.id,
            status=os.waitstatus_to_exitcode(status),
            is_late=child.is_late,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * 1024,
        )
        with contextlib.suppress(ConnectionError):  # nobody wants to know; the next thing heard is the end
            self._control.send(ending.pack())
        # While the server is busy with the answer. A call that comes meanwhile would have had to wait for its
        # own process just as long.
        self._spare = self._spare or self._fork()

    def _end(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)
        for child in self._children.values():
            os.waitpid(child.pid, 0)
