"""CPython behind the kernel's locks: the sandbox that is used unless another is asked for."""

from __future__ import annotations

import asyncio
import json
import logging
import shutil
import signal
import socket
import sys
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.sandbox import command
from headrace.backends.sandbox.failures import CodeFailed, CodeKilled, ForkServerEnded, SandboxUnavailable
from headrace.backends.sandbox.fork_server import Ended, ForkServer, start_fork_server
from headrace.backends.sandbox.limits import STDOUT_CHARS, SandboxLimits
from headrace.backends.sandbox.outcome import Called
from headrace.backends.sandbox.place import Places
from headrace.backends.sandbox.probe import PROBE
from headrace.core.effects import JSON, EffectContext

ESCAPED_BYTES = 6
"""The most that one character takes in JSON."""
MAX_ERROR_BYTES = 64 * 1024
PROBE_WALL_S = 10.0
TICKS_MISS = 0.5
"""The kernel holds the limit by sampling; its exact account says less, on a busy machine much less."""
KILLED_BY_LIMIT = (-signal.SIGKILL, -signal.SIGXCPU) if sys.platform == "linux" else ()

_log = logging.getLogger(__name__)


class _Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What a call's process says came of it."""

    value: Any
    error: str | None
    stdout: str


_replies = msgspec.json.Decoder(_Reply)


class NativeSandbox:
    """Runs code in a locked process forked for it, at most ``limits.concurrent`` at once.

    The fork server is started by the first call, and again by the first after it died. It is used only once a
    probe has found every lock shut.
    """

    def __init__(
        self, limits: SandboxLimits | None = None, *, python: Path | None = None, bwrap: str | None = "bwrap"
    ) -> None:
        """Nothing is started yet.

        Args:
            limits: the defaults when None.
            python: the interpreter for the code; ours when None.
            bwrap: the bubblewrap program to put around it where it is found and works; None for none.
        """
        self._limits = limits or SandboxLimits()
        self._python = python or command.interpreter()
        self._bwrap = bwrap
        self._places = Places(self._limits.concurrent)
        self._starting = asyncio.Lock()
        self._server: ForkServer | None = None
        self._calls: set[asyncio.Task[_Reply]] = set()
        self._most_bytes = self._limits.output_bytes + ESCAPED_BYTES * STDOUT_CHARS + MAX_ERROR_BYTES

    @property
    def server(self) -> ForkServer | None:
        """The fork server of the last call."""
        return self._server

    async def run(self, code: str, variables: Mapping[str, JSON], context: EffectContext) -> JSON:
        """A node's code. What it prints is discarded.

        Raises:
            CodeFailed: it came to no result.
            SandboxUnavailable: there is no safe place to run it.
        """
        return (await self._do(code, {"variables": variables, "keeps_stdout": False}, context)).value

    async def call(self, code: str, arguments: Sequence[JSON], context: EffectContext) -> Called:
        """An evaluator's code: its last top-level function, with as many of the arguments as it takes.

        Raises:
            CodeFailed: it came to no result; with what it printed before.
            SandboxUnavailable: there is no safe place to run it.
        """
        reply = await self._do(code, {"arguments": arguments, "keeps_stdout": True}, context)
        return Called(value=reply.value, stdout=reply.stdout)

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
            CodeFailed: it came to no result; with what it printed before.
            SandboxUnavailable: there is no safe place to run it.
        """
        about = {"inputs": inputs, "name": name, "environment": environment, "keeps_stdout": True}
        reply = await self._do(code, about, context)
        return Called(value=reply.value, stdout=reply.stdout)

    async def close(self) -> None:
        """End the fork server and all calls."""
        async with self._starting:
            server, self._server = self._server, None
            if server is not None:
                await server.close()
        if self._calls:
            await asyncio.wait(self._calls)

    async def _do(self, code: str, request: Mapping[str, Any], context: EffectContext) -> _Reply:
        if len(code.encode(errors="replace")) > self._limits.code_bytes:
            raise CodeFailed(f"The code is larger than {self._limits.code_bytes} bytes.")
        body = json.dumps({"code": code, **request}).encode()
        answer = asyncio.get_running_loop().create_future()
        call = asyncio.create_task(self._call(body, context.timeout_s, answer))
        self._calls.add(call)
        call.add_done_callback(lambda _: self._end(call, answer))
        try:
            reply: _Reply = await answer
        except asyncio.CancelledError:
            call.cancel()
            raise
        return _checked(reply)

    async def _call(self, body: bytes, timeout_s: float, answer: asyncio.Future[_Reply]) -> _Reply:
        """Hold a place until the process has ended; the answer is there as soon as it is written."""

        def hear(written: bytes) -> None:
            with suppress(msgspec.DecodeError, RecursionError):  # then how it ends says more
                reply = _replies.decode(written)
                if not answer.done():
                    answer.set_result(reply)

        async with self._places.one(timeout_s) as left_s:
            wall_s = min(self._limits.wall_s, left_s)
            server = await self._living_server()
            try:
                ended = await server.call(body, wall_s=wall_s, most_bytes=self._most_bytes, on_written=hear)
            except ForkServerEnded:
                if answer.done() or self._server is not server:  # somebody closed it
                    raise
                server = await self._living_server()
                ended = await server.call(body, wall_s=wall_s, most_bytes=self._most_bytes, on_written=hear)
        return self._reply(ended, wall_s)

    def _end(self, call: asyncio.Task[_Reply], answer: asyncio.Future[_Reply]) -> None:
        self._calls.discard(call)
        if call.cancelled():
            answer.cancel()
            return
        error = call.exception()  # seen also when the answer was there before
        if answer.done():
            return
        if error is None:
            answer.set_result(call.result())
        else:
            answer.set_exception(error)

    async def _living_server(self) -> ForkServer:
        if self._server is not None and self._server.is_alive:
            return self._server
        async with self._starting:
            if self._server is None or not self._server.is_alive:
                if self._server is not None:
                    await self._server.close()
                self._server = None
                self._server = await self._start()
            return self._server

    async def _start(self) -> ForkServer:
        if sys.platform != "linux":
            raise SandboxUnavailable("The sandbox can't run code here. Missing: Linux.")
        bwrap = shutil.which(self._bwrap) if self._bwrap else None
        if bwrap:
            try:
                return await self._start_behind(command.bubblewrap(bwrap))
            except SandboxUnavailable as error:
                _log.warning("Code runs without bubblewrap, which does not work here: %s", error.message)
        return await self._start_behind([])

    async def _start_behind(self, wrapper: list[str]) -> ForkServer:
        ours, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        line = command.fork_server(self._python, control=theirs.fileno(), bounds=self._limits.bounds())
        server = await start_fork_server([*wrapper, *line], (ours, theirs))
        try:
            await self._probe(server)
        except BaseException:
            await server.close()
            raise
        return server

    async def _probe(self, server: ForkServer) -> None:
        """Try every lock once.

        Raises:
            SandboxUnavailable: one is open.
        """
        variables = {"memory_bytes": self._limits.bounds().memory_bytes}
        body = json.dumps({"code": PROBE, "variables": variables, "keeps_stdout": False}).encode()
        ended = await server.call(
            body, wall_s=PROBE_WALL_S, most_bytes=self._most_bytes, on_written=lambda _: None
        )
        try:
            is_open = _checked(self._reply(ended, PROBE_WALL_S)).value
        except CodeFailed as error:
            raise SandboxUnavailable(f"The sandbox could not be tried out: {error.message}") from error
        if is_open != []:
            raise SandboxUnavailable(f"The sandbox does not hold: {is_open} is not refused. Nothing was run.")

    def _reply(self, ended: Ended, wall_s: float) -> _Reply:
        """Judge what a call left behind.

        Raises:
            CodeFailed: it is no reply.
        """
        ending = ended.ending
        if len(ended.written) > self._most_bytes:
            raise CodeFailed(f"The result is larger than {self._limits.output_bytes} bytes.")
        if ending.is_late:
            raise CodeKilled(f"The code ran for longer than {wall_s:g} s.")
        if ending.status in KILLED_BY_LIMIT and ending.cpu_s >= self._limits.cpu_s * TICKS_MISS:
            raise CodeKilled(f"The code used more than {self._limits.cpu_s} s of processor time.")
        if ending.status < 0:
            raise CodeKilled(f"The code's process was ended by {signal.Signals(-ending.status).name}.")
        try:
            return _replies.decode(ended.written)
        except (msgspec.DecodeError, RecursionError):
            raise CodeFailed(f"The code's process ended without a result (status {ending.status}).") from None


def _checked(reply: _Reply) -> _Reply:
    """A reply that brings a result.

    Raises:
        CodeFailed: it tells of an error.
    """
    if reply.error is not None:
        raise CodeFailed(reply.error, stdout=reply.stdout)
    return reply
