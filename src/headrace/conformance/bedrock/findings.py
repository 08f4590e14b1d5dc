"""The 33 findings: for each a definition with exactly that fault (bedrock 3.2).

That a fault is found, under this name and with these details, is documented; its severity, its words and that
nothing else is said of it are presumed.
"""

from __future__ import annotations

import re
from functools import partial
from typing import Any

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.bedrock.definitions import EACH, FORK, LINE, LOOP
from headrace.conformance.bedrock.faults import FAULTS, GUESSED, Fault
from headrace.conformance.checks import Area, Standing
from headrace.conformance.expecting import equal, holds, matches, sequence

area = Area("bedrock", "findings")
alone = Area("bedrock", "findings-alone")
validate = Area("bedrock", "validate-definition")


def _slug(kind: str) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind).lower()


def _found(aws: Bedrock, definition: Any) -> list[dict[str, Any]]:
    got = aws.ok("ValidateFlowDefinition", body={"definition": definition})
    return sequence("validations", got.get("validations"))


def _is_found(kind: str, fault: Fault, aws: Bedrock) -> None:
    found = [
        {"type": one.get("type"), "details": one.get("details")} for one in _found(aws, fault.definition)
    ]
    wanted = {"type": kind, "details": {kind[0].lower() + kind[1:]: fault.details}}
    holds(
        "the findings",
        is_so=any(_fits(one, wanted) for one in found),
        expected=f"among them {wanted}",
        got=found,
    )


def _fits(got: Any, wanted: Any) -> bool:
    """Whether a value is as wanted, where ``...`` is any text."""
    if isinstance(wanted, dict):
        return (
            isinstance(got, dict)
            and got.keys() == wanted.keys()
            and all(map(_fits, got.values(), (wanted[key] for key in got)))
        )
    return isinstance(got, str) if wanted is ... else bool(got == wanted)


def _is_alone(kind: str, fault: Fault, aws: Bedrock) -> None:
    found = _found(aws, fault.definition)
    kinds = sorted(str(one.get("type")) for one in found)
    equal("the types of the findings", kinds, sorted([kind, *fault.beside]))
    told = next(one for one in found if one["type"] == kind)
    severity = "Warning" if kind == "DuplicateConditionExpression" else "Error"
    equal("severity", told.get("severity"), severity)
    matches("message", told.get("message"), fault.message)


for _kind, _fault in FAULTS.items():
    area.add(
        _slug(_kind),
        f"{_kind}: {_fault.title}",
        "3.2",
        Standing.PRESUMED if _kind in GUESSED else Standing.DOCUMENTED,
        partial(_is_found, _kind, _fault),
    )
    alone.add(
        _slug(_kind),
        f"{_kind} is found with its severity and words, and nothing besides.",
        "3.2",
        Standing.PRESUMED,
        partial(_is_alone, _kind, _fault),
    )


@validate.documented("1.4")
def good(aws: Bedrock) -> None:
    """A definition without a fault has an empty list of validations."""
    for name, definition in (("a line", LINE), ("conditions", FORK), ("an iterator", EACH), ("a loop", LOOP)):
        equal(f"the findings of {name}", _found(aws, definition), [])


@validate.documented("1.4")
def definition_missing(aws: Bedrock) -> None:
    """Without a definition the request is refused."""
    aws.refused("ValidateFlowDefinition", body={}, status=400, code="ValidationException")


@validate.documented("1.4")
def definition_out_of_shape(aws: Bedrock) -> None:
    """A definition that breaks the service model is refused, not judged."""
    body = {"definition": {"nodes": [{"name": "x", "type": "Oracle"}]}}
    aws.refused("ValidateFlowDefinition", body=body, status=400, code="ValidationException")


@validate.documented("3.1")
def same_as_prepare(aws: Bedrock) -> None:
    """Preparing finds what judging the definition finds."""
    fault = FAULTS["CyclicConnection"]
    flow = aws.prepare(aws.flow(definition=fault.definition)["id"])
    equal("validations", flow.get("validations"), _found(aws, fault.definition))


AREAS = (area, alone, validate)
