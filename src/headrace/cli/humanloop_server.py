"""The two operations on exports, of a server that runs somewhere or of this process with the store."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

import click
import msgspec

from headrace.backends.config import BadConfig
from headrace.cli.client import RemoteConsole, find_console
from headrace.core.errors import HeadraceError
from headrace.settings import Settings
from headrace.storage.errors import StoreError
from headrace.storage.place import path_of
from headrace.vault import BadKey

if TYPE_CHECKING:
    from headrace.app import Server


class Moves(Protocol):
    """What an import and an export ask for."""

    def hand_in(self, batch: bytes) -> bytes: ...

    def take_out(self, *, path: str, with_logs: bool) -> Iterator[bytes]: ...


class _Remote:
    def __init__(self, console: RemoteConsole) -> None:
        self._console = console

    def hand_in(self, batch: bytes) -> bytes:
        return b"".join(self._console.stream("/console/humanloop/import", batch))

    def take_out(self, *, path: str, with_logs: bool) -> Iterator[bytes]:
        return self._console.stream("/console/humanloop/export", {"path": path, "logs": with_logs})


class _Own:
    def __init__(self, server: Server, runner: asyncio.Runner) -> None:
        self._server = server
        self._runner = runner

    def hand_in(self, batch: bytes) -> bytes:
        return self._runner.run(self._server.moves.bring_in(self._server.local, batch))

    def take_out(self, *, path: str, with_logs: bool) -> Iterator[bytes]:
        lines = self._runner.run(
            self._server.moves.take_out(self._server.local, under=path, with_logs=with_logs)
        )
        while (line := self._runner.run(_next(lines))) is not None:
            yield line


async def _next(lines: AsyncIterator[bytes]) -> bytes | None:
    return await anext(lines, None)


@contextmanager
def find_server(
    settings: Settings, *, makes_store: bool = False, is_rehearsal: bool = False
) -> Iterator[Moves]:
    """The server at HEADRACE_URL, or the one that runs on the store, or the store itself while this lasts.

    Args:
        makes_store: whether a store that is not there is made.
        is_rehearsal: whether an empty one in memory takes its place then, so that nothing is left behind.
    """
    console: Any = find_console(settings, makes_store=makes_store)
    if isinstance(console, RemoteConsole):
        yield _Remote(console)
        return
    path = path_of(settings.store)
    if is_rehearsal and path is not None and not path.exists():
        settings = replace(settings, store="memory:")
    from headrace.app import build  # half a second, which who speaks to a running server is spared

    try:
        with asyncio.Runner() as runner:
            server = runner.run(build(settings))
            try:
                yield _Own(server, runner)
            finally:
                runner.run(server.ports.store.close())
    except (HeadraceError, StoreError, BadKey, BadConfig, OSError, msgspec.MsgspecError) as error:
        raise click.ClickException(str(error)) from None
