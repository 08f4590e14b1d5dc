"""Evaluators that are prompts: a model is shown the log and asked for a judgment (humanloop 2.12, 4.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.backends.evaluators.answer import NoJudgment, judgment_in
from headrace.backends.evaluators.question import Unaskable, check_askable, messages_of, question_of
from headrace.core.effects import JSON, EffectContext, ModelProvider, ModelReply, ModelRequest
from headrace.core.judging import Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.placeholders import fill, mentions
from headrace.core.prompt_filling import TemplateLanguage, Unfillable
from headrace.core.prompts import Prompt
from headrace.core.template import UnfilledVariable

JINJA = "jinja"
POPULATED = "log_prompt"
"""What templates call the prompt of a judged log."""


async def judge_by_model(
    models: ModelProvider,
    jinja: TemplateLanguage,
    spec: EvaluatorSpec,
    log: Mapping[str, JSON],
    target: Mapping[str, JSON] | None,
    context: EffectContext,
) -> Verdict:
    """What a model says of the log. A prompt that can't be sent is a verdict, and so is a useless answer.

    Args:
        jinja: fills templates that are not in the default language.

    Raises:
        EffectFailed: no model answered.
    """
    if spec.prompt is None:
        return Verdict(error="The evaluator has no prompt.")
    try:
        check_askable(spec.prompt)
        values = await _values(jinja, spec.prompt, log, target)
        request = question_of(spec.prompt, await _said(jinja, spec.prompt, values))
    except Unaskable as error:
        return Verdict(error=str(error))
    except (UnfilledVariable, Unfillable) as unfilled:
        return Verdict(error=f"The evaluator's prompt can't be filled: {unfilled}.")
    started_s = asyncio.get_running_loop().time()
    reply = await models.converse(request, context)
    latency_s = asyncio.get_running_loop().time() - started_s
    return _verdict(spec, request, reply, latency_s)


def _verdict(spec: EvaluatorSpec, request: ModelRequest, reply: ModelReply, latency_s: float) -> Verdict:
    text = reply.text
    judgment, error = None, None
    try:
        judgment = judgment_in(text, spec)
    except NoJudgment as none:
        error = str(none)
    return Verdict(
        judgment=judgment,
        error=error,
        output=text,
        output_message={"role": "assistant", "content": text},
        provider_request=_told(request),
        provider_response=_told(reply),
        provider_latency_s=latency_s,
        usage=reply.usage,
    )


async def _said(jinja: TemplateLanguage, prompt: Prompt, values: Mapping[str, JSON]) -> list[tuple[str, str]]:
    """The texts of a prompt's template, filled, each with who says it."""
    roles = [role for role, _ in messages_of(prompt)]
    texts = [text for _, text in messages_of(prompt)]
    if prompt.template_language == JINJA:
        filled = await jinja.fill(texts, values)
    else:
        filled = [fill(text, values) for text in texts]
    return list(zip(roles, filled, strict=True))


async def _values(
    jinja: TemplateLanguage, prompt: Prompt, log: Mapping[str, JSON], target: Mapping[str, JSON] | None
) -> dict[str, JSON]:
    """What a template may refer to."""
    values: dict[str, JSON] = {"log": log}
    if target is not None:
        values |= {"testcase": target, "target": target.get("target")}
    used = log.get("prompt") or log.get("agent")
    if used and any(_mentions(prompt, text) for _, text in messages_of(prompt)):
        values[POPULATED] = await _populated(jinja, used, log)
    return values


def _mentions(prompt: Prompt, text: str) -> bool:
    return POPULATED in text if prompt.template_language == JINJA else mentions(text, POPULATED)


async def _populated(jinja: TemplateLanguage, used: JSON, log: Mapping[str, JSON]) -> JSON:
    """What a judged log's prompt said to its model: its template with the log's inputs, then its messages."""
    prompt = msgspec.convert(used, Prompt)
    inputs: Any = log.get("inputs") or {}
    filled = [{"role": role, "content": text} for role, text in await _said(jinja, prompt, inputs)]
    messages: Any = log.get("messages") or []
    is_text = isinstance(prompt.template, str) and not messages
    return filled[0]["content"] if is_text else [*filled, *messages]


def _told(value: ModelRequest | ModelReply) -> dict[str, JSON]:
    told: dict[str, JSON] = msgspec.to_builtins(value)
    return {name: part for name, part in told.items() if part}
