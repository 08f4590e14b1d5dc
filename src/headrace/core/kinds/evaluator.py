"""Evaluators: a version's content is a spec, which says who judges logs, how, and what a judgment may be."""

from __future__ import annotations

import math
from enum import StrEnum
from typing import Any, Literal, TypeAlias

import msgspec

from headrace.core.errors import Problem
from headrace.core.kinds.kind import FileKind, without_nulls
from headrace.core.prompts import Prompt, prompt_inputs

Valence: TypeAlias = Literal["positive", "negative", "neutral"]


class EvaluatorType(StrEnum):
    """Who judges."""

    PYTHON = "python"
    LLM = "llm"
    HUMAN = "human"
    EXTERNAL = "external"


class ReturnType(StrEnum):
    """What a judgment is."""

    BOOLEAN = "boolean"
    NUMBER = "number"
    SELECT = "select"
    MULTI_SELECT = "multi_select"
    TEXT = "text"


class Option(msgspec.Struct, frozen=True, kw_only=True):
    """Something that may be chosen."""

    name: str
    valence: Valence | None = None


class NumberLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What a number may be. The step is for those who offer numbers to people; no number is refused by it."""

    min: float | None = None
    max: float | None = None
    step: float | None = None


class EvaluatorSpec(msgspec.Struct, frozen=True, kw_only=True):
    """The content of an evaluator (humanloop 4.8); what is absent is null.

    Attributes:
        arguments_type: whether it needs the target of a datapoint beside a log.
        evaluator_type: always there in stored content.
        code: the function's source, where Python judges.
        prompt: what a model is asked, where one judges.
        instructions: what people are told.
    """

    arguments_type: Literal["target_free", "target_required"]
    return_type: ReturnType
    evaluator_type: EvaluatorType | None = None
    attributes: dict[str, Any] | None = None
    options: list[Option] | None = None
    number_limits: NumberLimits | None = None
    number_valence: Valence | None = None
    code: str | None = None
    prompt: Prompt | None = None
    instructions: str | None = None


def read_spec(content: bytes) -> EvaluatorSpec:
    """Stored content."""
    return _decode(content)


def type_of(spec: EvaluatorSpec) -> EvaluatorType:
    """Who judges; where a spec does not say, its members tell, and an LLM is what is left (humanloop 0.6)."""
    if spec.evaluator_type is not None:
        return spec.evaluator_type
    # Quirk(humanloop): 0.6. Clients take a spec without a type for an LLM's, so it is always filled in.
    if spec.code is not None:
        return EvaluatorType.PYTHON
    return EvaluatorType.LLM if spec.instructions is None else EvaluatorType.HUMAN


def spec_problems(spec: EvaluatorSpec) -> list[Problem]:
    """What is wrong with a spec whose members have the right shapes; the paths begin within it."""
    found = []
    if type_of(spec) is EvaluatorType.PYTHON and spec.code is None:
        found.append(Problem(path=("code",), message="Field required", kind="missing"))
    names = [option.name for option in spec.options or ()]
    if spec.return_type in CHOICES and not names:
        message = f"An evaluator that returns `{spec.return_type}` needs options to choose from."
        found.append(Problem(path=("options",), message=message, kind="missing"))
    if len(set(names)) < len(names):
        message = "Each option needs a name of its own."
        found.append(Problem(path=("options",), message=message, kind="duplicate"))
    return found + _limit_problems(spec.number_limits)


def _limit_problems(limits: NumberLimits | None) -> list[Problem]:
    if limits is None:
        return []
    if limits.min is not None and limits.max is not None and limits.min > limits.max:
        message = f"`min` is {limits.min} and may not be above `max`, which is {limits.max}."
        return [Problem(path=("number_limits", "min"), message=message)]
    if limits.step is not None and limits.step <= 0:
        return [Problem(path=("number_limits", "step"), message="A step must be above 0.")]
    return []


CHOICES = frozenset({ReturnType.SELECT, ReturnType.MULTI_SELECT})


def judgment_problem(spec: EvaluatorSpec, value: Any) -> str | None:
    """Why a JSON value is no judgment of this evaluator; None when it is one (humanloop 8.56).

    Null is one everywhere: it says that there is no judgment.
    """
    if value is None:
        return None
    match spec.return_type:
        case ReturnType.BOOLEAN:
            return None if _is_truth(value) else f"The judgment {_shown(value)} is neither true nor false."
        case ReturnType.NUMBER:
            return _number_problem(spec.number_limits, value)
        case ReturnType.SELECT:
            return _option_problem(spec, value)
        case ReturnType.MULTI_SELECT:
            if not isinstance(value, list):
                return f"The judgment {_shown(value)} is not a list of options."
            names = {option.name for option in spec.options or ()}
            unknown = (one for one in value if not isinstance(one, str) or one not in names)
            return next((_option_problem(spec, one) for one in unknown), None)
        case ReturnType.TEXT:
            return None if isinstance(value, str) else f"The judgment {_shown(value)} is not a text."


def judgment_form(spec: EvaluatorSpec, value: Any) -> Any:
    """A judgment of this evaluator in the form in which it is kept."""
    # Quirk(humanloop): 0 and 1 stand for booleans, and clients tell a number from one (0.6, 8.56).
    if spec.return_type is ReturnType.BOOLEAN and isinstance(value, int | float):
        return bool(value)
    return value


def _is_truth(value: Any) -> bool:
    return isinstance(value, bool | int | float) and value in (0, 1)


def _number_problem(limits: NumberLimits | None, value: Any) -> str | None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not _is_finite(value):
        return f"The judgment {_shown(value)} is not a number."
    if limits is not None and limits.min is not None and value < limits.min:
        return f"The judgment {_shown(value)} is below {limits.min}."
    if limits is not None and limits.max is not None and value > limits.max:
        return f"The judgment {_shown(value)} is above {limits.max}."
    return None


def _is_finite(value: float) -> bool:
    """Whether a double holds it: sums and means of judgments are doubles."""
    try:
        return math.isfinite(value)
    except OverflowError:
        return False


def _option_problem(spec: EvaluatorSpec, value: Any) -> str | None:
    names = [option.name for option in spec.options or ()]
    if value in names:
        return None
    return f"The judgment {_shown(value)} is not one of the options: {', '.join(names)}."


def _shown(value: Any) -> str:
    return repr(value)[:60]


def _inputs(content: bytes) -> tuple[str, ...]:
    prompt = read_spec(content).prompt
    return () if prompt is None else prompt_inputs(prompt)


_decode = msgspec.json.Decoder(EvaluatorSpec).decode

KIND = FileKind(
    name="evaluator",
    title="Evaluator",
    prefix="ev_",
    version_prefix="evv_",
    identity=without_nulls,
    inputs=_inputs,
)
