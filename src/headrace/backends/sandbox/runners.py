"""The sandboxes there are, by the name that the setting ``HEADRACE_SANDBOX`` calls them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from headrace.backends.sandbox.failures import SandboxUnavailable
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.monty import MontySandbox
from headrace.backends.sandbox.native import NativeSandbox
from headrace.backends.sandbox.outcome import Called, Sandbox
from headrace.core.effects import JSON, EffectContext


class NoSandbox:
    """Runs no code at all, and says so."""

    async def run(self, code: str, variables: Mapping[str, JSON], context: EffectContext) -> JSON:
        """Raises SandboxUnavailable."""
        raise _off()

    async def call(self, code: str, arguments: Sequence[JSON], context: EffectContext) -> Called:
        """Raises SandboxUnavailable."""
        raise _off()

    async def use(
        self,
        code: str,
        inputs: Mapping[str, JSON],
        context: EffectContext,
        *,
        name: str | None,
        environment: Mapping[str, str],
    ) -> Called:
        """Raises SandboxUnavailable."""
        raise _off()

    async def close(self) -> None:
        """There is nothing to give up."""


def _off() -> SandboxUnavailable:
    return SandboxUnavailable("This server runs no code: HEADRACE_SANDBOX is off.")


SANDBOXES: dict[str, Callable[[SandboxLimits], Sandbox]] = {
    "native": NativeSandbox,
    "monty": MontySandbox,
    "off": lambda _limits: NoSandbox(),
}
"""Each with its maker. There is none that runs code without locks."""


def open_sandbox(name: str, limits: SandboxLimits) -> Sandbox:
    """The sandbox of that name; it starts nothing until it is used.

    Raises:
        ValueError: there is none of that name.
    """
    if name not in SANDBOXES:
        raise ValueError(f"There is no sandbox {name!r}; there are {', '.join(sorted(SANDBOXES))}.")
    return SANDBOXES[name](limits)
