"""Evaluators that are prompts: a model is shown the log and asked for a judgment (humanloop 2.12, 4.8)."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

import msgspec

from headrace.backends.evaluators.answer import NoJudgment, judgment_in
from headrace.backends.evaluators.question import Unaskable, messages_of, question_of
from headrace.core.effects import JSON, EffectContext, ModelProvider, ModelReply, ModelRequest
from headrace.core.judging import Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.placeholders import fill, mentions
from headrace.core.prompts import Prompt
from headrace.core.template import UnfilledVariable

POPULATED = "log_prompt"
"""What templates call the prompt of a judged log."""


async def judge_by_model(
    models: ModelProvider,
    spec: EvaluatorSpec,
    log: Mapping[str, JSON],
    target: Mapping[str, JSON] | None,
    context: EffectContext,
) -> Verdict:
    """What a model says of the log. A prompt that can't be sent is a verdict, and so is a useless answer.

    Raises:
        EffectFailed: no model answered.
    """
    if spec.prompt is None:
        return Verdict(error="The evaluator has no prompt.")
    try:
        request = question_of(spec.prompt, _values(spec.prompt, log, target))
    except Unaskable as error:
        return Verdict(error=str(error))
    except UnfilledVariable as unfilled:
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


def _values(prompt: Prompt, log: Mapping[str, JSON], target: Mapping[str, JSON] | None) -> dict[str, JSON]:
    """What a template may refer to."""
    values: dict[str, JSON] = {"log": log}
    if target is not None:
        values |= {"testcase": target, "target": target.get("target")}
    if log.get("prompt") and any(mentions(text, POPULATED) for _, text in messages_of(prompt)):
        values[POPULATED] = _populated(log)
    return values


def _populated(log: Mapping[str, JSON]) -> JSON:
    """The prompt that a judged prompt's log was made with, filled with the log's inputs."""
    prompt = msgspec.convert(log["prompt"], Prompt)
    inputs = log.get("inputs") or {}
    said = [{"role": role, "content": fill(text, inputs)} for role, text in messages_of(prompt)]
    return said[0]["content"] if isinstance(prompt.template, str) else said


def _told(value: ModelRequest | ModelReply) -> dict[str, JSON]:
    told: dict[str, JSON] = msgspec.to_builtins(value)
    return {name: part for name, part in told.items() if part}
