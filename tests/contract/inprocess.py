"""The application behind real sockets, but in this process: for stores and settings no command can give it."""

from __future__ import annotations

import asyncio
import socket
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import Any, TypeVar

import uvicorn
from tests import stores
from tests.prepared import prepare

from headrace.app import Server, build
from headrace.core.ports import Store
from headrace.settings import Settings

T = TypeVar("T")
WITHIN_S = 60


@dataclass(frozen=True, slots=True, kw_only=True)
class InProcess:
    """A server in a thread of this process."""

    url: str
    server: Server
    loop: asyncio.AbstractEventLoop

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a use case inside the server's event loop."""
        return asyncio.run_coroutine_threadsafe(work, self.loop).result(WITHIN_S)


class _Announcing(uvicorn.Server):
    def __init__(self, config: uvicorn.Config, is_up: threading.Event) -> None:
        super().__init__(config)
        self._is_up = is_up

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._is_up.set()


@contextmanager
def in_process(settings: Settings, store: Store | None = None) -> Iterator[InProcess]:
    """The whole application with this store, on a free port of the loopback."""
    if store is None:
        key = stores.variables().get("HEADRACE_SECRET_KEY", settings.secret_key)
        settings = replace(settings, store=stores.url_of(settings.store), secret_key=key)
        prepare(settings.store)
    listener = socket.create_server(("127.0.0.1", 0))
    loop = asyncio.new_event_loop()
    server = loop.run_until_complete(build(settings, store=store))
    is_up = threading.Event()
    http = _Announcing(
        uvicorn.Config(server.app, lifespan="on", log_config=None, access_log=False, ws="none"), is_up
    )
    thread = threading.Thread(target=loop.run_until_complete, args=(http.serve(sockets=[listener]),))
    thread.start()
    try:
        assert is_up.wait(WITHIN_S)
        url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        yield InProcess(url=url, server=server, loop=loop)
    finally:
        http.should_exit = True
        thread.join(WITHIN_S)
        loop.close()
        listener.close()
