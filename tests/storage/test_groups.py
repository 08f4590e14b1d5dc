"""Laws of group commit, on an engine that only keeps a diary."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from typing import Any, NoReturn

import pytest

from headrace.core.errors import Unavailable
from headrace.storage.groups import MAX_JOBS, GroupCommit


class Diary:
    """What was asked of the engine, in order; commits wait while ``gate`` is closed."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.gate = threading.Event()
        self.gate.set()
        self.is_in_transaction = False
        self.is_broken = False

    def begin(self) -> None:
        if self.is_broken:
            raise Unavailable
        self.lines.append("begin")
        self.is_in_transaction = True

    def in_savepoint(self, work: Callable[[], Any]) -> Any:
        return work()

    def commit(self) -> None:
        self.gate.wait()
        self.is_in_transaction = False
        self.lines.append("commit")

    def roll_back(self) -> None:
        self.is_in_transaction = False
        self.lines.append("roll back")


def note(diary: Diary, word: str) -> Callable[[], str]:
    def work() -> str:
        diary.lines.append(word)
        return word

    return work


def bug() -> NoReturn:
    raise ZeroDivisionError


async def turns(count: int = 5) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def test_use_cases_that_wait_together_share_a_commit() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        diary.gate.clear()
        first = [asyncio.create_task(groups.run(note(diary, word))) for word in "ab"]
        await turns()
        assert diary.lines == ["begin", "a", "b"]
        rest = [asyncio.create_task(groups.run(note(diary, word))) for word in "cde"]
        await turns()
        assert diary.lines == ["begin", "a", "b"]
        assert not any(task.done() for task in first)
        diary.gate.set()
        assert await asyncio.gather(*first, *rest) == list("abcde")
        assert diary.lines == ["begin", "a", "b", "commit", "begin", "c", "d", "e", "commit"]
        await groups.close()

    asyncio.run(scene())


def test_a_group_has_a_largest_size() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        await asyncio.gather(*(groups.run(note(diary, "x")) for _ in range(MAX_JOBS + 1)))
        assert diary.lines.count("commit") >= 2
        assert diary.lines.count("x") == MAX_JOBS + 1
        await groups.close()

    asyncio.run(scene())


def test_a_use_case_cancelled_before_its_start_is_dropped_and_after_it_is_kept() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        diary.gate.clear()
        begun = asyncio.create_task(groups.run(note(diary, "begun")))
        await turns()
        waiting = asyncio.create_task(groups.run(note(diary, "waiting")))
        last = asyncio.create_task(groups.run(note(diary, "last")))
        await turns()
        begun.cancel()
        waiting.cancel()
        await turns()
        diary.gate.set()
        assert await last == "last"
        assert begun.cancelled()
        assert waiting.cancelled()
        assert diary.lines == ["begin", "begun", "commit", "begin", "last", "commit"]
        await groups.close()

    asyncio.run(scene())


def test_a_group_with_nothing_to_keep_is_not_committed() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        with pytest.raises(ZeroDivisionError):
            await groups.run(bug)
        assert diary.lines == ["begin", "roll back"]
        assert await groups.run(note(diary, "a")) == "a"
        await groups.close()

    asyncio.run(scene())


def test_when_a_transaction_can_not_begin_everybody_hears_of_it() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        diary.is_broken = True
        outcomes = await asyncio.gather(
            *(groups.run(note(diary, "x")) for _ in range(3)), return_exceptions=True
        )
        assert [type(outcome) for outcome in outcomes] == [Unavailable] * 3
        assert groups.commits.failed >= 1
        failed = groups.commits.failed
        diary.is_broken = False
        assert await groups.run(note(diary, "a")) == "a"
        assert groups.commits.failed == failed
        await groups.close()

    asyncio.run(scene())


def test_when_the_transaction_is_lost_the_whole_group_is() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)

        def lose() -> NoReturn:
            diary.is_in_transaction = False
            raise Unavailable

        work = [note(diary, "a"), lose, note(diary, "b")]
        outcomes = await asyncio.gather(*(groups.run(one) for one in work), return_exceptions=True)
        assert [type(outcome) for outcome in outcomes] == [Unavailable, Unavailable, str]
        assert diary.lines == ["begin", "a", "begin", "b", "commit"]
        assert groups.commits.failed == 1
        await groups.close()

    asyncio.run(scene())


def test_one_that_the_store_can_not_keep_is_counted_and_a_refusal_is_not() -> None:
    async def scene() -> None:
        def fill() -> NoReturn:
            raise Unavailable

        groups = GroupCommit(Diary())
        await asyncio.gather(*(groups.run(one) for one in (fill, bug, fill)), return_exceptions=True)
        assert groups.commits.failed == 1
        await asyncio.gather(groups.run(bug), return_exceptions=True)
        assert groups.commits.failed == 1
        await groups.close()

    asyncio.run(scene())


def test_what_can_not_be_undone_leaves_nobody_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        with monkeypatch.context() as broken:
            broken.setattr(diary, "roll_back", _unavailable)
            with pytest.raises(ZeroDivisionError):
                await groups.run(bug)
        assert await asyncio.wait_for(groups.run(note(diary, "a")), timeout=60) == "a"
        await groups.close()

    asyncio.run(scene())


def _unavailable() -> NoReturn:
    raise Unavailable


def test_closing_waits_for_what_was_begun_and_refuses_the_rest() -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        diary.gate.clear()
        begun = asyncio.create_task(groups.run(note(diary, "a")))
        await turns()
        waiting = asyncio.create_task(groups.run(note(diary, "b")))
        await turns()
        closing = asyncio.create_task(groups.close())
        await turns()
        with pytest.raises(Unavailable):
            await groups.run(note(diary, "late"))
        assert not closing.done()
        diary.gate.set()
        await closing
        assert (begun.result(), waiting.result()) == ("a", "b")
        assert diary.lines == ["begin", "a", "commit", "begin", "b", "commit"]

    asyncio.run(scene())


@pytest.mark.parametrize("step", ["begin", "commit"])
def test_a_bug_in_the_engine_leaves_nobody_waiting(step: str, monkeypatch: pytest.MonkeyPatch) -> None:
    async def scene() -> None:
        diary = Diary()
        groups = GroupCommit(diary)
        with monkeypatch.context() as broken:
            broken.setattr(diary, step, bug)
            for _ in range(2):
                with pytest.raises(ZeroDivisionError):
                    await asyncio.wait_for(groups.run(note(diary, "a")), timeout=60)
        assert await asyncio.wait_for(groups.run(note(diary, "b")), timeout=60) == "b"
        await groups.close()

    asyncio.run(scene())
