"""A sandbox to be used from tests that are not asynchronous."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from types import TracebackType
from typing import Any, Self, TypeVar

from headrace.backends.sandbox.failures import CodeFailed
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.native import NativeSandbox
from headrace.core.effects import EffectContext

T = TypeVar("T")


def context(timeout_s: float = 20.0) -> EffectContext:
    """Who asks; nobody in particular."""
    return EffectContext(
        account="000000000000",
        flow_arn="arn:aws:bedrock:us-east-1:000000000000:flow/AAAAAAAAAA",
        alias_arn="arn:aws:bedrock:us-east-1:000000000000:flow/AAAAAAAAAA/alias/BBBBBBBBBB",
        execution_id="execution",
        node="Code",
        step="execution/Code/0",
        timeout_s=timeout_s,
    )


class Box:
    """A sandbox and its event loop."""

    def __init__(self, limits: SandboxLimits, **how: Any) -> None:
        self._runner = asyncio.Runner()
        self._limits = limits
        self._how: dict[str, Any] = {"bwrap": None} | how

    def __enter__(self) -> Self:
        async def make() -> NativeSandbox:
            return NativeSandbox(self._limits, **self._how)

        self.sandbox = self.wait(make())
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.wait(self.sandbox.close())
        self._runner.close()

    def wait(self, task: Coroutine[Any, Any, T]) -> T:
        """Its result."""
        return self._runner.run(task)

    def run(self, code: str, /, **variables: Any) -> Any:
        """The value of a node's code."""
        return self.wait(self.sandbox.run(code, variables, context()))

    def outcome(self, code: str, /, **variables: Any) -> Any:
        """The value of a node's code, or the text of its failure."""
        try:
            return self.run(code, **variables)
        except CodeFailed as failure:
            return failure.message

    def call(self, code: str, /, *arguments: Any) -> Any:
        """What an evaluator's function gives."""
        return self.wait(self.sandbox.call(code, arguments, context()))
