"""The collection of real and one-fault flows: the real ones are clean, each fault is found and nothing else.

The collection is found through HEADRACE_TEST_FLOWS: a folder with an `index.json` that lists, for each
definition, the findings to expect.
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest

from headrace.core.definition import Definition
from headrace.core.template import texts, variables
from headrace.core.validate import Finding, validate

_FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")

pytestmark = pytest.mark.skipif(
    _FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of flow definitions"
)


def _entries() -> list[dict[str, Any]]:
    return [] if _FOLDER is None else _read("index.json")


def _read(name: str) -> Any:
    return json.loads((Path(_FOLDER or "") / name).read_text())


CLEAN = [entry for entry in _entries() if "type" not in entry["expect"]]
FAULTY = [entry for entry in _entries() if "type" in entry["expect"]]


def _prompts(entry: dict[str, Any]) -> dict[str, frozenset[str]]:
    """The variables of the prompt resources that come with a flow, by ARN."""
    name = entry.get("promptsFile")
    if name is None:
        return {}
    return {
        prompt["arn"]: frozenset(variables(texts(prompt["variants"][0]["templateConfiguration"])))
        for prompt in _read(name)
    }


def _wire_details(finding: Finding) -> dict[str, Any]:
    """The details as the wire has them: in camel case, under the type's name."""
    members = {}
    for key, value in finding.details.items():
        first, *rest = key.split("_")
        members[first + "".join(map(str.capitalize, rest))] = value
    return {finding.type[0].lower() + finding.type[1:]: members}


def _with_any_cause(details: dict[str, Any]) -> dict[str, Any]:
    """The cause in whatever words, as long as there are some."""
    for members in details.values():
        if members.get("cause"):
            members["cause"] = "<any text>"
    return details


def _ids(entry: dict[str, Any]) -> str:
    return str(entry["file"])


@pytest.mark.parametrize("entry", CLEAN, ids=_ids)
def test_clean(entry: dict[str, Any]) -> None:
    assert entry["expect"]["validations"] == []
    prompts = _prompts(entry)
    assert validate(Definition.parse(_read(entry["file"])), prompt_variables=prompts.get) == ()


@pytest.mark.parametrize("entry", FAULTY, ids=_ids)
def test_faulty(entry: dict[str, Any]) -> None:
    expect = entry["expect"]
    findings = validate(Definition.parse(_read(entry["file"])))
    [found] = [finding for finding in findings if finding.type == expect["type"]]
    assert found.severity == expect["severity"]
    assert _with_any_cause(_wire_details(found)) == expect["details"]
    assert {finding.type.value for finding in findings} - {expect["type"]} <= set(expect["alsoAllowed"])


def test_the_collection_is_complete() -> None:
    assert len(CLEAN) >= 20
    assert len(FAULTY) >= 15
