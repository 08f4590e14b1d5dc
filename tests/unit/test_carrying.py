"""Which processes carry out durable executions, and what the others say about it."""

from __future__ import annotations

import importlib.util
from dataclasses import replace
from typing import Any

import pytest
from tests.unit.engine.world import World
from tests.unit.services.conftest import Registry, registry

from headrace.services.records.recorder import Recorder
from headrace.services.runs.runs import Runs
from headrace.settings import Settings
from headrace.world import Carrying, build_carrying, capacity_of

__all__ = ["registry"]


def carrying(registry: Registry, **settings: Any) -> Carrying:
    ports = replace(registry.ports, holder="prc_1")
    runs = Runs(effects=World().effects, recorder=Recorder(ports.store, ports.clock))
    return build_carrying(Settings(store="memory:", **settings), ports, runs, "000000000000", lambda _: None)  # type: ignore[arg-type, return-value]


def test_a_server_carries_executions_out_by_itself(registry: Registry) -> None:
    made = carrying(registry)
    assert made.engine is not None
    assert made.engine.room == capacity_of(Settings()) == 100
    assert made.lacks is None
    for close in made.closes:
        registry.run(close())


def test_one_that_is_to_leave_them_to_others_lacks_nothing(registry: Registry) -> None:
    assert carrying(registry, durable_runs=0) == Carrying()


def test_without_the_library_it_says_what_to_install(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    made = carrying(registry)
    assert made.engine is None
    assert "pip install 'headrace[durable]'" in (made.lacks or "")
    assert capacity_of(Settings()) == 0
