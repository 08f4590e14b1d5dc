"""A short run of the soak, with all there is to it, and longer ones that only `-m soak` asks for."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from tests.soak import report
from tests.soak.journal import facts_in
from tests.soak.model import Model
from tests.soak.run import Plan, soak

SHORT_S = 12.0
SHORT_MINUTES = 2


@pytest.mark.live
@pytest.mark.slow
@pytest.mark.timeout(480)
def test_a_short_run(tmp_path: Path) -> None:
    plan = Plan(
        store="sqlite",
        seed=7,
        seconds=SHORT_S,
        folder=tmp_path,
        fault_every_s=3,
        mounts=False,
        has_sdks=False,
    )
    told = asyncio.run(soak(plan))
    assert told["wrong"] == []
    assert told["faults"], "something was broken, or this proves nothing"
    assert {"UpdateFlowAlias", "InvokeFlow", "createMove", "LogFlow", "getArchive"} <= told["calls"].keys()
    assert told["read_back_at_the_end"] > 10
    again = Model()
    for fact in facts_in(tmp_path / "journal-sqlite-7.jsonl"):
        again.apply(fact)
    assert again.sizes() == told["holds"], "the journal alone tells what must be there"
    path = report.write(told, tmp_path / "reports")
    assert "**All invariants held.**" in path.read_text()
    assert json.loads(path.with_suffix(".json").read_text())["seed"] == 7


@pytest.mark.soak
@pytest.mark.live
@pytest.mark.timeout(1200)
@pytest.mark.parametrize("store", ["sqlite", "postgresql"])
def test_some_minutes(store: str, tmp_path: Path) -> None:
    told = asyncio.run(soak(Plan(store=store, seed=1, seconds=SHORT_MINUTES * 60, folder=tmp_path)))
    assert told["wrong"] == []
