"""Two servers on one PostgreSQL database are told of one run: it ends once, and at the very end."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.tracing import until
from tests.postgres import cluster
from tests.stores import SECRET_KEY

T = TypeVar("T")
pytestmark = [pytest.mark.live, pytest.mark.slow]

DATAPOINTS = 50
TIMEOUT_S = 60.0
SPEC = {"evaluator_type": "external", "arguments_type": "target_free", "return_type": "boolean"}
CODE = "def judge(log):\n    return len(log['output'])\n"
LENGTH = {
    "evaluator_type": "python",
    "arguments_type": "target_free",
    "return_type": "number",
    "code": CODE,
}


def at_once(clients: list[httpx.Client], work: Callable[[httpx.Client, int], T]) -> list[T]:
    """What ``work`` answers to one caller a datapoint, on either server, who all start at the same moment."""
    barrier = threading.Barrier(DATAPOINTS)

    def one(index: int) -> T:
        barrier.wait(timeout=TIMEOUT_S)
        return work(clients[index % 2], index)

    with ThreadPoolExecutor(DATAPOINTS) as pool:
        return list(pool.map(one, range(DATAPOINTS)))


def post(client: httpx.Client, at: str, **body: Any) -> Any:
    return client.post(at, json=body).raise_for_status().json()


@pytest.fixture
def clients(tmp_path: Path) -> Any:
    settings = {"secret_key": SECRET_KEY, "store_connections": "4", "log_level": "error"}
    store = cluster().new()
    servers = [LiveServer(store=store, settings=settings) for _ in range(2)]
    with ThreadPoolExecutor() as pool:
        list(pool.map(LiveServer.start, servers))
    made = [
        httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=TIMEOUT_S)
        for live in servers
    ]
    yield made
    for client in made:
        client.close()
    assert [live.stop() for live in servers] == [0, 0]


def test_a_run_that_two_servers_are_told_of_ends_when_all_is_told(clients: list[httpx.Client]) -> None:
    first, second = clients
    prompt = post(first, "/prompts", path="Shared/Prompt", model="m")
    points = [{"inputs": {"n": str(n)}} for n in range(DATAPOINTS)]
    dataset = post(second, "/datasets", path="Shared/Data", datapoints=points)
    judge = post(first, "/evaluators", path="Shared/Judge", spec=SPEC)
    length = post(second, "/evaluators", path="Shared/Length", spec=LENGTH)
    seats = [{"version_id": one["version_id"]} for one in (judge, length)]
    evaluation = post(first, "/evaluations", file={"id": prompt["id"]}, name="Both", evaluators=seats)
    run = post(
        second,
        f"/evaluations/{evaluation['id']}/runs",
        dataset={"version_id": dataset["version_id"]},
        version={"version_id": prompt["version_id"]},
        orchestrated=False,
    )
    size = {"size": DATAPOINTS}
    known = first.get(f"/datasets/{dataset['id']}/datapoints", params=size).raise_for_status().json()
    ids = [one["id"] for one in known["records"]]

    def log(client: httpx.Client, index: int) -> str:
        made = post(
            client,
            f"/prompts/log?version_id={prompt['version_id']}",
            id=prompt["id"],
            run_id=run["id"],
            source_datapoint_id=ids[index],
            output="x" * index,
        )
        return str(made["id"])

    def told() -> Any:
        return first.get(f"/evaluations/{evaluation['id']}/stats").raise_for_status().json()

    def judged(client: httpx.Client, index: int) -> None:
        at = f"/evaluators/log?version_id={judge['version_id']}"
        post(client, at, id=judge["id"], parent_id=logs[index], judgment=index % 2 == 0)

    logs = at_once(clients, log)
    assert told()["status"] == "running"
    at_once(clients, judged)
    until(lambda: told()["status"] == "completed")
    (stats,) = told()["run_stats"]
    truth, lengths = stats["evaluator_stats"]
    assert (stats["num_logs"], truth["num_true"], truth["num_false"]) == (50, 25, 25)
    assert (lengths["total_logs"], lengths["sum"], lengths["mean"]) == (50, 1225, 24.5)
