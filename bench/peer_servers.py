"""Servers that others make, to be measured beside ours: each from its environment, on a store of its own."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeVar

from bench.environments import NotThere, Peer, ready
from bench.load import tree_cpu_seconds
from bench.server import Running, store_directory

READY_S = 180.0
SETTLE_LIMIT_S = 60.0
SETTLE_STEP_S = 2.0
RESTING = 0.05
"""Of a processor; a server that takes less has started."""
OURS = "headrace"

Started = TypeVar("Started")


def in_turn(
    names: Iterable[str],
    start: Callable[[str], Started],
    measure: Callable[[str, Started], list[dict[str, Any]]],
    rounds: int,
) -> dict[str, Any]:
    """The rows of some rounds, in each of which every server has its turn; those that can't are told.

    Raises:
        Exception: what went wrong where it is ours: then there is nothing to compare.
    """
    skipped: dict[str, str] = {}
    started: dict[str, Started] = {}
    for name in names:
        with _telling(name, skipped):
            started[name] = start(name)
    found: list[dict[str, Any]] = []
    for _ in range(rounds):
        rows: list[dict[str, Any]] = []
        for name in [name for name in started if name not in skipped]:
            with _telling(name, skipped):
                rows += measure(name, started[name])
        found.append({"rows": rows})
    return {"rounds": found, "skipped": skipped}


@contextmanager
def _telling(name: str, skipped: dict[str, str]) -> Iterator[None]:
    try:
        yield
    except NotThere as reason:
        skipped[name] = str(reason)
    except Exception as error:
        if name == OURS:
            raise
        skipped[name] = f"it failed: {type(error).__name__}: {error}"


@contextmanager
def mlflow() -> Iterator[Running]:
    """MLflow's tracking server, on SQLite."""
    peer = ready("mlflow")
    with tempfile.TemporaryDirectory(dir=store_directory()) as folder:
        port, home = _free_port(), Path(folder).absolute()
        store = f"sqlite:///{home}/mlflow.db"
        command = [peer.program("mlflow"), "server", "--host", "127.0.0.1", "--port", str(port)]
        command += ["--workers", "1", "--backend-store-uri", store, "--artifacts-destination", str(home)]
        with _served(peer, command, {}, port) as running:
            yield running


@contextmanager
def phoenix() -> Iterator[Running]:
    """Arize Phoenix, on SQLite."""
    peer = ready("phoenix")
    with tempfile.TemporaryDirectory(dir=store_directory()) as folder:
        port = _free_port()
        environment = {
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(_free_port()),
            "PHOENIX_WORKING_DIR": str(Path(folder).absolute()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        }
        with _served(peer, [peer.program("phoenix"), "serve"], environment, port) as running:
            yield running


@contextmanager
def ministack() -> Iterator[Running]:
    """MiniStack, in memory."""
    peer = ready("ministack")
    port = _free_port()
    with _served(peer, [peer.program("ministack")], {"GATEWAY_PORT": str(port)}, port) as running:
        yield running


@contextmanager
def moto() -> Iterator[Running]:
    """moto's server, in memory."""
    peer = ready("moto")
    port = _free_port()
    command = [peer.program("moto_server"), "-H", "127.0.0.1", "-p", str(port)]
    with _served(peer, command, {}, port) as running:
        yield running


@contextmanager
def _served(peer: Peer, command: list[str], environment: Mapping[str, str], port: int) -> Iterator[Running]:
    url = f"http://127.0.0.1:{port}"
    path = f"{peer.python.parent}:{os.environ['PATH']}"
    process = subprocess.Popen(
        command,
        env={**os.environ, "PATH": path, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(url, process)
        _settle(process.pid)
        yield Running(url=url, pid=process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)


def _settle(pid: int) -> None:
    """Until a server rests: some answer while parts of them are still starting."""
    end = time.monotonic() + SETTLE_LIMIT_S
    before = tree_cpu_seconds(pid)
    while time.monotonic() < end:
        time.sleep(SETTLE_STEP_S)
        now = tree_cpu_seconds(pid)
        if now - before < RESTING * SETTLE_STEP_S:
            return
        before = now


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _await(url: str, process: subprocess.Popen[bytes]) -> None:
    """Until a server answers anything at all."""
    end = time.monotonic() + READY_S
    while time.monotonic() < end and process.poll() is None:
        try:
            with urllib.request.urlopen(url, timeout=5):
                return
        except urllib.error.HTTPError:
            return
        except OSError:
            time.sleep(0.2)
    raise TimeoutError(f"no answer from {url} within {READY_S:g} s")
