"""Prompts and agents as files that people read and keep beside their code (humanloop 4.5).

A file is a header between two lines of dashes, which is YAML, and the template below it: messages between
tags, or bare text. What the body can't say to the letter stands in the header, so nothing is lost either way:

    ---
    model: gpt-4o
    temperature: 0.7
    ---
    <system>
      You are a friendly assistant.
    </system>

This module writes all of it and reads all but the YAML, for which a reader is given.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import msgspec

from headrace.core.kinds.kind import without_nulls
from headrace.core.parsing import parse
from headrace.core.prompt_tags import BadFile, read_messages, starts_with_tag, write_messages

__all__ = ["MEMBERS", "BadFile", "read_file", "write_file"]

Form = Mapping[str, Any]
MEMBERS = (
    "model",
    "temperature",
    "max_tokens",
    "top_p",
    "stop",
    "presence_penalty",
    "frequency_penalty",
    "other",
    "seed",
    "response_format",
    "reasoning_effort",
    "max_iterations",
    "provider",
    "endpoint",
    "template_language",
    "linked_tools",
    "attributes",
    "template",
    "tools",
)
"""What a header may hold, in the order it is written; ``template`` where the body can't say it."""
COMPLETE = "complete"
"""The endpoint whose templates are bare texts, whatever they look like."""
WORDS = frozenset({"y", "n", "yes", "no", "on", "off", "true", "false", "null"})
"""What YAML takes for something else than a text."""
LONGEST_KEY = 900
"""YAML takes no longer key for one where it does not say so."""
_SPLIT = re.compile(r"\s*^---[ \t]*\n(?:(.*?)\n)??---[ \t]*(?:\n(.*))?\Z", re.DOTALL | re.MULTILINE)
_PLAIN = re.compile(r"[A-Za-z][\w./@+-]*(?::[\w./@+-]+)*", re.ASCII)
_UNSEEN = re.compile(r"[\x7f-\x9f\u2028\u2029\ufeff\ufffe\uffff]")
"""Characters that YAML does not take as they are, or takes for the end of a line."""
_encode = msgspec.json.Encoder().encode


def write_file(form: Form) -> str:
    """A prompt or an agent as the text of a file; what is null is left out.

    Args:
        form: its content in plain values.

    Raises:
        RecursionError: it is nested too deeply to be written.
    """
    body = _body(form)
    told = {member: form[member] for member in MEMBERS if form.get(member) is not None}
    if body is not None:
        told.pop("template", None)
    lines = [f"{member}: {_header_value(value)}" for member, value in told.items()]
    return "\n".join(["---", *lines, "---", body or ""])


def _body(form: Form) -> str | None:
    """The template as the body of a file; None when a body can't say the same."""
    template = form.get("template")
    if template is None:
        return ""
    body = f"{template}\n" if isinstance(template, str) else write_messages(template)
    if body is None or "\r\n" in body:
        return None
    try:
        is_same = _read_template(body, form.get("endpoint")) == parse(without_nulls(_encode(template)))
    except BadFile:
        return None
    return body if is_same else None


def read_file(text: str, read_header: Callable[[str], Form]) -> dict[str, Any]:
    """The content in the text of a file, unchecked; members of the header that are not known are left out.

    Args:
        read_header: reads YAML.

    Raises:
        BadFile: it is no such text, or the reader says so.
    """
    header, body = _split(text)
    told = read_header(header)
    form = {member: told[member] for member in MEMBERS if told.get(member) is not None}
    template = _read_template(body, form.get("endpoint"))
    if template is not None:
        if "template" in form:
            raise BadFile("The template stands in the header and below it; it may stand in one place only.")
        form["template"] = template
    return form


def _split(text: str) -> tuple[str, str]:
    """The header's text and the body's, with the ends of lines as they are written here."""
    found = _SPLIT.match(text.removeprefix("\ufeff").replace("\r\n", "\n"))
    if found is None:
        raise BadFile("The text must begin with a header between two lines of three dashes: ---")
    return found[1] or "", found[2] or ""


def _read_template(body: str, endpoint: Any) -> Any:
    """The template that a body is; None when it is blank."""
    if not body.strip():
        return None
    if endpoint != COMPLETE and starts_with_tag(body):
        return list(read_messages(body))
    return body.removesuffix("\n")


def _header_value(value: Any) -> str:
    """A value as YAML: words as they are, lists of objects over several lines, all else in one."""
    if isinstance(value, str) and _PLAIN.fullmatch(value) and value.lower() not in WORDS:
        return value
    is_listed = isinstance(value, list) and any(isinstance(one, dict) for one in value)
    return "".join(_pieces(value, "\n" if is_listed else None))


def _pieces(value: Any, line: str | None) -> Iterator[str]:
    """A value as JSON that YAML reads alike.

    Args:
        line: what begins a new line; None keeps to one.
    """
    if isinstance(value, dict):
        items = [(_key(key), inner) for key, inner in value.items()]
        yield from _enclosed("{", "}", items, line)
    elif isinstance(value, list):
        yield from _enclosed("[", "]", [("", inner) for inner in value], line)
    else:
        yield _scalar(value)


def _enclosed(opening: str, closing: str, items: list[tuple[str, Any]], line: str | None) -> Iterator[str]:
    if not items:
        line = None
    inner = None if line is None else f"{line}  "
    yield opening
    for number, (key, value) in enumerate(items):
        comma = "," if number else ""
        yield comma + (inner if inner is not None else " " if number else "") + key
        yield from _pieces(value, inner)
    yield closing if line is None else f"{line}{closing}"


def _key(name: str) -> str:
    text = _text(name)
    return f"? {text} : " if len(text) > LONGEST_KEY else f"{text}: "


def _scalar(value: Any) -> str:
    if isinstance(value, str):
        return _text(value)
    text = "null" if value is None else str(value).lower() if isinstance(value, bool) else repr(value)
    # A number without a point is no number to YAML when it has an exponent.
    return text.replace("e", ".0e") if "e" in text and "." not in text and isinstance(value, float) else text


def _text(value: str) -> str:
    quoted = _encode(value).decode()
    return _UNSEEN.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)
