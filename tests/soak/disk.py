"""Disks that are full, or can't be written to, for the process of a server only or for a mount of its own."""

from __future__ import annotations

import atexit
import errno
import os
import resource
import sqlite3
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from tests.soak.servers import Server

SIZE_MIB = 1024
PIECE_BYTES = 1 << 20


def mount(folder: Path) -> bool:
    """Put a small file system of its own at a folder; whether that is permitted here."""
    folder.mkdir(exist_ok=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={SIZE_MIB}m", "tmpfs", str(folder)]
    if os.geteuid() != 0 or subprocess.run(command, check=False, capture_output=True).returncode:
        return False
    atexit.register(unmount, folder)
    return True


def unmount(folder: Path) -> None:
    """Take it away again, with what is in it."""
    if folder.is_mount():
        subprocess.run(["umount", "--lazy", str(folder)], check=False, capture_output=True)


@contextmanager
def full(server: Server, folder: Path) -> Iterator[str]:
    """No file in the folder can grow while the block runs; how that is done."""
    if not folder.is_mount():
        largest = max(one.stat().st_size for one in folder.glob("headrace.db*"))
        with server.limited(resource.RLIMIT_FSIZE, largest):
            yield "files can't grow"
        return
    ballast = folder / "ballast"
    try:
        with suppress(OSError):
            _fill(ballast)
        yield "no room on its file system"
    finally:
        ballast.unlink(missing_ok=True)


def _fill(ballast: Path) -> None:
    with ballast.open("wb", buffering=0) as file:
        for size in (PIECE_BYTES, 4096):
            try:
                while file.write(b"\0" * size):
                    pass
            except OSError as error:
                if error.errno != errno.ENOSPC:
                    raise


def integrity(path: Path) -> list[str]:
    """What SQLite finds wrong with a file, whoever uses it meanwhile."""
    if not path.exists():
        return []
    connection = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        found = [row[0] for row in connection.execute("PRAGMA integrity_check") if row[0] != "ok"]
        found += [f"foreign key: {row}" for row in connection.execute("PRAGMA foreign_key_check")]
    finally:
        connection.close()
    return [f"{path.name} is not whole: {one}" for one in found]


@contextmanager
def read_only(server: Server) -> Iterator[str]:
    """Nothing can be written to any file while the block runs; how that is done."""
    with server.limited(resource.RLIMIT_FSIZE, 0):
        yield "files can't be written"
