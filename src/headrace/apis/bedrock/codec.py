"""Requests and responses of both services, to and from wire members.

Decoding binds the path, the query and the body to the members of an operation's input, checks them
all at once and keeps the bytes of the body where it can: numbers and member order are echoed exactly
(bedrock.md 1.1). Encoding follows the output shape. Which exception becomes which error is not decided
here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

import msgspec

from headrace.apis.bedrock.forms import settings_schemas
from headrace.apis.bedrock.model import Member, Operation, Service, ServiceModel, Shape
from headrace.apis.bedrock.shapes import MAX_DEPTH, Checker, ShapeCompiler, served_shapes
from headrace.apis.bedrock.walk import Report, Walk, Where
from headrace.core.definition import NodeType
from headrace.core.errors import Invalid, Malformed, Problem
from headrace.core.parsing import parse

Headers = list[tuple[bytes, bytes]]

_decode_slices = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_encode_json = msgspec.json.Encoder().encode

CONTENT_SHAPES = ("FlowDefinition", "FlowExecutionRoleArn", "KmsKeyArn")
"""The shapes of what a flow's content is made of, checked also when it did not come in a Bedrock request."""


class Params(dict[str, Any]):
    """The members of a request by their wire names, without nulls and unknown members.

    Args:
        members: by name.
        body: the body they came in.
        changed: the members of the body that are not kept as they were sent.
    """

    __slots__ = ("_body", "_changed")

    def __init__(
        self, members: Mapping[str, Any], *, body: bytes = b"{}", changed: frozenset[str] = frozenset()
    ) -> None:
        super().__init__(members)
        self._body = body
        self._changed = changed

    def raw(self, member: str) -> bytes:
        """The JSON of a member of the body: as it was sent, unless it could not be kept so.

        Raises:
            KeyError: the body has no such member.
        """
        if member in self._changed:
            return _encode_json(self[member])
        return bytes(_decode_slices(self._body)[member])


class Codec:
    """Decodes requests and encodes responses.

    Args:
        model: the services.
        strict: keep AWS's lower limits where this server is roomier by default.
    """

    def __init__(self, model: ServiceModel, *, strict: bool = False) -> None:
        self._model = model
        served = {name: served_shapes(name, shapes, strict=strict) for name, shapes in model.shapes.items()}
        self._agent_shapes = served["bedrock-agent"]
        compilers = {name: ShapeCompiler(shapes) for name, shapes in served.items()}
        self._inputs = {
            name: _input_plan(operation, served[operation.service], compilers[operation.service])
            for name, operation in model.operations.items()
        }
        self._outputs = {
            name: _output_plan(operation, served[operation.service])
            for name, operation in model.operations.items()
        }
        self._named = {
            name: compilers["bedrock-agent"].checker(self._agent_shapes[name]) for name in CONTENT_SHAPES
        }
        self._definition = self._named["FlowDefinition"]

    def decode(
        self, operation: str, *, uri: Mapping[str, str], query: Sequence[tuple[str, str]], body: bytes
    ) -> Params:
        """The members of a request.

        Args:
            operation: the operation's name.
            uri: the labels of the path, percent-decoded.
            query: the query's pairs in order, decoded.
            body: the body; nothing is the same as ``{}``.

        Raises:
            Malformed: the body is not a JSON object, or nested too deep to be read.
            Invalid: with everything that is wrong with the request.
        """
        return self._inputs[operation].decode(uri, query, body or b"{}")

    def encode(self, operation: str, values: Mapping[str, Any]) -> tuple[int, Headers, bytes]:
        """Status, headers and body of a success.

        Members that are None are left out, datetimes become ISO-8601 in UTC, and bytes are JSON already.
        The body of an event stream is not made here.

        Raises:
            TypeError: a member that the output does not have, which is an error of the caller's code.
        """
        return self._outputs[operation].encode(values)

    def error_status(self, service: Service, name: str) -> int:
        """See `ServiceModel.error_status`."""
        return self._model.error_status(service, name)

    def settings_schemas(self) -> dict[NodeType, dict[str, Any]]:
        """See `headrace.apis.bedrock.forms.settings_schemas`."""
        return settings_schemas(self._agent_shapes)

    def definition_ok(self, value: object) -> bool:
        """Whether Bedrock's shapes admit this value as a flow definition."""
        return self._definition.is_exact(value) or not self.definition_problems(value)

    def definition_problems(self, value: object) -> tuple[Problem, ...]:
        """Everything that keeps this value from being a flow definition."""
        return self._definition.check(value)[1]

    def shape_ok(self, shape: str, value: object) -> bool:
        """Whether a value has one of `CONTENT_SHAPES`."""
        return self._named[shape].is_exact(value)

    def normalise_definition(self, value: object) -> Any:
        """The definition as CreateFlow would keep it: without nulls and unknown members.

        Raises:
            Invalid: it is none.
        """
        if self._definition.is_exact(value):
            return value
        kept, problems = self._definition.check(value)
        if problems:
            raise Invalid(*problems)
        return kept


# Requests


class _Binding(msgspec.Struct, frozen=True, kw_only=True):
    """A member that travels in the path or the query.

    Attributes:
        member: its name.
        label: its name there.
        is_required: whether a request must have it.
        convert: its texts to a value; a text that can't be read stays a text, which the walk refuses.
        walk: checks the value.
    """

    member: str
    label: str
    is_required: bool
    convert: Callable[[list[str]], Any]
    walk: Walk
    where: Where

    def bind(self, texts: list[str], members: dict[str, Any], problems: list[Problem]) -> None:
        report = Report(where=self.where, problems=problems)
        # An empty list and an absent one look the same in a query, and UntagResource may be given none.
        if texts or (self.is_required and self.convert is list):
            members[self.member] = self.walk(self.convert(texts), (self.member,), report)
        elif self.is_required:
            report.add((self.member,), "Member must not be null", "missing")


class _InputPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one operation's request is read."""

    path: tuple[_Binding, ...]
    query: tuple[_Binding, ...]
    body: Checker | None

    def decode(self, uri: Mapping[str, str], query: Sequence[tuple[str, str]], body: bytes) -> Params:
        members: dict[str, Any] = {}
        problems: list[Problem] = []
        changed: frozenset[str] = frozenset()
        for binding in self.path:
            binding.bind([uri[binding.label]], members, problems)
        for binding in self.query:
            binding.bind([text for key, text in query if key == binding.label], members, problems)
        if self.body is not None:
            given = _parse(body)
            if self.body.is_exact_json(given, body):
                members.update(given)
            else:
                kept, found = self.body.check(given)
                problems.extend(found)
                members.update(kept)
                # As JSON: 7 and 7.0 are equal values, but clients read no integer from 7.0.
                changed = frozenset(
                    name for name, value in kept.items() if _encode_json(value) != _encode_json(given[name])
                )
        if problems:
            raise Invalid(*problems)
        return Params(members, body=body, changed=changed)


def _parse(body: bytes) -> dict[str, Any]:
    try:
        given = parse(body)
    except (msgspec.DecodeError, UnicodeDecodeError, Invalid) as error:
        raise Malformed(message=f"The body is not valid JSON: {error}") from error
    except RecursionError as error:
        raise Malformed(message=f"The body is nested deeper than {MAX_DEPTH} levels.") from error
    if not isinstance(given, dict):
        raise Malformed(message="The body is not a JSON object.")
    return given


def _input_plan(operation: Operation, shapes: Mapping[str, Shape], compiler: ShapeCompiler) -> _InputPlan:
    shape = shapes[operation.input]
    in_body = {name: member for name, member in shape.members.items() if member.location is None}
    required = tuple(name for name in shape.required if name in in_body)
    body_shape = msgspec.structs.replace(shape, members=in_body, required=required)

    def bindings(location: str, where: Where) -> tuple[_Binding, ...]:
        return tuple(
            _Binding(
                member=name,
                label=member.location_name or name,
                is_required=name in shape.required,
                convert=_CONVERTERS[shapes[member.shape].type],
                walk=compiler.walk(shapes[member.shape]),
                where=where,
            )
            for name, member in shape.members.items()
            if member.location == location
        )

    return _InputPlan(
        path=bindings("uri", "path"),
        query=bindings("querystring", "query"),
        body=compiler.checker(body_shape) if in_body else None,
    )


_INTEGER = re.compile(r"-?[0-9]{1,18}")


def _to_integer(texts: list[str]) -> int | str:
    return int(texts[-1]) if _INTEGER.fullmatch(texts[-1]) else texts[-1]


def _to_boolean(texts: list[str]) -> bool | str:
    return {"true": True, "false": False}.get(texts[-1], texts[-1])


_CONVERTERS: Mapping[str, Callable[[list[str]], Any]] = {
    "string": lambda texts: texts[-1],
    "integer": _to_integer,
    "boolean": _to_boolean,
    "list": list,
}


# Responses

_Render = Callable[[Any], Any]

_JSON = (b"content-type", b"application/json")
_EVENT_STREAM = (b"content-type", b"application/vnd.amazon.eventstream")

# bedrock.md 1.1: the control plane shows microseconds, the runtime nanoseconds.
_TIME_SUFFIX: Mapping[Service, str] = {"bedrock-agent": "Z", "bedrock-agent-runtime": "000Z"}


class _OutputPlan(msgspec.Struct, frozen=True, kw_only=True):
    """How one operation's response is written."""

    status: int
    headers: Mapping[str, bytes]
    content_type: tuple[bytes, bytes]
    render: Callable[[Mapping[str, Any]], dict[str, Any]]

    def encode(self, values: Mapping[str, Any]) -> tuple[int, Headers, bytes]:
        headers = [self.content_type]
        if self.headers:
            headers += [
                (header, values[member].encode())
                for member, header in self.headers.items()
                if values.get(member) is not None
            ]
            values = {member: value for member, value in values.items() if member not in self.headers}
        body = b"" if self.content_type is _EVENT_STREAM else _encode_json(self.render(values))
        return self.status, headers, body


def _output_plan(operation: Operation, shapes: Mapping[str, Shape]) -> _OutputPlan:
    shape = shapes[operation.output] if operation.output else Shape(type="structure")
    in_headers = {
        name: (member.location_name or name).encode()
        for name, member in shape.members.items()
        if member.location == "header"
    }
    in_body = {name: member for name, member in shape.members.items() if name not in in_headers}
    renderers = _Renderers(shapes, time_suffix=_TIME_SUFFIX[operation.service])
    return _OutputPlan(
        status=operation.status,
        headers=in_headers,
        content_type=_EVENT_STREAM if shape.payload else _JSON,
        render=renderers.structure(operation.output or operation.name, in_body),
    )


def _raw_or(render: _Render | None) -> _Render:
    """How a value is rendered that may be JSON already."""

    def rendered(value: Any) -> Any:
        if type(value) is bytes:
            return msgspec.Raw(value)
        return value if render is None else render(value)

    return rendered


class _Renderers:
    """Compiles how values of output shapes become what the JSON encoder takes."""

    def __init__(self, shapes: Mapping[str, Shape], *, time_suffix: str) -> None:
        self._shapes = shapes
        self._time_suffix = time_suffix
        self._structures: dict[str, _Render] = {}

    def structure(self, name: str, members: Mapping[str, Member]) -> _Render:
        renders: dict[str, _Render | None] = {}
        known = members.keys()

        def render(values: Any) -> Any:
            if not values.keys() <= known:
                raise TypeError(f"{name} has no member {', '.join(values.keys() - known)}")
            rendered = {}
            for member, value in values.items():
                if value is not None:
                    inner = renders[member]
                    rendered[member] = value if inner is None else inner(value)
            return rendered

        # Known by name before its members are made: a member may be the structure again.
        self._structures[name] = render
        renders.update({member: self._render_of(ref.shape) for member, ref in members.items()})
        return render

    def _render_of(self, name: str) -> _Render | None:
        """How a value of this shape is rendered; None when it is taken as it is."""
        shape = self._shapes[name]
        if shape.document:
            return _raw_or(None)
        match shape.type:
            case "structure":
                return _raw_or(self._structures.get(name) or self.structure(name, shape.members))
            case "list":
                item = self._render_of(shape.member.shape)
                return _raw_or(item and (lambda values: [item(value) for value in values]))
            case "map":
                return _raw_or(None)
            case "timestamp":
                return self._time
            case _:
                return None

    def _time(self, value: datetime | str) -> str:
        if isinstance(value, str):
            return value
        return (
            value.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="microseconds") + self._time_suffix
        )
