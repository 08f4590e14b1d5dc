"""Contents as directories of files hand them in: checked as strictly as a person's typing needs it.

What other clients send may hold more than is kept, and it is passed over; in a file that people write, a
member that is not known is one that is misspelt.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headrace.core.agents import Agent, agent_problems
from headrace.core.datasets import Case, case_of
from headrace.core.errors import Invalid, Problem
from headrace.core.files import is_short_name
from headrace.core.kinds import KINDS
from headrace.core.kinds.evaluator import EvaluatorSpec, spec_problems, type_of
from headrace.core.kinds.prompt import VARIANTS_MEMBERS
from headrace.core.kinds.tool import ToolContent
from headrace.core.prompt_forms import MAX_METADATA, METADATA_KEY, METADATA_VALUE, as_form, as_variant
from headrace.core.prompts import ChatMessage, Prompt

FORMS: Mapping[str, type[msgspec.Struct]] = {
    "prompt": Prompt,
    "agent": Agent,
    "tool": ToolContent,
    "evaluator": EvaluatorSpec,
}
DATASET = "dataset"
MOST_PROBLEMS = 20
"""So many problems of datapoints are told."""
Form = dict[str, Any]
_encode = msgspec.json.Encoder().encode


class DatapointForm(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A case of a dataset."""

    inputs: dict[str, str] | None = None
    messages: list[ChatMessage] | None = None
    target: Form | None = None


def checked(kind: str, form: Form) -> Form:
    """The content of a file of any kind but datasets, in the form in which it is kept.

    Raises:
        Invalid: it breaks a rule of its kind, or there is no such kind.
    """
    if kind not in KINDS or kind == DATASET:
        raise Invalid.at("type", message=f"`{kind}` is no kind of file whose content this could be.")
    if kind == "flow":
        return form
    if kind == "prompt" and form.keys() <= VARIANTS_MEMBERS:
        _check_variants(form)
        return form
    value = _converted(kind, form)
    if isinstance(value, EvaluatorSpec):
        _refuse(spec_problems(value))
        return {**form, "evaluator_type": type_of(value).value}
    if isinstance(value, Agent):
        _refuse(agent_problems(value))
    return {member: inner for member, inner in form.items() if inner is not None}


def _converted(kind: str, form: Form) -> msgspec.Struct:
    of = FORMS[kind]
    unknown = [member for member in form if member not in of.__struct_fields__]
    if unknown:
        known = ", ".join(of.__struct_fields__)
        raise Invalid(
            *(
                Problem(path=("content", member), message=f"`{member}` is not known.", kind="unknown")
                for member in unknown
            ),
            message=f"{_listed(unknown)} not known of {kind}s; known are {known}.",
        )
    try:
        return msgspec.convert(form, of)
    except msgspec.ValidationError as error:
        raise Invalid.at("content", message=f"The content fits no {kind}: {error}") from None


def _listed(names: Sequence[str]) -> str:
    return ", ".join(f"`{name}`" for name in names) + (" is" if len(names) == 1 else " are")


def _refuse(problems: Sequence[Problem]) -> None:
    if problems:
        raise Invalid(*problems, message=" ".join(one.message for one in problems))


def _check_variants(form: Form) -> None:
    """Refuse variants that are not written as ours are: the checks of their API are not to be had here."""
    variants = form.get("variants", [])
    is_told = all(isinstance(inner, str) for member, inner in form.items() if member != "variants")
    if not (is_told and isinstance(variants, list) and len(variants) <= 1 and all(map(_is_plain, variants))):
        message = (
            "The variants of this prompt can't be checked here. Change them where they were made, or write "
            "the prompt with `model` and `template`."
        )
        raise Invalid.at("content", "variants", message=message, kind="variants")


def _is_plain(variant: Any) -> bool:
    """Whether a variant says what a prompt can say, in the words in which it would be written here."""
    try:
        told = as_form(variant)
        msgspec.convert(told, Prompt)
        written = as_variant(told)
        is_named = is_short_name(variant["name"])
    except (msgspec.ValidationError, KeyError, TypeError, AttributeError, ValueError, IndexError):
        return False  # of another shape than any variant's
    if written is None or not is_named or not _is_metadata(variant.get("metadata", [])):
        return False
    own = {"name": variant["name"], "metadata": variant.get("metadata")}
    return {**written, **own} == {**variant, **own}


def _is_metadata(pairs: Any) -> bool:
    """Whether these are pairs that a variant may have."""
    return (
        isinstance(pairs, list)
        and len(pairs) <= MAX_METADATA
        and all(isinstance(pair, dict) and pair.keys() == {"key", "value"} for pair in pairs)
        and all(isinstance(text, str) for pair in pairs for text in pair.values())
        and all(
            METADATA_KEY.fullmatch(one["key"]) and METADATA_VALUE.fullmatch(one["value"]) for one in pairs
        )
    )


def cases_of(datapoints: Sequence[Form]) -> list[Case]:
    """Datapoints, checked.

    Raises:
        Invalid: with what is wrong with the first of those that are wrong.
    """
    cases: list[Case] = []
    problems: list[Problem] = []
    for place, form in enumerate(datapoints):
        try:
            msgspec.convert(form, DatapointForm)
        except msgspec.ValidationError as error:
            problems.append(Problem(path=("datapoints", place), message=f"Datapoint {place + 1}: {error}"))
            continue
        cases.append(case_of(**{member: form.get(member) for member in DatapointForm.__struct_fields__}))
    _refuse(problems[:MOST_PROBLEMS])
    return cases


def text_of(form: Form) -> bytes:
    """Content as the text that is kept."""
    return _encode(form)
