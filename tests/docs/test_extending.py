"""The page about node types: your code runs as a node, and another type is there after the changes it shows."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tests.docs.pages import ROOT, blocks
from tests.unit.engine.flows import end, level, node, start

PAGE = ROOT / "docs" / "how-to" / "add-a-node-type.md"
WITHIN_S = 60


def headrace(line: list[str], folder: Path, source: Path) -> subprocess.CompletedProcess[str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return subprocess.run(
        [sys.executable, "-m", "headrace", *line],
        cwd=folder,
        env={**clean, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


@pytest.mark.live
def test_your_code_runs_as_a_node(tmp_path: Path) -> None:
    (tmp_path / "handlers").mkdir()
    (tmp_path / "headrace.toml").write_text(blocks(PAGE, "toml")[0].text)
    (tmp_path / "handlers" / "texts.py").write_text(blocks(PAGE, "python")[0].text)
    (tmp_path / "flow.json").write_text(blocks(PAGE, "json")[0].text)
    given = json.dumps({"text": "A long story", "most": 6})
    assert f"--input '{given}'" in blocks(PAGE, "sh")[0].text
    done = headrace(["run", "flow.json", "--input", given], tmp_path, ROOT / "src")
    assert done.stdout == blocks(PAGE, "text")[0].text, done.stderr
    wrong = headrace(["run", "flow.json", "--input", '{"text": 1, "most": 6}'], tmp_path, ROOT / "src")
    assert wrong.returncode == 1
    assert "Shorten" in wrong.stderr


def apply(source: Path) -> None:
    """Do what the blocks of the page say: replace the lines that are there by those that should be."""
    for block in blocks(PAGE, "diff"):
        head, *lines = block.text.splitlines()
        file = source / head.removeprefix("+++ src/")
        before = "".join(f"{line[1:]}\n" for line in lines if line[0] != "+")
        after = "".join(f"{line[1:]}\n" for line in lines if line[0] != "-")
        text = file.read_text()
        assert text.count(before) == 1, f"{file.name}: {before}"
        file.write_text(text.replace(before, after))
    module = next(block.text for block in blocks(PAGE, "py"))
    (source / "headrace" / "engine" / "nodes" / "shorten.py").write_text(module)


@pytest.mark.live
@pytest.mark.slow
def test_another_type_is_there_after_the_changes_of_the_page(tmp_path: Path) -> None:
    source = tmp_path / "src"
    shutil.copytree(ROOT / "src", source, ignore=shutil.ignore_patterns("__pycache__", "web"))
    apply(source)
    short = node("Short", "Shorten", {"text": "String"}, {"shortText": "String"}, maxChars=6)
    flow = level(
        [start("String"), short, end(type="String")],
        "Start.document > Short.text",
        "Short.shortText > End.document",
    )
    (tmp_path / "flow.json").write_text(json.dumps(flow))
    done = headrace(["run", "flow.json", "--input", "A long story", "--trace"], tmp_path, source)
    assert done.stdout == "A long\n", done.stderr
    assert "Short  " in done.stderr
    del short["configuration"]["shorten"]["maxChars"]
    (tmp_path / "flow.json").write_text(json.dumps(flow))
    refused = headrace(["run", "flow.json", "--input", "A long story"], tmp_path, source)
    assert refused.returncode == 2
    assert "maxChars" in refused.stderr
    script = "from headrace.core.node_catalogue import example; from headrace.core.definition import NodeType; print(example(NodeType.SHORTEN))"
    made = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONPATH": str(source)},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=True,
    )
    assert "'maxChars': 100" in made.stdout
