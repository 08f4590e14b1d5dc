"""What spans of the clients' decorators mean; the spans are those that the real package makes.

The package reads annotations as they are, so here they are not put off.
"""

import json
from contextlib import suppress
from typing import Any

import pytest
from humanloop.decorators.tool import tool_decorator_factory
from humanloop.otel.exporter.proto import serialize_span
from humanloop.otel.helpers import write_to_opentelemetry_span
from hypothesis import given, settings
from hypothesis import strategies as st
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter

from headrace.apis.humanloop.otel_spans import meaning
from headrace.apis.otel.body import read_any
from headrace.core.spans import Span
from headrace.services.logs.logs import NewLog
from headrace.services.telemetry.otel import Completion

KEPT = InMemorySpanExporter()
PROVIDER = TracerProvider()
PROVIDER.add_span_processor(SimpleSpanProcessor(KEPT))
TRACER = PROVIDER.get_tracer("tests")


def arrived(span: ReadableSpan) -> Span:
    """A span after the way from the client to the server."""
    (read,) = read_any(serialize_span(span).encode()).spans
    return read


def sent(attributes: dict[str, Any], **nested: Any) -> Span:
    """A span with these attributes, and with nested ones as the package flattens them."""
    KEPT.clear()
    with TRACER.start_as_current_span("humanloop.test") as span:
        for name, value in attributes.items():
            span.set_attribute(name, value)
        for name, value in nested.items():
            write_to_opentelemetry_span(span=span, key=f"humanloop.{name}", value=value)  # type: ignore[arg-type]
    return arrived(KEPT.get_finished_spans()[0])


def file(kind: str) -> dict[str, str]:
    return {"humanloop.file.path": "A/B", "humanloop.file.type": kind}


def flow_end(**log: Any) -> NewLog | Completion | None:
    return meaning(sent(file("flow"), log=log))


def payload(told: Any) -> dict[str, Any]:
    """The payload of what was told, as JSON values."""
    new = told if isinstance(told, NewLog) else told.change.to
    return {
        name: json.loads(bytes(value)) if not isinstance(value, str) else value
        for name in new.payload.__struct_fields__
        if (value := getattr(new.payload, name)) is not None
    }


def test_the_end_of_a_flow_changes_the_log_that_was_begun() -> None:
    done = flow_end(id="log_1", log_status="complete", output="5", error=None, output_message=None)
    assert isinstance(done, Completion)
    assert (done.log_id, done.change.given) == ("log_1", {"output", "end_time"})
    assert payload(done) == {"output": "5"}
    assert done.change.to.status == "complete"


def test_a_message_is_the_output() -> None:
    done = flow_end(id="log_1", log_status="complete", output_message={"role": "assistant", "content": "hi"})
    assert payload(done) == {"output_message": {"role": "assistant", "content": "hi"}}


def test_a_message_of_nobody_is_none() -> None:
    assert payload(flow_end(id="log_1", output_message={"role": "mayor", "content": "hi"})) == {}


def test_a_flow_that_raised_says_what() -> None:
    done = flow_end(id="log_1", log_status="complete", error="it broke")
    assert payload(done) == {"error": "it broke"}


def test_a_flow_without_a_log_tells_nothing() -> None:
    assert meaning(sent(file("flow"))) is None


def test_a_flow_that_nobody_began_is_told_whole() -> None:
    new = flow_end(log_status="complete", output="x", inputs={"q": {"deep": ["a", "b"]}}, run_id="run_1")
    assert isinstance(new, NewLog)
    assert (new.path, new.kind, new.status, new.run_id) == ("A/B", "flow", "complete", "run_1")
    assert payload(new) == {"output": "x", "inputs": {"q": {"deep": ["a", "b"]}}}
    assert new.id is not None
    assert new.id.startswith("log_")


def test_runs_and_datapoints_are_named() -> None:
    done = flow_end(id="log_1", run_id="run_1", source_datapoint_id="dp_1")
    assert isinstance(done, Completion)
    assert done.change.given == {"end_time", "run_id", "source_datapoint_id"}


@pytest.mark.parametrize(
    "attributes",
    [
        {},
        {"humanloop.file.path": "A"},
        {"humanloop.file.type": "flow", "humanloop.log.output": "x"},
        {"humanloop.file.path": "A", "humanloop.file.type": "dataset", "humanloop.log.output": "x"},
        {"humanloop.file.path": "", "humanloop.file.type": "flow", "humanloop.log.output": "x"},
    ],
)
def test_what_names_no_file_tells_nothing(attributes: dict[str, str]) -> None:
    assert meaning(sent(attributes)) is None


def call_tool(*args: Any, attributes: Any = None, setup_values: Any = None, **kwargs: Any) -> NewLog:
    """A tool's log after a call of a decorated function with every sort of parameter."""

    def look_up(
        question: str,
        depth: int,
        pair: tuple[str, int],
        either: str | int,
        tags: list[str] | None = None,
        anything=None,  # type: ignore[no-untyped-def]
    ) -> Any:
        """Looks something up."""
        if question == "boom":
            raise ValueError("it broke")
        return {"found": depth}

    KEPT.clear()
    decorated = tool_decorator_factory(TRACER, "A/B", attributes, setup_values)(look_up)
    with suppress(UnboundLocalError):  # a fault of the package, after it has told of what the function raised
        decorated(*args, **kwargs)
    told = meaning(arrived(KEPT.get_finished_spans()[0]))
    assert isinstance(told, NewLog)
    return told


def test_a_tool_is_what_its_decorator_says() -> None:
    from humanloop.decorators.tool import _build_tool_kernel

    told = call_tool("why", 3, ("a", 1), 7, attributes={"team": "x", "on": True, "n": 1.5})
    assert told.content is not None

    def look_up(question: str, depth: int, pair: tuple[str, int], either: str | int) -> None:
        """Looks something up."""

    plain = json.loads(json.dumps(_build_tool_kernel(look_up, None, None, True)["function"]))
    function = told.content.parsed["function"]
    assert {k: function[k] for k in ("name", "description", "strict")} == {
        "name": "look_up",
        "description": "Looks something up.",
        "strict": True,
    }
    schema = function["parameters"]
    assert schema["required"] == ["question", "depth", "pair", "either", "anything"]
    assert schema["additionalProperties"] is False
    for name, of_parameter in plain["parameters"]["properties"].items():
        assert schema["properties"][name] == of_parameter
    assert schema["properties"]["tags"] == {"type": ["array", "null"], "items": {"type": "string"}}
    assert told.content.parsed["attributes"] == {"team": "x", "on": True, "n": 1.5}
    assert told.content.parsed["source_code"].startswith("def look_up(")


def test_a_tool_without_parameters_has_an_empty_schema() -> None:
    def now() -> str:
        return "soon"

    KEPT.clear()
    tool_decorator_factory(TRACER, "A/now")(now)()
    told = meaning(arrived(KEPT.get_finished_spans()[0]))
    assert isinstance(told, NewLog)
    assert told.content is not None
    assert told.content.parsed["function"] == {
        "name": "now",
        "description": "",
        "strict": True,
        "parameters": {"type": "object", "properties": {}, "required": [], "additionalProperties": False},
    }
    assert payload(told) == {"inputs": {}, "output": "soon"}


def test_a_tool_is_the_same_version_each_time() -> None:
    first, second = (call_tool("why", n, ("a", 1), 7, tags=["x"] * n) for n in (1, 2))
    assert first.content == second.content
    assert payload(first) == {
        "inputs": {"question": "why", "depth": "1", "pair": "('a', 1)", "either": "7", "tags": ["x"]},
        "output": '{"found": 1}',
    }


def test_a_tool_that_raised_has_no_output() -> None:
    told = call_tool("boom", 1, ("a", 1), 7)
    assert payload(told)["error"] == "it broke"
    assert "output" not in payload(told)


def test_the_typescript_client_is_understood() -> None:
    """Lists are joined by commas, booleans are in lower case, ids are hexadecimal, nothing has a version."""
    attributes = {
        **file("tool"),
        "humanloop.file.function.name": "add",
        "humanloop.file.function.description": "Adds",
        "humanloop.file.function.strict": "true",
        "humanloop.file.function.parameters.type": "object",
        "humanloop.file.function.parameters.required": "a,b",
        "humanloop.file.function.parameters.additionalProperties": "false",
        "humanloop.file.function.parameters.properties.a.type": "number",
        "humanloop.file.function.parameters.properties.a.minimum": "0",
        "humanloop.file.function.parameters.properties.required.type": "string",
        "humanloop.file.sourceCode": "(a, b) => a + b",
        "humanloop.file.setupValues.precision": "2",
        "humanloop.log.inputs.a": "1",
        "humanloop.log.output": "3",
        "humanloop.log.trace_parent_id": "log_0",
    }
    told = meaning(Span(attributes=attributes))
    assert isinstance(told, NewLog)
    assert told.content is not None
    assert (told.parent_id, told.id) == ("log_0", None)
    assert told.content.parsed["source_code"] == "(a, b) => a + b"
    assert told.content.parsed["setup_values"] == {"precision": 2}
    assert told.content.parsed["function"] == {
        "name": "add",
        "description": "Adds",
        "strict": True,
        "parameters": {
            "type": "object",
            "required": ["a", "b"],
            "additionalProperties": False,
            "properties": {"a": {"type": "number", "minimum": 0}, "required": {"type": "string"}},
        },
    }


OLDER = {
    **file("prompt"),
    "humanloop.log.trace_parent_id": "log_0",
    "gen_ai.system": "OpenAI",
    "llm.request.type": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 100,
    "llm.presence_penalty": 1,
    "llm.request.functions.0.name": "add",
    "llm.request.functions.0.description": "Adds",
    "llm.request.functions.0.parameters": '{"type": "object"}',
    "gen_ai.prompt.0.role": "system",
    "gen_ai.prompt.0.content": "Be brief.",
    "gen_ai.prompt.1.role": "user",
    "gen_ai.prompt.1.content": "1+1?",
    "gen_ai.prompt.2.role": "tool",
    "gen_ai.prompt.2.content": "2",
    "gen_ai.prompt.2.tool_call_id": "call_1",
    "gen_ai.completion.0.role": "assistant",
    "gen_ai.completion.0.content": "2",
    "gen_ai.completion.0.finish_reason": "stop",
    "gen_ai.usage.prompt_tokens": 7,
    "gen_ai.usage.completion_tokens": 3,
}
NEWER = {
    **file("prompt"),
    "humanloop.log.trace_parent_id": "log_0",
    "gen_ai.provider.name": "openai",
    "gen_ai.operation.name": "chat",
    "gen_ai.request.model": "gpt-4o",
    "gen_ai.request.temperature": 0.5,
    "gen_ai.request.max_tokens": 100,
    "gen_ai.request.presence_penalty": 1,
    "gen_ai.tool.definitions": json.dumps(
        [
            {
                "type": "function",
                "function": {"name": "add", "description": "Adds", "parameters": {"type": "object"}},
            }
        ]
    ),
    "gen_ai.system_instructions": json.dumps([{"type": "text", "content": "Be brief."}]),
    "gen_ai.input.messages": json.dumps(
        [
            {"role": "user", "parts": [{"type": "text", "content": "1+1?"}]},
            {"role": "tool", "parts": [{"type": "tool_call_response", "id": "call_1", "response": "2"}]},
        ]
    ),
    "gen_ai.output.messages": json.dumps(
        [{"role": "assistant", "parts": [{"type": "text", "content": "2"}], "finish_reason": "stop"}]
    ),
    "gen_ai.response.finish_reasons": ("stop",),
    "gen_ai.usage.input_tokens": 7,
    "gen_ai.usage.output_tokens": 3,
}


@pytest.mark.parametrize("attributes", [OLDER, NEWER], ids=["older", "newer"])
def test_both_conventions_tell_the_same_of_a_model(attributes: dict[str, Any]) -> None:
    told = meaning(sent(attributes))
    assert isinstance(told, NewLog)
    assert told.content is not None
    assert told.content.parsed == {
        "model": "gpt-4o",
        "endpoint": "chat",
        "provider": "openai",
        "temperature": 0.5,
        "max_tokens": 100,
        "presence_penalty": 1,
        "tools": [{"name": "add", "description": "Adds", "parameters": {"type": "object"}}],
    }
    assert payload(told) == {
        "inputs": {},
        "messages": [
            {"role": "system", "content": "Be brief."},
            {"role": "user", "content": "1+1?"},
            {"role": "tool", "content": "2", "tool_call_id": "call_1"},
        ],
        "output": "2",
        "output_message": {"role": "assistant", "content": "2"},
    }
    assert (told.prompt_tokens, told.output_tokens, told.finish_reason) == (7, 3, "stop")
    assert told.parent_id == "log_0"


CALLS = [{"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"a":1}'}}]


@pytest.mark.parametrize(
    "attributes",
    [
        {
            "gen_ai.completion.0.role": "assistant",
            "gen_ai.completion.0.tool_calls.0.id": "c1",
            "gen_ai.completion.0.tool_calls.0.name": "add",
            "gen_ai.completion.0.tool_calls.0.arguments": '{"a":1}',
            "gen_ai.completion.0.finish_reason": "tool_calls",
        },
        {
            "gen_ai.output.messages": json.dumps(
                [
                    {
                        "role": "assistant",
                        "parts": [{"type": "tool_call", "id": "c1", "name": "add", "arguments": {"a": 1}}],
                        "finish_reason": "tool_calls",
                    }
                ]
            )
        },
    ],
    ids=["older", "newer"],
)
def test_calls_of_tools_are_told(attributes: dict[str, Any]) -> None:
    told = meaning(sent({**file("prompt"), "gen_ai.request.model": "m", **attributes}))
    assert payload(told)["output_message"] == {"role": "assistant", "tool_calls": CALLS}
    assert isinstance(told, NewLog)
    assert told.finish_reason == "tool_calls"


def test_images_are_told() -> None:
    parts = [{"type": "text", "content": "what?"}, {"type": "uri", "modality": "image", "uri": "https://x/y"}]
    told = meaning(
        sent({**file("prompt"), "gen_ai.input.messages": json.dumps([{"role": "user", "parts": parts}])})
    )
    assert payload(told)["messages"][0]["content"] == [
        {"type": "text", "text": "what?"},
        {"type": "image_url", "image_url": {"url": "https://x/y"}},
    ]


NAMES = st.sampled_from(
    [*OLDER, *NEWER]
    + [f"humanloop.log.{name}" for name in ("id", "output", "error", "inputs", "inputs.a", "inputs.a.b", "messages.0")]
    + ["humanloop.log.output_message.role", "humanloop.log.messages.0.role", "humanloop.log.log_status"]
    + [f"humanloop.file.{name}" for name in ("function", "function.name", "function.parameters.properties.0.a")]
    + ["humanloop.file.function.parameters.required.0", "humanloop.file.setup_values.a", "humanloop.file.attributes"]
    + ["humanloop.file.function.parameters.minimum", "gen_ai.prompt.0.tool_calls.0.arguments", "gen_ai.prompt"]
)  # fmt: skip
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=6),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(st.sampled_from(["role", "parts", "content", "type", "name", "function"]), inner, max_size=3),
    max_leaves=5,
)  # fmt: skip
VALUES = (
    JSON | JSON.map(json.dumps) | st.sampled_from(["true", "('a', 'b')", "1e999", "9" * 5000, "[" * 5000])
)


@settings(max_examples=400, deadline=None)
@given(
    st.sampled_from(["flow", "tool", "prompt"]),
    st.dictionaries(NAMES | st.text(max_size=9), VALUES, max_size=8),
)
def test_no_attributes_are_too_odd(kind: str, attributes: dict[str, Any]) -> None:
    told = meaning(Span(attributes={**attributes, **file(kind)}))
    assert told is None or payload(told) is not None
