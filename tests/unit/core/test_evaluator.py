"""Specs of evaluators, and what a judgment may be (humanloop 4.8, 8.56)."""

from __future__ import annotations

import time
from typing import Any

import msgspec
import pytest

from headrace.core.kinds.evaluator import (
    EvaluatorSpec,
    judgment_form,
    judgment_problem,
    spec_problems,
    type_of,
)

OPTIONS = [{"name": "good", "valence": "positive"}, {"name": "bad"}]


def spec(return_type: str = "text", **more: Any) -> EvaluatorSpec:
    given = {"arguments_type": "target_free", "return_type": return_type, **more}
    return msgspec.convert(given, EvaluatorSpec)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"evaluator_type": "external", "code": "x"}, "external"),
        ({"code": "x"}, "python"),
        ({"instructions": "x"}, "human"),
        ({"prompt": {"model": "m"}}, "llm"),
        ({}, "llm"),
    ],
)
def test_who_judges(more: dict[str, Any], expected: str) -> None:
    assert type_of(spec(**more)) == expected


@pytest.mark.parametrize(
    ("given", "expected"),
    [
        (spec("boolean", evaluator_type="python", code=""), []),
        (spec("boolean", evaluator_type="python"), [(("code",), "missing")]),
        (spec("select", evaluator_type="human"), [(("options",), "missing")]),
        (spec("multi_select", evaluator_type="human", options=[]), [(("options",), "missing")]),
        (spec("select", evaluator_type="human", options=OPTIONS), []),
        (spec("select", options=[*OPTIONS, {"name": "bad"}]), [(("options",), "duplicate")]),
        (spec("number", number_limits={"min": 0, "max": 0, "step": 0.5}), []),
        (spec("number", number_limits={"min": 1, "max": 0}), [(("number_limits", "min"), "value")]),
        (spec("number", number_limits={"step": 0}), [(("number_limits", "step"), "value")]),
        (
            spec("select", evaluator_type="python"),
            [(("code",), "missing"), (("options",), "missing")],
        ),
    ],
)
def test_what_is_wrong_with_a_spec(given: EvaluatorSpec, expected: list[Any]) -> None:
    assert [(problem.path, problem.kind) for problem in spec_problems(given)] == expected


LIMITED = spec("number", number_limits={"min": 0, "max": 10, "step": 1})


@pytest.mark.parametrize(
    ("given", "judgment"),
    [
        (spec("boolean"), True),
        (spec("boolean"), False),
        (spec("boolean"), 1),
        (spec("boolean"), 0.0),
        (spec("number"), -1.5),
        (spec("number"), 10**300),
        (LIMITED, 0),
        (LIMITED, 10),
        (LIMITED, 2.5),
        (spec("select", options=OPTIONS), "good"),
        (spec("multi_select", options=OPTIONS), []),
        (spec("multi_select", options=OPTIONS), ["bad", "good"]),
        (spec("text"), ""),
    ],
)
def test_judgments(given: EvaluatorSpec, judgment: Any) -> None:
    assert judgment_problem(given, judgment) is None


@pytest.mark.parametrize(
    ("given", "judgment"),
    [
        (spec("boolean"), 2),
        (spec("boolean"), "true"),
        (spec("boolean"), []),
        (spec("number"), True),
        (spec("number"), "1"),
        (spec("number"), float("nan")),
        (spec("number"), 10**400),
        (LIMITED, -0.1),
        (LIMITED, 11),
        (spec("select", options=OPTIONS), "ugly"),
        (spec("select", options=OPTIONS), ["good"]),
        (spec("select", options=OPTIONS), True),
        (spec("multi_select", options=OPTIONS), "good"),
        (spec("multi_select", options=OPTIONS), ["good", "ugly"]),
        (spec("multi_select", options=OPTIONS), [["good"]]),
        (spec("text"), 1),
        (spec("text"), {}),
    ],
)
def test_what_is_no_judgment(given: EvaluatorSpec, judgment: Any) -> None:
    problem = judgment_problem(given, judgment)
    assert problem is not None
    assert repr(judgment)[:40] in problem or "ugly" in problem or "good" in problem


@pytest.mark.parametrize("return_type", ["boolean", "number", "select", "multi_select", "text"])
def test_null_says_that_there_is_no_judgment(return_type: str) -> None:
    assert judgment_problem(spec(return_type), None) is None


@pytest.mark.parametrize(
    ("return_type", "judgment", "kept"),
    [("boolean", 1, True), ("boolean", 0.0, False), ("boolean", None, None), ("number", 1, 1)],
)
def test_the_form_in_which_a_judgment_is_kept(return_type: str, judgment: Any, kept: Any) -> None:
    found = judgment_form(spec(return_type), judgment)
    assert found is kept


def test_many_choices_among_many_options_take_no_time() -> None:
    """Each against each would be billions of comparisons."""
    names = [f"option {number}" for number in range(20_000)]
    given = spec("multi_select", options=[{"name": name} for name in names])
    started = time.process_time()
    assert judgment_problem(given, names * 5) is None
    assert time.process_time() - started < 2
