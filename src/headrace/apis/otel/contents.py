"""What is in a log of a call of a model, and in the version of the prompt that it is a use of."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.apis.otel.genai import ModelCall
from headrace.core.jsontext import json_text
from headrace.core.logs import Payload
from headrace.core.prompts import ChatMessage, Prompt
from headrace.core.spans import Span
from headrace.services.versions.versions import Submission


def prompt_content(call: ModelCall, *, template: str | None = None) -> dict[str, Any]:
    """The content of a prompt that would ask the same way."""
    content = {**call.prompt, **({} if template is None else {"template": template})}
    return fitting(content, Prompt, least={"model": call.prompt["model"]})


def model_payload(call: ModelCall, span: Span) -> Payload:
    """What a model was told and said."""
    answer = call.message if call.message is not None and is_message(call.message) else None
    return Payload(
        inputs=raw({}),
        messages=messages(call),
        output=call.output,
        output_message=None if answer is None else raw(answer),
        error=span.error,
    )


def messages(call: ModelCall) -> msgspec.Raw | None:
    """What a model was told; None when nothing is known of it."""
    told = [one for one in call.messages if is_message(one)]
    return raw(told) if told else None


def is_message(value: Any) -> bool:
    """Whether a value is a chat message as logs have them."""
    return _fits(value, ChatMessage)


def fitting(
    content: Mapping[str, Any], kind: type[msgspec.Struct], *, least: dict[str, Any]
) -> dict[str, Any]:
    """Content without the members that are not as they must be.

    Args:
        least: what there must be of it.
    """
    return least | {name: value for name, value in content.items() if _fits({**least, name: value}, kind)}


def _fits(value: Any, kind: type[msgspec.Struct]) -> bool:
    try:
        msgspec.convert(value, kind)
    except msgspec.ValidationError:
        return False
    return True


def submission(kind: str, content: dict[str, Any]) -> Submission:
    """Content that is to be found or made a version."""
    return Submission(kind=kind, ref=None, path=None, content=json_text(content), parsed=content)


def latency_s(span: Span) -> float | None:
    """How long a span took; None when it does not say, or says that it ended before it began."""
    if span.start_time is None or span.end_time is None or span.end_time < span.start_time:
        return None
    return (span.end_time - span.start_time).total_seconds()


def raw(value: Any) -> msgspec.Raw:
    """A value as it is kept in a payload."""
    return msgspec.Raw(json_text(value))
