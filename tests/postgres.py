"""A PostgreSQL server for tests: a cluster of its own in a temporary directory, on a free port of loopback.

Each database is a copy of one that was brought up to date once.
"""

from __future__ import annotations

import atexit
import ctypes
import functools
import itertools
import os
import pwd
import random
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, LiteralString

import psycopg
import pytest

from headrace.storage import open_store

START_TIMEOUT_S = 60
STOP_TIMEOUT_S = 20
FAST = {"fsync": "off", "synchronous_commit": "off", "full_page_writes": "off", "autovacuum": "off"}
"""For tests that do not ask what survives."""
NOT_GIVEN_AWAY = range(18_000, 32_000)
"""Ports below those that systems give to who connects, or asks for any: what is free stays free for a while."""
PREFIX = "headrace-postgres-"
TEMPLATE = "headrace_template"
EMPTY = """
SET lock_timeout = '2s';
SELECT pg_terminate_backend(pid) FROM pg_stat_activity
WHERE datname = current_database() AND pid <> pg_backend_pid();
DROP SCHEMA IF EXISTS dbos CASCADE;
DO $$
DECLARE name text; used text; is_used boolean;
BEGIN
  FOR name IN SELECT tablename FROM pg_tables WHERE schemaname = 'public' AND tablename <> 'migrations' LOOP
    EXECUTE format('SELECT EXISTS (SELECT 1 FROM %I)', name) INTO is_used;
    IF is_used THEN used := concat_ws(', ', used, quote_ident(name)); END IF;
  END LOOP;
  IF used IS NOT NULL THEN EXECUTE 'TRUNCATE ' || used || ' CASCADE'; END IF;
END $$;
"""
_PR_SET_PDEATHSIG = 1


def binaries() -> Path | None:
    """Where PostgreSQL's programs are, the newest ones; None when it is not installed."""
    found = sorted(Path("/usr/lib/postgresql").glob("*/bin"), key=lambda path: int(path.parent.name))
    if found:
        return found[-1]
    program = shutil.which("initdb")
    return Path(program).resolve().parent if program else None


def _unprivileged() -> str | None:
    """A user that PostgreSQL can run as; None is this one."""
    if os.geteuid() != 0:
        return None
    known = {entry.pw_name for entry in pwd.getpwall()}
    return "postgres" if "postgres" in known else "nobody"


def _die_with_parent() -> None:
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGINT)


def _sweep() -> None:
    """Remove what was left by processes that were killed; their servers ended with them."""
    for owner in Path(tempfile.gettempdir()).glob(f"{PREFIX}*/owner"):
        with suppress(FileNotFoundError, PermissionError, ValueError):  # another is at it
            try:
                os.kill(int(owner.read_text()), 0)
            except ProcessLookupError:
                shutil.rmtree(owner.parent, ignore_errors=True)


def free_port() -> int:
    """A port of loopback that nobody listens on, nor is given by the system while nobody does."""
    for port in random.SystemRandom().sample(
        NOT_GIVEN_AWAY, 100
    ):  # a test's seed is the same in every process
        with socket.socket() as one, suppress(OSError):
            one.bind(("127.0.0.1", port))
            return port
    raise RuntimeError("No port of loopback is free.")


class Cluster:
    """A PostgreSQL server.

    Args:
        settings: of postgresql.conf, beside what every test needs.
        auth: how users show who they are: ``trust`` lets anybody in.
    """

    def __init__(self, *, auth: str = "trust", **settings: str) -> None:
        programs = binaries()
        if programs is None:
            pytest.skip("PostgreSQL is not installed, so nothing is known about stores in it.")
        self._programs = programs
        self._user = _unprivileged()
        self._settings = settings
        _sweep()
        self.directory = Path(tempfile.mkdtemp(prefix=PREFIX))
        (self.directory / "owner").write_text(str(os.getpid()))
        self.port = free_port()
        self._process: subprocess.Popen[bytes] | None = None
        self._numbers = itertools.count(1)
        self._used: list[str] = []
        if self._user:
            shutil.chown(self.directory, self._user)
        secret = self.directory / "secret"
        secret.write_text("secret\n")
        secret.chmod(0o644)
        self._run(
            "initdb", "-D", "data", "-U", "headrace", "-A", auth, "--pwfile", "secret",
            "-E", "UTF8", "--locale", "C.UTF-8", "--no-sync",
        )  # fmt: skip
        self.start()

    def _run(self, program: str, *arguments: str) -> None:
        done = subprocess.run(
            [self._programs / program, *arguments],
            cwd=self.directory,
            user=self._user,
            capture_output=True,
            text=True,
            check=False,
            timeout=START_TIMEOUT_S,
        )
        if done.returncode:
            raise RuntimeError(f"{program} failed: {done.stdout}{done.stderr}")

    @property
    def pid(self) -> int:
        """The server's process."""
        assert self._process is not None
        return self._process.pid

    def start(self) -> None:
        """Start it, and wait until it answers."""
        settings = {
            "listen_addresses": "127.0.0.1",
            "port": str(self.port),
            "unix_socket_directories": "",
            "max_connections": "200",
            "shared_buffers": "64MB",
            "lc_messages": "C",
            **self._settings,
        }
        with (self.directory / "log").open("ab") as log:
            self._process = subprocess.Popen(
                [self._programs / "postgres", "-D", "data", *(f"-c{k}={v}" for k, v in settings.items())],
                cwd=self.directory,
                user=self._user,
                stdout=log,
                stderr=log,
                preexec_fn=_die_with_parent,
            )
        end = time.monotonic() + START_TIMEOUT_S
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > end:
                raise RuntimeError(f"PostgreSQL did not start: {(self.directory / 'log').read_text()}")
            time.sleep(0.02)

    def _answers(self) -> bool:
        ready = [self._programs / "pg_isready", "-q", "-h", "127.0.0.1", "-p", str(self.port)]
        return subprocess.run(ready, check=False, timeout=START_TIMEOUT_S).returncode == 0

    def stop(self, how: signal.Signals = signal.SIGINT) -> None:
        """Stop it: ``SIGINT`` hangs up on everybody, ``SIGQUIT`` is a crash."""
        if self._process is None:
            return
        self._process.send_signal(how)
        try:
            self._process.wait(STOP_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait(STOP_TIMEOUT_S)
        self._process = None

    def remove(self) -> None:
        """Stop it and forget its files."""
        self.stop()
        shutil.rmtree(self.directory, ignore_errors=True)

    def url(self, database: str = "postgres") -> str:
        """What a client connects to."""
        return f"postgresql://headrace:secret@127.0.0.1:{self.port}/{database}"

    def ask(self, query: LiteralString, *, database: str = "postgres") -> list[Any]:
        """Run statements on a connection of its own."""
        with psycopg.connect(self.url(database), autocommit=True) as connection:
            found = connection.execute(query)
            return found.fetchall() if found.description else []

    def empty(self) -> str:
        """The URL of a new database with nothing in it."""
        name = f"test_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE template0")
        return self.url(name)

    def new(self) -> str:
        """The URL of a new store."""
        self._make_template()
        name = f"test_{next(self._numbers)}"
        self.ask(f"CREATE DATABASE {name} TEMPLATE {TEMPLATE} STRATEGY file_copy")
        return self.url(name)

    @functools.cache  # noqa: B019 - a cluster lives as long as the process
    def _make_template(self) -> None:
        self.ask(f"CREATE DATABASE {TEMPLATE}")
        open_store(self.url(TEMPLATE))

    def drop(self, url: str) -> None:
        """Forget a database, whoever uses it."""
        self.ask(f"DROP DATABASE IF EXISTS {_name(url)} WITH (FORCE)")

    def lend(self) -> str:
        """The URL of a store with nothing in it, which may have been used before: faster than a new one."""
        while self._used:
            url = self._used.pop()
            try:
                self.ask(EMPTY, database=_name(url))
            except psycopg.Error:  # somebody holds on to it
                continue
            return url
        return self.new()

    def take_back(self, url: str) -> None:
        """It may be lent again."""
        self._used.append(url)


def _name(url: str) -> str:
    return url.rpartition("/")[2]


@functools.cache
def cluster() -> Cluster:
    """The server that the tests of this process share."""
    made = Cluster(**FAST)
    atexit.register(made.remove)
    return made
