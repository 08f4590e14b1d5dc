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


def test_there_is_something_to_look_at() -> None:
    assert len(SOURCES) > 100
    assert len(STYLES) > 10


def test_files_are_small() -> None:
    sizes = {name(path): len(path.read_text().splitlines()) for path in SOURCES if ".test." not in path.name}
    assert {where: size for where, size in sizes.items() if size > MOST_LINES} == {}


@pytest.mark.parametrize(
    ("pattern", "but_for"),
    [
        (r"dangerouslySetInnerHTML", None),
        (r"eval\(", None),
        (r"@ts-ignore", None),
        (r":\s*any\s*[,;)=\]}>|]", None),
        (r"\bfetch\(", "server.ts"),
    ],
)
def test_nothing_goes_around_the_address_or_the_server(pattern: str, but_for: str | None) -> None:
    found = {name(path): re.findall(pattern, path.read_text()) for path in SOURCES if path.name != but_for}
    assert {where: what for where, what in found.items() if what} == {}


def test_colours_are_for_light_and_for_dark() -> None:
    found = {name(path): _colours(path.read_text()) for path in STYLES if path.name != "style.css"}
    assert {where: what for where, what in found.items() if what} == {}


def _colours(style: str) -> list[str]:
    return re.findall(r"#[0-9a-fA-F]{3,8}\b", re.sub(r"light-dark\(.*\)", "", style))


def test_the_lock_names_no_place() -> None:
    lock = json.loads((UI / "package-lock.json").read_text())
    assert not [path for path, package in lock["packages"].items() if "resolved" in package]
