"""Evaluators tried on a log: carried out as monitoring would, and nothing of it is kept."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.effects import JSON, EffectContext, EffectFailed
from headrace.core.errors import Invalid
from headrace.core.judging import Verdict
from headrace.core.kinds.evaluator import EvaluatorSpec, read_spec
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read
from headrace.services.comparisons.comparison_scores import Scoring
from headrace.services.evaluators import evaluator_shelf, evaluator_types
from headrace.services.evaluators.judging import whole
from headrace.services.logs import logs
from headrace.services.logs.log_views import LogView, view
from headrace.services.versions.differences import content_of
from headrace.services.versions.views import default_version

NAME = "trial"
"""What an evaluator is called that has no file yet."""


class Trial(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be tried: one of ``spec`` and ``evaluator``.

    Attributes:
        log_id: the log that is judged.
        spec: an evaluator's content, be it kept nowhere yet.
        evaluator: a file, by its id or path.
        version: of that, by any name it has; None is the one that a read shows.
    """

    log_id: str
    spec: Mapping[str, Any] | None = None
    evaluator: str | None = None
    version: str | None = None


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What came of it.

    Attributes:
        is_passing: whether the failure is one that monitoring would try again after.
        duration_s: how long it took.
    """

    verdict: Verdict
    is_passing: bool
    duration_s: float


class _Case(msgspec.Struct, frozen=True, kw_only=True):
    name: str
    spec: EvaluatorSpec
    view: LogView
    target: Mapping[str, JSON] | None


async def carry_out(ports: Ports, principal: Principal, scoring: Scoring, trial: Trial) -> Tried:
    """What an evaluator finds of a log. Whatever is wrong with it is told, and raises nothing.

    Raises:
        NotFound: the log or the evaluator is not there.
        Invalid: the spec breaks a rule, or not just one of both is named.
        Forbidden: new code or prompts need the right of an editor.
    """
    principal.require(Right.RUNNER if trial.spec is None else Right.EDITOR)
    if (trial.spec is None) == (trial.evaluator is None):
        message = "Say either a `spec` or an `evaluator`."
        raise Invalid.at("evaluator", message=message, kind="mismatch")
    spec = None if trial.spec is None else evaluator_types.read_new(trial.spec)[0]
    case = await read(ports, principal, lambda tx: _case(tx, trial, spec))
    log = scoring.shows(whole(ports, principal.account, case.view))
    context = EffectContext(
        account=principal.account,
        flow_arn="",
        alias_arn="",
        execution_id=trial.log_id,
        node=case.name,
        step=f"{trial.log_id}/{ports.ids.long('try_')}",
        timeout_s=scoring.timeout_s,
    )
    started_s = asyncio.get_running_loop().time()
    is_passing = False
    try:
        verdict = await scoring.judges.judge(case.spec, log, case.target, context)
    except EffectFailed as failure:
        verdict, is_passing = Verdict(error=failure.message), True
    duration_s = asyncio.get_running_loop().time() - started_s
    return Tried(verdict=verdict, is_passing=is_passing, duration_s=duration_s)


def _case(tx: Transaction, trial: Trial, spec: EvaluatorSpec | None) -> _Case:
    log = logs.find(tx, trial.log_id)
    name = NAME
    if trial.evaluator is not None:
        file = evaluator_shelf.evaluator_file(tx, trial.evaluator, where="body")
        version = (
            default_version(tx, file)
            if trial.version is None
            else content_of(tx, file, trial.version).version
        )
        name, spec = file.name, read_spec(version.content)
    assert spec is not None
    target = None
    if log.source_datapoint_id is not None:
        found = tx.datasets.some(ids=[log.source_datapoint_id]).get(log.source_datapoint_id)
        target = None if found is None else {"id": found.id, **msgspec.json.decode(found.body)}
    return _Case(name=name, spec=spec, view=view(tx, log, with_children=True), target=target)
