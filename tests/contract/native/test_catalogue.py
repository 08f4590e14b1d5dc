"""What is in a directory, and files by what they are called, over our own API."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.contract.inprocess import in_process
from tests.contract.native.asking import Asker

from headrace.settings import Settings

pytestmark = pytest.mark.live
PATHS = ("support/Triage", "support/faq/Answer", "support/faq/Über alles", "sales/Lead score", "Zeta")


@pytest.fixture(scope="module")
def library() -> Iterator[tuple[Asker, dict[str, str]]]:
    """A server that has these files, and their ids by their paths."""
    with in_process(Settings(store="memory:")) as running:
        made = {path: _make(running.url, path) for path in PATHS}
        yield Asker(url=running.url), made


def _make(url: str, path: str) -> str:
    kind, body = ("flows", {"attributes": {"a": path}})
    if path == "Zeta":
        kind, body = "prompts", {"model": "m"}
    answer = httpx.post(f"{url}/v5/{kind}", json={"path": path, **body}, headers={"x-api-key": "any"})
    made: dict[str, Any] = answer.raise_for_status().json()
    return str(made["id"])


def paths(found: dict[str, Any]) -> list[str]:
    return [one["path"] for one in found["files"]]


def test_a_directory(library: tuple[Asker, dict[str, str]]) -> None:
    asker, ids = library
    root = asker.ask("GET", "tree")
    assert (root["path"], root["next"]) == ("", None)
    assert [(one["name"], one["files_count"]) for one in root["directories"]] == [
        ("sales", 1),
        ("support", 3),
    ]
    [zeta] = root["files"]
    assert (zeta["id"], zeta["type"], zeta["name"], zeta["logs_count"]) == (ids["Zeta"], "prompt", "Zeta", 0)
    support = asker.ask("GET", "tree", under="support")
    assert [one["path"] for one in support["directories"]] == ["support/faq"]
    assert paths(support) == ["support/Triage"]


def test_a_directory_page_by_page(library: tuple[Asker, dict[str, str]]) -> None:
    asker, _ = library
    seen, after = [], {}
    for _ in range(3):
        page = asker.ask("GET", "tree", take="1", **after)
        seen += [one["path"] for one in (*page["directories"], *page["files"])]
        after = {"after": page["next"]}
    assert (seen, page["next"]) == (["sales", "support", "Zeta"], None)
    last = asker.ask("GET", "tree", take="2")["next"]
    assert paths(asker.ask("GET", "tree", take="2", after=last)) == ["Zeta"]


def test_what_is_no_directory(library: tuple[Asker, dict[str, str]]) -> None:
    asker, ids = library
    asker.refused(404, "not_found", "GET", "tree", under="nowhere")
    asker.refused(404, "not_found", "GET", "tree", under="Zeta")
    asker.refused(404, "not_found", "GET", "tree", under="support", after=ids["Zeta"])
    asker.refused(404, "not_found", "GET", "tree", after="dir_none")


@pytest.mark.parametrize(
    ("text", "best"),
    [
        ("zeta", ["Zeta"]),
        ("FAQ", ["support/faq/Answer", "support/faq/Über alles"]),
        ("über", ["support/faq/Über alles"]),
        ("support tri", ["support/Triage"]),
        ("support/faq a", ["support/faq/Answer", "support/faq/Über alles"]),
        ("nothing", []),
    ],
)
def test_words_of_paths(library: tuple[Asker, dict[str, str]], text: str, best: list[str]) -> None:
    found = library[0].ask("GET", "files", search=text)
    assert (paths(found), found["total"]) == (best, len(best))


def test_the_best_fits_come_first(library: tuple[Asker, dict[str, str]]) -> None:
    asker, ids = library
    assert paths(asker.ask("GET", "files", search="s")) == [
        "sales/Lead score",
        "support/faq/Answer",
        "support/faq/Über alles",
        "support/Triage",
    ], "names before other parts of paths"
    cut = asker.ask("GET", "files", search="s", take="1")
    assert (paths(cut), cut["total"]) == (["sales/Lead score"], 4)
    assert paths(asker.ask("GET", "files", search=ids["Zeta"])) == ["Zeta"], "the id of a file finds it"
    assert paths(asker.ask("GET", "files", search="e", type="prompt,tool")) == ["Zeta"]


def test_the_last_changed_first(library: tuple[Asker, dict[str, str]]) -> None:
    asker, _ = library
    everything = asker.ask("GET", "files")
    assert paths(everything) == list(reversed(PATHS))
    assert (everything["total"], everything["next"]) == (None, None)
    first = asker.ask("GET", "files", take="3", type="flow")
    second = asker.ask("GET", "files", take="3", type="flow", after=first["next"])
    assert paths(first) + paths(second) == list(reversed(PATHS[:4]))
    assert second["next"] is None


def test_what_is_refused(library: tuple[Asker, dict[str, str]]) -> None:
    asker, ids = library
    assert "flow, prompt" in asker.refused(400, "invalid", "GET", "files", type="flow,none")
    for wrong in ("x", "2026-01-02~fl_1", f"~{ids['Zeta']}"):
        asker.refused(400, "invalid", "GET", "files", after=wrong)
    asker.refused(400, "invalid", "GET", "files", take="0")
