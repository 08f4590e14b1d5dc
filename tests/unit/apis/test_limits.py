"""A time limit that costs nothing where nothing is waited for."""

from __future__ import annotations

import asyncio

import pytest

from headrace.apis.limits import within


def test_what_does_not_wait_is_done_at_once() -> None:
    async def work() -> str:
        return "done"

    with pytest.raises(StopIteration) as ended:
        within(0.0, work()).send(None)
    assert ended.value.value == "done", "without an event loop, and so without a timer"


def test_what_waits_goes_on() -> None:
    async def work() -> list[str]:
        loop, said = asyncio.get_running_loop(), []
        for word in ("one", "two"):
            later: asyncio.Future[str] = loop.create_future()
            loop.call_soon(later.set_result, word)
            said.append(await later)
            await asyncio.sleep(0)
        return said

    assert asyncio.run(within(60, work())) == ["one", "two"]


@pytest.mark.parametrize("limit_s", [60, None])
def test_what_is_raised_is_told(limit_s: float | None) -> None:
    async def work() -> None:
        await asyncio.sleep(0)
        raise LookupError("late")

    async def early() -> None:
        raise LookupError("early")

    for coroutine in (work(), early()):
        with pytest.raises(LookupError):
            asyncio.run(within(limit_s, coroutine))


def test_what_takes_too_long_is_stopped() -> None:
    ended = []

    async def work() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("stopped")

    with pytest.raises(TimeoutError):
        asyncio.run(within(0.01, work()))
    assert ended == ["stopped"]


def test_what_waits_can_be_cancelled_and_may_go_on() -> None:
    async def work() -> str:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            await asyncio.sleep(0)
            return "told of it"
        return "never"

    async def scene() -> str:
        task = asyncio.create_task(within(60, work()))
        await asyncio.sleep(0)
        task.cancel()
        return await task

    assert asyncio.run(scene()) == "told of it"
