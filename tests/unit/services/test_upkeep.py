"""What a server does by itself."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headrace.core.errors import Unavailable
from headrace.services.executions import executions
from headrace.services.server.upkeep import Upkeep


@pytest.mark.parametrize("failure", [Unavailable(), RuntimeError("a bug")])
def test_a_round_that_fails_is_followed_by_another(
    monkeypatch: pytest.MonkeyPatch, failure: Exception
) -> None:
    rounds = asyncio.Event()
    failures = [failure]

    async def tidy(*_: Any, **__: Any) -> None:
        if failures:
            raise failures.pop()
        rounds.set()

    async def scene() -> None:
        upkeep = Upkeep(nothing, "000000000000", kept_days=90, kept_log_days=0, answer_s=3600, every_s=0.001)
        await upkeep.start()
        try:
            async with asyncio.timeout(10):
                await rounds.wait()
        finally:
            await upkeep.close()

    nothing: Any = None
    monkeypatch.setattr(executions, "tidy", tidy)
    asyncio.run(scene())
