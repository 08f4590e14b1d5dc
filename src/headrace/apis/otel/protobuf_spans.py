"""Spans in protobuf: a reader of those messages of OTLP that traces are made of, and of nothing else.

A message is a row of fields; a field is a tag (its number and how it is encoded) and a value. Fields that are
unknown, or known and encoded otherwise than they should be, are passed over, as protobuf demands.
"""

from __future__ import annotations

import struct
from base64 import b64encode
from collections.abc import Iterable
from typing import Any

from headrace.apis.otel.values import MAX_DEPTH, failure, is_called, moment, number
from headrace.core.errors import Malformed
from headrace.core.spans import Span, SpanEvent, Spans

VARINT, FIXED64, LENGTH, FIXED32 = 0, 1, 2, 5
MAX_SHIFT = 63
"""A number has 64 bits at the most."""
MAX_NUMBER = 2**29
"""Field numbers are smaller."""
TRACE_ID_BYTES = 16
SPAN_ID_BYTES = 8
_DOUBLE = struct.Struct("<d")

Field = tuple[int, Any]


def read_protobuf(body: bytes) -> Spans:
    """The spans of an ``ExportTraceServiceRequest``.

    Raises:
        Malformed: it is no such message.
    """
    spans: list[Span] = []
    for tag, value in _fields(body):
        if tag == _tag(1):
            spans += _resource_spans(value)
    return Spans(spans=tuple(spans))


def _tag(number: int, encoding: int = LENGTH) -> int:
    return number << 3 | encoding


def _fields(data: bytes) -> list[Field]:
    """Each field's tag and value: a number, or bytes."""
    found: list[Field] = []
    at, end = 0, len(data)
    while at < end:
        tag = data[at]
        if tag < 0x80:  # most tags and sizes are one byte, and this is where all the time goes
            at += 1
        else:
            tag, at = _varint(data, at)
        encoding = tag & 7
        if not 0 < tag >> 3 < MAX_NUMBER:
            raise Malformed(message="The body is not valid protobuf: there is no such field number.")
        if encoding == LENGTH:
            if at < end and data[at] < 0x80:
                size = data[at]
                at += 1
            else:
                size, at = _varint(data, at)
        elif encoding == VARINT:
            value, at = _varint(data, at)
            found.append((tag, value))
            continue
        elif encoding in _SIZES:
            size = _SIZES[encoding]
        else:
            raise Malformed(message=f"The body is not valid protobuf: nothing is encoded as {encoding}.")
        if size > end - at:
            raise Malformed(message="The body is not valid protobuf: it ends inside a field.")
        part = data[at : at + size]
        at += size
        found.append((tag, part if encoding == LENGTH else int.from_bytes(part, "little")))
    return found


_SIZES = {FIXED64: 8, FIXED32: 4}


def _varint(data: bytes, at: int) -> tuple[int, int]:
    """A number, seven bits a byte, and where what follows begins."""
    value = shift = 0
    while at < len(data) and shift <= MAX_SHIFT:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        if byte < 0x80:
            return value & 0xFFFF_FFFF_FFFF_FFFF, at
        shift += 7
    raise Malformed(message="The body is not valid protobuf: a number does not end.")


def _resource_spans(data: bytes) -> list[Span]:
    resource: dict[str, Any] = {}
    scopes: list[bytes] = []
    for tag, value in _fields(data):
        if tag == _tag(1):
            resource = _attributes(part for inner, part in _fields(value) if inner == _tag(1))
        elif tag == _tag(2):
            scopes.append(value)
    return [span for scope in scopes for span in _scope_spans(scope, resource)]


def _scope_spans(data: bytes, resource: dict[str, Any]) -> list[Span]:
    scope, spans = "", []
    for tag, value in _fields(data):
        if tag == _tag(1):
            scope = next((_text(part) for inner, part in _fields(value) if inner == _tag(1)), "")
        elif tag == _tag(2):
            spans.append(value)
    return [_span(span, scope, resource) for span in spans]


_SPAN_FIELDS = {
    _tag(1): "trace_id",
    _tag(2): "id",
    _tag(4): "parent_id",
    _tag(5): "name",
    _tag(6, VARINT): "kind",
    _tag(7, FIXED64): "start",
    _tag(8, FIXED64): "end",
    _tag(15): "status",
    _tag(16, FIXED32): "flags",
}
_ATTRIBUTE, _EVENT = _tag(9), _tag(11)


def _span(data: bytes, scope: str, resource: dict[str, Any]) -> Span:
    found: dict[str, Any] = {}
    attributes: list[bytes] = []
    events: list[SpanEvent] = []
    for tag, value in _fields(data):
        if tag == _ATTRIBUTE:
            attributes.append(value)
        elif tag == _EVENT:
            events.append(_event(value))
        elif tag in _SPAN_FIELDS:
            found[_SPAN_FIELDS[tag]] = value
    code, message = _status(found.get("status", b""))
    parent_id = _id(found.get("parent_id", b""), SPAN_ID_BYTES)
    return Span(
        trace_id=_id(found.get("trace_id", b""), TRACE_ID_BYTES),
        id=_id(found.get("id", b""), SPAN_ID_BYTES),
        parent_id=parent_id,
        has_remote_parent=bool(parent_id) and is_called(found.get("kind", 0), found.get("flags", 0)),
        name=_text(found.get("name", b"")),
        scope=scope,
        start_time=moment(found.get("start", 0)),
        end_time=moment(found.get("end", 0)),
        attributes=_attributes(attributes),
        resource=resource,
        events=tuple(events),
        error=failure(code, message, events),
    )


def _event(data: bytes) -> SpanEvent:
    name = ""
    attributes: list[bytes] = []
    for tag, value in _fields(data):
        if tag == _tag(2):
            name = _text(value)
        elif tag == _tag(3):
            attributes.append(value)
    return SpanEvent(name=name, attributes=_attributes(attributes))


def _status(data: bytes) -> tuple[int, str]:
    fields = dict(_fields(data))
    return fields.get(_tag(3, VARINT), 0), _text(fields.get(_tag(2), b""))


def _id(value: bytes, size: int) -> str:
    """An id's digits; one of another length, or all zero, is none."""
    return value.hex() if len(value) == size and any(value) else ""


def _text(value: bytes) -> str:
    return value.decode("utf-8", "replace")


def _attributes(pairs: Iterable[bytes], depth: int = 0) -> dict[str, Any]:
    """Names and values; of a repeated name the last one counts."""
    found: dict[str, Any] = {}
    for pair in pairs:
        name, value = b"", None
        for tag, part in _fields(pair):
            if tag == _NAME:
                name = part
            elif tag == _VALUE:
                value = _value(part, depth)
        found[_text(name)] = value
    return found


_NAME, _VALUE = _tag(1), _tag(2)
_STRING, _BOOL, _INT, _DOUBLE_VALUE = _tag(1), _tag(2, VARINT), _tag(3, VARINT), _tag(4, FIXED64)
_ARRAY, _MAP, _BYTES = _tag(5), _tag(6), _tag(7)


def _value(data: bytes, depth: int) -> Any:
    """A value as JSON has it; of several the last one counts."""
    value: Any = None
    for tag, part in _fields(data):
        if tag == _STRING:
            value = _text(part)
        elif tag == _BOOL:
            value = bool(part)
        elif tag == _INT:
            value = part - 2**64 if part >= 2**63 else part
        elif tag == _DOUBLE_VALUE:
            value = number(_DOUBLE.unpack(part.to_bytes(8, "little"))[0])
        elif tag == _BYTES:
            value = b64encode(part).decode()
        elif tag in (_ARRAY, _MAP):
            value = None if depth >= MAX_DEPTH else _nested(tag, part, depth + 1)
    return value


def _nested(tag: int, data: bytes, depth: int) -> Any:
    parts = [part for inner, part in _fields(data) if inner == _tag(1)]
    if tag == _MAP:
        return _attributes(parts, depth)
    return [_value(part, depth) for part in parts]


def write_rejection(rejected: int, message: str) -> bytes:
    """An ``ExportTraceServiceResponse`` that says what was not taken; nothing at all when all was."""
    if not rejected and not message:
        return b""
    partial = (_encoded(_tag(1, VARINT)) + _encoded(rejected)) if rejected else b""
    return _with_length(1, partial + _with_length(2, message.encode()))


def write_status(message: str) -> bytes:
    """A ``google.rpc.Status`` that says what is wrong with a request."""
    return _with_length(2, message.encode())


def _with_length(number: int, value: bytes) -> bytes:
    return _encoded(_tag(number)) + _encoded(len(value)) + value


def _encoded(value: int) -> bytes:
    parts = bytearray()
    while value >= 0x80:
        parts.append(value & 0x7F | 0x80)
        value >>= 7
    parts.append(value)
    return bytes(parts)
