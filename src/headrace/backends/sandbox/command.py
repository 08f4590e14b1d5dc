"""The command line of a fork server: a bare interpreter, in bubblewrap where that is wanted."""

from __future__ import annotations

import os
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path

import headrace
from headrace.backends.sandbox.jail.protocol import Bounds

PACKAGE = Path(headrace.__file__).resolve().parent
BOOT = """\
import sys
sys.path.append({root!r})
from headrace.backends.sandbox.jail.server import main
sys.path.remove({root!r})
main({control}, {bounds!r})
"""
SYSTEM_LIBRARIES = ("/lib", "/lib64", "/usr/lib", "/usr/lib64", "/etc/ld.so.cache", "/usr/share/zoneinfo")
KEPT_CAPABILITIES = ("CAP_KILL", "CAP_SETGID", "CAP_SETUID")
"""What a fork server that is root needs to become somebody else for every call, and to kill that."""


def fork_server(python: Path, *, control: int, bounds: Bounds) -> list[str]:
    """Start the fork server; it finds its control socket under that number."""
    boot = BOOT.format(root=str(PACKAGE.parent), control=control, bounds=bounds.to_text())
    return [str(python), "-I", "-S", "-B", "-X", "utf8", "-c", boot]


def interpreter() -> Path:
    """The interpreter that runs us, outside of any virtual environment."""
    return Path(sys.executable).resolve()


def bubblewrap(bwrap: str) -> list[str]:
    """What to put before a command to give it namespaces of its own with nothing but Python in them."""
    return [
        bwrap,
        *(_root_options() if os.geteuid() == 0 else ("--unshare-all", "--cap-drop", "ALL")),
        *("--die-with-parent", "--new-session", "--clearenv", "--proc", "/proc", "--chdir", "/"),
        *_mounts(),
        "--",
    ]


def _root_options() -> Iterator[str]:
    """Root needs no user namespace, in which there would be no other identity to take."""
    yield from ("--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try")
    yield from ("--cap-drop", "ALL")
    for name in KEPT_CAPABILITIES:
        yield from ("--cap-add", name)


def _mounts() -> Iterator[str]:
    prefixes = {sys.base_prefix, sys.base_exec_prefix, sysconfig.get_path("stdlib"), str(PACKAGE)}
    for path in (*sorted(prefixes), str(interpreter()), *SYSTEM_LIBRARIES):
        yield from ("--ro-bind-try", path, path)
