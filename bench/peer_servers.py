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
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from bench.environments import Peer, ready
from bench.server import Running, store_directory

READY_S = 120.0


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
        yield Running(url=url, pid=process.pid)
    finally:
        os.killpg(process.pid, signal.SIGTERM)
        try:
            process.wait(timeout=20)
        except subprocess.TimeoutExpired:
            os.killpg(process.pid, signal.SIGKILL)
            process.wait(timeout=20)


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
