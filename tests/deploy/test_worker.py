"""`headrace worker`: what it takes, what it says, and how it ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.bedrock.running import chain, install, prompt
from tests.contract.conftest import LiveServer
from tests.contract.keys import run, run_json
from tests.deploy.fleet import WITHIN_S, Fleet, ended, wait_until

pytestmark = pytest.mark.live

SHORT = chain(("Short", "Prompt", prompt()))
SLOW = chain(("Slow", "Prompt", prompt()))
WITHOUT_LIBRARY = """
import importlib.util as there
find = there.find_spec
there.find_spec = lambda name, *more: None if name == "dbos" else find(name, *more)
from headrace.cli import main
main()
"""


def start(live: LiveServer, definition: dict[str, Any]) -> dict[str, str]:
    """An execution in the background, as its operations name it."""
    flow = install(live.boto(), definition)
    document = {"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}
    alias = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID"}
    arn = live.boto("bedrock-agent-runtime").start_flow_execution(**alias, inputs=[document])["executionArn"]
    return {**alias, "executionIdentifier": arn}


@pytest.mark.parametrize("store", ["memory:", "sqlite:///{folder}/headrace.db", "{folder}/headrace.db"])
def test_a_store_of_one_process_is_refused(tmp_path: Path, store: str) -> None:
    done = run("worker", "--store", store.format(folder=tmp_path))
    assert (done.returncode, done.stdout) == (1, "")
    assert "used by one process, its server" in done.stderr
    assert "headrace serve" in done.stderr
    assert not list(tmp_path.iterdir())


def test_workers_inside_need_room() -> None:
    done = run("serve", "--store", "memory:", "--port", "0", "--workers", HEADRACE_DURABLE_RUNS="0")
    assert done.returncode == 2
    assert "HEADRACE_DURABLE_RUNS" in done.stderr


@pytest.mark.slow
def test_without_its_library_it_says_what_to_install(fleet: Fleet) -> None:
    environment = {f"HEADRACE_{name.upper()}": value for name, value in fleet.settings.items()}
    done = subprocess.run(
        [sys.executable, "-c", WITHOUT_LIBRARY, "worker"],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (1, "")
    assert "pip install 'headrace[durable]'" in done.stderr


@pytest.mark.slow
def test_it_carries_out_what_a_server_started(fleet: Fleet) -> None:
    live = fleet.server()
    execution = start(live, SHORT)  # before there is anybody to carry it out
    worker = fleet.worker()
    begun = worker.told("begun")
    assert worker.told("ended", execution=begun["execution"])["status"] == "Succeeded"
    assert ended(live.boto("bedrock-agent-runtime"), **execution)["status"] == "Succeeded"
    assert httpx.get(f"{worker.health}/healthz").json()["status"] == "ok"
    assert httpx.get(f"{worker.health}/readyz").json()["status"] == "ready"
    assert httpx.get(f"{worker.health}/v5/flows").status_code == 404
    variables = {f"HEADRACE_{name.upper()}": value for name, value in fleet.settings.items()}
    found = run_json("processes", **variables)
    assert sorted((one["role"], one["capacity"]) for one in found) == [("server", 0), ("worker", 100)]
    shown = run_json("executions", "show", execution["executionIdentifier"], **variables)
    assert (shown["id"], shown["status"]) == (begun["execution"], "Succeeded")
    worker.signal(signal.SIGTERM)
    assert worker.ended() == 0
    assert [one["role"] for one in run_json("processes", **variables)] == ["server"]


@pytest.mark.slow
def test_what_is_nearly_done_ends_before_it_stops(fleet: Fleet) -> None:
    live = fleet.server()
    worker = fleet.worker(drain_timeout="20")
    execution = start(live, SHORT)
    begun = worker.told("begun")
    worker.signal(signal.SIGTERM)
    [end] = worker.rest()
    assert (end["event"], end["execution"], end["status"]) == ("ended", begun["execution"], "Succeeded")
    assert worker.ended() == 0
    assert ended(live.boto("bedrock-agent-runtime"), **execution)["status"] == "Succeeded"


@pytest.mark.slow
def test_what_takes_longer_is_left_to_others_at_once(fleet: Fleet) -> None:
    live = fleet.server()
    first = fleet.worker(drain_timeout="1")
    execution = start(live, SLOW)
    begun = first.told("begun")
    second = fleet.worker()
    first.signal(signal.SIGTERM)
    [end] = first.rest()
    assert (end["execution"], end["status"]) == (begun["execution"], None)
    assert first.ended() == 0
    left_at = time.monotonic()
    second.told("begun", execution=begun["execution"])
    assert time.monotonic() - left_at < 10
    runtime = live.boto("bedrock-agent-runtime")
    assert runtime.stop_flow_execution(**execution)["status"] == "Aborted"
    second.told("ended", execution=begun["execution"])


@pytest.mark.slow
def test_a_second_signal_waits_for_nothing(fleet: Fleet) -> None:
    live = fleet.server()
    first, second = fleet.worker(drain_timeout="60"), fleet.worker()
    execution = start(live, SLOW)
    variables = {f"HEADRACE_{name.upper()}": value for name, value in fleet.settings.items()}

    def holder() -> int | None:
        held = [one["pid"] for one in run_json("processes", **variables) if one["durable_count"]]
        return held[0] if held else None

    wait_until(lambda: holder() is not None, "nobody begins it")
    pid = holder()
    one = next(w for w in (first, second) if w.process is not None and w.process.pid == pid)
    other = second if one is first else first
    one.signal(signal.SIGTERM)
    wait_until(lambda: _is_closed(one.health), "it does not begin to end")
    one.signal(signal.SIGTERM)
    assert one.ended() == 128 + signal.SIGTERM
    other.told("begun")
    live.boto("bedrock-agent-runtime").stop_flow_execution(**execution)


def _is_closed(url: str) -> bool:
    try:
        httpx.get(f"{url}/readyz")
    except httpx.ConnectError:
        return True
    return False
