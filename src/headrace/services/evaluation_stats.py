"""How far the runs of an evaluation are, and how they were judged (humanloop 4.3)."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal
from headrace.core.evaluations import Run, RunStatus
from headrace.core.run_stats import SeatStats
from headrace.services.base import Ports


class RunStats(msgspec.Struct, frozen=True, kw_only=True):
    """How one run was judged.

    Attributes:
        num_logs: how many logs are in it.
        seats: by every evaluator of the evaluation, in the order in which they were added.
    """

    run: Run
    num_logs: int
    seats: tuple[SeatStats, ...]


class EvaluationStats(msgspec.Struct, frozen=True, kw_only=True):
    """How the runs of an evaluation were judged.

    Attributes:
        runs: newest first.
        status: the newest run's; pending without any (humanloop 8.35).
        progress: how far the newest run is, to be read by people; never empty.
        report: the runs side by side, to be read by people; never empty.
    """

    runs: tuple[RunStats, ...]
    status: RunStatus
    progress: str
    report: str


async def stats(ports: Ports, principal: Principal, *, evaluation_id: str) -> EvaluationStats:
    """How the runs of an evaluation were judged.

    Raises:
        NotFound: there is no such evaluation.
    """
    raise NotImplementedError
