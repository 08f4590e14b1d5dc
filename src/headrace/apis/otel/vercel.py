"""The spans of the Vercel AI SDK, told as the conventions tell of models and tools (humanloop 5.3)."""

from __future__ import annotations

from typing import Any

from headrace.apis.otel.attributes import Attributes, structure, text

OPERATION = "ai.operationId"
CALLS = (".doGenerate", ".doStream")
"""How the operations end that call a model; one that does not do so holds several of them."""
TOOL_CALL = "ai.toolCall"


def translated(attributes: Attributes) -> Attributes:
    """Attributes with those of the conventions in addition; what does not come from the SDK as it is."""
    operation = attributes.get(OPERATION)
    if not isinstance(operation, str):
        return attributes
    if operation == TOOL_CALL:
        found = _tool(attributes)
    elif operation.endswith(CALLS):
        found = _model(attributes)
    else:
        output = attributes.get("ai.response.text") or attributes.get("ai.response.object")
        found = {"input.value": attributes.get("ai.prompt"), "output.value": output}
    return {**found, **attributes}


def _tool(attributes: Attributes) -> dict[str, Any]:
    return {
        "gen_ai.operation.name": "execute_tool",
        "gen_ai.tool.name": attributes.get("ai.toolCall.name"),
        "gen_ai.tool.call.arguments": attributes.get("ai.toolCall.args"),
        "gen_ai.tool.call.result": attributes.get("ai.toolCall.result"),
    }


def _model(attributes: Attributes) -> dict[str, Any]:
    said = text(attributes.get("ai.response.text")) or text(attributes.get("ai.response.object"))
    parts = [{"type": "text", "content": said}] if said is not None else []
    parts += [_call(one) for one in _objects(structure(attributes.get("ai.response.toolCalls")))]
    tools = attributes.get("ai.prompt.tools")
    told = [structure(one) for one in tools] if isinstance(tools, list) else []
    messages = _objects(structure(attributes.get("ai.prompt.messages")))
    return {
        "gen_ai.operation.name": "chat",
        "gen_ai.request.model": attributes.get("ai.model.id"),
        "gen_ai.input.messages": [_message(one) for one in messages],
        "gen_ai.output.messages": [{"role": "assistant", "parts": parts}] if parts else [],
        "gen_ai.tool.definitions": [one for one in told if isinstance(one, dict)],
    }


def _message(one: dict[str, Any]) -> dict[str, Any]:
    content = one.get("content")
    if not isinstance(content, list):
        return {"role": one.get("role"), "content": content}
    return {"role": one.get("role"), "parts": [_part(part) for part in _objects(content)]}


def _part(part: dict[str, Any]) -> dict[str, Any]:
    kind = part.get("type")
    if kind == "tool-call":
        return _call(part)
    if kind == "tool-result":
        answer = part.get("result", part.get("output"))
        return {"type": "tool_call_response", "id": part.get("toolCallId"), "response": answer}
    return part


def _call(part: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "tool_call",
        "id": part.get("toolCallId"),
        "name": part.get("toolName"),
        "arguments": part.get("args", part.get("input")),
    }


def _objects(value: Any) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
