"""What commands do to a store that no server runs on: the whole application, held for one command."""

from __future__ import annotations

import asyncio
import json
import secrets
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import click

from headrace.apis.console import describe_key
from headrace.app import Server, build
from headrace.backends.config import BadConfig
from headrace.cli.client import CONFLICT, Refusal, reason_of
from headrace.cli.within import ask
from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, HeadraceError
from headrace.services.server import access
from headrace.settings import Settings
from headrace.storage.errors import StoreError
from headrace.vault import BadKey

T = TypeVar("T")
TOKEN = secrets.token_urlsafe(24)
"""What a command shows the application that it holds itself."""


class StoreConsole:
    """The store itself, held for the time of one command."""

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._open: tuple[asyncio.Runner, Server] | None = None

    def create_key(self, wanted: dict[str, Any]) -> dict[str, Any]:
        async def work(server: Server, local: Principal) -> dict[str, Any]:
            issued = await access.create_key(
                server.ports,
                local,
                email=wanted["email"],
                full_name=wanted["full_name"],
                right=Right[wanted["right"].upper()],
                name=wanted["name"],
            )
            return {
                **describe_key(issued.key, issued.user),
                "api_key": issued.api_key,
                "secret_access_key": issued.secret_access_key,
            }

        return self._run(work)

    def list_keys(self) -> list[dict[str, Any]]:
        async def work(server: Server, local: Principal) -> list[dict[str, Any]]:
            return [describe_key(key, user) for key, user in await access.list_keys(server.ports, local)]

        return self._run(work)

    def revoke_key(self, key_id: str) -> None:
        async def work(server: Server, local: Principal) -> None:
            await access.revoke_key(server.ports, local, key_id=key_id)

        self._run(work)

    def place(self) -> dict[str, str]:
        async def work(server: Server, local: Principal) -> bytes:
            return server.exchange.place(local)

        place: dict[str, str] = json.loads(self._run(work))
        return place

    def bring_in(self, bundle: bytes, *, is_update: bool, is_rehearsal: bool) -> dict[str, Any]:
        async def work(server: Server, local: Principal) -> bytes:
            try:
                return await server.exchange.bring_in(
                    local, bundle, is_update=is_update, is_rehearsal=is_rehearsal
                )
            except Conflict as error:
                raise Refusal(error.message, CONFLICT) from None

        report: dict[str, Any] = json.loads(self._run(work))
        return report

    def take_out(self, flows: tuple[str, ...]) -> list[dict[str, Any]]:
        async def work(server: Server, local: Principal) -> bytes:
            return await server.exchange.take_out(local, flows)

        documents: list[dict[str, Any]] = json.loads(self._run(work))
        return documents

    def call(self, method: str, path: str, body: Any = None, *, is_slow: bool = False) -> Any:
        async def work(server: Server, _: Principal) -> Any:
            status, text = await ask(server.app, method, path, body, token=TOKEN)
            if status >= 400:
                raise Refusal(reason_of(text), status)
            return json.loads(text) if text else None

        return self._run(work)

    @contextmanager
    def held(self) -> Iterator[None]:
        """Keep the store open for several calls."""
        with asyncio.Runner() as runner, _told():
            server = runner.run(build(self._settings, local_token=TOKEN))
            self._open = runner, server
            try:
                yield
            finally:
                self._open = None
                runner.run(server.ports.store.close())

    def _run(self, work: Callable[[Server, Principal], Awaitable[T]]) -> T:
        async def run(server: Server) -> T:
            return await work(server, server.local)

        with _told():
            if self._open is not None:
                runner, server = self._open
                return runner.run(run(server))
            with self.held():
                return self._run(work)


@contextmanager
def _told() -> Iterator[None]:
    """What goes wrong, as the end of a command."""
    try:
        yield
    except (HeadraceError, StoreError, BadKey, BadConfig, OSError) as error:
        raise click.ClickException(str(error)) from None
