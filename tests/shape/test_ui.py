"""The rules of the web UI that its compiler does not hold."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

UI = Path(__file__).resolve().parents[2] / "ui"
SOURCES = [path for path in sorted((UI / "src").rglob("*.ts*")) if path.name != "api.ts"]
STYLES = sorted((UI / "src").rglob("*.css"))
MOST_LINES = 200


def name(path: Path) -> str:
    return path.relative_to(UI).as_posix()


@pytest.mark.parametrize("path", [path for path in SOURCES if ".test." not in path.name], ids=name)
def test_files_are_small(path: Path) -> None:
    assert len(path.read_text().splitlines()) <= MOST_LINES


@pytest.mark.parametrize("path", SOURCES, ids=name)
def test_nothing_goes_around_the_address_or_the_server(path: Path) -> None:
    text = path.read_text()
    assert "dangerouslySetInnerHTML" not in text
    assert "eval(" not in text
    assert "@ts-ignore" not in text
    assert not re.search(r":\s*any\s*[,;)=\]}>|]", text)
    if path.name != "server.ts":
        assert not re.search(r"\bfetch\(", text)


@pytest.mark.parametrize("path", [path for path in STYLES if path.name != "style.css"], ids=name)
def test_colours_are_for_light_and_for_dark(path: Path) -> None:
    once = re.sub(r"light-dark\(.*\)", "", path.read_text())
    assert not re.findall(r"#[0-9a-fA-F]{3,8}\b", once)


def test_the_lock_names_no_place() -> None:
    lock = json.loads((UI / "package-lock.json").read_text())
    assert not [path for path, package in lock["packages"].items() if "resolved" in package]
