"""Monty, an interpreter of a part of Python that has no way to the outside: needs the extra ``monty``.

For machines whose kernel can't hold CPython. It is chosen, never fallen back to, because it runs less: there
are no generators, no inheritance and only a few modules.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import keyword
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.backends.sandbox.failures import CodeFailed, SandboxUnavailable
from headrace.backends.sandbox.jail import program
from headrace.backends.sandbox.limits import MIB, STDOUT_CHARS, SandboxLimits
from headrace.backends.sandbox.outcome import Called
from headrace.backends.sandbox.place import Places
from headrace.core.effects import JSON, EffectContext

GRACE_S = 1.0
"""After its time, how long a worker may take to notice before it is killed."""


class MontySandbox:
    """Runs code in Monty's worker processes, which are started by the first call."""

    def __init__(self, limits: SandboxLimits | None = None) -> None:
        """Nothing is started yet; the defaults when there are no limits."""
        self._limits = limits or SandboxLimits()
        self._places = Places(self._limits.concurrent)
        self._starting = asyncio.Lock()
        self._pool: Any = None
        self._monty: Any = None

    async def run(self, code: str, variables: Mapping[str, JSON], context: EffectContext) -> JSON:
        """A node's code. What it prints is discarded.

        Raises:
            CodeFailed: it came to no result.
            SandboxUnavailable: Monty is not installed.
        """
        return (await self._do([(code, dict(variables))], context)).value

    async def call(self, code: str, arguments: Sequence[JSON], context: EffectContext) -> Called:
        """An evaluator's code: its last top-level function, with as many of the arguments as it takes.

        Raises:
            CodeFailed: it came to no result; with what it printed before.
            SandboxUnavailable: Monty is not installed.
        """
        name, count = _last_function(code)
        passed = list(arguments[:count])
        return await self._do([(code, {}), (f"{name}(*_arguments)", {"_arguments": passed})], context)

    async def use(
        self,
        code: str,
        inputs: Mapping[str, JSON],
        context: EffectContext,
        *,
        name: str | None,
        environment: Mapping[str, str],
    ) -> Called:
        """A tool's code: the function of that name, or else its last one, with arguments by name.

        Raises:
            CodeFailed: it came to no result; with what it printed before; or it is to have an environment.
            SandboxUnavailable: Monty is not installed.
        """
        if environment:
            raise CodeFailed("Monty has no environment variables; tools with some need the native sandbox.")
        called = _function(code, name)
        unfit = [one for one in inputs if not one.isidentifier() or keyword.iskeyword(one)]
        if unfit:
            raise CodeFailed(f"TypeError: {called}() got an unexpected keyword argument {unfit[0]!r}")
        arguments = ", ".join(f"{one}=_inputs[{one!r}]" for one in inputs)
        return await self._do([(code, {}), (f"{called}({arguments})", {"_inputs": dict(inputs)})], context)

    async def close(self) -> None:
        """End the workers."""
        async with self._starting:
            pool, self._pool = self._pool, None
            if pool is not None:
                await pool.__aexit__(None, None, None)

    async def _do(self, feeds: Sequence[tuple[str, dict[str, Any]]], context: EffectContext) -> Called:
        if len(feeds[0][0].encode(errors="replace")) > self._limits.code_bytes:
            raise CodeFailed(f"The code is larger than {self._limits.code_bytes} bytes.")
        printed = program.Printed(STDOUT_CHARS)
        async with self._places.one(context.timeout_s) as left_s:
            pool = await self._living_pool()
            wall_s = min(self._limits.wall_s, left_s)
            try:
                async with asyncio.timeout(wall_s + GRACE_S):
                    value = await self._feed(pool, feeds, printed, wall_s)
            except self._monty.MontyError as error:
                raise CodeFailed(_described(error), stdout=printed.text()) from error
            except TimeoutError:
                raise CodeFailed(f"The code ran for longer than {wall_s:g} s.") from None
        return Called(value=self._plain(value, printed.text()), stdout=printed.text())

    async def _feed(
        self, pool: Any, feeds: Sequence[tuple[str, dict[str, Any]]], printed: program.Printed, wall_s: float
    ) -> Any:
        limits = {
            "max_feed_duration_secs": min(wall_s, self._limits.cpu_s),
            "max_memory": self._limits.memory_mib * MIB,
        }
        value = None
        async with pool.checkout(limits=limits) as session:
            for code, inputs in feeds:
                value = await session.feed_run(
                    code, inputs=inputs, print_callback=lambda _, text: printed.write(text)
                )
        return value

    def _plain(self, value: Any, stdout: str) -> JSON:
        """The value as JSON has it, so that no object of Monty's gets further than here."""
        try:
            text = program.as_json(value)
            size_bytes = len(text.encode())
        except (TypeError, ValueError, RecursionError) as error:
            raise CodeFailed(program.described(error), stdout=stdout) from error
        if size_bytes > self._limits.output_bytes:
            raise CodeFailed(f"The result is larger than {self._limits.output_bytes} bytes.", stdout=stdout)
        return json.loads(text)

    async def _living_pool(self) -> Any:
        async with self._starting:
            if self._pool is None:
                try:
                    self._monty = importlib.import_module("pydantic_monty")
                    pool = self._monty.AsyncMonty(max_processes=self._limits.concurrent)
                    self._pool = await pool.__aenter__()
                except (ImportError, OSError) as error:
                    raise SandboxUnavailable(
                        f"Code can't run, for want of Monty. Install `headrace[monty]`. ({error})"
                    ) from error
            return self._pool


def _last_function(code: str) -> tuple[str, int | None]:
    """The name of the last top-level function, and how many arguments it takes; None when any number."""
    try:
        last = program.last_definition(program.parse(code))
    except (SyntaxError, NameError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise CodeFailed(program.described(error)) from error
    taken = last.args
    return last.name, None if taken.vararg else len(taken.posonlyargs) + len(taken.args)


def _function(code: str, name: str | None) -> str:
    """The name of the top-level function that is called."""
    try:
        return program.definition(program.parse(code), name).name
    except (SyntaxError, NameError, TypeError, ValueError, RecursionError, MemoryError) as error:
        raise CodeFailed(program.described(error)) from error


def _described(error: Any) -> str:
    """In the form that errors have elsewhere: ``<Type>: <text> (line N)``."""
    text = str(error.display("type-msg")) if hasattr(error, "display") else str(error)
    frames = error.traceback() if hasattr(error, "traceback") else []
    return f"{text} (line {frames[-1].line})" if frames else text
