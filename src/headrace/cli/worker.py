"""``headrace worker``."""

from __future__ import annotations

import asyncio
import json
import logging
import sys
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

import click

from headrace import __version__
from headrace.app import WorkerProcess, build_worker_process
from headrace.backends.config import BadConfig
from headrace.cli.listening import Listening, listen_for_health, loop_factory
from headrace.cli.options import json_option, read_settings, store_option
from headrace.cli.progress import CLEAR_LINE
from headrace.core.durable import Journal, Program
from headrace.core.errors import Unavailable
from headrace.logging import configure
from headrace.services.base import Ports
from headrace.settings import Settings
from headrace.storage.errors import StoreError
from headrace.storage.place import is_of_one_process, shown
from headrace.vault import BadKey

log = logging.getLogger("headrace.worker")


@click.command("worker")
@store_option
@click.option(
    "--at-once",
    "durable_runs",
    type=click.IntRange(min=1),
    help="So many executions at the same time. [HEADRACE_DURABLE_RUNS; 100]",
)
@click.option(
    "--health-port",
    type=int,
    help="Answer /healthz, /readyz and /metrics there, and nothing else. [HEADRACE_HEALTH_PORT; 0 is none]",
)
@click.option("--log-format", type=click.Choice(["text", "json"]), help="How to write the log. [text]")
@json_option
def command(as_json: bool, **options: Any) -> None:
    """Carry out executions that servers on the same PostgreSQL store have started, and those of workers gone.

    \b
    Examples:
      headrace worker --store postgresql://headrace@db.example.com/headrace
      headrace worker --at-once 20 --health-port 8322

    Each execution that begins here or ends is a line; with --json an object. SIGTERM and Ctrl-C end it
    gently: it takes nothing new, gives what it carries out HEADRACE_DRAIN_TIMEOUT to end, and leaves the rest
    to others, who go on at once. A second one ends it at once, which loses nothing either.
    """
    settings = read_settings(**options)
    configure(settings.log_level, settings.log_format)
    if is_of_one_process(settings.store):
        raise click.ClickException(
            f"The store {settings.store} is used by one process, its server, which carries out executions "
            "itself: `headrace serve`. Workers beside servers need a store that they share: postgresql://..."
        )
    try:
        with asyncio.Runner(loop_factory=loop_factory()) as runner:
            runner.run(_work(settings, Told(as_json=as_json)))
    except (StoreError, BadKey, BadConfig, Unavailable, OSError) as error:
        raise click.ClickException(str(error)) from None


class Told:
    """Says what this process carries out."""

    def __init__(self, *, as_json: bool) -> None:
        self._as_json = as_json
        self._is_live = sys.stdout.isatty() and not as_json
        self._is_heard = True
        self._going = 0
        self._ended: Counter[str] = Counter()

    def ready(self, settings: Settings) -> None:
        """It waits for executions."""
        words = f"Headrace {__version__} carries out up to {settings.durable_runs} executions at once"
        facts = {"at_once": settings.durable_runs, "store": shown(settings.store)}
        self._say("ready", f"{words}, of {shown(settings.store)}", facts)

    def begun(self, execution: str, account: str) -> None:
        """It begins, or goes on with what somebody began."""
        self._going += 1
        self._say("begun", f"begun {execution}", {"execution": execution, "account": account})

    def ended(self, execution: str, account: str, status: str | None) -> None:
        """It is over here; None: others have it now, or go on with it."""
        self._going -= 1
        how = status or "left to others"
        self._ended[how] += 1
        facts = {"execution": execution, "account": account, "status": status}
        self._say("ended", f"ended {execution}  {how}", facts)

    def _say(self, event: str, words: str, facts: dict[str, Any]) -> None:
        now = datetime.now(UTC).isoformat(timespec="milliseconds")
        if self._as_json:
            line = json.dumps({"at": now, "event": event, **facts})
        else:
            line = f"{now[:19]}Z  {words}" if event != "ready" else words
        counts = "  ".join(f"{count} {how}" for how, count in self._ended.items())
        live = f"{self._going} carried out now  {counts}".rstrip() if self._is_live else ""
        self._echo(f"{CLEAR_LINE if self._is_live else ''}{line}\n{live}")

    def _echo(self, text: str) -> None:
        """Nobody has to listen: what is carried out goes on when the reader is gone or the disk is full."""
        if not self._is_heard:
            return
        try:
            click.echo(text, nl=False)
            sys.stdout.flush()
        except OSError as error:
            self._is_heard = False
            log.warning("what begins and ends is not told any more: %s", error)


async def _work(settings: Settings, told: Told) -> None:
    ports: Ports | None = None

    def around(program: Program) -> Program:
        async def carry_out(account: str, execution_id: str, journal: Journal) -> None:
            told.begun(execution_id, account)
            status = None
            try:
                await program(account, execution_id, journal)
                assert ports is not None, "nothing begins before it is put together"
                found = await ports.store.read(account, lambda tx: tx.executions.get(id=execution_id))
                status = found.status.value if found is not None else None
            finally:
                told.ended(execution_id, account, status)

        return carry_out

    process = await build_worker_process(settings, around=around)
    ports = process.ports
    if process.lacks is not None or not settings.durable_runs:
        await ports.store.close()
        raise click.ClickException(
            process.lacks or "HEADRACE_DURABLE_RUNS is 0: nothing would be carried out."
        )
    health = listen_for_health(settings)
    listeners = [] if health is None else [health]
    try:
        await _Working(process, settings, told).serve(sockets=listeners)
    finally:
        for listener in listeners:
            listener.close()


class _Working(Listening):
    """A worker that says when it is ready."""

    def __init__(self, process: WorkerProcess, settings: Settings, told: Told) -> None:
        # Nobody sends it requests to be led elsewhere, and probes know nothing of certificates.
        plain = replace(settings, drain_delay=0.0, tls_certificate="", tls_key="")
        super().__init__(process.app, process.readiness, plain)
        self._settings = settings
        self._told = told

    async def startup(self, sockets: Any = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._told.ready(self._settings)
