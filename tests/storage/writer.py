"""A process that writes through a store as fast as it can and says what was acknowledged, until it is killed.

Usage: python writer.py STORE_URL FIRST_NUMBER. A unit is a file, its version and a release, written together.
"""

from __future__ import annotations

import asyncio
import itertools
import sys
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.storage.things import HOME, file, release, version

from headrace.core.ports import Transaction
from headrace.storage import open_store

CALLERS = 16


def add_unit(number: int, tx: Transaction) -> None:
    name = f"{number:08}"
    tx.files.add(file(f"fl_{name}", path=name, short_name=name))
    tx.versions.add(version(f"flv_{name}", f"fl_{name}", content=b"x" * 5000))
    tx.releases.add(release(1, f"flv_{name}", f"fl_{name}", content=b"y" * (number % 5000)))
    tx.files.issue_number(id=f"fl_{name}", number=1, at=datetime.now(UTC))


async def write_forever(url: str, first: int) -> None:
    store = open_store(url)
    numbers = itertools.count(first)

    async def caller() -> None:
        for number in numbers:
            await store.write(HOME, lambda tx, n=number: add_unit(n, tx))
            print(number, flush=True)

    await asyncio.gather(*(caller() for _ in range(CALLERS)))


if __name__ == "__main__":
    asyncio.run(write_forever(sys.argv[1], int(sys.argv[2])))
