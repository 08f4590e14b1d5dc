"""A sandbox whose calls are counted."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Mapping, Sequence
from typing import TypeVar

from headrace.backends.sandbox.failures import CodeFailed, CodeKilled
from headrace.backends.sandbox.outcome import Called, Sandbox
from headrace.core.counts import Spread
from headrace.core.effects import JSON, EffectContext, EffectFailed

T = TypeVar("T")


class CountedSandbox(Sandbox):
    """Another one, and how often and how long it was used.

    Args:
        seconds: counts calls by what they are for and how they ended.
        use_for: what they are for: ``nodes``, ``evaluators`` or ``tools``.
    """

    def __init__(self, sandbox: Sandbox, seconds: Spread, *, use_for: str) -> None:
        self._sandbox = sandbox
        self._seconds = seconds
        self._use_for = use_for

    async def run(self, code: str, variables: Mapping[str, JSON], context: EffectContext) -> JSON:
        return await self._counted(self._sandbox.run(code, variables, context))

    async def call(self, code: str, arguments: Sequence[JSON], context: EffectContext) -> Called:
        return await self._counted(self._sandbox.call(code, arguments, context))

    async def use(
        self,
        code: str,
        inputs: Mapping[str, JSON],
        context: EffectContext,
        *,
        name: str | None,
        environment: Mapping[str, str],
    ) -> Called:
        used = self._sandbox.use(code, inputs, context, name=name, environment=environment)
        return await self._counted(used)

    async def close(self) -> None:
        await self._sandbox.close()

    async def _counted(self, call: Awaitable[T]) -> T:
        started_s, outcome = time.perf_counter(), "left"
        try:
            result = await call
            outcome = "succeeded"
        except CodeKilled:
            outcome = "killed"
            raise
        except CodeFailed:
            outcome = "failed"
            raise
        except EffectFailed:
            outcome = "unavailable"
            raise
        finally:
            self._seconds.add((self._use_for, outcome), time.perf_counter() - started_s)
        return result
