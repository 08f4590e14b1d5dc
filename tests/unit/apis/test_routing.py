"""Paths are matched on raw segments, one decoded after the other."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from headrace.apis import routing
from headrace.apis.http import split_path, split_query
from headrace.apis.routing import Match, Table, WrongMethod

TABLE = Table(
    [
        ("GET", "/flows/", "list"),
        ("POST", "/flows/", "create"),
        ("GET", "/flows/{flow}/", "get"),
        ("DELETE", "/flows/{flow}", "delete"),
        ("POST", "/flows/validate-definition", "validate"),
        ("GET", "/flows/{other}/versions", "versions"),
        ("GET", "/flows/{flow}/versions/{number}/", "version"),
        ("GET", "/flows/latest/things", "things"),
        ("GET", "/logs/", "logs"),
        ("GET", "/logs/{log:path}", "log"),
        ("PATCH", "/flows/logs/{log:path}", "change"),
        ("PATCH", "/flows/{flow}/versions/{number}", "relabel"),
    ]
)


@pytest.mark.parametrize(
    ("method", "path", "row", "parameters"),
    [
        ("GET", b"/flows", "list", {}),
        ("GET", b"/flows/", "list", {}),
        ("POST", b"/flows", "create", {}),
        ("GET", b"/flows/A", "get", {"flow": "A"}),
        ("GET", b"/flows/A/", "get", {"flow": "A"}),
        ("GET", b"/flows//", "get", {"flow": ""}),
        ("GET", b"/flows/a%2Fb%3Ac", "get", {"flow": "a/b:c"}),
        ("GET", b"/flows/A/versions", "versions", {"other": "A"}),
        ("GET", b"/flows/A/versions/1", "version", {"flow": "A", "number": "1"}),
        ("GET", b"/flows/A/versions//", "version", {"flow": "A", "number": ""}),
        ("POST", b"/flows/validate-definition", "validate", {}),
        ("GET", b"/flows/validate-definition", "get", {"flow": "validate-definition"}),
        ("GET", b"/flows/latest/versions", "versions", {"other": "latest"}),
        ("GET", b"/flows/latest/things", "things", {}),
        ("GET", b"/logs/", "logs", {}),
        ("GET", b"/logs/a", "log", {"log": "a"}),
        ("GET", b"/logs/a/b//c", "log", {"log": "a/b//c"}),
        ("GET", b"/logs/a%2Fb/c%20d", "log", {"log": "a/b/c d"}),
        ("PATCH", b"/flows/logs/a/b", "change", {"log": "a/b"}),
        ("PATCH", b"/flows/A/versions/1", "relabel", {"flow": "A", "number": "1"}),
        ("GET", b"/flows/logs/versions", "versions", {"other": "logs"}),
    ],
)
def test_a_path_that_fits(method: str, path: bytes, row: str, parameters: Mapping[str, str]) -> None:
    assert TABLE.find(method, split_path(path)) == Match(row=row, parameters=parameters)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", b"/flows/", ("GET", "POST")),
        ("POST", b"/flows/A", ("DELETE", "GET")),
        ("DELETE", b"/flows/A/versions", ("GET",)),
        ("PATCH", b"/flows/validate-definition", ("POST",)),
        ("DELETE", b"/logs/a/b", ("GET",)),
        ("GET", b"/flows/logs/a/b", ("PATCH",)),
    ],
)
def test_a_method_that_does_not(method: str, path: bytes, allowed: tuple[str, ...]) -> None:
    assert TABLE.find(method, split_path(path)) == WrongMethod(allowed=allowed)


@pytest.mark.parametrize("path", [b"/", b"//", b"", b"/flow", b"/flows/A/B", b"/flows/A/versions/1/2"])
def test_a_path_that_fits_nothing(path: bytes) -> None:
    assert TABLE.find("GET", split_path(path)) is None


def test_what_was_found_before_is_found_again_by_its_method_only() -> None:
    path = split_path(b"/flows/A/versions/1")
    wanted = {"flow": "A", "number": "1"}
    for _ in range(2):
        assert TABLE.find("GET", path) == Match(row="version", parameters=wanted)
        assert TABLE.find("PATCH", path) == Match(row="relabel", parameters=wanted)
        assert TABLE.find("PUT", path) == WrongMethod(allowed=("GET", "PATCH"))


def test_only_so_many_short_paths_are_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(routing, "MOST_KNOWN", 2)
    table = Table([("GET", "/a/{one}", 1)])
    for name in ("a", "b", "c"):
        assert table.find("GET", ("a", name)) is table.find("GET", ("a", name))
    long = ("a", "x" * routing.LONGEST_KNOWN)
    assert table.find("GET", long) is not table.find("GET", long)
    kept = table.find("GET", ("a", "c"))
    assert kept is table.find("GET", ("a", "c"))
    assert len(table._known) <= 2


def test_a_row_may_be_there_once() -> None:
    with pytest.raises(ValueError, match=r"GET /a/\{other\} is in the table twice"):
        Table([("GET", "/a/{one}", 1), ("GET", "/a/{other}", 2)])


@pytest.mark.parametrize(
    ("path", "segments"),
    [
        (b"/", ()),
        (b"/a", ("a",)),
        (b"/a/", ("a",)),
        (b"/a//", ("a", "")),
        (b"//a", ("", "a")),
        (b"/a%2Fb/c", ("a/b", "c")),
        (b"/%c3%a4", ("ä",)),
        (b"/a%252Fb", ("a%2Fb",)),
        (b"/a+b", ("a+b",)),
        (b"/%zz", ("%zz",)),
    ],
)
def test_split_path(path: bytes, segments: tuple[str, ...]) -> None:
    assert split_path(path) == segments


@pytest.mark.parametrize(
    ("query", "pairs"),
    [
        (b"", ()),
        (b"a=1&a=2", (("a", "1"), ("a", "2"))),
        (b"a", (("a", ""),)),
        (b"a=", (("a", ""),)),
        (b"a=b+c%20d", (("a", "b c d"),)),
        (b"%61=%c3%a4", (("a", "ä"),)),
        (b"&&", ()),
    ],
)
def test_split_query(query: bytes, pairs: tuple[tuple[str, str], ...]) -> None:
    assert split_query(query) == pairs
