"""The fast run: what it is said to have and to leave out is there, and it leaves no part out whole."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.fast import (
    CONTRACT,
    MOST_EXAMPLES,
    OF_STORES,
    ON_EVERY_STORE,
    STORIES,
    TESTS,
    THOROUGH,
    is_left_out,
    is_no_matter_of_stores,
    is_on_a_store_left_out,
    try_few_examples,
)


@pytest.mark.parametrize(
    ("folder", "named"),
    [(CONTRACT, STORIES), (CONTRACT, OF_STORES), (TESTS, THOROUGH), (TESTS, ON_EVERY_STORE)],
)
def test_what_is_named_is_there(folder: Path, named: set[str]) -> None:
    assert [name for name in sorted(named) if not (folder / name).is_file()] == []


def test_nothing_is_named_twice() -> None:
    assert not STORIES & OF_STORES
    assert not THOROUGH & ON_EVERY_STORE


def test_a_story_stays_and_what_is_thorough_is_left_out() -> None:
    assert not is_left_out(CONTRACT / "bedrock" / "test_flows.py")
    assert is_left_out(CONTRACT / "bedrock" / "test_every_error.py")
    assert is_left_out(TESTS / "fuzz" / "test_otel.py")
    assert is_left_out(TESTS / "ui" / "test_home.py")
    assert is_left_out(TESTS / "ui")
    assert not is_left_out(TESTS / "storage")
    assert not is_left_out(TESTS / "unit" / "test_settings.py")
    assert not is_left_out(CONTRACT / "conftest.py")
    assert not is_left_out(TESTS.parent / "elsewhere" / "contract" / "test_else.py")


def test_what_asks_nothing_of_the_store_is_tried_on_one_kind() -> None:
    assert not is_no_matter_of_stores(CONTRACT / "bedrock" / "test_flows.py")
    assert not is_no_matter_of_stores(CONTRACT / "test_shared_store.py")
    assert is_no_matter_of_stores(CONTRACT / "humanloop" / "test_golden.py")
    assert not is_no_matter_of_stores(CONTRACT / "humanloop")
    assert not is_no_matter_of_stores(CONTRACT / "conftest.py")
    assert not is_no_matter_of_stores(TESTS / "storage" / "test_files.py")


def test_some_of_what_is_run_on_each_store_is_run_on_postgresql_too() -> None:
    assert not is_on_a_store_left_out(TESTS / "storage" / "test_files.py", ["postgres"])
    assert is_on_a_store_left_out(TESTS / "storage" / "test_logs.py", ["postgres"])
    assert is_on_a_store_left_out(TESTS / "storage" / "test_archive.py", [("sqlite", "postgres"), 3])
    assert not is_on_a_store_left_out(TESTS / "storage" / "test_logs.py", ["sqlite", "a word"])
    assert not is_on_a_store_left_out(TESTS / "storage" / "test_postgres_schema.py", [])
    assert not is_on_a_store_left_out(TESTS.parent / "elsewhere" / "test_else.py", ["postgres"])


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
