"""The hot paths stay within their budgets of bytecodes and of SQLite's steps, and the gate sees when one does not."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from pathlib import Path

import apsw
import pytest
from bench.counting import Counting
from bench.hot_paths import chosen
from bench.instructions import PYTHON, STEPS, Budgets, budgets, complaints, renewed

ROOT = Path(__file__).parents[2]


def test_hot_paths_are_within_their_budgets() -> None:
    # In a process of its own: what others have loaded or cached changes nothing there.
    command = [sys.executable, "-m", "bench.instructions", "--json"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=110)
    assert done.returncode == 0, done.stderr
    counts = json.loads(done.stdout)
    assert complaints(counts, budgets()) == []
    if not all(PYTHON in budget for budget in budgets().values()):
        pytest.skip(
            f"There are no budgets of bytecodes for Python {PYTHON} yet; SQLite's steps are as they should."
        )


KEPT: Budgets = {"read": {"3.11": 1000, "3.12": 900, STEPS: 100}}


@pytest.mark.parametrize(
    ("python", "counts", "words"),
    [
        ("3.11", {"3.11": 1049, STEPS: 96}, []),
        ("3.11", {"3.11": 1060, STEPS: 100}, ["read: 1,060 bytecodes of Python 3.11, budget 1,000 (+6.0%)", "--functions"]),
        ("3.11", {"3.11": 900, STEPS: 100}, ["budget 1,000 (-10.0%). Cheaper than before", "--write"]),
        ("3.11", {"3.11": 1000, STEPS: 120}, ["read: 120 steps of SQLite, budget 100 (+20.0%). Too dear"]),
        ("3.12", {"3.12": 980, STEPS: 100}, []),
        ("3.12", {"3.12": 500, STEPS: 100}, []),
        ("3.12", {"3.12": 1000, STEPS: 100}, ["read: 1,000 bytecodes of Python 3.12, budget 900 (+11.1%)"]),
        ("3.19", {"3.19": 5, STEPS: 100}, []),
    ],
)  # fmt: skip
def test_a_count_beyond_its_budget_is_told(python: str, counts: dict[str, int], words: list[str]) -> None:
    found = complaints({"read": counts}, KEPT, python=python)
    assert len(found) == bool(words)
    for word in words:
        assert word in found[0]


def test_where_nothing_was_taken_nothing_may_be_added() -> None:
    kept = {"read": {"3.11": 10, STEPS: 0}}
    (found,) = complaints({"read": {"3.11": 10, STEPS: 1}}, kept, python="3.11")
    assert "read: 1 steps of SQLite, budget 0" in found


def test_operations_and_budgets_are_the_same() -> None:
    found = complaints({"write": {"3.11": 5, STEPS: 1}}, KEPT, python="3.11")
    assert [line.partition(":")[0] for line in found] == [
        "write has no budget yet",
        "read has a budget but is not counted any more",
    ]


def test_budgets_of_other_pythons_change_by_as_much() -> None:
    found = renewed({"read": {"3.11": 500, STEPS: 30}, "new": {"3.11": 7, STEPS: 0}}, KEPT, python="3.11")
    assert found == {"read": {"3.11": 500, "3.12": 450, STEPS: 30}, "new": {"3.11": 7, STEPS: 0}}


def _sum(numbers: list[int]) -> int:
    total = 0
    for number in numbers:
        total += number
    return total


def test_twice_the_work_is_twice_the_count() -> None:
    counting, found = Counting(), []
    for size in (1000, 2000, 2000):
        numbers = list(range(size))
        with counting.on() as count:
            _sum(numbers)
        found.append(count)
    assert found[1].bytecodes == found[2].bytecodes
    assert 1.95 < found[1].bytecodes / found[0].bytecodes < 2.05
    (name, most), *_ = found[0].by_function()
    assert name.endswith("_sum")
    assert most > 0.9 * found[0].bytecodes
    assert found[1].beyond(found[0], per=1000).bytecodes == most // 1000


def test_what_connections_do_is_counted_while_it_is_on() -> None:
    counting = Counting()
    with counting.installed():
        connection = apsw.Connection(":memory:")
    connection.execute("CREATE TABLE t (n)")
    connection.executemany("INSERT INTO t VALUES (?)", [(n,) for n in range(100)])
    with counting.on() as few:
        connection.execute("SELECT sum(n) FROM t WHERE rowid <= 10").fetchall()
    with counting.on() as many:
        connection.execute("SELECT sum(n) FROM t").fetchall()
    assert (few.statements, many.statements) == (1, 1)
    assert many.sqlite_steps > 3 * few.sqlite_steps > 0


def test_the_event_loop_itself_is_not_counted() -> None:
    counting = Counting()

    async def wait() -> list[int]:
        counts = []
        for turns in (1, 50):
            with counting.on() as count:
                for _ in range(turns):
                    await asyncio.sleep(0)
            counts.append(sum(n for name, n in count.by_function() if "asyncio" in name))
        return counts

    assert asyncio.run(wait()) == [0, 0]


def test_paths_are_chosen_by_words() -> None:
    assert chosen(["Get Flow", "List", "get it"], ["get"]) == ["Get Flow", "get it"]
    assert chosen(["a", "b"], []) == ["a", "b"]
