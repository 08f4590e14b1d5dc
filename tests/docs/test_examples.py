"""The examples are good definitions, and the demo keeps its promises."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pages import ROOT, headings

from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import load
from headrace.backends.config import parse_config, read_config
from headrace.backends.models.scripted import read_script
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


PAYMENTS = [{"number": n, "amount_cents": 20000} for n in (1, 2, 3)] + [{"number": 4, "amount_cents": 6636}]
PLAN = {"payments": PAYMENTS, "planned_cents": 66636, "unpaid_cents": 0, "is_complete": True}
URGENT = json.loads((ROOT / "examples" / "inputs" / "urgent.json").read_text())
TICKET = {"customer": URGENT["customer"], "subject": URGENT["subject"]}
EXPECTED = {
    ("support_triage", "problem"): {"DraftOutput": "1. Export a shorter range"},
    ("support_triage", "question"): {"AnswerOutput": "give her the role Viewer"},
    ("support_triage", "urgent"): {
        "EscalationOutput": {"queue": "on-call", **TICKET, "excerpt": " ".join(URGENT["body"].split())}
    },
    ("invoice_loop", "invoice"): {"PlanOutput": PLAN, "LetterOutput": "Dear Dune Cycles"},
    ("document_map", "documents"): {
        "SummaryOutput": "erased 30 days after closing [1]",
        "NotesOutput": ["Privacy policy", "Canteen rules", "Backup concept"],
    },
}
"""What comes out of each example with each of its inputs: a value, a part of a text, or the titles of a list."""


@pytest.fixture(scope="module")
def handbook(tmp_path_factory: pytest.TempPathFactory) -> str:
    """A store with the knowledge base of the examples beside it."""
    store = f"sqlite:///{tmp_path_factory.mktemp('handbook') / 'headrace.db'}"
    for arguments in (("create", "HANDBOOK01"), ("add", "HANDBOOK01", "examples/handbook")):
        done = _headrace("kb", *arguments, "--store", store)
        assert done.returncode == 0, done.stderr
    return store


@pytest.mark.live
@pytest.mark.parametrize(("flow", "document"), EXPECTED)
def test_it_gives_the_answer_that_its_script_makes_it_give(flow: str, document: str, handbook: str) -> None:
    done = _run_example(flow, document, handbook)
    assert done.returncode == 0, done.stderr
    outputs = {one["node"]: one["document"] for one in json.loads(done.stdout)["outputs"]}
    expected = EXPECTED[flow, document]
    assert outputs.keys() == expected.keys()
    for node, value in outputs.items():
        if isinstance(value, str):
            assert expected[node] in value
        else:
            assert expected[node] == ([one["title"] for one in value] if isinstance(value, list) else value)


@pytest.mark.live
def test_the_question_is_not_answered_without_the_handbook(tmp_path: Path) -> None:
    done = _run_example("support_triage", "question", f"sqlite:///{tmp_path / 'none.db'}")
    assert done.returncode == 1
    assert "HANDBOOK01" in done.stderr


def test_every_input_and_every_script_is_used() -> None:
    folder = ROOT / "examples"
    assert {path.stem for path in (folder / "inputs").iterdir()} == {document for _, document in EXPECTED}
    assert {path.stem for path in (folder / "answers").iterdir()} == {flow for flow, _ in EXPECTED}


def _run_example(flow: str, document: str, store: str) -> subprocess.CompletedProcess[str]:
    files = ("--input", f"@examples/inputs/{document}.json", "--scripted", f"examples/answers/{flow}.json")
    return _headrace("run", f"examples/{flow}.json", *files, "--json", "--store", store)


def _headrace(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "headrace", *arguments], cwd=ROOT, capture_output=True, text=True, timeout=60
    )


def test_the_configuration_can_be_used_as_it_is_and_with_everything_in_it() -> None:
    path = ROOT / "examples" / "headrace.toml"
    (route,) = read_config(path).models.route
    assert (route.match, route.provider) == ("*", "script")
    whole = parse_config(re.sub(r"^#(?=[\[a-z]|$)", "", path.read_text(), flags=re.MULTILINE))
    assert set(whole.models.providers) == {"script", "chat", "bedrock"}
    assert len(whole.models.route) == 4
    assert whole.models.price
    assert whole.knowledge.route


@pytest.mark.parametrize(
    "path", sorted((ROOT / "examples" / "answers").iterdir()), ids=lambda path: path.stem
)
def test_every_line_of_a_script_is_for_a_prompt_of_its_flow(path: Path) -> None:
    nodes = {node["name"] for node in _nodes(json.loads((ROOT / "examples" / path.name).read_text()))}
    assert {line.node for line in read_script(path).answers} <= nodes


@pytest.mark.slow
@pytest.mark.live
def test_the_demo_keeps_its_promises() -> None:
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / "demo.py"], capture_output=True, text=True, timeout=100
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "\033" not in done.stdout
    end = re.match(r"All \d+ checks held, in (\d+) s", done.stdout.splitlines()[-1])
    assert end is not None
    assert int(end[1]) < 60


@pytest.mark.slow
@pytest.mark.live
def test_the_demo_fails_when_a_promise_is_broken(tmp_path: Path) -> None:
    """With another definition than the one it tells of, a check must fail and say which."""
    folder = tmp_path / "examples"
    shutil.copytree(ROOT / "examples", folder)
    stage = (folder / "stage.py").read_text()
    begin = "def reordered(value: Any) -> Any:"
    (folder / "stage.py").write_text(stage.replace(begin, begin + "\n    return {'other': 1}"))
    done = subprocess.run([sys.executable, folder / "demo.py"], capture_output=True, text=True, timeout=100)
    assert done.returncode == 1
    assert "NOT AS PROMISED" in done.stdout
