"""The journal of one attempt, between its event loop and its thread."""

from __future__ import annotations

import asyncio
import gc
import threading
from contextlib import suppress
from typing import Any

from headrace.backends.durable.bridge import Bridge, Make


def test_what_goes_wrong_behind_an_attempt_that_was_abandoned_bothers_nobody() -> None:
    """Its journal may be gone by the time that the thread looks for a page."""
    is_looking, may_answer = threading.Event(), threading.Event()
    reported: list[dict[str, Any]] = []

    def keep(make: Make) -> str:
        is_looking.set()
        assert may_answer.wait(10)
        raise LookupError("there is no such execution")

    async def never() -> bytes:
        raise AssertionError("it was not said that the page is wanted")

    async def abandon() -> None:
        loop = asyncio.get_running_loop()
        loop.set_exception_handler(lambda _, context: reported.append(context))
        bridge = Bridge(loop)
        serving = loop.run_in_executor(None, bridge.serve, keep)
        attempt = asyncio.create_task(bridge.page(never))
        assert await loop.run_in_executor(None, is_looking.wait, 10)
        attempt.cancel()
        with suppress(asyncio.CancelledError):
            await attempt
        del attempt
        may_answer.set()
        bridge.end()
        await serving
        await asyncio.sleep(0)  # what the thread had to tell is told
        gc.collect()

    asyncio.run(abandon())
    assert reported == []
