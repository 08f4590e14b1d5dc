"""What spans of the Vercel AI SDK mean."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.apis.humanloop import otel_vercel
from headrace.core.spans import Span
from headrace.services.logs.logs import NewLog
from headrace.services.telemetry.otel_traces import Step

METADATA = "ai.telemetry.metadata.humanloop"
BASE = {"ai.model.id": "gpt-4o", "ai.model.provider": "openai.chat", "ai.settings.maxRetries": 2}
PROMPT = [
    {"role": "system", "content": "Be brief."},
    {"role": "user", "content": [{"type": "text", "text": "1+2?"}]},
    {
        "role": "assistant",
        "content": [{"type": "tool-call", "toolCallId": "c1", "toolName": "add", "args": {"a": 1}}],
    },
    {
        "role": "tool",
        "content": [{"type": "tool-result", "toolCallId": "c1", "toolName": "add", "result": 3}],
    },
]
CALL = {
    **BASE,
    "ai.operationId": "ai.generateText.doGenerate",
    "ai.prompt.messages": json.dumps(PROMPT),
    "ai.prompt.tools": [json.dumps({"type": "function", "name": "add", "parameters": {"type": "object"}})],
    "ai.response.text": "3",
    "ai.response.toolCalls": json.dumps(
        [{"toolCallType": "function", "toolCallId": "c2", "toolName": "add", "args": '{"a":2}'}]
    ),
    "gen_ai.system": "openai.chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.response.finish_reasons": ["stop"],
    "gen_ai.usage.input_tokens": 7,
}
WHOLE = {
    **BASE,
    "ai.operationId": "ai.generateText",
    "ai.prompt": '{"prompt":"1+2?"}',
    "ai.response.text": "3",
}
TOOL = {
    "ai.operationId": "ai.toolCall",
    "ai.toolCall.name": "add",
    "ai.toolCall.args": '{"a":1}',
    "ai.toolCall.result": "3",
}


def meaning(attributes: dict[str, Any], **metadata: str) -> NewLog | Step | None:
    named = {METADATA + name: value for name, value in metadata.items()}
    span = Span(
        trace_id="a" * 32, id="b" * 16, parent_id="c" * 16, name="x", attributes={**attributes, **named}
    )
    return otel_vercel.meaning(span, otel_vercel.flows([span]))


def test_a_call_of_a_model_is_a_log_of_the_prompt() -> None:
    told = meaning(CALL, PromptPath="A/Ask", TraceId="log_0")
    assert isinstance(told, NewLog)
    assert told.content is not None
    assert (told.kind, told.path, told.parent_id) == ("prompt", "A/Ask", "log_0")
    assert told.content.parsed == {
        "model": "gpt-4o",
        "endpoint": "chat",
        "provider": "openai",
        "temperature": 0.5,
        "tools": [{"name": "add", "description": "", "parameters": {"type": "object"}}],
    }
    payload = msgspec.json.decode(msgspec.json.encode(told.payload))
    assert [(one["role"], one.get("content")) for one in payload["messages"]] == [
        ("system", "Be brief."),
        ("user", "1+2?"),
        ("assistant", None),
        ("tool", "3"),
    ]
    assert payload["messages"][2]["tool_calls"][0]["function"] == {"name": "add", "arguments": '{"a":1}'}
    assert payload["output"] == "3"
    assert payload["output_message"]["tool_calls"][0]["id"] == "c2"
    assert (told.prompt_tokens, told.finish_reason) == (7, "stop")


def test_a_flow_is_a_log_for_each_trace() -> None:
    whole = meaning(WHOLE, PromptPath="A/Ask", FlowPath="A/Flow")
    call = meaning(CALL, PromptPath="A/Ask", FlowPath="A/Flow")
    assert isinstance(whole, Step)
    assert isinstance(call, Step)
    assert whole.is_flow
    assert whole.result is not None
    assert whole.result.output == "3"
    assert (whole.flow_path, call.flow_path, call.node.path) == ("A/Flow", "A/Flow", "A/Ask")
    assert call.parent_id == "c" * 16


def test_a_tool_goes_with_the_flow_of_its_trace() -> None:
    span = Span(trace_id="a" * 32, id="d" * 16, parent_id="b" * 16, name="ai.toolCall", attributes=TOOL)
    told = otel_vercel.meaning(span, {"a" * 32: "A/Flow"})
    assert isinstance(told, Step)
    assert (told.node.kind, told.node.name, told.payload.output) == ("tool", "add", "3")
    assert otel_vercel.meaning(span, {}) is None


def test_what_names_no_file_says_nothing() -> None:
    assert meaning(CALL) is None
    assert meaning(WHOLE, PromptPath="A/Ask") is None
    assert meaning({**CALL, "ai.operationId": None}) is None
    assert meaning({}, PromptPath="A/Ask") is None


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(
            st.sampled_from(["role", "content", "type", "toolName", "args", "result"]), inner, max_size=3
        )
    ),
    max_leaves=6,
)
NAMES = st.sampled_from([*CALL, *WHOLE, *TOOL])


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(["ai.generateText", "ai.generateText.doGenerate", "ai.toolCall", "ai.embed"]),
    st.dictionaries(NAMES, JSON | JSON.map(json.dumps), max_size=6),
)
def test_no_attributes_are_too_odd(operation: str, attributes: dict[str, Any]) -> None:
    for metadata in ({"PromptPath": "A/B"}, {"PromptPath": "A/B", "FlowPath": "C"}):
        told = meaning({**attributes, "ai.operationId": operation}, **metadata)
        assert told is None or msgspec.json.encode(told.payload)
