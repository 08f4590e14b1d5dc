"""The fork server: a warm, locked interpreter that forks a process for every call, and kills and reaps it.

It runs no foreign code. It ends, with all its calls, when the server closes the control socket or dies.
"""

from __future__ import annotations

import gc
import math
import os
import platform
import resource
import selectors
import signal
import socket
import sys
import sysconfig
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from headrace.backends.sandbox.jail import call, kernel, landlock, modules, seccomp
from headrace.backends.sandbox.jail.protocol import MAX_MESSAGE_BYTES, Bounds, Command, Ending, Greeting
from headrace.backends.sandbox.jail.syscalls import LOADING, NUMBERS, RUNNING

POLITENESS = 5
"""How much foreign code gives way to the server for the processor (``nice``)."""
CAP_KILL, CAP_SETGID, CAP_SETUID = 1 << 5, 1 << 6, 1 << 7


@dataclass(slots=True, kw_only=True)
class _Child:
    """A call's process."""

    id: int
    pid: int
    ends_at: float
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
    os.nice(POLITENESS)
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
    """The standard library; nothing installed is among it."""
    paths = {sysconfig.get_path("stdlib"), sysconfig.get_config_var("DESTSHARED")}
    return [Path(one) for one in sorted(filter(None, paths)) if Path(one).is_dir()]


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
        message, files, _, _ = socket.recv_fds(self._control, MAX_MESSAGE_BYTES, 1)
        if not message:
            return False
        command = Command.unpack(message)
        if files:
            self._fork(command, files[0])
            os.close(files[0])
            return True
        for child in self._children.values():
            if child.id == command.id:
                child.ends_at = -math.inf
        return True

    def _fork(self, command: Command, file: int) -> None:
        pid = os.fork()
        if pid == 0:
            call.serve(self._locks, file, self._pid)
        watched = os.pidfd_open(pid)
        ends_at = time.monotonic() + command.wall_s
        self._children[watched] = _Child(id=command.id, pid=pid, ends_at=ends_at)
        self._selector.register(watched, selectors.EVENT_READ)

    def _next_timeout_s(self) -> float | None:
        waiting = [child.ends_at for child in self._children.values() if not child.is_late]
        return max(0.0, min(waiting) - time.monotonic()) if waiting else None

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
        _, status, usage = os.wait4(child.pid, 0)
        ending = Ending(
            id=child.id,
            status=os.waitstatus_to_exitcode(status),
            is_late=child.is_late,
            cpu_s=usage.ru_utime + usage.ru_stime,
            peak_bytes=usage.ru_maxrss * 1024,
        )
        self._control.send(ending.pack())

    def _end(self) -> None:
        for child in self._children.values():
            os.kill(child.pid, signal.SIGKILL)
        for child in self._children.values():
            os.waitpid(child.pid, 0)
