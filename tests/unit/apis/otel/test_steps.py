"""What spans of any program are: which flow, which file, which contents."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.apis.otel.steps import step
from headrace.core.files import check_path
from headrace.core.spans import Span, SpanEvent
from headrace.services.telemetry.otel_traces import Step

TRACE, ID, ABOVE = "a" * 32, "b" * 16, "c" * 16


def told(name: str = "work", *, asked: str | None = None, **members: Any) -> Step:
    return step(Span(trace_id=TRACE, id=ID, name=name, **members), flow_path=asked)


def child(name: str = "work", **attributes: Any) -> Step:
    return told(name, parent_id=ABOVE, attributes={k.replace("__", "."): v for k, v in attributes.items()})


def payload(one: Step) -> dict[str, Any]:
    found: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(one.payload))
    del found["metadata"]
    return found


@pytest.mark.parametrize(
    ("span", "resource", "asked", "path"),
    [
        ({}, {}, None, "OpenTelemetry/unknown_service"),
        ({}, {"service.name": "shop"}, None, "OpenTelemetry/shop"),
        ({}, {"service.name": " a/b\n "}, None, "OpenTelemetry/a b"),
        ({}, {"service.name": ".."}, None, "OpenTelemetry/unknown_service"),
        ({}, {"service.name": 7}, None, "OpenTelemetry/unknown_service"),
        ({}, {"service.name": "shop"}, "A/B", "A/B"),
        ({}, {"headrace.flow.path": "C/D"}, "A/B", "C/D"),
        ({"headrace.flow.path": "E/F"}, {"headrace.flow.path": "C/D"}, "A/B", "E/F"),
    ],
)
def test_a_trace_is_of_the_flow_that_is_named_nearest(
    span: dict[str, Any], resource: dict[str, Any], asked: str | None, path: str
) -> None:
    assert told(attributes=span, resource=resource, asked=asked).flow_path == path


def test_a_root_that_is_no_call_is_the_flow_itself() -> None:
    assert told().is_flow
    assert not child().is_flow
    assert not told(attributes={"gen_ai.operation.name": "chat"}).is_flow


def test_a_trace_comes_in_with_its_root_or_from_another_program() -> None:
    assert told().result is not None
    assert child().result is None
    assert told(parent_id=ABOVE, has_remote_parent=True).result is not None


def test_a_call_of_a_model_is_a_use_of_a_prompt() -> None:
    one = child(
        "chat gpt-4o",
        gen_ai__operation__name="chat",
        gen_ai__provider__name="azure.ai.openai",
        gen_ai__request__model="gpt-4o",
        gen_ai__request__temperature=0.25,
        gen_ai__usage__input_tokens=5,
        gen_ai__response__finish_reasons=["stop"],
        gen_ai__input__messages=json.dumps([{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]),
        gen_ai__output__messages=[{"role": "assistant", "parts": [{"type": "text", "content": "hello"}]}],
    )
    assert (one.node.kind, one.node.name) == ("prompt", "chat")
    assert one.node.content.parsed == {
        "model": "gpt-4o",
        "endpoint": "chat",
        "provider": "openai_azure",
        "temperature": 0.25,
    }
    assert payload(one) == {
        "inputs": {},
        "messages": [{"role": "user", "content": "hi"}],
        "output": "hello",
        "output_message": {"role": "assistant", "content": "hello"},
    }
    assert (one.figures.prompt_tokens, one.figures.finish_reason) == (5, "stop")


def test_what_events_tell_of_a_model_counts() -> None:
    said = SpanEvent(
        name="gen_ai.content.prompt", attributes={"gen_ai.prompt": '[{"role":"user","content":"hi"}]'}
    )
    one = told(parent_id=ABOVE, attributes={"gen_ai.request.model": "m"}, events=(said,))
    assert payload(one)["messages"] == [{"role": "user", "content": "hi"}]


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai__operation__name": "execute_tool",
            "gen_ai__tool__name": "look_up",
            "gen_ai__tool__description": "Looks up",
            "gen_ai__tool__call__arguments": '{"q": 1}',
            "gen_ai__tool__call__result": "found",
        },
        {
            "traceloop__span__kind": "tool",
            "traceloop__entity__name": "look_up",
            "gen_ai__tool__description": "Looks up",
            "traceloop__entity__input": '{"args": [], "kwargs": {"q": 1}}',
            "traceloop__entity__output": "found",
        },
    ],
)
def test_a_call_of_a_tool_is_a_use_of_a_tool(attributes: dict[str, Any]) -> None:
    one = child("execute_tool look_up", **attributes)
    assert (one.node.kind, one.node.name) == ("tool", "look_up")
    assert one.node.content.parsed == {"function": {"name": "look_up", "description": "Looks up"}}
    assert payload(one) == {"inputs": {"q": 1}, "output": "found"}


def test_everything_else_is_a_use_of_a_tool_of_its_name() -> None:
    one = child("GET /users/{id}", http__method="GET")
    assert (one.node.kind, one.node.name, one.node.path) == ("tool", "GET users {id}", None)
    assert one.node.content.parsed == {"function": {"name": "GET users {id}", "description": ""}}
    assert payload(one) == {"inputs": {}}


def test_a_call_may_name_a_file_that_is_seen() -> None:
    path = {"headrace__file__path": "Prompts/Ask"}
    assert child(gen_ai__operation__name="chat", **path).node.path == "Prompts/Ask"
    assert child(gen_ai__operation__name="execute_tool", **path).node.path == "Prompts/Ask"
    assert child(**path).node.path is None


def test_an_agent_tells_what_it_was_asked_and_said() -> None:
    asked = [{"role": "user", "parts": [{"type": "text", "content": "hi"}]}]
    attributes = {
        "gen_ai.operation.name": "invoke_agent",
        "gen_ai.input.messages": json.dumps(asked),
        "gen_ai.output.messages": json.dumps([{**asked[0], "role": "assistant"}]),
    }
    root = told("invoke_agent helper", attributes=attributes)
    assert root.is_flow
    assert root.result is not None
    result = msgspec.json.decode(msgspec.json.encode(root.result))
    assert result["messages"] == [{"role": "user", "content": "hi"}]
    assert result["output"] == "hi"
    assert result["output_message"] == {"role": "assistant", "content": "hi"}
    below = told("invoke_agent helper", parent_id=ABOVE, attributes=attributes)
    assert payload(below) == {"inputs": {"messages": [{"role": "user", "content": "hi"}]}, "output": "hi"}


def test_contents_are_not_kept_twice() -> None:
    one = child(gen_ai__prompt="x", gen_ai__prompt__0__content="x", input__value="x", http__method="GET")
    assert one.payload.metadata is not None
    assert msgspec.json.decode(one.payload.metadata) == {"span": "work", "scope": "", "http.method": "GET"}


def test_a_log_tells_which_program_it_came_from() -> None:
    metadata = told(resource={"service.name": "shop", "host.name": "h"}).payload.metadata
    assert metadata is not None
    assert msgspec.json.decode(metadata) == {"span": "work", "scope": "", "service.name": "shop"}


def test_a_failure_is_the_error() -> None:
    assert payload(told(error="it broke"))["error"] == "it broke"


def test_times_people_and_places_are_told() -> None:
    start, end = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 1, 0, 0, 2, tzinfo=UTC)
    figures = told(
        start_time=start,
        end_time=end,
        attributes={"user.id": "u1", "gen_ai.request.model": "m"},
        resource={"deployment.environment.name": "staging"},
    ).figures
    assert (figures.start_time, figures.end_time, figures.provider_latency_s) == (start, end, 2.0)
    assert (figures.user, figures.environment, figures.source) == ("u1", "staging", "opentelemetry")
    assert told(
        start_time=end, end_time=start, attributes={"gen_ai.request.model": "m"}
    ).figures == figures.__class__(start_time=end, end_time=start, source="opentelemetry")


NAMES = st.sampled_from(
    [
        "gen_ai.operation.name", "gen_ai.request.model", "gen_ai.tool.name", "gen_ai.tool.call.arguments",
        "gen_ai.tool.call.result", "gen_ai.tool.definitions", "gen_ai.input.messages", "gen_ai.output.messages",
        "gen_ai.system_instructions", "gen_ai.usage.input_tokens", "gen_ai.request.temperature", "gen_ai.prompt",
        "gen_ai.completion.0.content", "gen_ai.prompt.name", "traceloop.span.kind", "traceloop.entity.input",
        "input.value", "output.value", "user.id", "gen_ai.response.finish_reasons",
    ]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "parts", "content", "type", "name", "function", "arguments", "id"]),
            inner,
            max_size=3,
        )
    ),
    max_leaves=6,
)
WORDS = st.sampled_from(["chat", "execute_tool", "tool", "embeddings", "('a',)", "[1", "1e999"])


@settings(max_examples=400, deadline=None)
@given(st.dictionaries(NAMES, WORDS | JSON | JSON.map(json.dumps), max_size=6), st.text(max_size=8))
def test_no_span_is_too_odd(attributes: dict[str, Any], name: str) -> None:
    one = told(name, attributes=attributes, resource={"service.name": name})
    assert msgspec.json.decode(msgspec.json.encode(one.payload)) is not None
    check_path(one.flow_path, "path")
    check_path(one.node.name, "path")
    assert "/" not in one.node.name
