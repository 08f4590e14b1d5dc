"""``headrace serve``."""

from __future__ import annotations

import asyncio
import gc
import os
import secrets
import socket
import ssl
from pathlib import Path
from typing import Any

import click

from headrace import __version__
from headrace.apis.gate import is_loopback
from headrace.app import Server, build
from headrace.backends.config import BadConfig
from headrace.cli.listening import Listening, beside, listen, listen_for_health, loop_factory
from headrace.cli.options import read_settings, store_option
from headrace.core.errors import Unavailable
from headrace.logging import configure
from headrace.settings import Settings
from headrace.storage.errors import StoreError
from headrace.vault import BadKey


@click.command("serve")
@click.option("--host", help="Address to listen on; any but loopback needs keys. [127.0.0.1]")
@click.option("--port", type=int, help="Port to listen on; 0 picks a free one. [8321]")
@store_option
@click.option("--tls-certificate", metavar="FILE", help="PEM certificate chain; turns TLS on.")
@click.option("--tls-key", metavar="FILE", help="PEM private key of the certificate.")
@click.option(
    "--workers/--no-workers",
    "has_workers",
    default=None,
    help="Carry out executions in the background here, or leave them to `headrace worker`. [workers]",
)
@click.option("--open", "opens", is_flag=True, help="Show the web UI in your browser once it listens.")
@click.option("--log-requests/--no-log-requests", default=None, help="Log every request. [off]")
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How to write the log. [text]")
def command(**options: Any) -> None:
    """Start the server; it prints one line with its address once it listens.

    \b
    Examples:
      headrace serve
      headrace serve --open
      headrace serve --port 0 --store memory:
      headrace serve --host 0.0.0.0 --tls-certificate chain.pem --tls-key key.pem

    SIGTERM and Ctrl-C end it gently: `/readyz` says 503 for the drain delay, then open requests are finished.
    A second one ends it at once.

    Without keys it accepts any credentials, from this machine only. Make keys with
    `headrace keys create`. Every setting is also an environment variable: `headrace settings`.
    """
    has_workers, opens = options.pop("has_workers"), options.pop("opens")
    settings = read_settings(**options, durable_runs=0 if has_workers is False else None)
    if has_workers and not settings.durable_runs:
        raise click.UsageError("--workers needs HEADRACE_DURABLE_RUNS to be more than 0.")
    configure(settings.log_level, settings.log_format)
    try:
        _run(settings, opens=opens)
    except (StoreError, BadKey, BadConfig, Unavailable, OSError) as error:
        raise click.ClickException(str(error)) from None


def _run(settings: Settings, *, opens: bool) -> None:
    with asyncio.Runner(loop_factory=loop_factory()) as runner:
        runner.run(_serve(settings, opens=opens))


async def _serve(settings: Settings, *, opens: bool) -> None:
    token = secrets.token_urlsafe(24)
    if settings.tls_certificate:
        _check_tls(settings)
    server = await build(settings, local_token=token)
    try:
        await _check_closed_beyond_loopback(server)
        health = listen_for_health(settings)
        listener = listen(settings)
    except BaseException:
        await server.ports.store.close()
        raise
    url = _url(settings, listener)
    server.annotate({"pid": str(os.getpid()), "url": url, "token": token, "account": settings.account})
    try:
        async with beside(server.beside, health):
            await _Serving(server, url, opens=opens).serve(sockets=[listener])
    finally:
        listener.close()


async def _check_closed_beyond_loopback(server: Server) -> None:
    host = server.settings.host
    if await server.gate.is_open() and not is_loopback(host):
        raise click.ClickException(
            f"Refusing to listen on {host} without keys: anybody could use this server.\n"
            "Make a key first:  headrace keys create --email you@example.com --right admin\n"
            "or listen on this machine only:  headrace serve --host 127.0.0.1"
        )


def _check_tls(settings: Settings) -> None:
    """Say which file is of no use; the listener, which reads them again, would only say that one is."""
    for file in (settings.tls_certificate, settings.tls_key):
        Path(file).read_bytes()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    try:
        context.load_cert_chain(settings.tls_certificate, settings.tls_key)
    except ssl.SSLError as error:
        raise click.ClickException(
            f"{settings.tls_certificate} and {settings.tls_key} are not a certificate chain "
            f"and its private key in PEM form: {error}."
        ) from None


def _url(settings: Settings, listener: socket.socket) -> str:
    scheme = "https" if settings.tls_certificate else "http"
    host = f"[{settings.host}]" if ":" in settings.host else settings.host
    return f"{scheme}://{host}:{listener.getsockname()[1]}"


class _Serving(Listening):
    """A server that says when it listens.

    Args:
        opens: whether to show its web UI then.
    """

    def __init__(self, server: Server, url: str, *, opens: bool) -> None:
        super().__init__(server.app, server.readiness, server.settings)
        self._server = server
        self._url = url
        self._opens = opens

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if not self.started:
            return
        gc.collect()
        gc.freeze()
        click.echo(f"Headrace {__version__} is listening on {self._url}")
        if await self._server.gate.is_open():
            click.echo(
                "No keys are configured: any credentials are accepted, from this machine only. "
                "Make one with `headrace keys create`.",
                err=True,
            )
        if self._opens and not await asyncio.to_thread(_show, self._url):
            click.echo(f"There is no browser here to show {self._url} in.", err=True)


def _show(url: str) -> bool:
    """Open a page in a browser; whether there is one."""
    import webbrowser  # most servers are started without one

    return webbrowser.open(url)
