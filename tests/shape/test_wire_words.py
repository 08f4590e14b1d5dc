"""The words of a protocol stay in the folder of that protocol."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from tests.shape.sources import MODULES, PACKAGE, name

WORDS = {
    "bedrock": [
        "flowIdentifier",
        "aliasIdentifier",
        "promptIdentifier",
        "executionIdentifier",
        "routingConfiguration",
        "flowSummaries",
        "includedData",
        "fieldList",
        "maxResults",
        "nextToken",
        "x-amzn",
        "ValidationException",
        "ResourceNotFoundException",
    ],
    "humanloop": [
        "include_trace_children",
        "metadata_search",
        "version_logs_count",
        "evaluator_aggregates",
        "version_description",
        "email_address",
        "user_filter",
        "retrieve-by-path",
    ],
}


@pytest.mark.parametrize("api", WORDS)
def test_no_word_of_a_protocol_strays(api: str) -> None:
    words = re.compile(rf"(?<!\w)(?:{'|'.join(WORDS[api])})(?!\w)")
    strayed = {name(path): words.findall(path.read_text()) for path in MODULES if not _is_home(path, api)}
    assert {where: found for where, found in strayed.items() if found} == {}


def _is_home(path: Path, api: str) -> bool:
    return any(path.is_relative_to(PACKAGE / folder / api) for folder in ("apis", "conformance"))


@pytest.mark.parametrize("api", WORDS)
def test_the_words_are_words_of_the_protocol(api: str) -> None:
    text = "".join(path.read_text() for path in (PACKAGE / "apis" / api).rglob("*.py"))
    assert sum(word in text for word in WORDS[api]) > len(WORDS[api]) / 2
