"""Which kind of evaluator is carried out by what, and what a failure of one means."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from headrace.backends.evaluators.code import judge_by_code
from headrace.backends.evaluators.model import judge_by_model
from headrace.backends.sandbox.outcome import Sandbox
from headrace.backends.templates.jinja import JinjaLanguage
from headrace.core.effects import JSON, EffectContext, EffectFailed, Fault, ModelProvider
from headrace.core.judging import Judges, Verdict
from headrace.core.kinds.evaluator import (
    EvaluatorSpec,
    EvaluatorType,
    judgment_form,
    judgment_problem,
    type_of,
)
from headrace.core.prompt_filling import TemplateLanguage

PASSING = frozenset({Fault.GATEWAY, Fault.THROTTLED})
"""Failures that another time there may not be."""


class Evaluators(Judges):
    """Carries out evaluators of the types ``python`` and ``llm``; people and clients carry out the others.

    Args:
        jinja: fills templates in Jinja; None: as calls of prompts have it.
    """

    def __init__(
        self, sandbox: Sandbox, models: ModelProvider, jinja: TemplateLanguage | None = None
    ) -> None:
        self._sandbox = sandbox
        self._models = models
        self._jinja = jinja or JinjaLanguage()

    async def judge(
        self,
        spec: EvaluatorSpec,
        log: Mapping[str, JSON],
        target: Mapping[str, JSON] | None,
        context: EffectContext,
    ) -> Verdict:
        try:
            verdict = await self._found(spec, log, target, context)
        except EffectFailed as failure:
            if failure.fault in PASSING:
                raise
            return Verdict(error=failure.message)
        return _checked(spec, verdict)

    async def _found(
        self,
        spec: EvaluatorSpec,
        log: Mapping[str, JSON],
        target: Mapping[str, JSON] | None,
        context: EffectContext,
    ) -> Verdict:
        match type_of(spec):
            case EvaluatorType.PYTHON:
                return await judge_by_code(self._sandbox, spec, log, target, context)
            case EvaluatorType.LLM:
                return await judge_by_model(self._models, self._jinja, spec, log, target, context)
            case EvaluatorType.HUMAN | EvaluatorType.EXTERNAL as others:
                return Verdict(error=f"Evaluators of the type `{others}` are not carried out by the server.")


def _checked(spec: EvaluatorSpec, verdict: Verdict) -> Verdict:
    """The verdict, its judgment as it is kept, unless that is of another type than the evaluator's
    (humanloop 8.56)."""
    if verdict.error is not None or verdict.judgment is None:
        return verdict
    problem = judgment_problem(spec, verdict.judgment)
    if problem is None:
        return msgspec.structs.replace(verdict, judgment=judgment_form(spec, verdict.judgment))
    return msgspec.structs.replace(verdict, judgment=None, error=problem)
