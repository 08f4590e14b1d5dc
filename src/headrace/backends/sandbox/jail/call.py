"""One call, in a process of its own: read the request, lock everything, run, reply, end."""

from __future__ import annotations

import contextlib
import io
import json
import os
import resource
import signal
import socket
import sys
from dataclasses import dataclass
from typing import Any

from headrace.backends.sandbox.jail import kernel, landlock, modules, program
from headrace.backends.sandbox.jail.protocol import Bounds
from headrace.backends.sandbox.jail.seccomp import Filter

SOCKET = 3
"""Where a call finds its socket; it has no other file but three times /dev/null."""
OPEN_FILES = 32
STACK_BYTES = 8 * 1024 * 1024
NOBODY = 65_534
POLITENESS = 5
"""How much more foreign code gives way for the processor than the server does (``nice``)."""
REPLIED, NOT_REPLIED = 0, 70
RESERVE_BYTES = 4 * 1024 * 1024
"""Address space that is kept back, so that there is room to tell of a MemoryError."""
READ_BYTES = 1 << 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Locks:
    """What a call is locked with.

    Attributes:
        machine: as ``uname -m`` calls it.
        loading: the filter while modules are loaded.
        running: the filter while foreign code runs.
        bounds: what it may use.
        base_bytes: the address space of the fork server, which every call begins with.
        is_root: whether there is a root identity to give up.
    """

    machine: str
    loading: Filter
    running: Filter
    bounds: Bounds
    base_bytes: int
    is_root: bool


def serve(locks: Locks, inbox: int, parent: int) -> None:
    """Wait for one call, do it, and end the process, which was forked for it.

    Args:
        locks: what to lock it with.
        inbox: a socket to which the fork server sends the call's socket.
        parent: the fork server's process.
    """
    status = NOT_REPLIED
    try:
        _isolate(inbox)
        _end_with(parent)
        _limit(locks)
        _rehearse()
        _take_socket()
        locks.loading.install()
        request = json.loads(_read())
        _send(_reply(locks, request, parent))
        os.close(SOCKET)  # else nobody would know that this was all before the memory is given back
        status = REPLIED
    finally:
        os._exit(status)


def _isolate(inbox: int) -> None:
    """Keep the inbox, in the place of the call's socket, and close every other file that was inherited."""
    os.dup2(sys.stdout.fileno(), sys.stderr.fileno())  # /dev/null in place of the pipe to the server
    os.dup2(inbox, SOCKET)
    os.closerange(SOCKET + 1, os.sysconf("SC_OPEN_MAX"))


def _end_with(parent: int) -> None:
    kernel.prctl(kernel.PR_SET_PDEATHSIG, signal.SIGKILL)
    if os.getppid() != parent:
        raise ProcessLookupError("the fork server ended first")


def _rehearse() -> None:
    """Copy the pages that every call writes to while nobody waits for it."""
    tree = program.parse("0")
    modules.load_imports(tree)
    _fitting(program.as_json(program.last_value(tree, json.loads("{}"))), "", 1)


def _take_socket() -> None:
    with socket.socket(fileno=SOCKET) as inbox:
        _, files, _, _ = socket.recv_fds(inbox, 1, 1)
        inbox.detach()
    os.dup2(files[0], SOCKET)
    os.close(files[0])


def _limit(locks: Locks) -> None:
    bounds = locks.bounds
    limits = {
        resource.RLIMIT_AS: locks.base_bytes + bounds.memory_bytes,
        resource.RLIMIT_CPU: bounds.cpu_s,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_MEMLOCK: 0,
        resource.RLIMIT_MSGQUEUE: 0,
        resource.RLIMIT_NOFILE: OPEN_FILES,
        resource.RLIMIT_NPROC: 0,
        resource.RLIMIT_STACK: STACK_BYTES,
    }
    for kind, most in limits.items():
        allowed = resource.getrlimit(kind)[1]
        value = most if allowed == resource.RLIM_INFINITY else min(most, allowed)
        resource.setrlimit(kind, (value, value))


def _read() -> bytes:
    pieces = []
    while piece := os.read(SOCKET, READ_BYTES):
        pieces.append(piece)
    return b"".join(pieces)


def _reply(locks: Locks, request: dict[str, Any], parent: int) -> bytes:
    """Parse, load, lock, run. From ``_lock`` on, nothing can be opened, and nothing here is to be trusted."""
    printed = program.Printed(locks.bounds.stdout_chars if request["keeps_stdout"] else 0)
    sys.stdout = sys.stderr = printed
    sys.stdin = io.StringIO()
    try:
        tree = program.parse(request["code"])
        modules.load_imports(tree)
    except Exception as error:  # noqa: BLE001  # whatever the parser has to say
        return _encoded(error=program.described(error))
    _lock(locks, parent)
    reserve = bytearray(RESERVE_BYTES)
    try:
        value = program.as_json(_run(tree, request))
    except BaseException as error:  # noqa: BLE001  # SystemExit and what code derives from BaseException, too
        del reserve
        return _encoded(error=program.described(error), stdout=printed.text())
    return _fitting(value, printed.text(), locks.bounds.output_bytes)


def _fitting(value: str, stdout: str, most_bytes: int) -> bytes:
    try:
        size_bytes = len(value.encode())
    except UnicodeEncodeError as error:
        return _encoded(error=program.described(error), stdout=stdout)
    if size_bytes > most_bytes:
        return _encoded(error=f"The result is larger than {most_bytes} bytes.", stdout=stdout)
    return _encoded(value=value, stdout=stdout)


def _encoded(*, value: str = "null", error: str | None = None, stdout: str = "") -> bytes:
    """The reply. Lone surrogates, which are not Unicode, become question marks in what people read."""
    shown = [None if one is None else one.encode(errors="replace").decode() for one in (error, stdout)]
    head = json.dumps({"error": shown[0], "stdout": shown[1]})
    return f'{head[:-1]}, "value": {value}}}'.encode()


def _lock(locks: Locks, parent: int) -> None:
    """Give up the identity, then every file, then every system call but a few."""
    if locks.is_root:
        _become_nobody()
    kernel.drop_capabilities()
    # A change of identity resets both.
    kernel.prctl(kernel.PR_SET_DUMPABLE, 0)
    _end_with(parent)
    landlock.restrict(locks.machine, readable=())
    os.nice(POLITENESS)  # relative: a server that gives way itself may not make its calls less polite
    locks.running.install()


def _become_nobody() -> None:
    # Where user namespaces or a container leave no other identity, root without capabilities has to do.
    with contextlib.suppress(OSError):
        os.setgroups([])
        os.setresgid(NOBODY, NOBODY, NOBODY)
        os.setresuid(NOBODY, NOBODY, NOBODY)


def _run(tree: Any, request: dict[str, Any]) -> Any:
    if "inputs" in request:
        os.environ.update(request["environment"])
        return program.named_function(tree, request["name"], request["inputs"])
    if "arguments" in request:
        return program.last_function(tree, request["arguments"])
    return program.last_value(tree, request["variables"])


def _send(reply: bytes) -> None:
    rest = memoryview(reply)
    while rest:
        rest = rest[os.write(SOCKET, rest) :]
