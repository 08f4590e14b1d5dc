"""The fast run: what it is said to have and to leave out is there, and it leaves no part out whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fast import MOST_EXAMPLES, STORIES, TESTS, THOROUGH, is_left_out, try_few_examples

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


@pytest.mark.parametrize("many", [MOST_EXAMPLES - 1, MOST_EXAMPLES, MOST_EXAMPLES + 1, 400])
def test_a_law_is_tried_on_no_more_examples_than_it_says(many: int) -> None:
    tried = []

    @settings(max_examples=many, database=None)
    @given(st.integers())
    def law(number: int) -> None:
        tried.append(number)

    try_few_examples(law)
    law()
    assert len(tried) == min(many, MOST_EXAMPLES)
