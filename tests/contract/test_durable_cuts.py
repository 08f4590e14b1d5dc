"""Executions of a server whose connections to PostgreSQL are cut, at one statement after another."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.chaos.fleet import DURABLE_MODULES, client_of
from tests.chaos.work import Place, chain
from tests.contract.conftest import LiveServer
from tests.cutting import Cut, way_to
from tests.postgres import cluster
from tests.stores import SECRET_KEY

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(240)]

NAMES = ("headrace", "headrace-executions", "headrace-alive")
STATEMENTS = 22
"""An execution takes no more as a rule, from its start to its end, in the store and in its journal."""
SURELY = 8
"""It can't do with less."""


def test_no_cut_keeps_an_execution_from_its_end(tmp_path: Path) -> None:
    place = Place(tmp_path)
    log = tmp_path / "log"
    store = cluster().new()
    with way_to(cluster().port, *NAMES) as (way, port), log.open("w") as stderr:
        url = store.replace(f":{cluster().port}/", f":{port}/")
        settings = {**place.settings, "secret_key": SECRET_KEY}
        live = LiveServer(store=url, settings=settings, stderr=stderr, modules=DURABLE_MODULES).start()
        try:
            client = client_of(live)
            flow = client.make(chain(2))
            client.ended(client.start(flow, {"n": 0, "pause_s": 0.0}))
            for number in range(1, STATEMENTS):
                way.cut_at(number, list(Cut)[number % 2])
                execution = client.start(flow, {"n": number, "pause_s": 0.0})
                assert client.ended(execution) == "Succeeded"
                way.leave()
                assert client.outputs(execution) == [number + 2]
        finally:
            assert live.stop() == 0
    cluster().drop(store)
    assert way.cuts >= SURELY, "else it says nothing"
    begun = place.said("begun")
    assert [step for step, times in begun.items() if times > 1] == [], "nobody forgot what a step had said"
    errors = [line for line in log.read_text().splitlines() if " error " in line[:48] or "a bug" in line]
    assert errors == []
