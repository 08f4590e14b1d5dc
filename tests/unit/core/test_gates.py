"""What a gate can be told to ask for, and how its limits are compared."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.docs.pages import ROOT, blocks

from headrace.core.errors import Invalid
from headrace.core.gates import exact, parse, read_spec, write

SCORE = {"type": "score", "evaluator": "e", "on": {"logs": 10}, "min": 0.5}
ERRORS = {"type": "errors", "logs": 100, "max_rate": 0.05}
APPROVAL = {"type": "approval", "by": 2}
WATCH = {"for_s": 60, "rules": [{"type": "errors", "max_rate": 0.1, "min_logs": 5}]}


def told(**spec: Any) -> bytes:
    return json.dumps(spec).encode()


def changed(rule: dict[str, Any], **members: Any) -> bytes:
    return told(rules=[{**rule, **members}])


@pytest.mark.parametrize(
    "spec",
    [
        {"rules": [SCORE, ERRORS, APPROVAL], "watch": WATCH},
        {"rules": [{**SCORE, "on": {"dataset": "d"}, "max": 1, "min_judgments": 7, "max_regression": 0}]},
        {"watch": WATCH},
        {"rules": [{**SCORE, "min": 0.1000}, {**ERRORS, "max_rate": 0.30}]},
    ],
)
def test_a_spec_is_kept_as_it_was_told(spec: dict[str, Any]) -> None:
    text = json.dumps(spec)
    assert read_spec(write(parse(text.encode()))) == parse(text.encode())
    kept = json.loads(write(parse(text.encode())))
    assert [rule.items() for rule in kept.get("rules", [])] == [
        rule.items() for rule in spec.get("rules", [])
    ]


def test_limits_keep_their_digits() -> None:
    text = b'{"rules":[{"type":"errors","logs":3,"max_rate":0.10}]}'
    assert write(parse(text)).encode() == text


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (b"{", "No gate looks like this"),
        (b"[]", "No gate looks like this"),
        (b"\xff", "No gate looks like this"),
        (b"[" * 5_000, "No gate looks like this"),
        (told(), "needs rules"),
        (told(rules=[]), "needs rules"),
        (told(rules=[APPROVAL] * 21), "at most 20 rules"),
        (told(rules=[{"type": "hope"}]), r"\$.rules\[0\]"),
        (changed(SCORE, mni=0.5), "mni"),
        (told(rules=[APPROVAL], gates=1), "gates"),
        (changed(SCORE, on={}), "either a `dataset` or so many `logs`"),
        (changed(SCORE, on={"logs": 1, "dataset": "d"}), "either a `dataset` or so many `logs`"),
        (changed(SCORE, on={"logs": 0}), "`logs` is 0; it can be 1 to 1000"),
        (changed(SCORE, on={"logs": 1001}), "`logs` is 1001"),
        (changed(SCORE, min=None), "needs a limit"),
        (changed(SCORE, max=0.4), "may not be above `max`"),
        (changed(SCORE, min_judgments=11), "`min_judgments` is 11; it can be 1 to 10"),
        (changed(SCORE, min_judgments=0), "`min_judgments` is 0"),
        (changed(SCORE, max_regression=-0.1), "`max_regression` is 0 or more"),
        (changed(SCORE, min="NaN"), "`min` is a number with at most 15 digits"),
        (changed(ERRORS, max_rate=1.5), "from 0 to 1"),
        (changed(ERRORS, max_rate=-1), "from 0 to 1"),
        (b'{"rules":[{"type":"errors","logs":1,"max_rate":1e-999999999}]}', "at most 15 digits"),
        (b'{"rules":[{"type":"errors","logs":1,"max_rate":0.1234567890123456}]}', "at most 15 digits"),
        (changed(ERRORS, min_logs=101), "`min_logs` is 101"),
        (changed(APPROVAL, by=0), "`by` is 0"),
        (changed(APPROVAL, by=21), "`by` is 21"),
        (told(watch={"for_s": 60, "rules": []}), "A watch needs rules"),
        (told(watch={**WATCH, "for_s": 0}), "`for_s` is 0"),
        (told(watch={**WATCH, "for_s": 2_592_001}), "`for_s` is 2592001"),
        (told(watch={**WATCH, "rules": [APPROVAL]}), "approval"),
    ],
)
def test_what_makes_no_sense_is_refused_by_name(text: bytes, problem: str) -> None:
    with pytest.raises(Invalid, match=problem):
        parse(text)


def test_all_problems_are_told_at_once() -> None:
    with pytest.raises(Invalid) as found:
        parse(told(rules=[{**APPROVAL, "by": 0}, {**ERRORS, "max_rate": 2}]))
    assert [problem.path for problem in found.value.problems] == [
        ("rules", 0, "by"),
        ("rules", 1, "max_rate"),
    ]


@pytest.mark.parametrize("page", ["gate-deployments.md", "deploy-safely.md"])
def test_the_gates_that_the_pages_show_can_be_set(page: str) -> None:
    shown = blocks(Path(ROOT, "docs", "how-to", page), "json")
    assert shown
    for block in shown:
        assert json.loads(write(parse(block.text.encode()))) == json.loads(block.text)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_judgment_counts_as_the_decimal_that_is_shown(value: float) -> None:
    assert exact(value) == Fraction(json.dumps(value))
    assert float(exact(value)) == value


@given(st.integers(), st.booleans())
def test_whole_numbers_and_truths_are_themselves(number: int, truth: bool) -> None:
    assert exact(number) == number
    assert exact(truth) == int(truth)
