"""What a sandbox is, whichever it is, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Protocol

import msgspec

from headrace.core.effects import JSON, CodeRunner, EffectContext


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator's or a tool's function gave.

    Attributes:
        value: what it returned.
        stdout: what the code printed; the first 64 Ki characters of it.
    """

    value: JSON
    stdout: str


class Sandbox(CodeRunner, Protocol):
    """Runs the code of nodes (``run``), evaluators (``call``) and tools (``use``) where it can do no harm."""

    async def call(self, code: str, arguments: Sequence[JSON], context: EffectContext) -> Called:
        """Run code and call its last top-level function with as many of the arguments as it takes
        (humanloop 3.8).

        Raises EffectFailed with the resource ``InlineCode``: ``CodeFailed`` or ``SandboxUnavailable``.
        """

    async def use(
        self,
        code: str,
        inputs: Mapping[str, JSON],
        context: EffectContext,
        *,
        name: str | None,
        environment: Mapping[str, str],
    ) -> Called:
        """Run code and call a top-level function with arguments by name.

        Args:
            name: which function; the last one where it is None, or where there is none of that name.
            environment: the environment variables that the code finds.

        Raises EffectFailed with the resource ``InlineCode``: ``CodeFailed`` or ``SandboxUnavailable``.
        """

    async def close(self) -> None:
        """Give up everything that it holds."""
