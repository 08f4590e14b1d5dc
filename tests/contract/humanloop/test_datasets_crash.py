"""A server that is killed while a large dataset comes in: it is there whole or not at all, and comes in again."""

from __future__ import annotations

import random
import threading
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

ROUNDS = 6
SIZE = 6_000
LONGEST_S = 1.5
"""A round ends with a kill within this."""


def points(count: int) -> list[dict[str, Any]]:
    return [{"inputs": {"q": str(number)}, "target": {"a": number}} for number in range(count)]


def client_of(live: LiveServer) -> httpx.Client:
    return httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=120)


def whole(http: httpx.Client, path: str) -> list[Any] | None:
    """The datapoints of the newest version; None when there is no dataset."""
    body = {"path": path, "datapoints": [], "action": "add"}
    if http.post("/files/retrieve-by-path", json={"path": path}).status_code == 404:
        return None
    found: list[Any] = http.post("/datasets", params={"include_datapoints": "true"}, json=body).json()[
        "datapoints"
    ]
    return [{key: one[key] for key in ("inputs", "target")} for one in found]


def test_a_dataset_is_there_whole_or_not_at_all(make_server: Any) -> None:
    live = make_server()
    chance = random.Random(7)
    outcomes = set()
    for number in range(ROUNDS):
        path = f"Crash/{number % 2}"
        action = "add" if number % 3 == 2 else "set"
        sent = points(SIZE + number)
        with client_of(live) as http:
            before = whole(http, path)
        killer = threading.Timer(chance.uniform(0.05, LONGEST_S), live.kill)
        killer.start()
        answered = False
        try:
            with client_of(live) as http:
                body = {"path": path, "datapoints": sent, "action": action}
                answered = http.post("/datasets", json=body).status_code == 200
        except httpx.TransportError:
            pass
        killer.join()
        live.start()
        with client_of(live) as http:
            after = whole(http, path)
            assert after == sent or (not answered and after == before)
            outcomes.add(answered)
            again = http.post("/datasets", json={"path": path, "datapoints": sent}).json()
            assert again["datapoints_count"] == len(sent)
            assert whole(http, path) == sent
    assert False in outcomes, "no round was cut short: send more"
