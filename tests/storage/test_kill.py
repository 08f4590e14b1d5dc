"""What was acknowledged outlives `kill -9`, and nothing is ever half there."""

from __future__ import annotations

import asyncio
import random
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from tests.storage.things import HOME

from headrace.core.ports import Transaction
from headrace.storage import open_store

KILLS = 20
MOST_UNITS = 600
WRITER = Path(__file__).with_name("writer.py")


def write_until_killed(url: str, first: int, units: int) -> list[int]:
    """Kill a writer after it acknowledged about ``units``; everything that it acknowledged."""
    command = [sys.executable, str(WRITER), url, str(first)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as writer:
        assert writer.stdout is not None
        try:
            told = [writer.stdout.readline() for _ in range(units)]
        finally:
            writer.kill()
        told += writer.stdout.readlines()
    return [int(line) for line in told if line.endswith("\n")]


def unit_is_whole(tx: Transaction, number: int) -> bool | None:
    """None when nothing of it is there."""
    name = f"{number:08}"
    found = tx.files.get(id=f"fl_{name}")
    made = tx.versions.get(id=f"flv_{name}")
    released = tx.releases.get(file_id=f"fl_{name}", number=1)
    if not (found or made or released):
        return None
    return bool(
        found
        and made
        and released
        and found.last_number == 1
        and made.content == b"x" * 5000
        and released.content == b"y" * (number % 5000)
        and tx.versions.count(file_id=found.id) == tx.releases.count_runnable(file_id=found.id) == 1
    )


async def state(url: str, numbers: range) -> tuple[list[bool | None], int]:
    store = open_store(url)
    try:
        return await store.read(
            HOME, lambda tx: ([unit_is_whole(tx, number) for number in numbers], tx.files.count(kind="flow"))
        )
    finally:
        await store.close()


@pytest.mark.chaos
@pytest.mark.timeout(300)
def test_what_was_acknowledged_outlives_the_process(tmp_path: Path) -> None:
    url = f"sqlite:///{tmp_path}/store.db"
    acknowledged: set[int] = set()
    first = 0
    for _ in range(KILLS):
        told = write_until_killed(url, first, random.randint(1, MOST_UNITS))
        assert told
        acknowledged.update(told)
        end = max(told) + 1000  # far more than can be under way
        found, count = asyncio.run(state(url, range(end)))
        assert all(found[number] for number in acknowledged)
        assert False not in found
        assert count == sum(whole is True for whole in found)
        first = end
    with apsw.Connection(str(tmp_path / "store.db")) as connection:
        assert connection.pragma("integrity_check") == "ok"
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    connection.close()
