"""The content in a request that is about something else, such as a log (humanloop 2.6)."""

from __future__ import annotations

import json
from typing import Any

import msgspec
import pytest

from headrace.apis.humanloop.contents import submission_of
from headrace.apis.humanloop.requests import FlowKernel
from headrace.core.errors import Invalid
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.kinds.tool import ToolContent
from headrace.core.prompts import Prompt
from headrace.services.versions.versions import Submission


class Body(msgspec.Struct):
    """Some request."""

    id: str | None = None
    path: str | None = None
    flow: FlowKernel | None = None
    prompt: Prompt | str | None = None
    tool: ToolContent | None = None
    spec: EvaluatorSpec | None = None


def submission(kind: str, **given: Any) -> Submission | None:
    """What a body with these members says."""
    text = json.dumps(given)
    return submission_of(kind, msgspec.json.decode(text, type=Body), json.loads(text))


@pytest.mark.parametrize(
    ("kind", "member", "given", "expected"),
    [
        ("flow", "flow", {"attributes": {"a": None}, "more": 1}, {"a": None}),
        ("prompt", "prompt", {"model": "m", "seed": None, "more": 1}, {"model": "m"}),
        ("tool", "tool", {"source_code": "x", "function": None}, {"source_code": "x"}),
        (
            "evaluator",
            "spec",
            {"arguments_type": "target_free", "return_type": "text", "more": 1},
            {"arguments_type": "target_free", "return_type": "text", "more": 1, "evaluator_type": "llm"},
        ),
    ],
)
def test_the_content_of_each_kind(kind: str, member: str, given: Any, expected: Any) -> None:
    found = submission(kind, id="x_1", path="a/b", **{member: given})
    assert found is not None
    assert (found.kind, found.ref, found.path) == (kind, "x_1", "a/b")
    assert found.parsed == expected
    assert json.loads(found.content) == expected


@pytest.mark.parametrize("kind", ["flow", "prompt", "tool", "evaluator"])
@pytest.mark.parametrize("given", [{}, {"flow": None, "prompt": None, "tool": None, "spec": None}])
def test_there_may_be_no_content(kind: str, given: dict[str, Any]) -> None:
    assert submission(kind, **given) is None


@pytest.mark.parametrize(
    ("kind", "member", "given", "place"),
    [
        ("prompt", "prompt", "model: m", ("prompt",)),
        (
            "evaluator",
            "spec",
            {"arguments_type": "target_free", "return_type": "select"},
            ("spec", "options"),
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    kind: str, member: str, given: Any, place: tuple[str, ...]
) -> None:
    with pytest.raises(Invalid) as caught:
        submission(kind, **{member: given})
    assert [problem.path for problem in caught.value.problems] == [place]
