"""What the server said that it had done: a file outside of it that is only added to, and outlives everybody.

Each line is a fact. A fact counts from when its line is on the disk: facts that come together share a flush.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import Iterator
from pathlib import Path
from typing import Any

Fact = dict[str, Any]


class Journal:
    """The file, to be added to. Belongs to one event loop."""

    def __init__(self, path: Path) -> None:
        self._file = path.open("ab")
        self._waiting: list[bytes] = []
        self._flush: asyncio.Task[None] | None = None
        self.facts = 0

    async def add(self, fact: Fact) -> None:
        """Returns when the fact is on the disk."""
        self._waiting.append(json.dumps(fact, separators=(",", ":")).encode() + b"\n")
        self.facts += 1
        flush = self._flush
        if flush is None:
            flush = self._flush = asyncio.create_task(self._write())
        await asyncio.shield(flush)

    async def _write(self) -> None:
        await asyncio.sleep(0)  # what else is ready joins
        lines, self._waiting, self._flush = self._waiting, [], None
        await asyncio.to_thread(self._keep, b"".join(lines))

    def _keep(self, lines: bytes) -> None:
        self._file.write(lines)
        self._file.flush()
        os.fsync(self._file.fileno())

    def close(self) -> None:
        """Close the file."""
        self._file.close()


def facts_in(path: Path) -> Iterator[Fact]:
    """All facts of a journal; a last line that is cut off is none."""
    with path.open("rb") as lines:
        for line in lines:
            if line.endswith(b"\n"):
                yield json.loads(line)
