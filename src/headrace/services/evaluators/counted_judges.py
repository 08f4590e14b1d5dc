"""Evaluators whose judgments are counted."""

from __future__ import annotations

import time
from collections.abc import Mapping

from headrace.core.counts import Spread
from headrace.core.effects import JSON, EffectContext, EffectFailed
from headrace.core.judging import Judges, Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec


class CountedJudges(Judges):
    """Others, and how often and how long they were asked.

    Args:
        seconds: counts judgments by how they ended.
    """

    def __init__(self, judges: Judges, seconds: Spread) -> None:
        self._judges = judges
        self._seconds = seconds

    async def judge(
        self,
        spec: EvaluatorSpec,
        log: Mapping[str, JSON],
        target: Mapping[str, JSON] | None,
        context: EffectContext,
    ) -> Verdict:
        started_s, outcome = time.perf_counter(), "left"
        try:
            verdict = await self._judges.judge(spec, log, target, context)
            outcome = "judged" if verdict.error is None else "error"
        except EffectFailed:
            outcome = "unavailable"
            raise
        finally:
            self._seconds.add((outcome,), time.perf_counter() - started_s)
        return verdict
