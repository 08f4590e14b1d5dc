"""Traces taken in over OTLP by Headrace and by other servers, the same requests one after another.

`HEADRACE_BENCH_TRACE_PEERS` names the folder of the programs `mlflow` and `phoenix`; one that is not there is
left out. All keep what they are sent in SQLite files on the same disk.
"""

from __future__ import annotations

import itertools
import json
import os
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from bench.load import request, run
from bench.otel import KINDS, SPANS_A_TRACE, _body, spans
from bench.server import Running, headrace, store_directory

CONNECTIONS = (1, 16)
READY_S = 120.0
PEERS = os.environ.get("HEADRACE_BENCH_TRACE_PEERS", "")


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
    raise TimeoutError(url)


@contextmanager
def _peer(command: list[str], environment: dict[str, str], port: int) -> Iterator[Running]:
    url = f"http://127.0.0.1:{port}"
    process = subprocess.Popen(
        command,
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        _await(url, process)
        yield Running(url=url, pid=process.pid)
    finally:
        os.killpg(process.pid, 15)
        process.wait(timeout=60)


@contextmanager
def mlflow() -> Iterator[Running]:
    """MLflow's tracking server."""
    with tempfile.TemporaryDirectory(dir=store_directory()) as folder:
        port, home = _free_port(), Path(folder).absolute()
        store = f"sqlite:///{home}/mlflow.db"
        command = [f"{PEERS}/mlflow", "server", "--host", "127.0.0.1", "--port", str(port), "--workers", "1"]
        command += ["--backend-store-uri", store, "--artifacts-destination", str(home)]
        with _peer(command, {"PATH": f"{PEERS}:{os.environ['PATH']}"}, port) as running:
            yield running


@contextmanager
def phoenix() -> Iterator[Running]:
    """Arize Phoenix."""
    with tempfile.TemporaryDirectory(dir=store_directory()) as folder:
        port = _free_port()
        environment = {
            "PHOENIX_HOST": "127.0.0.1",
            "PHOENIX_PORT": str(port),
            "PHOENIX_GRPC_PORT": str(_free_port()),
            "PHOENIX_WORKING_DIR": str(Path(folder).absolute()),
            "PHOENIX_TELEMETRY_ENABLED": "false",
        }
        with _peer([f"{PEERS}/phoenix", "serve"], environment, port) as running:
            yield running


SERVERS = {
    "headrace": (headrace, {"x-api-key": "bench"}),
    "mlflow": (mlflow, {"x-mlflow-experiment-id": "0"}),
    "phoenix": (phoenix, {}),
}
"""How each is started, and the headers that it wants."""


def _is_there(name: str) -> bool:
    return name == "headrace" or bool(PEERS and Path(PEERS, name).exists())


def _rows(name: str, seconds: float) -> list[dict[str, Any]]:
    start, headers = SERVERS[name]
    rows = []
    for connections in CONNECTIONS:
        with start() as server:
            every = spans()
            bodies = (_body("protobuf", [*itertools.islice(every, SPANS_A_TRACE)]) for _ in itertools.count())
            made = list(itertools.islice(bodies, int(400 * seconds)))
            wanted = {
                **headers,
                "content-type": KINDS["protobuf"],
                "host": server.url.removeprefix("http://"),
            }
            sent = [request("POST", "/v1/traces", wanted, body) for body in made]
            # The first request may load half the server; it is not what is measured.
            run(server.url, iter(sent[:1]), connections=1, seconds=READY_S, pid=server.pid)
            result = run(server.url, iter(sent[1:]), connections=connections, seconds=seconds, pid=server.pid)
        rows.append(
            {
                "connections": connections,
                "spans_per_s": result.rate * SPANS_A_TRACE,
                "p50_ms": result.p50_ms,
                "p99_ms": result.p99_ms,
                "failures": result.failures,
            }
        )
    return rows


def main() -> None:
    """Print the figures as JSON: traces of ten spans, one a request, in protobuf."""
    seconds = float(os.environ.get("BENCH_SECONDS", "5"))
    print(json.dumps({name: _rows(name, seconds) for name in SERVERS if _is_there(name)}, indent=1))


if __name__ == "__main__":
    main()
