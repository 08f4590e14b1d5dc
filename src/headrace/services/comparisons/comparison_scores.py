"""Has evaluators judge what comes of comparisons, at once, and keeps what they find as judgments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import msgspec

from headrace.core.access import Principal
from headrace.core.effects import JSON, EffectContext, EffectFailed
from headrace.core.errors import HeadraceError, Invalid, Unavailable
from headrace.core.files import File
from headrace.core.judging import Judges, Verdict
from headrace.core.kinds.evaluator import KIND, EvaluatorSpec, EvaluatorType, read_spec, type_of
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.comparisons.comparison_inputs import SOURCE
from headrace.services.comparisons.comparison_results import Judged
from headrace.services.evaluators.judging import Case, Shows, judgment_of, whole
from headrace.services.evaluators.judgments import judge
from headrace.services.logs.log_views import LogView, views
from headrace.services.tree import subjects
from headrace.services.versions.views import default_version

JUDGES = frozenset({EvaluatorType.PYTHON, EvaluatorType.LLM})
"""The evaluators that the server carries out by itself."""


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator that judges in a comparison."""

    file: File
    version_id: str
    spec: EvaluatorSpec


@dataclass(frozen=True, slots=True, kw_only=True)
class Scoring:
    """What carries evaluators out.

    Attributes:
        shows: makes of a log what evaluators are given.
        timeout_s: how long one judgment may take.
    """

    judges: Judges
    shows: Shows
    timeout_s: float


def seats(tx: Transaction, refs: Sequence[str], *, has_targets: bool) -> tuple[Seat, ...]:
    """The evaluators that are named, each at the version that a read shows.

    Args:
        has_targets: whether what is judged comes of datapoints.

    Raises:
        NotFound: one is not there.
        Invalid: one is no evaluator, is named twice, or none that could judge here.
    """
    found: dict[str, Seat] = {}
    for place, ref in enumerate(refs):
        seat = _seat(tx, ref, place, has_targets=has_targets)
        if seat.file.id in found:
            message = f"The Evaluator `{seat.file.path}` is named twice."
            raise Invalid.at("evaluators", place, message=message, kind="twice")
        found[seat.file.id] = seat
    return tuple(found.values())


def _seat(tx: Transaction, ref: str, place: int, *, has_targets: bool) -> Seat:
    file = subjects.file_of(tx, ref)
    problem = None
    if file.kind != KIND.name:
        raise Invalid.at("evaluators", place, message=f"`{file.path}` is no Evaluator.", kind="mismatch")
    version = default_version(tx, file)
    spec = read_spec(version.content)
    if type_of(spec) not in JUDGES:
        problem = (
            f"The server can't carry out `{file.path}`: its judgments are made by {type_of(spec).value}s."
        )
    elif spec.arguments_type == "target_required" and not has_targets:
        problem = f"`{file.path}` needs the target of a datapoint: compare on a dataset."
    if problem is not None:
        raise Invalid.at("evaluators", place, message=problem, kind="mismatch")
    return Seat(file=file, version_id=version.id, spec=spec)


async def scores(
    judging: Scoring,
    ports: Ports,
    principal: Principal,
    panel: Sequence[Seat],
    *,
    log_id: str,
    target: Mapping[str, JSON] | None,
) -> tuple[Judged, ...]:
    """What each evaluator finds of a log.

    Raises:
        Unavailable: the store can't be read, or can't keep it.
    """
    return tuple([await _score(judging, ports, principal, seat, log_id, target) for seat in panel])


async def _score(
    judging: Scoring,
    ports: Ports,
    principal: Principal,
    seat: Seat,
    log_id: str,
    target: Mapping[str, JSON] | None,
) -> Judged:
    view = await read(ports, principal, lambda tx: _view(tx, log_id))
    if view is None:
        return unjudged(seat, f"The log `{log_id}` is gone.")
    started_at = ports.clock.now()
    log = judging.shows(whole(ports, principal.account, view))
    try:
        verdict = await judging.judges.judge(
            seat.spec, log, target, _context(judging, principal, seat, log_id)
        )
    except EffectFailed as failure:
        verdict = Verdict(error=failure.message)
    case = Case(
        view=view,
        file=seat.file,
        version_id=seat.version_id,
        spec=seat.spec,
        target=target,
        source=SOURCE,
    )
    made = judgment_of(ports, case, verdict, started_at)
    try:
        await write(ports, principal, lambda tx: judge(tx, ports, made))
    except Unavailable:
        raise
    except HeadraceError as error:  # the log or the evaluator is gone meanwhile
        return unjudged(seat, error.message)
    return Judged(evaluator_id=seat.file.id, judgment=verdict.judgment, error=verdict.error)


def unjudged(seat: Seat, reason: str) -> Judged:
    """The score of an evaluator that found nothing."""
    return Judged(evaluator_id=seat.file.id, judgment=None, error=reason)


def _view(tx: Transaction, log_id: str) -> LogView | None:
    log = tx.logs.get(id=log_id)
    found = [] if log is None else views(tx, [log], with_children=True)
    return found[0] if found else None


def _context(judging: Scoring, principal: Principal, seat: Seat, log_id: str) -> EffectContext:
    return EffectContext(
        account=principal.account,
        flow_arn="",
        alias_arn="",
        execution_id=log_id,
        node=seat.file.name,
        step=f"{log_id}/{seat.version_id}/{SOURCE}",
        timeout_s=judging.timeout_s,
    )
