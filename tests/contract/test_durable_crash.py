"""Executions whose server is killed or stopped in the middle: they go on, and ask for nothing that they know."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.chaos.fleet import DURABLE_MODULES, client_of
from tests.chaos.work import Client, Place, chain, items, keys, rounds, until
from tests.contract.conftest import LiveServer
from tests.stores import about_files

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(180)]


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path, {"drain_timeout": "1"})


@pytest.fixture
def live(place: Place) -> Iterator[LiveServer]:
    store = f"sqlite:///{place.folder}/headrace.db"
    running = LiveServer(store=store, settings=place.settings, modules=DURABLE_MODULES)
    yield running.start()
    assert running.stop() == 0


@pytest.fixture
def client(live: LiveServer) -> Client:
    return client_of(live)


def begun(place: Place, count: int) -> None:
    """Wait until so many steps have been begun."""
    until(lambda: len(place.said("begun")) >= count or None, within_s=60, what=f"step {count}")


def again(live: LiveServer) -> Client:
    """Kill the server, and start it."""
    live.kill()
    return client_of(live.start())


def repeated(place: Place) -> set[str]:
    """The steps that were begun more than once, without the execution's id."""
    return keys(key for key, times in place.said("begun").items() if times > 1)


def test_an_execution_goes_on_after_a_kill(live: LiveServer, client: Client, place: Place) -> None:
    execution = client.start(client.make(chain(6)), {"n": 1, "pause_s": 0.4})
    begun(place, 3)
    client = again(live)
    assert client.ended(execution) == "Succeeded"
    assert client.outputs(execution) == [7]
    assert keys(place.said("begun")) == {f"Step{number}/0" for number in range(6)}
    assert len(repeated(place)) <= 1, "only what was under way is done again"
    assert repeated(place) <= {"Step2/0", "Step3/0"}
    nodes = [event for event in client.events(execution, "Node") if "nodeOutputEvent" in event]
    assert [event["nodeOutputEvent"]["nodeName"] for event in nodes] == [
        "Start",
        *(f"Step{number}" for number in range(6)),
    ]


def test_items_that_are_done_are_not_done_again(live: LiveServer, client: Client, place: Place) -> None:
    document = [{"n": number, "pause_s": 0.3} for number in range(20)]
    execution = client.start(client.make(items(), concurrency=4), document)
    begun(place, 10)
    client = again(live)
    assert client.ended(execution) == "Succeeded"
    assert client.outputs(execution) == [list(range(1, 21))]
    assert keys(place.said("begun")) == {f"Item/{number}" for number in range(20)}
    assert len(repeated(place)) <= 4


def test_rounds_of_a_loop_go_on(live: LiveServer, client: Client, place: Place) -> None:
    execution = client.start(client.make(rounds(20)), {"n": 0, "pause_s": 0.2, "until": 8})
    begun(place, 4)
    client = again(live)
    assert client.ended(execution) == "Succeeded"
    assert client.outputs(execution) == [8]
    assert len(place.said("begun")) == 8
    assert len(repeated(place)) <= 1


def test_what_was_acknowledged_is_carried_out_even_if_nobody_had_begun(
    live: LiveServer, client: Client, place: Place
) -> None:
    flow = client.make(chain(1))
    executions = [client.start(flow, {"n": number, "pause_s": 0.0}) for number in range(20)]
    client = again(live)
    assert {client.ended(one) for one in executions} == {"Succeeded"}
    assert [client.outputs(one) for one in executions] == [[number + 1] for number in range(20)]


def test_a_server_that_is_stopped_leaves_the_rest_to_the_next_one(
    live: LiveServer, client: Client, place: Place
) -> None:
    short = client.start(client.make(chain(1)), {"n": 1, "pause_s": 0.5})
    begun(place, 1)
    long = client.start(client.make(chain(5)), {"n": 1, "pause_s": 1.0})
    begun(place, 3)
    assert live.stop() == 0
    client = client_of(live.start())
    assert client.get(short)["status"] == "Succeeded", "there was time for it"
    assert client.ended(long) == "Succeeded"
    assert client.outputs(long) == [6]
    assert len(repeated(place)) <= 1


def test_what_is_stopped_stays_so(live: LiveServer, client: Client, place: Place) -> None:
    execution = client.start(client.make(chain(3)), {"n": 1, "pause_s": 2.0})
    begun(place, 1)
    assert client.runtime.stop_flow_execution(**execution)["status"] == "Aborted"
    client = again(live)
    other = client.start(client.make(chain(1)), {"n": 1, "pause_s": 0.0})
    assert client.ended(other) == "Succeeded"
    assert client.get(execution)["status"] == "Aborted"
    assert keys(place.said("begun")) == {"Step0/0"}


def test_a_flow_that_is_deleted_goes_on_to_its_end(live: LiveServer, client: Client, place: Place) -> None:
    flow = client.make(chain(3))
    execution = client.start(flow, {"n": 1, "pause_s": 0.3})
    begun(place, 1)
    client.agent.delete_flow(flowIdentifier=flow["flowIdentifier"], skipResourceInUseCheck=True)
    client = again(live)
    until(lambda: len(place.said("done")) >= 3 or None, within_s=60, what="the last step")
    with pytest.raises(client.runtime.exceptions.ResourceNotFoundException):
        client.get(execution)


def test_the_time_limit_holds_over_all_attempts(tmp_path: Path) -> None:
    folder = tmp_path / "late"
    folder.mkdir()
    place = Place(folder, {"durable_timeout": "8", "drain_timeout": "0"})
    store = f"sqlite:///{folder}/headrace.db"
    live = LiveServer(store=store, settings=place.settings, modules=DURABLE_MODULES).start()
    try:
        client = client_of(live)
        warm = client.start(client.make(chain(1)), {"n": 1, "pause_s": 0.0})
        assert client.ended(warm) == "Succeeded"
        execution = client.start(client.make(chain(8)), {"n": 1, "pause_s": 2.0})
        begun(place, 2)
        client = again(live)
        assert client.ended(execution) == "TimedOut"
        [error] = client.get(execution)["errors"]
        assert error["error"] == "ExecutionTimedOut"
        assert len(place.said("begun")) <= 1 + 5, "no step begins when the time is up"
    finally:
        assert live.stop() == 0


@about_files
def test_without_its_journal_an_execution_begins_again(
    live: LiveServer, client: Client, place: Place
) -> None:
    """As after a backup that was made of the store alone, while it was in use."""
    execution = client.start(client.make(chain(4)), {"n": 1, "pause_s": 0.5})
    begun(place, 3)
    live.kill()
    for file in place.folder.glob("headrace.db.executions*"):
        file.unlink()
    client = client_of(live.start())
    assert client.ended(execution) == "Succeeded"
    assert client.outputs(execution) == [5]
    assert repeated(place) >= {"Step0/0", "Step1/0"}
    nodes = [event for event in client.events(execution, "Node") if "nodeOutputEvent" in event]
    assert len(nodes) == 5
