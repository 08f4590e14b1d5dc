"""What the spans of the Humanloop clients mean (humanloop 5.2, 5.3). Pure: no store, no request.

Their decorators tell of a flow, a tool or a prompt in one span. All values arrive as texts, so that what they
were is restored where it is known, and only there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.apis.otel.attributes import (
    Branch,
    boolean,
    is_list,
    items,
    members,
    number,
    plain,
    scalar,
    text,
    unflattened,
    words,
)
from headrace.apis.otel.contents import (
    fitting,
    is_message,
    latency_s,
    model_payload,
    prompt_content,
    raw,
    submission,
)
from headrace.apis.otel.genai import ModelCall, model_call, told
from headrace.core.jsontext import json_text
from headrace.core.kinds.tool import ToolContent
from headrace.core.logs import LogStatus, Payload
from headrace.core.spans import Span
from headrace.services.logs.log_changes import Change
from headrace.services.logs.logs import NewLog
from headrace.services.telemetry.otel import Completion, span_log_id

FILE = "humanloop.file"
LOG = "humanloop.log"
LISTS = frozenset({"enum", "allOf", "anyOf", "oneOf", "prefixItems", "examples"})
WORD_LISTS = frozenset({"required"})
BOOLEANS = frozenset(
    {"additionalProperties", "uniqueItems", "deprecated", "readOnly", "writeOnly", "nullable"}
)
NUMBERS = frozenset(
    {
        "minimum",
        "maximum",
        "exclusiveMinimum",
        "exclusiveMaximum",
        "multipleOf",
        "minLength",
        "maxLength",
        "minItems",
        "maxItems",
        "minProperties",
        "maxProperties",
    }
)
MAPS = frozenset({"properties", "patternProperties", "$defs", "definitions", "dependentSchemas"})
"""The keywords of JSON Schema whose values are no texts, by what they are; maps are of names to schemas."""
NO_OUTPUT = "null"
"""What a tool that failed is said to have returned (humanloop 5.3)."""


def meaning(span: Span) -> NewLog | Completion | None:
    """What a span says; None when it says nothing that is recorded."""
    path, kind = text(span.attributes.get(f"{FILE}.path")), span.attributes.get(f"{FILE}.type")
    if path is None or not isinstance(kind, str) or kind not in _MEANINGS:
        return None
    return _MEANINGS[kind](span, path)


def _flow(span: Span, path: str) -> NewLog | Completion | None:
    """The end of a flow, or all of one that nobody told the beginning of."""
    log = unflattened(span.attributes, LOG)
    if not log:  # the function raised what the client raises itself: there is nothing to tell
        return None
    status = LogStatus.INCOMPLETE if log.get("log_status") == LogStatus.INCOMPLETE else LogStatus.COMPLETE
    message = _message(log.get("output_message"))
    said: dict[str, Any] = {
        "output": text(log.get("output")),
        "error": text(log.get("error")),
        "output_message": None if message is None else raw(message),
    }
    run: dict[str, Any] = {name: text(log.get(name)) for name in ("run_id", "source_datapoint_id")}
    known = text(log.get("id"))
    new = NewLog(
        kind="flow",
        path=path,
        id=span_log_id(span),
        parent_id=text(log.get("trace_parent_id")),
        status=status,
        start_time=span.start_time,
        end_time=span.end_time,
        payload=Payload(inputs=_inputs(log), messages=_messages(log), **said),
        **run,
    )
    if known is None:
        return new
    given = [name for name, value in {**said, **run}.items() if value is not None]
    given += [name for name in ("inputs", "messages") if getattr(new.payload, name) is not None]
    given += ["end_time"] if span.end_time is not None else []
    return Completion(log_id=known, change=Change(to=new, given=frozenset(given)))


def _tool(span: Span, path: str) -> NewLog:
    log = unflattened(span.attributes, LOG)
    error = text(log.get("error"))
    output = plain(log.get("output"))
    if output is not None and not isinstance(output, str):
        output = json_text(output).decode()
    return NewLog(
        kind="tool",
        path=path,
        content=submission("tool", tool_content(span, path)),
        id=span_log_id(span),
        parent_id=text(log.get("trace_parent_id")),
        start_time=span.start_time,
        end_time=span.end_time,
        payload=Payload(
            inputs=_inputs(log) or raw({}),
            output=None if error is not None and output == NO_OUTPUT else output,
            error=error,
        ),
    )


def tool_content(span: Span, path: str) -> dict[str, Any]:
    """The content of a tool's version, as its decorator had it before it was flattened."""
    file = unflattened(span.attributes, FILE)
    content: dict[str, Any] = {}
    function = file.get("function")
    if isinstance(function, Branch):
        content["function"] = _function(function, path)
    source = text(file.get("source_code")) or text(file.get("sourceCode"))
    if source is not None:
        content["source_code"] = source
    for name, other in (("attributes", "attributes"), ("setup_values", "setupValues")):
        inner = file.get(name, file.get(other))  # the TypeScript package sends its own names
        if isinstance(inner, Branch):
            content[name] = _restored(inner)
    return fitting(content, ToolContent, least={})


def _function(function: Branch, path: str) -> dict[str, Any]:
    parameters = function.get("parameters")
    restored: dict[str, Any] = {
        "name": text(function.get("name")) or path.rpartition("/")[2],
        "description": function.get("description") or "",
        "strict": boolean(function.get("strict")),
    }
    if isinstance(parameters, Branch):
        schema = _schema(parameters)
        # What is empty is lost on the way, and these are always there.
        restored["parameters"] = {"properties": {}, "required": [], **schema}
    return {name: value for name, value in restored.items() if value is not None}


def _schema(branch: Branch) -> dict[str, Any]:
    """A JSON schema, with the values of its keywords as what they are."""
    return {name: _keyword(name, value) for name, value in branch.items()}


def _keyword(name: str, value: Any) -> Any:
    if name in WORD_LISTS:
        return plain(value) if isinstance(value, Branch) else words(value)
    if name in MAPS and isinstance(value, Branch):
        return {key: _subschema(inner) for key, inner in value.items()}
    if name in LISTS and isinstance(value, Branch) and is_list(value):
        return [_subschema(value[index]) for index in sorted(value, key=int)]
    if name in BOOLEANS and not isinstance(value, Branch):
        return boolean(value)
    if name in NUMBERS:
        found = number(value)
        return plain(value) if found is None else found
    return _subschema(value)


def _subschema(value: Any) -> Any:
    """A schema, or a list of them or of words, or a word."""
    if not isinstance(value, Branch):
        return value
    if is_list(value):
        return [_subschema(value[index]) for index in sorted(value, key=int)]
    return _schema(value)


def _restored(branch: Branch) -> dict[str, Any]:
    """Values of the author's own, of which only texts are left: what is unambiguous becomes what it was."""
    return {name: _own(value) for name, value in branch.items()}


def _own(value: Any) -> Any:
    if not isinstance(value, Branch):
        return scalar(value)
    if is_list(value):
        return [_own(value[index]) for index in sorted(value, key=int)]
    return _restored(value)


def _prompt(span: Span, path: str) -> NewLog:
    log = unflattened(span.attributes, LOG)
    parent_id = text(log.get("trace_parent_id"))
    return prompt_log(span, model_call(told(span)), path=path, parent_id=parent_id)


def prompt_log(span: Span, call: ModelCall, *, path: str, parent_id: str | None) -> NewLog:
    """The log of a call of a model, against the prompt at ``path``."""
    template = text(span.attributes.get(f"{FILE}.template"))
    return NewLog(
        kind="prompt",
        path=path,
        content=submission("prompt", prompt_content(call, template=template)),
        id=span_log_id(span),
        parent_id=parent_id,
        start_time=span.start_time,
        end_time=span.end_time,
        provider_latency_s=latency_s(span),
        prompt_tokens=call.prompt_tokens,
        output_tokens=call.output_tokens,
        reasoning_tokens=call.reasoning_tokens,
        finish_reason=call.finish_reason,
        payload=model_payload(call, span),
    )


_MEANINGS = {"flow": _flow, "tool": _tool, "prompt": _prompt}


def _inputs(log: Mapping[str, Any]) -> msgspec.Raw | None:
    inputs = log.get("inputs")
    return raw(members(inputs)) if isinstance(inputs, Branch) else None


def _messages(log: Mapping[str, Any]) -> msgspec.Raw | None:
    found = [one for one in items(log.get("messages")) if is_message(one)]
    return raw(found) if found else None


def _message(value: Any) -> Any:
    message = plain(value)
    return message if is_message(message) else None
