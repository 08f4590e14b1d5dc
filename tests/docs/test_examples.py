"""The examples are good definitions, and the demo keeps its promises."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pages import ROOT, headings

from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import load
from headrace.core.definition import Definition
from headrace.core.validate import validate

EXAMPLES = sorted((ROOT / "examples").glob("*.json"))


@pytest.fixture(scope="module")
def codec() -> Codec:
    return Codec(load(), strict=True)


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
class TestExample:
    def test_has_the_shape_of_a_definition_within_the_smaller_limits(self, path: Path, codec: Codec) -> None:
        assert codec.definition_ok(json.loads(path.read_text()))

    def test_has_no_findings(self, path: Path) -> None:
        assert [one.message for one in validate(Definition.parse(json.loads(path.read_text())))] == []

    def test_its_code_is_python(self, path: Path) -> None:
        for node in _nodes(json.loads(path.read_text())):
            if node["type"] == "InlineCode":
                compile(node["configuration"]["inlineCode"]["code"], node["name"], "exec")

    def test_is_explained(self, path: Path) -> None:
        assert path.name in headings(ROOT / "examples" / "README.md")


def _nodes(definition: dict[str, Any]) -> list[dict[str, Any]]:
    """The nodes of all levels."""
    inner = [
        node["configuration"]["loop"]["definition"] for node in definition["nodes"] if node["type"] == "Loop"
    ]
    return [*definition["nodes"], *(node for one in inner for node in _nodes(one))]


def test_there_are_examples() -> None:
    assert len(EXAMPLES) == 3


def test_the_loop_pays_the_invoice() -> None:
    """The code of the loop, run by hand: the plan adds up and ends."""
    definition = json.loads((ROOT / "examples" / "invoice_loop.json").read_text())
    codes = {
        node["name"]: node["configuration"]["inlineCode"]["code"]
        for node in _nodes(definition)
        if node["type"] == "InlineCode"
    }
    lines = [{"quantity": 3, "price_cents": 1999}, {"quantity": 1, "price_cents": 50000}]
    state = _evaluate(codes["AddUp"], lines=lines, vat_percent=19, instalment_cents=20000)
    rounds = 0
    while state["balance_cents"] > 0:
        state = _evaluate(codes["NextPayment"], state=state)
        rounds += 1
    checked = _evaluate(codes["CheckPlan"], plan=state["plan"], unpaid=state["balance_cents"])
    assert checked["planned_cents"] == round(55997 * 1.19)
    assert checked["is_complete"] is True
    assert rounds == len(checked["payments"]) == 4


def _evaluate(code: str, **variables: Any) -> Any:
    """The value of a text's last expression, as an InlineCode node gives it."""
    import ast

    tree = ast.parse(code)
    last = tree.body.pop()
    assert isinstance(last, ast.Expr)
    exec(compile(tree, "-", "exec"), variables)
    return eval(compile(ast.Expression(last.value), "-", "eval"), variables)


@pytest.mark.live
def test_the_demo_keeps_its_promises() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\033" not in done.stdout
    assert "checks held" in done.stdout.splitlines()[-1]


@pytest.mark.live
def test_the_demo_fails_when_a_promise_is_broken(tmp_path: Path) -> None:
    """With another definition than the one it tells of, a check must fail and say which."""
    stage = (ROOT / "examples" / "stage.py").read_text()
    (tmp_path / "demo.py").write_text((ROOT / "examples" / "demo.py").read_text())
    (tmp_path / "stage.py").write_text(
        stage.replace(
            "def reordered(value: Any) -> Any:", "def reordered(value: Any) -> Any:\n    return {'other': 1}"
        )
    )
    for path in EXAMPLES:
        (tmp_path / path.name).write_text(path.read_text())
    done = subprocess.run([sys.executable, tmp_path / "demo.py"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert "NOT AS PROMISED" in done.stdout
