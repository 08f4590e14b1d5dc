"""The checks as a list: named once, told in a sentence, enough of them."""

from __future__ import annotations

import re
from collections import Counter

from headrace.conformance.bedrock.faults import FAULTS
from headrace.conformance.bedrock.operations import OPERATIONS
from headrace.conformance.bedrock.shapes import ASKED
from headrace.conformance.catalogue import CHECKS
from headrace.conformance.checks import Standing, chosen
from headrace.core.validate import FindingType

LEAST = {"bedrock": 120, "humanloop": 80}


def test_there_are_enough() -> None:
    counts = Counter(check.api for check in CHECKS)
    assert {api for api, least in LEAST.items() if counts[api] >= least} == set(LEAST)


def test_no_two_have_one_id() -> None:
    assert [name for name, times in Counter(check.id for check in CHECKS).items() if times > 1] == []


def test_each_is_told() -> None:
    pattern = r"(bedrock|humanloop)\.[a-z-]+\.[a-z0-9-]+"
    assert [check.id for check in CHECKS if not re.fullmatch(pattern, check.id)] == []
    assert [check.id for check in CHECKS if not check.title or check.title != check.title.strip()] == []
    assert [check.id for check in CHECKS if not re.fullmatch(r"\d+(\.\d+)?", check.section)] == []


def test_a_guess_of_the_contract_is_presumed() -> None:
    """Section 9 of the one and section 8 of the other are lists of open points."""
    guessed = [
        check for check in CHECKS if check.section.startswith({"bedrock": "9.", "humanloop": "8."}[check.api])
    ]
    assert len(guessed) > 50
    assert [check.id for check in guessed if check.standing is Standing.DOCUMENTED] == []


def test_every_finding_is_provoked() -> None:
    assert set(FAULTS) == {one.value for one in FindingType}


def test_the_shape_of_every_answer_is_looked_at() -> None:
    assert set(OPERATIONS) - set(ASKED) == {"InvokeFlow", "StopFlowExecution"}


def test_choosing() -> None:
    assert {check.api for check in chosen(CHECKS, api="humanloop", only=())} == {"humanloop"}
    some = chosen(CHECKS, api="all", only=["*.auth.*", "bedrock.tags.none"])
    assert {check.area for check in some} == {"auth", "tags"}
    assert chosen(CHECKS, api="all", only=["nothing"]) == []
