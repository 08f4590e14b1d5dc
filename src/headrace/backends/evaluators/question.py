"""The prompt of an evaluator as the request that a model is sent."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec

from headrace.backends.evaluators.template import fill
from headrace.core.effects import ModelRequest
from headrace.core.prompt_forms import EXTRAS, SPOKEN, SYSTEM
from headrace.core.prompts import ChatMessage, Prompt, TextPart


class Unaskable(ValueError):
    """A prompt can't be sent to a model; the text says why."""


def question_of(prompt: Prompt, values: Mapping[str, Any]) -> ModelRequest:
    """The prompt, filled.

    Args:
        values: what its template may refer to.

    Raises:
        Unaskable: it has no template, or wants what this server can't do.
        UnfilledVariable: its template refers to what there isn't.
    """
    _refuse(prompt)
    said = [(role, fill(text, values)) for role, text in messages_of(prompt)]
    system = [{"text": text} for role, text in said if role in SYSTEM]
    messages = [{"role": role, "content": [{"text": text}]} for role, text in said if role in SPOKEN]
    if not messages:  # a model answers somebody
        messages, system = [{"role": "user", "content": system}], []
    return ModelRequest(
        model_id=prompt.model,
        messages=messages,
        system=system,
        inference=_inference(prompt),
        extra=_extra(prompt) or None,
    )


def messages_of(prompt: Prompt) -> Iterator[tuple[str, str]]:
    """The texts of a prompt's template, unfilled, each with who says it.

    Raises:
        Unaskable: it has a part that is no text.
    """
    if isinstance(prompt.template, str):
        yield "user", prompt.template
        return
    for message in prompt.template or ():
        if message.role not in SYSTEM | SPOKEN:
            raise Unaskable(f"An evaluator's prompt can't have messages of the role `{message.role}`.")
        yield message.role, _text(message)


def _text(message: ChatMessage) -> str:
    if message.content is None or isinstance(message.content, str):
        return message.content or ""
    texts = [part.text for part in message.content if isinstance(part, TextPart)]
    if len(texts) < len(message.content):
        raise Unaskable("An evaluator's prompt can't have images.")
    return "\n".join(texts)


def _refuse(prompt: Prompt) -> None:
    if not prompt.template:
        raise Unaskable("The evaluator's prompt has no template.")
    if prompt.template_language == "jinja":
        raise Unaskable("Templates in Jinja can't be filled here yet; use the default template language.")
    if prompt.tools or prompt.linked_tools:
        raise Unaskable("An evaluator's prompt can't use tools.")


def _inference(prompt: Prompt) -> dict[str, Any]:
    parameters = {
        "temperature": prompt.temperature,
        "topP": prompt.top_p,
        "maxTokens": None if prompt.max_tokens == -1 else prompt.max_tokens,
        "stopSequences": [prompt.stop] if isinstance(prompt.stop, str) else prompt.stop,
    }
    return {name: value for name, value in parameters.items() if value is not None}


def _extra(prompt: Prompt) -> dict[str, Any]:
    """What Converse has no word for; it goes to the provider under its own name."""
    own: dict[str, Any] = {name: msgspec.to_builtins(getattr(prompt, name)) for name in EXTRAS}
    return (prompt.other or {}) | {name: value for name, value in own.items() if value is not None}
