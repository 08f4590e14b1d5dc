"""An application on its sockets until a signal ends it: by steps after one, at once after the second."""

from __future__ import annotations

import asyncio
import os
import signal
import socket
import sys
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import replace
from types import FrameType
from typing import Literal

import uvicorn

from headrace.apis.pipeline import App
from headrace.apis.readiness import Readiness
from headrace.settings import Settings

BACKLOG = 2048
KEEP_ALIVE_S = 75


class Listening(uvicorn.Server):
    """Uvicorn with an end of our own. It may have no socket; then it starts the application, and ends it.

    After the first signal it asks to be left alone, goes on for the drain delay, closes its sockets, lets
    open requests finish, and ends the application. After the second it is gone at once, as by a crash.
    """

    def __init__(self, app: App, readiness: Readiness, settings: Settings) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=_http_protocol(),
                ws="none",
                lifespan="on",
                access_log=False,
                log_config=None,
                server_header=False,
                date_header=True,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_S,
                timeout_graceful_shutdown=settings.shutdown_timeout,
                ssl_certfile=settings.tls_certificate or None,
                ssl_keyfile=settings.tls_key or None,
            )
        )
        self._readiness = readiness
        self._delay_s = settings.drain_delay
        self._loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            # Uvicorn raises the signal again when it has shut down, for whoever handled it before: nobody.
            signal.signal(number, lambda *_: None)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        if self.config.is_ssl:
            # Closing a TLS connection politely waits for the other side, and an idle client never looks.
            for connection in tuple(self.server_state.connections):
                cycle = getattr(connection, "cycle", None)
                if cycle is None or cycle.response_complete:
                    connection.transport.abort()
        await super().shutdown(sockets)

    def handle_exit(self, sig: int, frame: FrameType | None) -> None:
        """A signal came."""
        if self._readiness.is_leaving:
            os.write(sys.stderr.fileno(), b"Stopping at once.\n")  # a buffered stream may be in use just now
            os._exit(128 + sig)
        self._readiness.leave()
        self._loop.call_soon_threadsafe(self._loop.call_later, self._delay_s, self._stop)

    def _stop(self) -> None:
        self.should_exit = True


class _Beside(uvicorn.Server):
    """One that leaves signals to the server that it is beside."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Nothing: the other one is told, and ends this one last."""
        yield


@asynccontextmanager
async def beside(app: App, listener: socket.socket | None) -> AsyncIterator[None]:
    """An application that answers at another socket meanwhile, if there is one."""
    if listener is None:
        yield
        return
    server = _Beside(
        uvicorn.Config(
            app,
            http=_http_protocol(),
            ws="none",
            lifespan="off",
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
            timeout_graceful_shutdown=1,
        )
    )
    serving = asyncio.create_task(server.serve(sockets=[listener]))
    try:
        yield
    finally:
        server.should_exit = True
        await serving
        listener.close()


def listen(settings: Settings, *, port: int | None = None) -> socket.socket:
    """A socket at the host and port of the settings.

    Args:
        port: instead of theirs.

    Raises:
        OSError: somebody else has it, or there is no such address here.
    """
    port = settings.port if port is None else port
    family = socket.AF_INET6 if ":" in settings.host else socket.AF_INET
    listener = socket.socket(family, socket.SOCK_STREAM)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((settings.host, port))
    except OSError as error:
        listener.close()
        option = (
            "HEADRACE_HEALTH_PORT" if port and port == settings.health_port else "--port; 0 picks a free one"
        )
        raise OSError(
            f"Can't listen on {settings.host} port {port}: {error.strerror}. Choose another with {option}."
        ) from None
    listener.listen(BACKLOG)
    return listener


def listen_for_health(settings: Settings) -> socket.socket | None:
    """A socket for who watches over the process; None when there is to be none.

    Raises:
        OSError: as of `listen`.
    """
    if not settings.health_port:
        return None
    host = settings.health_host or settings.host
    return listen(replace(settings, host=host), port=settings.health_port)


def loop_factory() -> Callable[[], asyncio.AbstractEventLoop] | None:
    """The fastest event loop there is; None stands for asyncio's own."""
    try:
        import uvloop
    except ImportError:
        return None
    return uvloop.new_event_loop


def _http_protocol() -> type[asyncio.Protocol] | Literal["h11"]:
    try:
        from headrace.cli.connection import Connection
    except ImportError:  # httptools is not everywhere; h11 has limits of its own
        return "h11"
    return Connection
