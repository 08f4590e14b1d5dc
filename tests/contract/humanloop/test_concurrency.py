"""Many clients at once (humanloop 8.44)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live
AT_ONCE = 100


def together(server: LiveServer, bodies: Callable[[int], Any]) -> list[httpx.Response]:
    """Send that many upserts over as many connections, all at the same time."""
    limits = httpx.Limits(max_connections=AT_ONCE)
    with (
        httpx.Client(
            base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}, limits=limits, timeout=60
        ) as plain,
        ThreadPoolExecutor(AT_ONCE) as pool,
    ):
        return list(pool.map(lambda n: plain.post("/flows", json=bodies(n)), range(AT_ONCE)))


def test_equal_upserts_of_a_new_flow_are_one_version(server: LiveServer, client: Any, home: str) -> None:
    """Also its directories are made once."""
    path = f"{home}/a/b/c"
    answers = together(server, lambda _: {"path": path, "attributes": {"x": 1}})
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    assert len({answer.content for answer in answers}) == 1
    made = answers[0].json()
    assert [e["name"] for e in made["environments"]] == ["production"]
    assert len(client.flows.list_versions(made["id"]).records) == 1


def test_one_version_name_goes_to_one_of_many(server: LiveServer, client: Any, path: str) -> None:
    flow = client.flows.upsert(path=path, attributes={})
    answers = together(server, lambda n: {"path": path, "attributes": {"n": n}, "version_name": "n"})
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: AT_ONCE - 1}
    (winner,) = [answer.json() for answer in answers if answer.status_code == 200]
    records = client.flows.list_versions(flow.id).records
    assert [record.version_id for record in records] == [winner["version_id"], flow.version_id]


def test_different_upserts_of_a_new_flow_are_all_kept_and_one_is_deployed(
    server: LiveServer, client: Any, path: str
) -> None:
    answers = together(server, lambda n: {"path": path, "attributes": {"n": n}})
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE}
    (flow,) = {answer.json()["id"] for answer in answers}
    records = client.flows.list_versions(flow).records
    assert {record.version_id for record in records} == {answer.json()["version_id"] for answer in answers}
    assert sum(len(record.environments) for record in records) == 1


def test_a_path_and_the_directory_of_that_name_are_not_both_made(
    server: LiveServer, client: Any, home: str
) -> None:
    answers = together(server, lambda n: {"path": f"{home}/x" if n % 2 else f"{home}/x/y", "attributes": {}})
    won = {answer.json()["path"] for answer in answers if answer.status_code == 200}
    assert Counter(answer.status_code for answer in answers) == {200: AT_ONCE // 2, 409: AT_ONCE // 2}
    assert len(won) == 1


def test_one_place_takes_one_of_many_that_move_there(server: LiveServer, client: Any, home: str) -> None:
    flows = [client.flows.upsert(path=f"{home}/{n}", attributes={}).id for n in range(10)]
    with (
        httpx.Client(base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}) as plain,
        ThreadPoolExecutor(len(flows)) as pool,
    ):
        answers = list(
            pool.map(lambda flow: plain.patch(f"/flows/{flow}", json={"path": f"{home}/there"}), flows)
        )
    assert Counter(answer.status_code for answer in answers) == {200: 1, 409: len(flows) - 1}
