"""Messages between tags: the body of a prompt's file (humanloop 4.5).

Every message stands between tags of its role. Its text is indented for the eye; other tags in it are text.
A user may say ``<text>`` and ``<image url="" />``, an assistant may end with calls of tools, such as
``<tool name="" id="">{"json": "arguments"}</tool>``. A tool's answer is a message with the same tag.
"""

from __future__ import annotations

import re
import textwrap
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

Message = Mapping[str, Any]
INDENT = "  "
_ATTRIBUTES = r"""(?:\s+[a-z_]+=(?:"[^"\n]*"|'[^'\n]*'))*"""
_OPENING = re.compile(rf"\s*<(system|user|assistant|tool|developer)({_ATTRIBUTES})\s*(/?)>")
_ATTRIBUTE = re.compile(r"""([a-z_]+)=(?:"([^"]*)"|'([^']*)')""")
_PART = re.compile(rf"\s*(?:<text>(?P<text>.*?)</text>|<image(?P<image>{_ATTRIBUTES})\s*/>)", re.DOTALL)
_CALL = re.compile(rf"^[ \t]*<tool({_ATTRIBUTES})\s*>", re.MULTILINE)
_NEXT_CALL = re.compile(rf"\s*<tool({_ATTRIBUTES})\s*>")
_CALL_END = "</tool>"


class BadFile(ValueError):
    """A text is no file of a prompt; the message says why and where."""


def starts_with_tag(body: str) -> bool:
    """Whether a body is made of messages."""
    return _OPENING.match(body) is not None


def read_messages(body: str) -> Iterator[dict[str, Any]]:
    """The messages of a body.

    Raises:
        BadFile: something else stands between them, or one has no end.
    """
    place, whole = 0, len(body.rstrip())
    while place < whole:
        opening = _OPENING.match(body, place)
        if opening is None:
            raise BadFile(
                f"Only messages may stand below the header, such as <user>…</user>{_at(body, place)}."
            )
        role, place = opening[1], opening.end()
        inner = None
        if not opening[3]:
            end = body.find(f"</{role}>", place)
            if end < 0:
                raise BadFile(f"<{role}> is never closed with </{role}>{_at(body, opening.start(1))}.")
            inner, place = body[place:end], end + len(f"</{role}>")
        yield _message(role, _attributes(opening[2]), inner)


def _at(body: str, place: int) -> str:
    text = body[place:]
    line = body.count("\n", 0, place + len(text) - len(text.lstrip())) + 1
    return f" (line {line} below the header)"


def _attributes(text: str) -> dict[str, str]:
    return {found[1]: found[2] or found[3] or "" for found in _ATTRIBUTE.finditer(text)}


def _message(role: str, attributes: Mapping[str, str], inner: str | None) -> dict[str, Any]:
    said: dict[str, Any] = {"role": role}
    if "name" in attributes:
        said["name"] = attributes["name"]
    if role == "tool" and "id" in attributes:
        said["tool_call_id"] = attributes["id"]
    calls: list[dict[str, Any]] = []
    if role == "assistant" and inner is not None:
        inner, calls = _calls(inner)
    content = None if inner is None else (_parts(inner) if role == "user" else None) or _text(inner)
    if content is not None:
        said["content"] = content
    if calls:
        said["tool_calls"] = calls
    return said


def _text(inner: str) -> str:
    """Text without what is there for the eye: lines of its own, and what all lines are indented by."""
    return textwrap.dedent(inner).strip("\n") if "\n" in inner else inner.strip()


def _parts(inner: str) -> list[dict[str, Any]] | None:
    """The parts of a message; None when it is plain text."""
    parts: list[dict[str, Any]] = []
    place, end = 0, len(inner.rstrip())
    while place < end:
        found = _PART.match(inner, place)
        if found is None:
            return None
        place = found.end()
        if found["text"] is not None:
            parts.append({"type": "text", "text": _text(found["text"])})
            continue
        image = {name: value for name, value in _attributes(found["image"]).items() if name in _IMAGE}
        if "url" not in image:
            return None
        parts.append({"type": "image_url", "image_url": image})
    return parts or None


_IMAGE = ("url", "detail")


def _calls(inner: str) -> tuple[str | None, list[dict[str, Any]]]:
    """An assistant's text, None when there is none, and the calls that follow it."""
    first = _CALL.search(inner)
    if first is None:
        return inner, []
    calls: list[dict[str, Any]] = []
    place, whole = first.start(), len(inner.rstrip())
    while place < whole:
        found = _NEXT_CALL.match(inner, place)
        end = -1 if found is None else inner.find(_CALL_END, found.end())
        attributes = {} if found is None else _attributes(found[1])
        if found is None or end < 0 or not {"name", "id"} <= attributes.keys():
            return inner, []
        function = {"name": attributes["name"], "arguments": _text(inner[found.end() : end])}
        calls.append({"id": attributes["id"], "type": "function", "function": function})
        place = end + len(_CALL_END)
    before = inner[: first.start()]
    return (before if before.strip() else None), calls


def write_messages(messages: Sequence[Message]) -> str | None:
    """Messages as a body; None when tags have no place for something.

    Whoever writes a body reads it again: texts may look like tags.
    """
    written = [_written(message) for message in messages]
    if not written or any(one is None for one in written):
        return None
    return "\n\n".join(one for one in written if one is not None) + "\n"


def _written(message: Message) -> str | None:
    role, content, calls = message["role"], message.get("content"), message.get("tool_calls")
    if message.get("thinking") or (content is None and not calls and role != "assistant"):
        return None
    attributes = {"name": message.get("name"), "id": message.get("tool_call_id")}
    opening = f"<{role}{_written_attributes(attributes)}"
    if content is None and not calls:
        return f"{opening} />"
    lines = [f"{opening}>"]
    if isinstance(content, list):
        lines += [_written_part(part) for part in content]
    elif content is not None:
        lines.append(_indented(content))
    for call in calls or ():
        function = call["function"]
        told = _written_attributes({"name": function["name"], "id": call["id"]})
        lines.append(
            f"{INDENT}<tool{told}>\n{_indented(function.get('arguments') or '', 2)}\n{INDENT}</tool>"
        )
    return "\n".join([*lines, f"</{role}>"])


def _written_part(part: Mapping[str, Any]) -> str:
    if part["type"] == "text":
        return f"{INDENT}<text>\n{_indented(part['text'], 2)}\n{INDENT}</text>"
    return f"{INDENT}<image{_written_attributes(part['image_url'])} />"


def _written_attributes(values: Mapping[str, str | None]) -> str:
    told = [
        (name, value, "'" if '"' in value else '"') for name, value in values.items() if value is not None
    ]
    return "".join(f" {name}={quote}{value}{quote}" for name, value, quote in told)


def _indented(text: str, levels: int = 1) -> str:
    return "\n".join(INDENT * levels + line if line else "" for line in text.split("\n"))
