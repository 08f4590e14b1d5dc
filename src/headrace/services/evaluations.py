"""Evaluations and who judges in them (humanloop 4.2, 4.3)."""

from __future__ import annotations

from collections.abc import Sequence

from headrace.core.access import Principal
from headrace.services.base import Ports
from headrace.services.evaluation_views import EvaluationView, SeatRef


async def create(
    ports: Ports,
    principal: Principal,
    *,
    ref: str | None,
    path: str | None,
    name: str | None,
    seats: Sequence[SeatRef],
) -> EvaluationView:
    """Make an evaluation of a file, which is named by its id or its path.

    Raises:
        NotFound: the file, an evaluator, a version or an environment is not there; nothing is made.
        Invalid: nothing names the file, or two things that do disagree; an evaluator is none; the file is one
            of which there are no logs that could be judged.
        AlreadyExists: another evaluation of the file has the name.
    """
    raise NotImplementedError


async def get(ports: Ports, principal: Principal, *, evaluation_id: str) -> EvaluationView:
    """An evaluation.

    Raises:
        NotFound: there is none.
    """
    raise NotImplementedError


async def page(
    ports: Ports, principal: Principal, *, file_id: str, skip: int, take: int
) -> tuple[list[EvaluationView], int]:
    """One page of a file's evaluations, newest first, and how many there are.

    Raises:
        NotFound: there is no such file.
    """
    raise NotImplementedError


async def delete(ports: Ports, principal: Principal, *, evaluation_id: str) -> None:
    """Forget an evaluation. Its runs, their logs and its evaluators stay.

    Raises:
        NotFound: there is none.
    """
    raise NotImplementedError


async def add_evaluators(
    ports: Ports, principal: Principal, *, evaluation_id: str, seats: Sequence[SeatRef]
) -> EvaluationView:
    """Have more evaluators judge the runs of an evaluation, also the logs that are there.

    One that judges there already stays where it is.

    Raises:
        NotFound: the evaluation, an evaluator, a version or an environment is not there; nothing is added.
        Invalid: nothing names an evaluator, or two things that do disagree, or it is none.
    """
    raise NotImplementedError


async def remove_evaluator(
    ports: Ports, principal: Principal, *, evaluation_id: str, version_id: str
) -> EvaluationView:
    """Let a version of an evaluator judge no more in an evaluation. Its judgments stay with their logs.

    Raises:
        NotFound: there is no such evaluation, or that version does not judge in it.
    """
    raise NotImplementedError
