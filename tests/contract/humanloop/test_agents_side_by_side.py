"""Turns of agents at two servers on one PostgreSQL database: one at a time, and none lost with its server."""

from __future__ import annotations

import json
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.test_agent_calls import ADD, ANSWERS, INLINE, answers, says
from tests.contract.humanloop.test_judging import until
from tests.postgres import cluster
from tests.stores import SECRET_KEY

pytestmark = [pytest.mark.live, pytest.mark.slow]

Pair = tuple[LiveServer, LiveServer]


@pytest.fixture
def pair(tmp_path: Path) -> Iterator[Pair]:
    """Two servers on a new database, whose models answer by a script."""
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS))
    (tmp_path / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "*"\nprovider = "ci"\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {
        "config": str(tmp_path / "headrace.toml"),
        "log_level": "error",
        "secret_key": SECRET_KEY,
        "process_timeout": "2",
        "store_connections": "4",
    }
    store = cluster().new()
    one, other = (LiveServer(store=store, settings=settings).start() for _ in range(2))
    yield one, other
    for live in (one, other):
        if live.process is not None and live.process.poll() is None:
            live.stop()


def go_on(live: LiveServer, body: dict[str, Any]) -> httpx.Response:
    with httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=30) as raw:
        return raw.post("/agents/continue", json=body)


def log_at(live: LiveServer, log_id: str) -> dict[str, Any]:
    """What a server shows of a log; no more than an error while there is none."""
    with httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}, timeout=30) as raw:
        found: dict[str, Any] = raw.get(f"/logs/{log_id}").json()
        return found


def test_of_those_that_go_on_at_once_through_both_one_is_first(pair: Pair) -> None:
    agent = {"model": "gpt-4o", "tools": [INLINE]}
    for number in range(3):
        client = pair[number % 2].humanloop()
        called = client.agents.call(path="A", agent=agent, messages=[*says("SLOWLY"), *says("WEATHER")])
        body = {"log_id": called.id, "messages": answers(called, "It is sunny.")}
        with ThreadPoolExecutor(6) as pool:
            got = list(pool.map(lambda live, body=body: go_on(live, body), [*pair, *pair, *pair]))
        assert sorted(one.status_code for one in got) == [200, *[409] * 5]
        (done,) = (one.json() for one in got if one.status_code == 200)
        assert (done["output"], len(done["messages"])) == ("Sun.", 4)


def test_a_turn_of_a_server_that_is_gone_goes_on_at_the_other(pair: Pair) -> None:
    first, second = pair
    client = second.humanloop()
    tool = client.tools.upsert(path="add", **ADD)
    agent = {"model": "gpt-4o", "tools": [{"type": "file", "link": {"file_id": tool.id}}]}
    body = {"path": "A", "agent": agent, "messages": says("HANGS"), "log_id": "mine"}
    with pytest.raises(httpx.ReadTimeout):
        httpx.post(f"{first.url}/v5/agents/call", json=body, headers={"X-API-KEY": "any"}, timeout=2)
    until(lambda: len(log_at(second, "mine").get("messages") or ()) == 3)
    more = {"log_id": "mine", "messages": says("GO ON")}
    assert go_on(second, more).status_code == 409
    first.kill()

    def goes_on() -> Any:
        answer = go_on(second, more)
        assert answer.status_code in (200, 409)
        return answer.json() if answer.status_code == 200 else None

    done = until(goes_on, within_s=30)
    assert (done["output"], [one["role"] for one in done["messages"]][-1]) == ("On it goes.", "user")
