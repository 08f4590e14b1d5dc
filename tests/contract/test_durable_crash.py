"""Executions in the background whose server is killed: they go on, and what they know is not asked again."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.work import Client, Place, chain, items, keys, rounds, until
from tests.contract.conftest import LiveServer

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


@pytest.fixture
def live(place: Place) -> Iterator[LiveServer]:
    store = f"sqlite:///{place.folder}/headrace.db"
    running = LiveServer(store=store, settings=place.settings)
    yield running.start()
    assert running.stop() == 0


@pytest.fixture
def client(live: LiveServer) -> Client:
    return client_of(live)


def client_of(live: LiveServer) -> Client:
    return Client(live.boto(), live.boto("bedrock-agent-runtime"))


def test_an_execution_goes_on_after_a_kill(live: LiveServer, client: Client, place: Place) -> None:
    execution = client.start(client.make(chain(6)), {"n": 1, "pause_s": 0.4})
    until(lambda: len(place.said("begun")) >= 3, within_s=30, what="the third step")
    live.kill()
    done = place.said("done")
    live.start()
    again = client_of(live)
    assert again.ended(execution) == "Succeeded"
    assert again.outputs(execution) == [7]
    begun = place.said("begun")
    assert keys(begun) == {f"Step{number}/0" for number in range(6)}
    twice = {key for key, times in begun.items() if times > 1}
    assert len(twice) <= 1, "only what was under way is done again"
    assert keys(twice) <= {"Step2/0", "Step3/0"}
    assert len(done) >= 2
    nodes = [event for event in again.events(execution, "Node") if "nodeOutputEvent" in event]
    assert [event["nodeOutputEvent"]["nodeName"] for event in nodes] == [
        "Start",
        *(f"Step{n}" for n in range(6)),
    ]
