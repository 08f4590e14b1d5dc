"""How a server ends while others still send it requests."""

from __future__ import annotations

import signal
import time
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer

from headrace import __version__

pytestmark = pytest.mark.live

WITHIN_S = 60


def test_load_balancers_are_told_before_anybody_is_turned_away(make_server: Any) -> None:
    live = make_server(store="memory:", drain_delay="6")
    with httpx.Client(base_url=live.url) as client:
        assert "connection" not in client.get("/readyz").headers
        told_at = time.monotonic()
        _signal(live, signal.SIGTERM)
        _wait_until_leaving(client)
        # Whoever has not noticed yet is answered, as the last on this connection.
        answer = client.get("/v5/flows", headers={"x-api-key": "any"})
        assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert client.get("/healthz").status_code == 200, "it is well, and not to be restarted"
        assert _ended(live) == 0
        assert time.monotonic() - told_at > 5, "it waited for its delay"
        with pytest.raises(httpx.ConnectError):
            client.get("/readyz")


def test_without_a_delay_it_ends_at_once(make_server: Any) -> None:
    live = make_server(store="memory:", drain_delay="0")
    begun = time.monotonic()
    assert live.stop() == 0
    assert time.monotonic() - begun < 15, "it did not wait for a load balancer to notice"


def test_a_second_signal_waits_for_nothing(make_server: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as file:
        live = make_server(store="memory:", drain_delay="60", stderr=file)
        _signal(live, signal.SIGTERM)
        with httpx.Client(base_url=live.url) as client:
            _wait_until_leaving(client)
        begun = time.monotonic()
        _signal(live, signal.SIGTERM)
        assert _ended(live) == 128 + signal.SIGTERM
    assert time.monotonic() - begun < 15
    assert "Stopping at once." in log.read_text()


def _signal(live: LiveServer, number: signal.Signals) -> None:
    assert live.process is not None
    live.process.send_signal(number)


def _ended(live: LiveServer) -> int:
    assert live.process is not None
    return live.process.wait(timeout=WITHIN_S)


def _wait_until_leaving(client: httpx.Client) -> None:
    deadline = time.monotonic() + WITHIN_S
    while (answer := client.get("/readyz")).status_code == 200:
        assert time.monotonic() < deadline, "it goes on saying that it is ready"
    assert (answer.status_code, answer.json()) == (503, {"status": "leaving", "version": __version__})
