"""The lock that makes one process the owner of a store's file, and the note that says which."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path

import msgspec

from headrace.storage.errors import StoreLocked, StoreUnusable

try:
    import fcntl
except ImportError:  # Windows
    HAS_LOCKS = False
else:
    HAS_LOCKS = True
"""Whether a file can be locked for as long as a process lives, however that ends."""

MAX_NOTE_BYTES = 4096
_notes = msgspec.json.Decoder(dict[str, str])


def lock_path(store: Path) -> Path:
    """Where the lock of the store in that file is."""
    return store.with_name(store.name + ".lock")


def read_note(store: Path) -> dict[str, str]:
    """What the owner of a store left for others to read; empty when nobody has it open.

    The lock decides whether somebody has: a note may be what a killed process left behind.
    """
    try:
        text = lock_path(store).read_bytes()[:MAX_NOTE_BYTES]
        return _notes.decode(text) if text else {}
    except (FileNotFoundError, NotADirectoryError, msgspec.DecodeError):
        return {}


def is_locked(store: Path) -> bool:
    """Whether a process has the store open."""
    if not HAS_LOCKS:
        return False  # nobody can have
    with lock_path(store).open() as file:
        try:
            fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            return True
        return False


class FileLock:
    """An exclusive lock that the operating system gives up for us, however the process ends."""

    def __init__(self, store: Path) -> None:
        """Take the lock.

        Raises:
            StoreLocked: another has it.
            StoreUnusable: the system has no such locks.
        """
        if not HAS_LOCKS:
            raise StoreUnusable(
                f"{store} can't be used: a store in a file needs the file locks of Linux and macOS, which "
                "this system does not have. Use `memory:`, a PostgreSQL store, or Linux in WSL 2."
            )
        self._file = os.open(lock_path(store), os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._file)
            raise StoreLocked(_refusal(store)) from error
        self.annotate({})

    def annotate(self, note: Mapping[str, str]) -> None:
        """Leave the process id and ``note`` for others to read."""
        self._write(msgspec.json.encode({"pid": str(os.getpid()), **note}))

    def _write(self, text: bytes) -> None:
        os.ftruncate(self._file, 0)
        os.pwrite(self._file, text, 0)

    def release(self) -> None:
        """Give the lock up. The file stays: deleting it could take it from under a successor."""
        self._write(b"")
        os.close(self._file)


def _refusal(store: Path) -> str:
    note = read_note(store)
    owner = f"process {note['pid']}" if "pid" in note else "another process"
    url = f" ({note['url']})" if "url" in note else ""
    return (
        f"{store} is open in {owner}{url}. One process at a time can have it: "
        "talk to that server, or stop it first."
    )
