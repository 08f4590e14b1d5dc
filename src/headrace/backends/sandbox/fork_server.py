"""The server's side of one fork server: its process, its control socket, and the calls that it runs."""

from __future__ import annotations

import asyncio
import contextlib
import itertools
import logging
import os
import socket
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import msgspec

from headrace.backends.sandbox.exchange import Exchange
from headrace.backends.sandbox.failures import ForkServerEnded, SandboxUnavailable
from headrace.backends.sandbox.jail.protocol import MAX_MESSAGE_BYTES, Command, Ending, Greeting
from headrace.core.effects import Fault

START_TIMEOUT_S = 20.0
STOP_TIMEOUT_S = 5.0
GRACE_S = 10.0
"""After a call's time is over, how long the fork server may take to say that it killed it: on a busy machine
it waits for the processor, and when it is taken for one that hangs, every call ends with it."""
MOST_TOLD = 2_000
"""Characters of what a fork server says of its own end."""

_log = logging.getLogger(__name__)


class Ended(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a call: whatever its process wrote, and how it ended.

    Attributes:
        written: at most one byte more than was to be read; foreign.
        ending: as the fork server saw it.
    """

    written: bytes
    ending: Ending


class ForkServer:
    """A fork server that has greeted us. Made by ``start_fork_server``."""

    def __init__(
        self, process: asyncio.subprocess.Process, control: socket.socket, locks: Mapping[str, Any]
    ) -> None:
        self.locks = locks
        """What holds its calls, for people to read."""
        self._process = process
        self._control = control
        self._ids = itertools.count(1)
        self._calls: dict[int, asyncio.Future[Ending]] = {}
        self._loop = asyncio.get_running_loop()
        self._is_open = True
        self._loop.add_reader(control.fileno(), self._hear)

    @property
    def pid(self) -> int:
        """Of the process that we started: the fork server, or bubblewrap around it."""
        return self._process.pid

    @property
    def is_alive(self) -> bool:
        """False as soon as it is known to have ended."""
        return self._is_open and self._process.returncode is None

    async def call(
        self, request: bytes, *, wall_s: float, most_bytes: int, on_written: Callable[[bytes], None]
    ) -> Ended:
        """Run one call to its end; when this is cancelled, the call is killed.

        Args:
            on_written: given all that the process wrote, once it has closed its end; it may still run.

        Raises:
            SandboxUnavailable: the fork server ended first, or hangs and was killed.
        """
        try:
            return await self._call(request, wall_s, most_bytes, on_written)
        except TimeoutError:
            self._process.kill()
            self._hang_up()
            raise SandboxUnavailable(
                "The sandbox's fork server hung. Try again.", fault=Fault.GATEWAY
            ) from None

    async def _call(
        self, request: bytes, wall_s: float, most_bytes: int, on_written: Callable[[bytes], None]
    ) -> Ended:
        id_ = next(self._ids)
        ending = self._calls[id_] = self._loop.create_future()
        ends_at = self._loop.time() + wall_s + GRACE_S
        try:
            written = await self._written(Command(id=id_, wall_s=wall_s), request, most_bytes, ends_at)
            if len(written) > most_bytes:
                self._say(Command(id=id_, wall_s=0.0))
            else:
                on_written(written)
            await asyncio.wait({ending}, timeout=ends_at - self._loop.time())
            # When this process itself was held up, what the fork server said in time is heard before it is
            # blamed.
            while not ending.done() and self._hear():
                pass
            if not ending.done():
                raise TimeoutError
            return Ended(written=written, ending=ending.result())
        finally:
            if not ending.done():
                self._kill(id_)
            self._calls.pop(id_, None)

    async def _written(self, command: Command, request: bytes, most_bytes: int, ends_at: float) -> bytes:
        """Begin a call; all that it wrote until it closed its end."""
        ours, theirs = socket.socketpair()
        with ours:
            with theirs:
                # It may wait there while this process is held up: all of it, where the kernel allows so much.
                theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, most_bytes)
                self._say(command, theirs)
            exchange = Exchange(ours, request, most_bytes=most_bytes)
            try:
                await asyncio.wait({exchange.over}, timeout=ends_at - self._loop.time())
                exchange.take()
            finally:
                exchange.close()
        if not exchange.over.done():
            raise TimeoutError
        return bytes(exchange.written)

    async def close(self) -> None:
        """End it, with its calls, and reap it."""
        self._hang_up()
        try:
            async with asyncio.timeout(STOP_TIMEOUT_S):
                _, told = await self._process.communicate()
        except TimeoutError:
            self._process.kill()
            await self._process.wait()
        else:
            if told:
                _log.error("The sandbox's fork server broke: %s", told.decode(errors="replace")[-MOST_TOLD:])

    def _say(self, command: Command, file: socket.socket | None = None) -> None:
        files = [] if file is None else [file.fileno()]
        try:
            socket.send_fds(self._control, [command.pack()], files)
        except OSError as error:
            self._hang_up()
            raise ForkServerEnded() from error

    def _kill(self, id_: int) -> None:
        # When it has ended, so have its calls.
        with contextlib.suppress(SandboxUnavailable):
            self._say(Command(id=id_, wall_s=0.0))

    def _hear(self) -> bool:
        """Take one message; an empty one is the end of the fork server. False when none is there."""
        try:
            message = self._control.recv(MAX_MESSAGE_BYTES)
        except BlockingIOError:
            return False
        except OSError:
            message = b""
        if not message:
            self._hang_up()
            return True
        ending = Ending.unpack(message)
        call = self._calls.pop(ending.id, None)
        if call is not None and not call.done():
            call.set_result(ending)
        return True

    def _hang_up(self) -> None:
        if not self._is_open:
            return
        self._is_open = False
        self._loop.remove_reader(self._control.fileno())
        self._control.close()
        for call in self._calls.values():
            if not call.done():
                call.set_exception(ForkServerEnded())
                call.exception()  # seen: a call that is still writing asks for it later, or never
        self._calls.clear()


async def start_fork_server(
    command: Sequence[str], control: tuple[socket.socket, socket.socket]
) -> ForkServer:
    """Start a fork server and wait for its greeting.

    Args:
        command: how to start it.
        control: a pair of connected sockets: ours, and the one that the command names. Both are given away.

    Raises:
        SandboxUnavailable: it did not start, or the machine lacks what it needs.
    """
    ours, theirs = control
    try:
        with theirs:
            process = await _spawn(command, theirs)
        greeting = await _greeted(ours, process)
    except BaseException:
        ours.close()
        raise
    return ForkServer(process, ours, greeting.locks)


async def _spawn(command: Sequence[str], control: socket.socket) -> asyncio.subprocess.Process:
    try:
        return await asyncio.create_subprocess_exec(
            *command,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.PIPE,
            pass_fds=(control.fileno(),),
            env={},
            cwd=os.sep,
            start_new_session=True,
        )
    except OSError as error:
        raise SandboxUnavailable(f"The sandbox's fork server did not start: {error}") from error


async def _greeted(control: socket.socket, process: asyncio.subprocess.Process) -> Greeting:
    try:
        greeting = await _greeting(control)
    except (TimeoutError, ValueError, OSError) as error:
        complaint = await _last_words(process)
        raise SandboxUnavailable(f"The sandbox's fork server did not start: {complaint}") from error
    except asyncio.CancelledError:
        process.kill()
        await process.wait()
        raise
    if greeting.missing:
        await process.communicate()
        raise SandboxUnavailable(f"The sandbox can't run code here. Missing: {'; '.join(greeting.missing)}.")
    return greeting


async def _greeting(control: socket.socket) -> Greeting:
    control.setblocking(False)
    async with asyncio.timeout(START_TIMEOUT_S):
        message = await asyncio.get_running_loop().sock_recv(control, MAX_MESSAGE_BYTES)
    return Greeting.unpack(message)


async def _last_words(process: asyncio.subprocess.Process) -> str:
    """What a process that is of no use has said; it is ended and reaped."""
    with contextlib.suppress(TimeoutError, ProcessLookupError):
        async with asyncio.timeout(STOP_TIMEOUT_S):
            _, text = await process.communicate()
            return (
                text.decode(errors="replace").strip()[-MAX_MESSAGE_BYTES:] or f"status {process.returncode}"
            )
    process.kill()
    await process.wait()
    return "it hangs"
