"""Two workers on one PostgreSQL: when one dies, stops or stands still, the other goes on with its executions."""

from __future__ import annotations

import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from tests.chaos.fleet import Member, client_of
from tests.chaos.work import Client, Place, chain, items, keys, until
from tests.contract.conftest import LiveServer
from tests.postgres import cluster
from tests.stores import SECRET_KEY

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

PROCESS_TIMEOUT_S = 6.0
SOON_S = 20.0
"""A dead process is missed within about a second; the rest is for machines with a lot else to do."""


@dataclass
class Stand:
    """A server that carries nothing out itself, and workers that begin one after another."""

    place: Place
    live: LiveServer
    client: Client
    members: list[Member]

    def begun(self, count: int, *, within_s: float = 60.0) -> None:
        """Wait until so many steps have been begun."""
        until(
            lambda: self.place.said("begun").total() >= count or None,
            within_s=within_s,
            what=f"step {count}",
        )


@pytest.fixture
def stand(tmp_path: Path) -> Iterator[Stand]:
    place = Place(tmp_path, {"process_timeout": str(PROCESS_TIMEOUT_S), "drain_timeout": "1"})
    store = cluster().new()
    inside = {**place.settings, "durable_runs": "0", "secret_key": SECRET_KEY}
    live = LiveServer(store=store, settings=inside).start()
    members = [Member(store, place.settings, tmp_path / f"log-{number}") for number in range(2)]
    try:
        yield Stand(place, live, client_of(live), members)
    finally:
        for member in members:
            member.kill()
        assert live.stop() == 0
        cluster().drop(store)


def test_a_server_without_workers_waits_for_one(stand: Stand) -> None:
    execution = stand.client.start(stand.client.make(chain(1)), {"n": 1, "pause_s": 0.0})
    assert stand.client.get(execution)["status"] == "Running"
    stand.members[0].start()
    assert stand.client.ended(execution) == "Succeeded"
    assert stand.members[0].stop() == 0


def test_what_a_dead_worker_leaves_another_one_goes_on_with(stand: Stand) -> None:
    first, second = stand.members
    first.start()
    flow = stand.client.make(items(), concurrency=5)
    document = [{"n": number, "pause_s": 0.5} for number in range(30)]
    executions = [stand.client.start(flow, document) for _ in range(3)]
    stand.begun(30)
    second.start()
    warm = stand.client.start(stand.client.make(chain(1)), {"n": 1, "pause_s": 0.0})
    assert stand.client.ended(warm) == "Succeeded"
    first.kill()
    killed_at = time.monotonic()
    stand.begun(stand.place.said("begun").total() + 1, within_s=SOON_S)
    taken_up_s = time.monotonic() - killed_at
    assert taken_up_s < PROCESS_TIMEOUT_S, "its lock tells, not that it was not seen"
    for execution in executions:
        assert stand.client.ended(execution) == "Succeeded"
        assert stand.client.outputs(execution) == [list(range(1, 31))]
    repeated = sum(times - 1 for times in stand.place.said("begun").values())
    assert repeated <= 15, "only what was under way"


def test_a_worker_that_is_stopped_hands_over_at_once(stand: Stand) -> None:
    first, second = stand.members
    first.start()
    execution = stand.client.start(stand.client.make(chain(12)), {"n": 0, "pause_s": 0.5})
    stand.begun(2)
    second.start()
    warm = stand.client.start(stand.client.make(chain(1)), {"n": 1, "pause_s": 0.0})
    assert stand.client.ended(warm) == "Succeeded"
    assert first.stop() == 0
    assert stand.client.ended(execution) == "Succeeded"
    assert stand.client.outputs(execution) == [12]
    assert sum(times - 1 for times in stand.place.said("begun").values()) <= 1


def test_a_worker_that_stood_still_changes_nothing_when_it_wakes_up(stand: Stand) -> None:
    first, second = stand.members
    first.start()
    execution = stand.client.start(stand.client.make(chain(6)), {"n": 0, "pause_s": 1.0})
    stand.begun(2)
    second.start()
    warm = stand.client.start(stand.client.make(chain(1)), {"n": 1, "pause_s": 0.0})
    first.signal(signal.SIGSTOP)
    try:
        assert stand.client.ended(warm) == "Succeeded"
        assert stand.client.ended(execution) == "Succeeded", "the other one has gone on"
        before = stand.client.events(execution, "Node")
    finally:
        first.signal(signal.SIGCONT)
    again = stand.client.start(stand.client.make(chain(4)), {"n": 0, "pause_s": 0.3})
    assert stand.client.ended(again) == "Succeeded"
    assert stand.client.events(execution, "Node") == before
    assert stand.client.outputs(execution) == [6]
    assert keys(stand.place.said("done")) >= {f"Step{number}/0" for number in range(6)}
    assert first.stop() == 0
    assert second.stop() == 0


def test_an_execution_that_is_stopped_elsewhere_ends_soon(stand: Stand) -> None:
    stand.members[0].start()
    execution = stand.client.start(stand.client.make(chain(3)), {"n": 0, "pause_s": 3.0})
    stand.begun(1)
    assert stand.client.runtime.stop_flow_execution(**execution)["status"] == "Aborted"
    log = stand.members[0].log
    until(lambda: "ended" in log.read_text() or None, within_s=SOON_S, what="the worker hears of it")
    assert stand.client.get(execution)["status"] == "Aborted"
    assert keys(stand.place.said("begun")) == {"Step0/0"}
