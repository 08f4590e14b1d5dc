"""Chat messages, in one form, from those that the conventions of OpenTelemetry have had (humanloop 5.3).

The older convention has a row of attributes for each message; the newer has one JSON text, in which a message
consists of parts.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headrace.apis.otel.attributes import structure, text
from headrace.core.jsontext import json_text

Message = dict[str, Any]
ROLES = {
    "user": "user",
    "human": "user",
    "assistant": "assistant",
    "ai": "assistant",
    "model": "assistant",
    "system": "system",
    "developer": "developer",
    "tool": "tool",
    "function": "tool",
}
"""What those who speak are called, and how it is said here."""


def chat(said: Any) -> list[Message]:
    """Messages in the one form; what is no message is left out."""
    found = structure(said)
    found = [found] if isinstance(found, dict) else found or []
    return [message for one in found if isinstance(one, dict) for message in _messages(one)]


def system(instructions: Any) -> list[Message]:
    """Instructions as a message of the system; none when there are none."""
    found = structure(instructions)
    if found is None:
        found = [{"type": "text", "content": instructions}] if text(instructions) else []
    content = _content(_parts(found))
    return [{"role": "system", "content": content}] if content else []


def _messages(one: Mapping[str, Any]) -> Iterator[Message]:
    role = ROLES.get(str(one.get("role", "")).lower(), "user")
    if "parts" not in one:
        yield _of_row(role, one)
        return
    parts = _parts(one["parts"])
    for part in parts:
        if part.get("type") == "tool_call_response":
            answer = part.get("response", part.get("result"))
            yield _filled(role="tool", content=_as_text(answer), tool_call_id=text(part.get("id")))
    said = _filled(
        role=role,
        content=_content(parts),
        name=text(one.get("name")),
        tool_calls=_calls(part for part in parts if part.get("type") == "tool_call"),
    )
    if said.keys() != {"role"}:
        yield said


def _of_row(role: str, one: Mapping[str, Any]) -> Message:
    """A message of the older convention, or one as models themselves are told it."""
    content = one.get("content")
    listed = structure(content)
    parts = _parts(listed)
    if isinstance(listed, list) and parts and all("type" in part for part in parts):
        content = _content(parts)
    calls = one.get("tool_calls")
    return _filled(
        role=role,
        content=None if content is None else content if isinstance(content, list) else _as_text(content),
        name=text(one.get("name")),
        tool_call_id=text(one.get("tool_call_id")),
        tool_calls=_calls(_parts(calls)),
    )


def _parts(value: Any) -> list[Mapping[str, Any]]:
    return [part for part in value if isinstance(part, dict)] if isinstance(value, list) else []


def _calls(calls: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]] | None:
    """Calls of functions that a model wants; None when there are none."""
    found = []
    for call in calls:
        function = call.get("function")
        told = function if isinstance(function, dict) else call
        if name := text(told.get("name")):
            function = {"name": name, "arguments": _as_text(told.get("arguments", {}))}
            found.append({"id": text(call.get("id")) or "", "type": "function", "function": function})
    return found or None


def _content(parts: list[Mapping[str, Any]]) -> str | list[dict[str, Any]] | None:
    """A text when there is nothing else; a list of texts and images; None when there is neither."""
    found = [shown for part in parts if (shown := _shown(part)) is not None]
    if all(part["type"] == "text" for part in found):
        return "\n".join(part["text"] for part in found) if found else None
    return found


def _shown(part: Mapping[str, Any]) -> dict[str, Any] | None:
    kind = part.get("type")
    if kind == "text":
        said = part.get("content", part.get("text"))
        return {"type": "text", "text": said} if isinstance(said, str) else None
    link = part.get("image_url")
    url = link.get("url") if isinstance(link, dict) else link
    if kind == "uri":
        url = part.get("uri")
    elif kind == "blob":
        url = f"data:{part.get('mime_type') or 'image/png'};base64,{part.get('content') or part.get('data')}"
    return {"type": "image_url", "image_url": {"url": url}} if text(url) else None


def _as_text(value: Any) -> str:
    return value if isinstance(value, str) else json_text(value).decode()


def _filled(**members: Any) -> Message:
    return {name: value for name, value in members.items() if value is not None}
