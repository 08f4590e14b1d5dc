"""Both encodings of spans against the real package, and against garbage."""

from __future__ import annotations

import gzip
import json
import zlib
from base64 import b64encode
from datetime import UTC, datetime
from typing import Any

import pytest
from google.protobuf.json_format import MessageToJson
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.proto.collector.trace.v1.trace_service_pb2 import (
    ExportTraceServiceRequest,
    ExportTraceServiceResponse,
)
from opentelemetry.proto.common.v1.common_pb2 import AnyValue, KeyValue

from headrace.apis.otel.body import read_any, unpack
from headrace.apis.otel.json_spans import read_json
from headrace.apis.otel.protobuf_spans import read_protobuf, write_rejection, write_status
from headrace.apis.otel.values import moment
from headrace.core.errors import Malformed, TooLarge
from headrace.core.spans import Span

WORDS = st.text(alphabet=st.characters(codec="utf-8"), max_size=12)
VALUES = st.recursive(
    st.one_of(
        WORDS,
        st.booleans(),
        st.integers(-(2**63), 2**63 - 1),
        st.floats(),
        st.binary(max_size=8),
    ),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=6,
)
ATTRIBUTES = st.dictionaries(WORDS, VALUES, max_size=4)
EVENTS = st.tuples(st.sampled_from(["exception", "other"]), ATTRIBUTES)
SPANS = st.fixed_dictionaries(
    {
        "trace": st.binary(min_size=16, max_size=16),
        "id": st.binary(min_size=8, max_size=8),
        "parent": st.just(b"") | st.binary(min_size=8, max_size=8),
        "name": WORDS,
        "kind": st.integers(0, 5),
        "flags": st.sampled_from([0, 1, 0x100, 0x101, 0x300]),
        "start": st.integers(0, 2**64 - 1),
        "end": st.integers(0, 2**64 - 1),
        "attributes": ATTRIBUTES,
        "events": st.lists(EVENTS, max_size=2),
        "code": st.integers(0, 2),
        "message": WORDS,
    }
)


def any_value(value: Any) -> AnyValue:
    """A value as the package has it."""
    made = AnyValue()
    if isinstance(value, bool):
        made.bool_value = value
    elif isinstance(value, str):
        made.string_value = value
    elif isinstance(value, int):
        made.int_value = value
    elif isinstance(value, float):
        made.double_value = value
    elif isinstance(value, bytes):
        made.bytes_value = value
    elif isinstance(value, list):
        made.array_value.SetInParent()
        made.array_value.values.extend(any_value(item) for item in value)
    else:
        made.kvlist_value.SetInParent()
        made.kvlist_value.values.extend(pairs(value))
    return made


def pairs(attributes: dict[str, Any]) -> list[KeyValue]:
    return [KeyValue(key=key, value=any_value(value)) for key, value in attributes.items()]


def plain(value: Any) -> Any:
    """A value as it must be read."""
    if isinstance(value, float):
        return value if value - value == 0 else json.dumps(value)
    if isinstance(value, bytes):
        return b64encode(value).decode()
    if isinstance(value, list):
        return [plain(item) for item in value]
    return {key: plain(item) for key, item in value.items()} if isinstance(value, dict) else value


def export(spans: list[dict[str, Any]], resource: dict[str, Any]) -> ExportTraceServiceRequest:
    """A request as the package makes it."""
    request = ExportTraceServiceRequest()
    of_resource = request.resource_spans.add()
    of_resource.resource.attributes.extend(pairs(resource))
    of_scope = of_resource.scope_spans.add()
    of_scope.scope.name = "a scope"
    for one in spans:
        span = of_scope.spans.add(
            trace_id=one["trace"],
            span_id=one["id"],
            parent_span_id=one["parent"],
            name=one["name"],
            kind=one["kind"],
            flags=one["flags"],
            start_time_unix_nano=one["start"],
            end_time_unix_nano=one["end"],
            attributes=pairs(one["attributes"]),
        )
        span.status.code = one["code"]
        span.status.message = one["message"]
        for name, attributes in one["events"]:
            span.events.add(name=name, attributes=pairs(attributes))
    return request


def digits(id: bytes) -> str:
    return id.hex() if any(id) else ""


@settings(max_examples=60, deadline=None)
@given(st.lists(SPANS, max_size=2), ATTRIBUTES)
def test_what_the_package_writes_is_read_alike_in_both_encodings(
    spans: list[dict[str, Any]], resource: dict[str, Any]
) -> None:
    request = export(spans, resource)
    read = read_protobuf(request.SerializeToString())
    assert read_json(MessageToJson(request).encode()) == read
    assert read_any(request.SerializeToString()) == read_any(MessageToJson(request).encode()) == read
    assert [(one.trace_id, one.id, one.parent_id) for one in read.spans] == [
        (digits(one["trace"]), digits(one["id"]), digits(one["parent"])) for one in spans
    ]
    for one, sent in zip(read.spans, spans, strict=True):
        assert (one.name, one.scope) == (sent["name"], "a scope")
        assert (one.attributes, one.resource) == (plain(sent["attributes"]), plain(resource))
        assert [(event.name, event.attributes) for event in one.events] == [
            (name, plain(attributes)) for name, attributes in sent["events"]
        ]
        assert (one.start_time, one.end_time) == (moment(sent["start"]), moment(sent["end"]))
        assert (one.error is not None) == (sent["code"] == 2)
        is_remote = sent["flags"] == 0x300 or (sent["flags"] < 0x100 and sent["kind"] in (2, 5))
        assert one.has_remote_parent == (is_remote and any(sent["parent"]))


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=200))
def test_bytes_are_read_or_refused(body: bytes) -> None:
    for read in (read_protobuf, read_json, read_any):
        try:
            read(body)
        except Malformed:
            continue


@settings(max_examples=100, deadline=None)
@given(st.lists(SPANS, min_size=1, max_size=2), st.data())
def test_a_damaged_message_is_read_or_refused(spans: list[dict[str, Any]], data: st.DataObject) -> None:
    body = bytearray(export(spans, {"a": [1, {"b": b"c"}]}).SerializeToString())
    for _ in range(data.draw(st.integers(1, 4))):
        body[data.draw(st.integers(0, len(body) - 1))] = data.draw(st.integers(0, 255))
    try:
        read_protobuf(bytes(body))
    except Malformed:
        return


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | WORDS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(WORDS, inner, max_size=3),
    max_leaves=5,
)
NAMES = ("traceId", "spanId", "parentSpanId", "name", "startTimeUnixNano", "events", "status", "attributes")
ODD_PAIRS = st.lists(
    JSON
    | st.fixed_dictionaries(
        {"key": JSON},
        optional={
            "value": JSON
            | st.dictionaries(
                st.sampled_from(
                    ["stringValue", "boolValue", "intValue", "doubleValue", "bytesValue", "arrayValue"]
                ),
                JSON,
                max_size=2,
            )
        },
    ),
    max_size=3,
)
ODD_SPANS = st.fixed_dictionaries(
    {}, optional=dict.fromkeys(NAMES, JSON | ODD_PAIRS) | {"endTimeUnixNano": JSON, "kind": JSON}
)


@settings(max_examples=200, deadline=None)
@given(st.lists(ODD_SPANS | JSON, max_size=2), JSON, JSON)
def test_no_json_is_too_odd(spans: list[Any], scope: Any, resource: Any) -> None:
    body = {"resourceSpans": [{"resource": resource, "scopeSpans": [{"scope": scope, "spans": spans}]}]}
    read = read_json(json.dumps(body).encode())
    assert len(read.spans) + read.unreadable == len(spans)


def one_span(**members: Any) -> Span:
    body = {"resourceSpans": [{"scopeSpans": [{"spans": [members]}]}]}
    (span,) = read_json(json.dumps(body).encode()).spans
    return span


TRACE, ID = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (TRACE, TRACE),
        (TRACE.upper(), TRACE),
        (b64encode(bytes.fromhex(TRACE)).decode(), TRACE),
        ("0" * 32, ""),
        ("AAAAAAAAAAAAAAAAAAAAAA==", ""),
        (TRACE[:-1], ""),
        ("ü", ""),
        (7, ""),
    ],
)
def test_ids_are_read_in_both_dialects(sent: Any, read: str) -> None:
    assert one_span(traceId=sent).trace_id == read


@pytest.mark.parametrize("sent", ["1700000000123456789", 1700000000123456789, 1.700000000123456789e18])
def test_times_are_texts_or_numbers(sent: Any) -> None:
    read = one_span(startTimeUnixNano=sent).start_time
    assert read is not None
    assert abs((read - datetime(2023, 11, 14, 22, 13, 20, 123456, tzinfo=UTC)).total_seconds()) < 1e-5


@pytest.mark.parametrize("sent", ["soon", "", None, -1, 10**40, 1e300, "9" * 30, True, []])
def test_what_is_no_time_is_none(sent: Any) -> None:
    assert one_span(endTimeUnixNano=sent).end_time in (None, datetime(1970, 1, 1, tzinfo=UTC))


@pytest.mark.parametrize("code", [2, "STATUS_CODE_ERROR"])
def test_a_failure_says_what_went_wrong(code: Any) -> None:
    said = {"name": "exception", "attributes": [{"key": "exception.message", "value": {"stringValue": "no"}}]}
    assert one_span(status={"code": code, "message": "it broke"}).error == "it broke"
    assert one_span(status={"code": code}, events=[said]).error == "no"
    assert one_span(status={"code": code}).error == "The operation failed."
    assert one_span(status={"code": 1, "message": "fine"}, events=[said]).error is None


def test_json_may_begin_with_a_line_feed() -> None:
    assert read_any(b'\n{"resourceSpans": []}').spans == ()
    assert read_any(b"").spans == ()


@pytest.mark.parametrize("body", [b"{", b"[]", b"7", b'{"a": 1e999}', b"\xff", b"[" * 100_000])
def test_what_is_no_json_object_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_json(body)


@pytest.mark.parametrize("body", [b"\x0a\x05ab", b"\x0b", b"\x00\x01", b"\x08" + b"\xff" * 11, b"\x0a"])
def test_what_is_no_message_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed):
        read_protobuf(body)


def test_values_nested_deeply_are_left_out() -> None:
    value: Any = 7
    for _ in range(40):
        value = [value]
    request = export([], {"deep": value, "flat": 1})
    request.resource_spans[0].scope_spans[0].spans.add(name="x")
    (span,) = read_protobuf(request.SerializeToString()).spans
    assert span.resource["flat"] == 1
    assert str(span.resource["deep"]) == "[" * 32 + "None" + "]" * 32


def test_what_is_unknown_is_passed_over() -> None:
    body = export([], {"a": 1})
    body.resource_spans[0].scope_spans[0].spans.add(name="x", flags=257, trace_state="a=b")
    raw = (
        body.SerializeToString() + b"\xfd\x01\x01\x02\x03\x04" + b"\xf9\x01" + b"8" * 8 + b"\x12\x01x\x18\x01"
    )
    (span,) = read_protobuf(raw).spans
    assert (span.name, span.resource) == ("x", {"a": 1})


def test_gzip_is_unpacked_within_the_limit() -> None:
    packed = gzip.compress(b"a" * 1000) + gzip.compress(b"b" * 1000)
    assert unpack(packed, "gzip", limit_bytes=2000) == b"a" * 1000 + b"b" * 1000
    assert unpack(packed, " X-GZIP ", limit_bytes=2000) == b"a" * 1000 + b"b" * 1000
    for encoding in (None, "", "identity"):
        assert unpack(packed, encoding, limit_bytes=1) == packed
    with pytest.raises(TooLarge):
        unpack(packed, "gzip", limit_bytes=1999)


@pytest.mark.parametrize(
    "body",
    [
        b"plain",
        gzip.compress(b"a" * 1000, mtime=0)[:-9],
        gzip.compress(b"a", mtime=0) + b"more",
        zlib.compress(b"a"),
    ],
)
def test_what_is_no_gzip_is_refused(body: bytes) -> None:
    with pytest.raises(Malformed, match="gzip"):
        unpack(body, "gzip", limit_bytes=10_000)


def test_other_encodings_are_refused() -> None:
    with pytest.raises(Malformed, match="br"):
        unpack(b"", "br", limit_bytes=10)


def test_answers_are_read_by_the_package() -> None:
    answer = ExportTraceServiceResponse.FromString(write_rejection(300, "too odd"))
    assert (answer.partial_success.rejected_spans, answer.partial_success.error_message) == (300, "too odd")
    assert write_rejection(0, "") == b""
    warned = ExportTraceServiceResponse.FromString(write_rejection(0, "a warning"))
    assert (warned.partial_success.rejected_spans, warned.partial_success.error_message) == (0, "a warning")
    assert write_status("x" * 200) == b"\x12\xc8\x01" + b"x" * 200
