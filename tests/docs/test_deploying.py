"""The tutorial about gates does what it says: its commands and its Python run from top to bottom."""

from __future__ import annotations

import contextlib
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.docs.pages import ADDRESS, ROOT, Block, blocks

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(300)]

TUTORIAL = ROOT / "docs" / "tutorials" / "deploy-with-a-gate.md"
SAVED = re.compile(
    r"`([\w./]+\.(?:yaml|py|jsonl|json))`[^`]*\n\n```(?:yaml|py|json)\n(.*?)^```$", re.MULTILINE | re.DOTALL
)
"""A block that the reader saves, with its name before it."""
VARIES = (
    (re.compile(r"\b(flv|mv)_\w+"), r"\1_…"),
    (re.compile(r"\bv(\d) [0-9a-f]{12}\b"), r"v\1 …"),
    (re.compile(r"^[0-9a-f]{7,40} ", re.MULTILINE), "… "),
    (re.compile(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\dZ"), "…"),
)
"""Ids, digests, commits and times, and what the page has instead."""
WHO = {"NAME": "Ann", "EMAIL": "ann@example.com"}
"""Whom git takes for the author."""


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """An empty repository, as the tutorial begins with."""
    subprocess.run(["git", "init", "-q", "-b", "main"], cwd=tmp_path, check=True, timeout=30)
    return tmp_path


def save_files(folder: Path) -> int:
    """Save what the tutorial lets one save; how many files that are."""
    found = SAVED.findall(TUTORIAL.read_text())
    for name, text in found:
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    return len(found)


class Terminal:
    """A shell whose variables stay from one block to the next."""

    def __init__(self, folder: Path, server: LiveServer) -> None:
        self._folder, self._url = folder, server.url
        who = {f"GIT_{one}_{name}": value for one in ("AUTHOR", "COMMITTER") for name, value in WHO.items()}
        path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
        local = {"PATH": path, "HEADRACE_STORE": server.store, "NO_PROXY": "127.0.0.1"}
        self.variables = {**os.environ, **who, **local}

    def type(self, text: str) -> str:
        """Run a block; what it prints, errors too."""
        kept = self._folder / "headrace.db.variables"  # a name that the tutorial keeps out of git
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", f"{text.replace(ADDRESS, self._url)}\nenv -0 >{kept}"],
            cwd=self._folder,
            env=self.variables,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            timeout=60,
        )
        assert done.returncode == 0, (text, done.stdout)
        pairs = kept.read_text().rstrip("\0").split("\0")
        self.variables = dict(pair.split("=", 1) for pair in pairs)
        return done.stdout


def steady(text: str) -> str:
    """What is printed whenever the page is followed."""
    for pattern, instead in VARIES:
        text = pattern.sub(instead, text)
    return text


def test_the_tutorial_runs_from_top_to_bottom(
    project: Path, fresh_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert save_files(project) == 7
    terminal, variables = Terminal(project, fresh_server), dict[str, Any]()
    printed, compared = "", 0
    for block in blocks(TUTORIAL):
        if block.language == "sh" and "pip install" not in block.text:
            printed = terminal.type(block.text)
        elif block.language == "python":
            for name in ("ANN", "HUMANLOOP_API_KEY", "AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
                monkeypatch.setenv(name, terminal.variables[name])
            printed = run_python(block, fresh_server.url, variables)
        elif block.language == "text":
            assert steady(printed) == block.text
            compared += 1
    assert compared == 12


def run_python(block: Block, url: str, variables: dict[str, Any]) -> str:
    source = "\n" * block.line + block.text.replace(ADDRESS, url)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, TUTORIAL, "exec", dont_inherit=True), variables)
    return printed.getvalue()
