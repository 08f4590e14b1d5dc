"""What went into a use of a version and what came out of it, each as a line for a table."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.logs import Log, Payload
from headrace.services.logs.excerpts import EXCERPT_CHARS, excerpt


def input_line(payload: Payload) -> str:
    """What went in: the only input, or all of them, or what was said last."""
    inputs = _read(payload.inputs)
    if inputs:
        only = next(iter(inputs.values())) if len(inputs) == 1 else None
        return _line(only) if isinstance(only, str) else excerpt(inputs)
    messages = _read(payload.messages)
    return _said(messages[-1]) if messages else ""


def output_line(log: Log, payload: Payload) -> str:
    """What came out: the judgment of an evaluator's log, the output, or what the model said."""
    if log.judgment is not None:
        return _line(log.judgment.decode(errors="replace"))
    if payload.output is not None:
        return _line(payload.output)
    message = _read(payload.output_message)
    return "" if message is None else _said(message)


def error_line(payload: Payload) -> str | None:
    """What went wrong; None when nothing did."""
    return None if payload.error is None else _line(payload.error)


def _said(message: Any) -> str:
    content = message.get("content") if isinstance(message, dict) else message
    if isinstance(content, str) and content:
        return _line(content)
    calls = message.get("tool_calls") if isinstance(message, dict) else None
    return excerpt(content or calls or message)


def _line(text: str) -> str:
    """The beginning of a text, without breaks."""
    return " ".join(text[: 2 * EXCERPT_CHARS].split())[:EXCERPT_CHARS]


def _read(raw: msgspec.Raw | None) -> Any:
    return None if raw is None else msgspec.json.decode(raw)
