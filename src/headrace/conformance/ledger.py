"""What was made and has to be removed again: kept on disk, so that it can be removed after a crash too."""

from __future__ import annotations

import json
import os
import threading
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """Something that was made.

    Attributes:
        api: through which.
        path: what is sent a DELETE to remove it, with its query.
        owner: the id of the check that it was made for; empty when several use it.
    """

    api: str
    path: str
    owner: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Origin:
    """Where things were made.

    Attributes:
        endpoint: the server.
        prefix: what the name of each begins with.
    """

    endpoint: str
    prefix: str


Remove = Callable[[Entry], str | None]
"""Removes one thing; says why it is still there, when it is."""


class Ledger:
    """The things that there are, in the order in which they were made.

    Attributes:
        path: the file it is kept in. A line is written for each thing that comes and goes.
    """

    def __init__(self, path: Path, origin: Origin, entries: list[Entry] | None = None) -> None:
        self.path = path
        self.origin = origin
        self._entries = list(entries or [])
        self._lock = threading.Lock()

    @classmethod
    def create(cls, path: Path, origin: Origin) -> Ledger:
        """A new one. The file must not be there."""
        with os.fdopen(os.open(path, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "w") as file:
            file.write(json.dumps(asdict(origin)) + "\n")
        return cls(path, origin)

    @classmethod
    def load(cls, path: Path) -> Ledger:
        """The one that a run left behind.

        Raises:
            ValueError: the file is none.
        """
        try:
            first, *rest = path.read_text().splitlines()
            origin = Origin(**json.loads(first))
            entries: list[Entry] = []
            for line in filter(str.strip, rest):
                told = json.loads(line)
                entry = Entry(**told["entry"])
                if told["is_there"]:
                    entries.append(entry)
                elif entry in entries:
                    entries.remove(entry)
        except (ValueError, KeyError, TypeError) as error:
            raise ValueError(f"{path} is no ledger of these checks: {error}") from None
        return cls(path, origin, entries)

    def add(self, entry: Entry) -> None:
        """Something was made."""
        with self._lock:
            self._entries.append(entry)
            self._write(entry, is_there=True)

    def drop(self, api: str, path: str) -> None:
        """Something was removed. The path is compared without its query."""
        with self._lock:
            for entry in [one for one in self._entries if one.api == api and _plain(one) == path]:
                self._entries.remove(entry)
                self._write(entry, is_there=False)

    def remove(self, how: Remove, *, owner: str | None = None) -> list[str]:
        """Remove what belongs to an owner, or everything, the newest first; why anything is still there."""
        with self._lock:
            mine = [one for one in reversed(self._entries) if owner is None or one.owner == owner]
        reasons = []
        for entry in mine:
            reason = how(entry)
            if reason is None:
                self.drop(entry.api, _plain(entry))
            else:
                reasons.append(reason)
        return reasons

    def forget(self) -> None:
        """All is removed: remove the file."""
        self.path.unlink(missing_ok=True)

    def _write(self, entry: Entry, *, is_there: bool) -> None:
        with self.path.open("a") as file:
            file.write(json.dumps({"entry": asdict(entry), "is_there": is_there}) + "\n")


def _plain(entry: Entry) -> str:
    return entry.path.partition("?")[0]
