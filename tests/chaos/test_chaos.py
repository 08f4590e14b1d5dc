"""Executions while what carries them out is killed at random: a short form of ``python -m tests.chaos``."""

from __future__ import annotations

import random
from pathlib import Path

import pytest
from tests.chaos.scenarios import on_postgres, on_sqlite

pytestmark = [pytest.mark.chaos, pytest.mark.live, pytest.mark.timeout(900)]


def test_one_server_on_sqlite(tmp_path: Path) -> None:
    tally = on_sqlite(tmp_path, kills=12, at_once=12, luck=random.Random(1), say=print)
    assert tally.wrong == []
    assert tally.executions >= 12


def test_two_workers_on_postgresql(tmp_path: Path) -> None:
    tally = on_postgres(tmp_path, kills=12, at_once=20, luck=random.Random(1), say=print)
    assert tally.wrong == []
    assert tally.executions >= 20
