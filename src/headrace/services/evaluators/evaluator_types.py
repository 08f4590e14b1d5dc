"""The types of evaluators: what each is, and the form of its specs, made from the structs themselves."""

from __future__ import annotations

import functools
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import msgspec

from headrace.core.errors import Invalid
from headrace.core.kinds.evaluator import EvaluatorSpec, EvaluatorType, spec_problems, type_of
from headrace.core.prompts import Prompt
from headrace.services.comparisons.comparison_scores import JUDGES

Schema = dict[str, Any]


class TypeAbout(msgspec.Struct, frozen=True, kw_only=True):
    """A type of evaluators.

    Attributes:
        is_carried_out: whether the server judges by itself.
        form: the JSON Schema of its specs. `x-only-for` says for which values of another member a member
            counts, `x-form` how to write it: `code`, `text`, `messages` or `model`, `x-words` what to call
            its values.
        example: a spec to begin with.
    """

    type: EvaluatorType
    title: str
    about: str
    is_carried_out: bool
    form: Schema
    example: dict[str, Any]


class _Member(msgspec.Struct, frozen=True, kw_only=True):
    """How a member of a spec is told of."""

    title: str
    about: str
    more: Schema = {}


_CHOSEN = {"x-only-for": {"return_type": ["select", "multi_select"]}}
_COUNTED = {"x-only-for": {"return_type": ["number"]}}
MEMBERS: Mapping[str, _Member] = {
    "code": _Member(
        title="Code",
        about="The last function is called with the log, and with the datapoint where there is one. It "
        "returns the judgment; what it prints is kept. It has Python's standard library only.",
        more={"x-form": "code"},
    ),
    "prompt": _Member(title="Prompt", about="What the model is asked; its answer ends with the judgment."),
    "instructions": _Member(
        title="Instructions", about="What people are told who judge.", more={"x-form": "text"}
    ),
    "return_type": _Member(title="Judgment", about="What a judgment is."),
    "options": _Member(title="Options", about="What may be chosen.", more=_CHOSEN),
    "number_limits": _Member(title="Limits", about="What a number may be.", more=_COUNTED),
    "number_valence": _Member(title="Which numbers are good", about="Whether more is better.", more=_COUNTED),
    "arguments_type": _Member(
        title="Needs",
        about="Whether it needs the target of a datapoint beside the log.",
        more={
            "x-words": {
                "target_free": "the log alone",
                "target_required": "the log and the target of a datapoint",
            }
        },
    ),
}
PROMPT_MEMBERS: Mapping[str, _Member] = {
    "model": _Member(title="Model", about="As the provider calls it.", more={"x-form": "model"}),
    "provider": _Member(
        title="Provider", about="Who runs the model; found by the model where nothing is said."
    ),
    "template": _Member(
        title="Messages",
        about="`{{log.output}}`, `{{log.inputs}}` and `{{target}}` stand for what is judged.",
        more={"x-form": "messages"},
    ),
    "template_language": _Member(title="Template language", about="Of the texts in braces."),
    "temperature": _Member(title="Temperature", about="How freely the model chooses its words."),
    "max_tokens": _Member(title="Longest answer", about="In tokens."),
}
_SHARED = ("return_type", "options", "number_limits", "number_valence", "arguments_type")
_CODE = """def judge(log):
    output = log["output"] or ""
    print(len(output), "characters")
    return len(output) > 0
"""
_QUESTION = "Is this answer right and polite? Say why, then end with yes or no.\n\n{{log.output}}"
_BOOLEAN = {"arguments_type": "target_free", "return_type": "boolean"}
_TYPES: Mapping[EvaluatorType, tuple[str, str, tuple[str, ...], dict[str, Any]]] = {
    EvaluatorType.PYTHON: (
        "Code",
        "A function in Python that is called with each log, in the sandbox.",
        ("code",),
        {"code": _CODE},
    ),
    EvaluatorType.LLM: (
        "Model",
        "A model that is shown each log and asked for a judgment.",
        ("prompt",),
        {
            "prompt": {
                "model": "gpt-4o-mini",
                "endpoint": "chat",
                "template": [{"role": "user", "content": _QUESTION}],
            }
        },
    ),
    EvaluatorType.HUMAN: (
        "People",
        "People who look at logs and say what they find.",
        ("instructions",),
        {"instructions": "Is the answer right?"},
    ),
    EvaluatorType.EXTERNAL: (
        "External",
        "A program of yours that judges and posts what it finds.",
        (),
        {},
    ),
}


@functools.cache
def types() -> tuple[TypeAbout, ...]:
    """All types of evaluators."""
    return tuple(
        TypeAbout(
            type=kind,
            title=title,
            about=about,
            is_carried_out=kind in JUDGES,
            form=_form(kind, own),
            example={"evaluator_type": kind.value, **_BOOLEAN, **example},
        )
        for kind, (title, about, own, example) in _TYPES.items()
    )


def _form(kind: EvaluatorType, own: tuple[str, ...]) -> Schema:
    members = {name: MEMBERS[name] for name in (*own, *_SHARED)}
    properties = _properties(EvaluatorSpec, members)
    if "prompt" in properties:
        needed = ["model", "template"]
        properties["prompt"] |= {"properties": _properties(Prompt, PROMPT_MEMBERS), "required": needed}
    return {
        "type": "object",
        "required": ["return_type", "arguments_type", *(one for one in own if one != "instructions")],
        "properties": {"evaluator_type": {"const": kind.value}, **properties},
    }


def _properties(struct: type[msgspec.Struct], members: Mapping[str, _Member]) -> Schema:
    fields = {field.name: field for field in msgspec.structs.fields(struct)}
    return {
        name: _plain(fields[name].type) | {"title": one.title, "description": one.about, **one.more}
        for name, one in members.items()
    }


def _plain(kind: Any) -> Schema:
    """A type's JSON Schema with everything in its place, and without null: what is not said is absent."""
    schema = msgspec.json.schema(kind)
    found: Schema = _without_null(_inlined(schema, schema.get("$defs", {})))
    found.pop("$defs", None)
    return found


def _inlined(value: Any, named: Mapping[str, Any]) -> Any:
    if isinstance(value, list):
        return [_inlined(one, named) for one in value]
    if not isinstance(value, dict):
        return value
    if "$ref" in value:
        return _inlined(named[value["$ref"].rpartition("/")[2]], named)
    kept = {name: _inlined(one, named) for name, one in value.items() if name != "$defs"}
    return _without_null(kept) if "anyOf" in kept else kept


def _without_null(schema: Schema) -> Schema:
    parts = [one for one in schema.get("anyOf", ()) if one != {"type": "null"}]
    if len(parts) != 1:
        return schema if not parts else {**schema, "anyOf": parts}
    return {**{name: one for name, one in schema.items() if name not in ("anyOf", "default")}, **parts[0]}


def read_new(spec: Mapping[str, Any], *, at: str = "spec") -> tuple[EvaluatorSpec, dict[str, Any]]:
    """A spec that somebody sent, and as it is kept: with its type, and without nulls.

    Args:
        at: where it stands in the body.

    Raises:
        Invalid: it breaks a rule, or says what no evaluator has.
    """
    known = {field.name for field in msgspec.structs.fields(EvaluatorSpec)}
    unknown = [name for name in spec if name not in known]
    if unknown:
        message = f"`{unknown[0]}` is no part of an evaluator; known are: {', '.join(sorted(known))}."
        raise Invalid.at(at, unknown[0], message=message, kind="unknown")
    kept = {name: value for name, value in spec.items() if value is not None}
    try:
        read = msgspec.convert(kept, EvaluatorSpec)
    except msgspec.ValidationError as error:
        raise Invalid.at(at, message=f"`{at}`: {error}.", kind="value") from None
    problems = spec_problems(read)
    if problems:
        raise Invalid(*(replace(one, path=(at, *one.path)) for one in problems))
    return read, {**kept, "evaluator_type": type_of(read).value}
