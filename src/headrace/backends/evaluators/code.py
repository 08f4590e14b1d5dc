"""Evaluators of code: the last function of it is called with the log (humanloop 3.8)."""

from __future__ import annotations

from collections.abc import Mapping

from headrace.backends.sandbox.failures import CodeFailed
from headrace.backends.sandbox.outcome import Sandbox
from headrace.core.effects import JSON, EffectContext, Fault
from headrace.core.judging import Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec

MISSING_MODULE = "ModuleNotFoundError"
ONLY_STANDARD = "Evaluators have Python's standard library and no other packages here."


async def judge_by_code(
    sandbox: Sandbox,
    spec: EvaluatorSpec,
    log: Mapping[str, JSON],
    target: Mapping[str, JSON] | None,
    context: EffectContext,
) -> Verdict:
    """What the code says of the log; its own failures are verdicts, too.

    The function gets as many arguments as it takes. Without a data point there is only one to give, which is
    enough also for an evaluator that is said to require one (humanloop 8.19).

    Raises:
        EffectFailed: there is no place to run it in.
    """
    arguments = [log] if target is None else [log, target]
    try:
        called = await sandbox.call(spec.code or "", arguments, context)
    except CodeFailed as failure:
        if failure.fault is not Fault.DEPENDENCY:  # it was not run
            raise
        return Verdict(error=_told(failure.message), stdout=failure.stdout or None)
    return Verdict(judgment=called.value, stdout=called.stdout or None)


def _told(message: str) -> str:
    return f"{message}. {ONLY_STANDARD}" if message.startswith(MISSING_MODULE) else message
