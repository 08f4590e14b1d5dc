"""Spans in JSON, as OTLP says it and as its exporters write it.

Ids are hexadecimal or, as protobuf's own JSON has them, base64; words are numbers or names; 64-bit numbers
are texts or numbers. A span that is not as it must be is counted and passed over, so that it costs no other.
"""

from __future__ import annotations

import math
import re
from base64 import b64decode
from binascii import Error as Base64Error
from collections.abc import Callable, Mapping
from typing import Any

import msgspec

from headrace.apis.otel.values import MAX_DEPTH, STATUS_ERROR, failure, is_called, moment, number
from headrace.core.errors import Invalid, Malformed
from headrace.core.parsing import parse
from headrace.core.spans import SPAN_ID, TRACE_ID, Span, SpanEvent, Spans

Json = Any
_DIGITS = re.compile(r"-?[0-9]{1,20}")
_FLOAT_WORDS = {"NaN": math.nan, "Infinity": math.inf, "-Infinity": -math.inf}


def read_json(body: bytes) -> Spans:
    """The spans of an ``ExportTraceServiceRequest``.

    Raises:
        Malformed: it is no JSON object.
    """
    try:
        parsed = parse(body or b"{}")
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise Malformed(message=f"The body is not valid JSON: {error}") from None
    except (Invalid, RecursionError):
        raise Malformed(
            message="The body's JSON is nested too deeply, or a number in it is too large."
        ) from None
    if not isinstance(parsed, dict):
        raise Malformed(message="The body is JSON, but not an object.")
    spans: list[Span] = []
    unreadable = 0
    for of_resource in _objects(parsed.get("resourceSpans")):
        resource = _attributes(_object(of_resource.get("resource")).get("attributes"))
        for of_scope in _objects(of_resource.get("scopeSpans")):
            scope = _text(_object(of_scope.get("scope")).get("name"))
            for span in _list(of_scope.get("spans")):
                if isinstance(span, dict):
                    spans.append(_span(span, scope, resource))
                else:
                    unreadable += 1
    return Spans(spans=tuple(spans), unreadable=unreadable)


def _span(span: Mapping[str, Json], scope: str, resource: Mapping[str, Any]) -> Span:
    events = tuple(
        SpanEvent(name=_text(event.get("name")), attributes=_attributes(event.get("attributes")))
        for event in _objects(span.get("events"))
    )
    status = _object(span.get("status"))
    parent_id = _id(span.get("parentSpanId"), SPAN_ID)
    kind, flags = span.get("kind"), span.get("flags")
    is_remote = is_called(kind if isinstance(kind, int | str) else 0, flags if isinstance(flags, int) else 0)
    code = STATUS_ERROR if status.get("code") in (STATUS_ERROR, "STATUS_CODE_ERROR") else 0
    return Span(
        trace_id=_id(span.get("traceId"), TRACE_ID),
        id=_id(span.get("spanId"), SPAN_ID),
        parent_id=parent_id,
        has_remote_parent=bool(parent_id) and is_remote,
        name=_text(span.get("name")),
        scope=scope,
        start_time=moment(_integer(span.get("startTimeUnixNano"))),
        end_time=moment(_integer(span.get("endTimeUnixNano"))),
        attributes=_attributes(span.get("attributes")),
        resource=resource,
        events=events,
        error=failure(code, _text(status.get("message")), events),
    )


def _object(value: Json) -> Mapping[str, Json]:
    return value if isinstance(value, dict) else {}


def _list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []


def _objects(value: Json) -> list[Mapping[str, Json]]:
    return [item for item in _list(value) if isinstance(item, dict)]


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _integer(value: Json) -> int:
    """A 64-bit number, written as a text or as a number."""
    if isinstance(value, str):
        return int(value) if _DIGITS.fullmatch(value) else 0
    return int(value) if isinstance(value, int | float) else 0


def _id(value: Json, shape: re.Pattern[str]) -> str:
    """An id's digits; what is no id, or all zero, is none."""
    if not isinstance(value, str):
        return ""
    digits = value.lower()
    if not shape.fullmatch(digits):
        try:
            digits = b64decode(value, validate=True).hex()
        except (Base64Error, ValueError):
            return ""
    return digits if shape.fullmatch(digits) and digits.strip("0") else ""


def _attributes(pairs: Json, depth: int = 0) -> dict[str, Any]:
    """Names and values; of a repeated name the last one counts."""
    return {
        key: _value(pair.get("value"), depth)
        for pair in _objects(pairs)
        if isinstance(key := pair.get("key", ""), str)
    }


def _value(value: Json, depth: int) -> Any:
    """A value as JSON has it; None for what is no value."""
    if not isinstance(value, dict):
        return None
    for name, read in _READERS.items():
        if name in value:
            return read(value[name])
    if depth >= MAX_DEPTH:
        return None
    if "arrayValue" in value:
        return [_value(item, depth + 1) for item in _list(_object(value["arrayValue"]).get("values"))]
    if "kvlistValue" in value:
        return _attributes(_object(value["kvlistValue"]).get("values"), depth + 1)
    return None


def _whole(value: Json) -> int | None:
    return _integer(value) if isinstance(value, int | float | str) else None


def _double(value: Json) -> float | str | None:
    if isinstance(value, str):
        return number(_FLOAT_WORDS[value]) if value in _FLOAT_WORDS else None
    return value if isinstance(value, int | float) else None


def _string(value: Json) -> str | None:
    return value if isinstance(value, str) else None


def _boolean(value: Json) -> bool | None:
    return value if isinstance(value, bool) else None


_READERS: Mapping[str, Callable[[Json], Any]] = {
    "stringValue": _string,
    "boolValue": _boolean,
    "intValue": _whole,
    "doubleValue": _double,
    "bytesValue": _string,
}
"""How the values that hold no others are read, by the name that says which one it is."""
