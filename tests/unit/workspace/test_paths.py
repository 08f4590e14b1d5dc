"""Paths of a server as names of files: each can be read back, and none leads out."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import Invalid
from headrace.core.files import check_path
from headrace.workspace.folder import Names
from headrace.workspace.paths import RESERVED, Unfit, folded, to_name, to_path

PART = st.text(min_size=1, max_size=12) | st.sampled_from(
    ["CON", "nul.txt", "..a", ".git", ".headrace", "a.", "a%2Fb", "%2E%2E", "a\\b", "c:", "COM1", "~", "-rf"]
)


@given(st.lists(PART, min_size=1, max_size=4).map("/".join), st.booleans())
def test_each_path_has_a_name_that_is_read_back(path: str, is_marked: bool) -> None:
    try:
        check_path(path)
        path.encode()
    except (Invalid, UnicodeEncodeError):
        return
    name = to_name(path, suffix=".yaml", is_marked=is_marked)
    assert to_path(name, suffix=".yaml") == path
    for part in name.removesuffix(".yaml").split("/"):
        assert part not in ("", ".", "..")
        assert not part.startswith(".")
        assert not set(part) & set('<>:"\\|?*\0')
        assert part.partition(".")[0].lower() not in RESERVED


@pytest.mark.parametrize(
    "path", ["../x", "/etc/passwd", "a/../../b", "a//b", ".", "", "a\0b", "a\nb", "x" * 300]
)
def test_paths_that_are_none_have_no_name(path: str) -> None:
    with pytest.raises(Unfit):
        to_name(path, suffix=".yaml")


@pytest.mark.parametrize("name", ["%2E%2E/x", "a%2Fb", "a%00", "%FF", "a%0A"])
def test_names_that_would_lead_elsewhere_stand_for_nothing(name: str) -> None:
    with pytest.raises(Unfit):
        to_path(name + ".yaml", suffix=".yaml")


@pytest.mark.parametrize("path", ["é" * 200, "a/" + "b" * 251])
def test_names_that_are_too_long_are_told(path: str) -> None:
    with pytest.raises(Unfit, match="too long"):
        to_name(path, suffix=".prompt")


def test_marked_names_differ_where_case_makes_no_difference() -> None:
    plain, marked = (to_name("Über/A", suffix=".yaml", is_marked=one) for one in (False, True))
    assert folded(plain) != folded(marked)
    names = Names()
    names.take(to_name("a/x", suffix=".yaml"))
    assert names.is_free("a/y.yaml")
    assert not names.is_free("A/y.yaml")
    assert not names.is_free("a/X.yaml")
