"""What of evaluators differs (humanloop 0.6, 2.1, 2.10, 4.2 Evaluators, 4.8)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.types import (
    CodeEvaluatorRequest,
    ExternalEvaluatorRequest,
    HumanEvaluatorRequest,
    LlmEvaluatorRequest,
)
from tests.contract.humanloop.kinds import code, external

pytestmark = pytest.mark.live

SHARED: dict[str, Any] = {
    "arguments_type": "target_required",
    "attributes": {"owner": "search", "nothing": None},
}
OPTIONS = [{"name": "good", "valence": "positive"}, {"name": "bad", "valence": "negative"}, {"name": "so"}]
SPECS: list[tuple[dict[str, Any], type]] = [
    (
        {
            **SHARED,
            "return_type": "boolean",
            "evaluator_type": "python",
            "code": "def judge(log, target): ...",
        },
        CodeEvaluatorRequest,
    ),
    (
        {
            **SHARED,
            "return_type": "number",
            "number_limits": {"min": 0, "max": 10, "step": 0.5},
            "number_valence": "negative",
            "evaluator_type": "llm",
            "prompt": {"model": "gpt-4o", "template": "Judge {{log.output}} by {{rule}}", "temperature": 0},
        },
        LlmEvaluatorRequest,
    ),
    (
        {
            **SHARED,
            "return_type": "select",
            "options": OPTIONS,
            "evaluator_type": "human",
            "instructions": "Choose.",
        },
        HumanEvaluatorRequest,
    ),
    (
        {**SHARED, "return_type": "multi_select", "options": OPTIONS, "evaluator_type": "external"},
        ExternalEvaluatorRequest,
    ),
]


@pytest.mark.parametrize(
    ("spec", "shown"), SPECS, ids=lambda one: one.get("evaluator_type") if isinstance(one, dict) else ""
)
def test_a_spec_is_shown_as_it_was_submitted(
    raw: httpx.Client, client: Any, path: str, spec: dict[str, Any], shown: type
) -> None:
    """0.6, 4.8."""
    made = raw.post("/evaluators", json={"path": path, "spec": spec}).json()
    assert made["spec"] == spec
    assert raw.post("/evaluators", json={"path": path, "spec": spec}).json() == made
    found = client.files.retrieve_by_path(path=path)
    assert type(found).__name__ == "EvaluatorResponse"
    assert type(found.spec) is shown
    assert found.spec.evaluator_type == spec["evaluator_type"]


def test_the_inputs_are_the_variables_of_the_question(client: Any, path: str) -> None:
    """2.10."""
    made = client.evaluators.upsert(path=path, spec=SPECS[1][0])
    assert [one.name for one in made.inputs] == ["log", "rule"]
    assert client.evaluators.upsert(path=path, spec=code()).inputs == []


@pytest.mark.parametrize("member", ["arguments_type", "return_type", "attributes", "code", "number_limits"])
def test_the_whole_spec_makes_a_version(client: Any, path: str, member: str) -> None:
    """2.1, 4.8: the attributes of an external one hold its source."""
    spec = code(1, number_limits={"min": 0}, attributes={"code": "x"})
    changes: dict[str, Any] = {
        "arguments_type": "target_required",
        "return_type": "text",
        "attributes": {"code": "y"},
        "code": "def other(log): ...",
        "number_limits": {"min": 1},
    }
    first = client.evaluators.upsert(path=path, spec=spec)
    second = client.evaluators.upsert(path=path, spec={**spec, member: changes[member]})
    assert first.id == second.id
    assert first.version_id != second.version_id


def test_null_and_absent_are_the_same(raw: httpx.Client, path: str) -> None:
    """2.1."""
    spec = {**external("select"), "options": [{"name": "a"}]}
    first = raw.post("/evaluators", json={"path": path, "spec": spec}).json()
    nulls = {"attributes": None, "number_limits": None, "options": [{"name": "a", "valence": None}]}
    again = raw.post("/evaluators", json={"path": path, "spec": {**spec, **nulls}}).json()
    assert again == first
    other = raw.post("/evaluators", json={"path": path, "spec": {**spec, "attributes": {"a": None}}}).json()
    assert other["version_id"] != first["version_id"]


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        ({"code": "def f(log): ..."}, "python"),
        ({"instructions": "Look."}, "human"),
        ({"prompt": {"model": "m"}}, "llm"),
        ({}, "llm"),
    ],
)
def test_a_type_that_is_not_given_is_filled_in(
    raw: httpx.Client, path: str, more: dict[str, Any], expected: str
) -> None:
    """0.6: clients tell specs apart by it."""
    spec = {"arguments_type": "target_free", "return_type": "text", **more}
    first = raw.post("/evaluators", json={"path": path, "spec": spec}).json()
    assert first["spec"] == {**spec, "evaluator_type": expected}
    told = raw.post("/evaluators", json={"path": path, "spec": {**spec, "evaluator_type": expected}}).json()
    assert told["version_id"] == first["version_id"]


@pytest.mark.parametrize(
    ("spec", "places"),
    [
        (None, [["spec"]]),
        ({}, [["spec", "arguments_type"]]),
        ({"arguments_type": "target_free"}, [["spec", "return_type"]]),
        ({**code(), "arguments_type": "all"}, [["spec", "arguments_type"]]),
        ({**code(), "return_type": "maybe"}, [["spec", "return_type"]]),
        ({**code(), "evaluator_type": "dog"}, [["spec", "evaluator_type"]]),
        ({**code(), "code": None}, [["spec", "code"]]),
        ({**external("select")}, [["spec", "options"]]),
        ({**external("select"), "options": [{}]}, [["spec", "options", 0, "name"]]),
        ({**external("number"), "number_limits": {"min": 2, "max": 1}}, [["spec", "number_limits", "min"]]),
        ({**code(), "return_type": "select", "code": None}, [["spec", "code"], ["spec", "options"]]),
        ({**external(), "evaluator_type": "llm", "prompt": {}}, [["spec", "prompt", "model"]]),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    raw: httpx.Client, path: str, spec: Any, places: list[list[Any]]
) -> None:
    """0.5, 4.8."""
    answer = raw.post("/evaluators", json={"path": path, "spec": spec})
    assert answer.status_code == 422
    assert [item["loc"] for item in answer.json()["detail"]] == [["body", *place] for place in places]
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


def test_a_spec_must_be_there(raw: httpx.Client, path: str) -> None:
    assert raw.post("/evaluators", json={"path": path}).json() == {
        "detail": [{"loc": ["body", "spec"], "msg": "Field required", "type": "missing"}]
    }
