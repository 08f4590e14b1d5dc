"""The prompt of an evaluator as the request that a model is sent."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from headrace.core.effects import ModelRequest
from headrace.core.prompt_forms import SPOKEN, SYSTEM
from headrace.core.prompt_requests import extra_of, inference_of
from headrace.core.prompts import ChatMessage, Prompt, TextPart


class Unaskable(ValueError):
    """A prompt can't be sent to a model; the text says why."""


def question_of(prompt: Prompt, said: Sequence[tuple[str, str]]) -> ModelRequest:
    """The prompt as a request.

    Args:
        said: the texts of its template, filled, each with who says it.
    """
    system = [{"text": text} for role, text in said if role in SYSTEM]
    messages = [{"role": role, "content": [{"text": text}]} for role, text in said if role in SPOKEN]
    if not messages:  # a model answers somebody
        messages, system = [{"role": "user", "content": system}], []
    return ModelRequest(
        model_id=prompt.model,
        messages=messages,
        system=system,
        inference=inference_of(prompt),
        extra=extra_of(prompt) or None,
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


def check_askable(prompt: Prompt) -> None:
    """Refuse a prompt that can't be sent.

    Raises:
        Unaskable: it has no template, or wants what this server can't do.
    """
    if not prompt.template:
        raise Unaskable("The evaluator's prompt has no template.")
    if prompt.tools or prompt.linked_tools:
        raise Unaskable("An evaluator's prompt can't use tools.")
