"""Paths and short names."""

from __future__ import annotations

import pytest

from headrace.core.errors import Invalid
from headrace.core.files import (
    ancestors,
    check_name,
    check_path,
    is_short_name,
    numbered,
    short_name_from,
)


@pytest.mark.parametrize(
    "path",
    ["a", "a/b/c", "Größe & Zahl/流", "a.b/..c", "x" * 255, "/".join(["y" * 127] * 8), "a b/c d", "😀"],
)
def test_legal_paths(path: str) -> None:
    check_path(path, "path")


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("", "may not be empty"),
        ("/a", "begin or end with '/'"),
        ("a/", "begin or end with '/'"),
        ("a//b", "contain '//'"),
        (".", "'.' and '..'"),
        ("a/../b", "'.' and '..'"),
        ("a/ b", "blank"),
        ("a /b", "blank"),
        ("a\u00a0", "blank"),
        ("a\nb", "control characters"),
        ("a\x00b", "control characters"),
        ("a\u2028b", "control characters"),
        ("x" * 256, "at most 255 characters"),
        ("/".join(["y" * 128] * 8), "at most 1024 characters"),
    ],
)
def test_illegal_paths(path: str, words: str) -> None:
    with pytest.raises(Invalid) as caught:
        check_path(path, "path")
    [problem] = caught.value.problems
    assert words in problem.message
    assert (problem.path, problem.kind) == (("path",), "path")


def test_a_name_is_one_segment() -> None:
    check_name("a b", "name")
    with pytest.raises(Invalid, match="may not contain '/'"):
        check_name("a/b", "name")
    with pytest.raises(Invalid, match="may not be empty"):
        check_name("", "name")


def test_ancestors() -> None:
    assert ancestors("a") == []
    assert ancestors("a/b/c") == ["a", "a/b"]


@pytest.mark.parametrize(
    ("path", "name"),
    [
        ("triage", "triage"),
        ("trailing-", "trailing-"),
        ("n-" * 100, "n-" * 100),
        ("support/triage", "support-triage"),
        ("Größe & Zahl", "Groe-Zahl"),
        ("a--b__c", "a-b-c"),
        ("a_b/c-d", "a_b-c-d"),
        ("流/—", "flow"),
        ("ﬁne", "fine"),
        ("x" * 250, "x" * 100),
        ("y" * 99 + "/z", "y" * 99),
    ],
)
def test_short_names_of_paths(path: str, name: str) -> None:
    assert short_name_from(path, fallback="flow") == name
    assert is_short_name(name)


@pytest.mark.parametrize("name", ["", "-a", "a--b", "a b", "x" * 101, "a\n", "ä"])
def test_what_is_no_short_name(name: str) -> None:
    assert not is_short_name(name)


@pytest.mark.parametrize(
    ("name", "suffix", "result"),
    [("a", "", "a"), ("a", "2", "a-2"), ("a-", "2", "a-2"), ("x" * 100, "10", "x" * 97 + "-10")],
)
def test_numbered(name: str, suffix: str, result: str) -> None:
    assert numbered(name, suffix) == result
    assert is_short_name(result)
