"""What the pages name exists: links, settings, commands, make targets, modules."""

from __future__ import annotations

import dataclasses
import re
import shlex
import subprocess
import sys
from pathlib import Path

import click
import pytest
from tests.docs.pages import PAGES, ROOT, anchor, blocks, headings, links, name

from headrace.apis.bedrock.api import SERVED
from headrace.apis.humanloop.api import OPERATIONS
from headrace.apis.native.api import OPERATIONS as NATIVE
from headrace.cli import main
from headrace.settings import CLIENT_VARIABLES, PREFIX, Settings

REFERENCE = ROOT / "docs" / "reference"
VARIABLES = {PREFIX + one.name.upper() for one in dataclasses.fields(Settings)}


def test_the_reference_is_what_the_code_says(tmp_path: Path) -> None:
    # A check takes seconds. Where it is the altered page alone that differs, it sees a change, and found no other.
    script = (ROOT / "scripts" / "generate_docs.py").read_text()
    (tmp_path / "scripts").mkdir()
    (tmp_path / "scripts" / "generate_docs.py").write_text(script)
    (tmp_path / "scripts" / "reference").symlink_to(ROOT / "scripts" / "reference")
    (tmp_path / "docs").mkdir()
    (tmp_path / "docs" / "reference").mkdir()
    for page in REFERENCE.glob("*.md"):
        (tmp_path / "docs" / "reference" / page.name).write_text(page.read_text())
    (tmp_path / "docs" / "reference" / "settings.md").write_text("# Settings\n")
    done = subprocess.run(
        [sys.executable, tmp_path / "scripts" / "generate_docs.py", "--check"], capture_output=True, text=True
    )
    differ = re.findall(r"^--- docs/reference/(\S+)", done.stdout, re.MULTILINE)
    assert differ == ["settings.md"], done.stdout + done.stderr
    assert done.returncode == 1


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_links_lead_somewhere(page: Path) -> None:
    for link in links(page):
        if re.match(r"https?://", link):
            continue
        path, _, fragment = link.partition("#")
        target = (page.parent / path).resolve() if path else page
        assert target.exists(), f"{name(page)} links to {link}, which is not there"
        if fragment:
            assert fragment in map(anchor, headings(target)), f"{name(page)} links to {link}: no such heading"


def test_every_page_of_the_docs_can_be_found() -> None:
    index = ROOT / "docs" / "README.md"
    linked = {(index.parent / link.partition("#")[0]).resolve() for link in links(index)}
    assert {page for page in PAGES if page.is_relative_to(ROOT / "docs")} - linked == {index}


def test_every_setting_has_its_heading() -> None:
    assert set(headings(REFERENCE / "settings.md")) >= VARIABLES


def test_every_operation_has_its_heading() -> None:
    assert set(SERVED) <= set(headings(REFERENCE / "api-bedrock.md"))
    assert {one.name for one in OPERATIONS} <= set(headings(REFERENCE / "api-humanloop.md"))
    assert {one.name for one in NATIVE} <= set(headings(REFERENCE / "api-native.md"))


def test_every_command_has_its_heading() -> None:
    assert isinstance(main, click.Group)
    named = set(headings(REFERENCE / "cli.md"))
    for command in main.list_commands(click.Context(main)):
        assert f"headrace {command}" in named


def test_the_readme_does_not_deny_what_is_served() -> None:
    rows = [line for line in (ROOT / "README.md").read_text().splitlines() if line.startswith("| ")]
    assert len(rows) > 10
    denied = {word for row in rows if row.endswith("not yet |") for word in re.findall(r"`(\w+)`", row)}
    assert not denied & {*SERVED, *(one.name for one in OPERATIONS)}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_only_variables_that_exist_are_named(page: Path) -> None:
    named = set(re.findall(r"HEADRACE_[A-Z_]*[A-Z]", page.read_text()))
    assert named <= VARIABLES | CLIENT_VARIABLES | {"HEADRACE_TEST_FLOWS", "HEADRACE_BUILD_UI"}


@pytest.mark.parametrize("page", PAGES, ids=name)
def test_commands_in_examples_can_be_called(
    page: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    makefile = (ROOT / "Makefile").read_text()
    monkeypatch.chdir(tmp_path)
    for block in blocks(page, "sh"):
        for line in block.text.splitlines():
            call = re.sub(r"^\w+=\S+ ", "", re.split(r" > | \|\|? | 2>| +#", line)[0])
            words = shlex.split(call) if call.startswith("headrace ") else call.split()
            if words[:1] == ["headrace"]:
                _check_command(words[1:])
            if words[:1] == ["make"] and len(words) > 1:
                assert re.search(rf"^{words[1]}:", makefile, re.MULTILINE), line


def _check_command(words: list[str]) -> None:
    """Parse a command line as click would; a wrong option or command raises."""
    for word in words:
        if word.endswith((".json", ".yaml", ".pem", ".gz")):  # a file that the reader is to have
            Path(word).parent.mkdir(parents=True, exist_ok=True)
            Path(word).touch()
    command: click.Command = main
    while isinstance(command, click.Group):
        found = command.get_command(click.Context(command), words[0])
        assert found is not None, words
        command, words = found, words[1:]
    command.make_context("-", words)


def test_the_tree_in_the_architecture_is_the_tree() -> None:
    page = ROOT / "docs" / "explanation" / "architecture.md"
    tree = next(block.text for block in blocks(page) if block.text.startswith("src/headrace/"))
    named: set[Path] = set()
    folders = [ROOT]
    for line in tree.splitlines():
        depth = (len(line) - len(line.lstrip())) // 2
        entries = re.match(r"\s*([\w./]+(?:, [\w./]+)*)", line)
        assert entries is not None, line
        for entry in entries[1].split(", "):
            path = folders[depth] / entry
            assert path.exists(), f"{entry} is in the picture, but not there"
            named.add(path)
            folders = [*folders[: depth + 1], path]
    assert {path.parent for path in (ROOT / "src" / "headrace").glob("*/__init__.py")} <= named


def test_the_glossary_is_in_order() -> None:
    rows = [
        line.split("|")[1].strip()
        for line in (ROOT / "docs" / "explanation" / "glossary.md").read_text().splitlines()
        if line.startswith("| ") and not line.startswith(("| word", "| ---"))
    ]
    assert len(rows) > 20
    assert rows == sorted(rows)
