"""Tools whose source is Python, run in the sandbox."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.backends.sandbox.failures import CodeFailed
from headrace.backends.sandbox.outcome import Sandbox
from headrace.core.effects import JSON, EffectContext, Fault, ToolOutcome, ToolRunner

MISSING_MODULE = "ModuleNotFoundError"
ONLY_STANDARD = "Tools have Python's standard library and no other packages here."


class SandboxedTools(ToolRunner):
    """Runs tools in a sandbox; their own failures are outcomes, too."""

    def __init__(self, sandbox: Sandbox) -> None:
        self._sandbox = sandbox

    async def use(
        self,
        source: str,
        inputs: Mapping[str, JSON],
        context: EffectContext,
        *,
        name: str | None,
        environment: Mapping[str, str],
    ) -> ToolOutcome:
        try:
            called = await self._sandbox.use(source, inputs, context, name=name, environment=environment)
        except CodeFailed as failure:
            if failure.fault is not Fault.DEPENDENCY:  # it was not run
                raise
            return ToolOutcome(error=_told(failure.message), stdout=failure.stdout)
        return ToolOutcome(value=called.value, stdout=called.stdout)


def _told(message: str) -> str:
    return f"{message}. {ONLY_STANDARD}" if message.startswith(MISSING_MODULE) else message
