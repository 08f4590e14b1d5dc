"""The fast run: what it is said to have and to leave out is there, and it leaves no part out whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from tests.fast import STORIES, TESTS, THOROUGH, is_left_out

CONTRACT = TESTS / "contract"


@pytest.mark.parametrize(
    ("folder", "name"),
    [(CONTRACT, name) for name in sorted(STORIES)] + [(TESTS, name) for name in sorted(THOROUGH)],
)
def test_what_is_named_is_there(folder: Path, name: str) -> None:
    assert (folder / name).is_file()


def test_a_story_stays_and_what_is_thorough_is_left_out() -> None:
    assert not is_left_out(CONTRACT / "bedrock" / "test_flows.py")
    assert is_left_out(CONTRACT / "bedrock" / "test_every_error.py")
    assert is_left_out(TESTS / "fuzz" / "test_otel.py")
    assert is_left_out(TESTS / "ui" / "test_home.py")
    assert not is_left_out(TESTS / "unit" / "test_settings.py")
    assert not is_left_out(CONTRACT / "conftest.py")
    assert not is_left_out(TESTS.parent / "elsewhere" / "contract" / "test_else.py")


@pytest.mark.parametrize("api", ["bedrock", "humanloop", "native", "otel"])
def test_each_api_has_a_story(api: str) -> None:
    assert any(name.startswith(f"{api}/") for name in STORIES)
