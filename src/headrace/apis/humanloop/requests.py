"""The bodies and queries that the Humanloop API takes, and how they are read.

Reading is one call of a compiled decoder. Only when that refuses is the request gone through field by field,
so that the answer names everything that is wrong with it (humanloop 0.5).
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from functools import cache
from typing import Annotated, Any, Literal, TypeVar, get_args, get_origin

import msgspec

from headrace.apis.humanloop.wire import JsonObject
from headrace.core import parsing
from headrace.core.agents import Agent
from headrace.core.errors import Invalid, Malformed, Problem
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.kinds.tool import ToolContent
from headrace.core.ports import FileSort
from headrace.core.prompts import Prompt

T = TypeVar("T", bound=msgspec.Struct)
_UNSET = msgspec.UNSET


class Nothing(msgspec.Struct, frozen=True):
    """A query of which nothing is read."""


class UpsertFlow(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.8. Null means absent. The bytes of ``attributes`` are kept as they were sent."""

    attributes: JsonObject
    path: str | None = None
    id: str | None = None
    version_name: str | None = None
    version_description: str | None = None


class UpsertPrompt(Prompt, frozen=True, kw_only=True):
    """Humanloop 4.2, Prompts. Null means absent."""

    path: str | None = None
    id: str | None = None
    version_name: str | None = None
    version_description: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    readme: str | None = None


class UpsertAgent(Agent, frozen=True, kw_only=True):
    """Humanloop 4.2, Agents. Null means absent."""

    path: str | None = None
    id: str | None = None
    version_name: str | None = None
    version_description: str | None = None
    description: str | None = None
    tags: list[str] | None = None
    readme: str | None = None


class UpsertTool(ToolContent, frozen=True, kw_only=True):
    """Humanloop 4.2, Tools. Null means absent."""

    path: str | None = None
    id: str | None = None
    version_name: str | None = None
    version_description: str | None = None


class UpsertEvaluator(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluators. Null means absent."""

    spec: EvaluatorSpec
    path: str | None = None
    id: str | None = None
    version_name: str | None = None
    version_description: str | None = None


class FlowKernel(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.16: a flow's content in a request that is about something else."""

    attributes: dict[str, Any]


class MonitorRequest(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.15: a version of an evaluator, or an evaluator and an environment."""

    evaluator_version_id: str | None = None
    evaluator_id: str | None = None
    environment_id: str | None = None


class UpdateMonitoring(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.15. Null means none."""

    activate: list[MonitorRequest] | None = None
    deactivate: list[MonitorRequest] | None = None


class UpdateVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.11. Null clears, absent keeps."""

    name: str | msgspec.UnsetType | None = _UNSET
    description: str | msgspec.UnsetType | None = _UNSET


class MoveFile(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.6. A place can't be cleared, so null means absent."""

    path: str | None = None
    name: str | None = None


class MoveFlow(MoveFile, frozen=True, kw_only=True):
    """Humanloop 1.6."""

    directory_id: str | None = None


class RetrieveByPath(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Files."""

    path: str


class SelectVersion(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.4."""

    version_id: str | None = None
    environment: str | None = None


class ListPage(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 0.7, 1.7."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=0)] = 10
    name: str | None = None
    user_filter: str | None = None
    sort_by: FileSort = FileSort.CREATED_AT
    order: Literal["asc", "desc"] = "desc"


class ListVersions(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.9."""

    evaluator_aggregates: bool = False


class SetDeployment(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 1.12."""

    version_id: str


class RetrieveOptions(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Files. Only prompts and agents have a raw file content."""

    environment: str | None = None
    include_raw_file_content: bool = False


NUL = b"\\u0000"
"""The only way to write the character in JSON."""


class BodyReader:
    """Reads bodies of one type."""

    def __init__(self, kind: type[msgspec.Struct]) -> None:
        self._kind = kind
        self._decode = msgspec.json.Decoder(kind, float_hook=parsing.finite).decode
        self._objects = [field.name for field in msgspec.structs.fields(kind) if field.type == JsonObject]

    def read(self, body: bytes) -> tuple[msgspec.Struct, dict[str, Any]]:
        """A body, by its type and as plain JSON values; nothing at all is the same as ``{}``.

        Raises:
            Malformed: it is not JSON.
            Invalid: with everything that is wrong with it.
        """
        body = body or b"{}"
        if len(body) < parsing.LARGE_BYTES:
            return self._read(body)
        with parsing.undisturbed(len(body)):
            return self._read(body)

    def _read(self, body: bytes) -> tuple[msgspec.Struct, dict[str, Any]]:
        parsed = parse(body)
        if not isinstance(parsed, dict):
            raise Invalid.at(message="Input should be a valid dictionary", kind="dict_type")
        problems = self._object_problems(parsed)
        try:
            value = self._decode(body)
        except msgspec.ValidationError as error:
            problems += problems_of(self._kind, parsed, strict=True, where="body")
            raise Invalid(*problems or [Problem(path=(), message=str(error))]) from None
        if NUL in body:
            problems += unstorable(value, where="body")
        if problems:
            raise Invalid(*problems)
        return value, parsed

    def _object_problems(self, parsed: Mapping[str, Any]) -> list[Problem]:
        """The fields that are kept as bytes and must be objects, which no decoder looks at."""
        return [
            Problem(path=(name,), message="Input should be a valid dictionary", kind="dict_type")
            for name in self._objects
            if not isinstance(parsed.get(name, {}), dict)
        ]


def parse(body: bytes) -> Any:
    """JSON text as plain values.

    Raises:
        Malformed: it is not JSON.
        Invalid: it is JSON that can't be kept: nested too deeply, or with a number out of range.
    """
    try:
        return parsing.parse(body)
    except msgspec.ValidationError as error:
        raise Invalid.at(message=str(error), kind="out_of_range") from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(message=f"The body is not valid JSON: {error}") from None
    except RecursionError:
        raise Invalid.at(message="The JSON is nested too deeply.", kind="depth") from None


def read_query(kind: type[T], query: Sequence[tuple[str, str]]) -> T:
    """A query's fields; of a repeated name the last one counts, unless its field is a tuple.

    Raises:
        Invalid: with everything that is wrong with it.
    """
    if not query:
        nothing: T = _unasked(kind)
        return nothing
    values: dict[str, Any] = dict(query)
    for name in _repeatable(kind) & values.keys():
        values[name] = [given for other, given in query if other == name]
    try:
        value = msgspec.convert(values, kind, strict=False)
    except msgspec.ValidationError:
        raise Invalid(*problems_of(kind, values, strict=False, where="query")) from None
    problems = unstorable(value, where="query")
    if problems:
        raise Invalid(*problems)
    return value


@cache
def _unasked(kind: type[T]) -> T:
    """What a query says that says nothing."""
    try:
        value: T = msgspec.convert({}, kind)
    except msgspec.ValidationError:
        raise Invalid(*problems_of(kind, {}, strict=False, where="query")) from None
    return value


@cache
def _repeatable(kind: type[msgspec.Struct]) -> frozenset[str]:
    """The fields of a query that hold every value of their name."""
    types = ((one.name, one.type) for one in msgspec.structs.fields(kind))
    plain = ((name, get_args(of)[0] if get_origin(of) is Annotated else of) for name, of in types)
    return frozenset(name for name, of in plain if get_origin(of) is tuple)


def problems_of(
    kind: type[msgspec.Struct], values: Mapping[str, Any], *, strict: bool, where: str
) -> list[Problem]:
    """What is wrong with the fields of a body or a query."""
    found = []
    for field in msgspec.structs.fields(kind):
        if field.name not in values:
            if field.required:
                found.append(
                    Problem(path=(field.name,), message="Field required", kind="missing", where=where)
                )
        elif field.type != JsonObject:
            problem = _problem(field, values[field.name], strict=strict, where=where)
            found += [problem] if problem else []
    return found


PHRASES = (
    (re.compile(r"Object missing required field `([^`]+)`"), "missing", "Field required"),
    (
        re.compile(r"Expected `int` >= (\d+)"),
        "greater_than_equal",
        r"Input should be greater than or equal to \1",
    ),
    (re.compile(r"Expected `int"), "int_parsing", "Input should be a valid integer"),
    (re.compile(r"Expected `float"), "float_parsing", "Input should be a valid number"),
    (re.compile(r"Expected `bool"), "bool_parsing", "Input should be a valid boolean"),
    (re.compile(r"Expected `str(`| \| null`)"), "string_type", "Input should be a valid string"),
    (re.compile(r"Expected `object"), "dict_type", "Input should be a valid dictionary"),
    (re.compile(r"Expected `array"), "list_type", "Input should be a valid list"),
)
"""What the decoder says, and how the original's clients know it: error type and message."""
_PLACE = re.compile(r" - at `\$([^`]*)`$")
_STEP = re.compile(r"\.([^.\[\]]+)|\[(\d+)\]|\[\.\.\.\]")


def _problem(field: msgspec.structs.FieldInfo, value: Any, *, strict: bool, where: str) -> Problem | None:
    try:
        msgspec.convert(value, field.type, strict=strict)
    except msgspec.ValidationError as error:
        said = str(error)
        place = _PLACE.search(said)
        steps = _steps(place[1]) if place else []
        path = [field.name, *steps]
        kind, message = _phrase(_PLACE.sub("", said), field.type, steps)
        if kind == "missing":
            path.append(_missing(said))
        return Problem(path=tuple(path), message=message, kind=kind, where=where)
    return None


def _steps(place: str) -> list[str | int]:
    """The decoder's place within a value: the members and indices on the way; it tells no keys of maps."""
    return [int(step[2]) if step[2] else step[1] for step in _STEP.finditer(place) if step[1] or step[2]]


def _missing(text: str) -> str:
    match = PHRASES[0][0].match(text)
    assert match is not None, "what is missing has a name"
    return match[1]


def _phrase(text: str, kind: Any, steps: Sequence[str | int]) -> tuple[str, str]:
    for pattern, name, rule in PHRASES:
        match = pattern.match(text)
        if match:
            return name, match.expand(rule)
    name = "enum" if text.startswith("Invalid enum value") else "value_error"
    allowed = ", ".join(_allowed(kind, steps)) if text.startswith("Invalid ") else ""
    return name, f"{text}; it should be one of {allowed}" if allowed else text


def _allowed(kind: Any, steps: Sequence[str | int]) -> Iterable[str]:
    """The words that a field takes, or what is some steps within it; none where that is not known."""
    schema = msgspec.json.schema(kind)
    named = schema.get("$defs", {})
    parts = list(_parts(schema, named))
    for step in steps:
        inner = [_within(part, step) for part in parts]
        parts = [one for schema in inner if schema is not None for one in _parts(schema, named)]
    return sorted({str(word) for part in parts for word in part.get("enum", ())})


def _parts(schema: Mapping[str, Any], named: Mapping[str, Any]) -> Iterator[Mapping[str, Any]]:
    """What a schema leaves the choice of."""
    if "$ref" in schema:
        yield from _parts(named[schema["$ref"].rpartition("/")[2]], named)
    elif "anyOf" in schema:
        for one in schema["anyOf"]:
            yield from _parts(one, named)
    else:
        yield schema


def _within(schema: Mapping[str, Any], step: str | int) -> Mapping[str, Any] | None:
    inner = schema.get("items") if isinstance(step, int) else schema.get("properties", {}).get(step)
    return inner if isinstance(inner, dict) else None


def unstorable(value: msgspec.Struct, *, where: str) -> list[Problem]:
    """The texts with a NUL in them: no name, id or path has one, and databases refuse it.

    A type's ``FREE_TEXTS`` are the members that may have one, because they are kept inside JSON.
    """
    free: Collection[str] = getattr(value, "FREE_TEXTS", ())
    return [
        Problem(path=(name,), message="A text may not contain U+0000.", kind="nul", where=where)
        for name in value.__struct_fields__
        if name not in free and any("\0" in text for text in _texts(getattr(value, name)))
    ]


def _texts(value: Any) -> tuple[str, ...]:
    many = value if isinstance(value, tuple) else (value,)
    return tuple(one for one in many if isinstance(one, str))
