"""What a caller says of evaluations and their runs, and what it is shown of them (humanloop 4.2, 4.3).

Parts of use cases, run inside their transaction.
"""

from __future__ import annotations

import msgspec

from headrace.core.access import User
from headrace.core.datasets import Datapoint
from headrace.core.evaluations import Evaluation, Run, RunLink, Seat
from headrace.services.log_views import LogView
from headrace.services.views import VersionView


class VersionRef(msgspec.Struct, frozen=True, kw_only=True):
    """A version as a caller names it: itself, or by its file's id or path and an environment.

    Attributes:
        ref: the file's id.
        path: the file's path.
        environment: its name, or its id; without one, what is deployed to the default environment, or else
            the newest version.
    """

    version_id: str | None = None
    ref: str | None = None
    path: str | None = None
    environment: str | None = None


class SeatRef(VersionRef, frozen=True, kw_only=True):
    """A version of an evaluator that is to judge in an evaluation.

    Attributes:
        is_orchestrated: whether the server has it judge; None: where it can.
    """

    is_orchestrated: bool | None = None


class SeatView(msgspec.Struct, frozen=True, kw_only=True):
    """Who judges in an evaluation."""

    seat: Seat
    version: VersionView


class EvaluationView(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation and what surrounds it.

    Attributes:
        seats: those whose evaluators are there, in the order in which they were added.
        created_by: None when that user is gone.
    """

    evaluation: Evaluation
    seats: tuple[SeatView, ...]
    runs_count: int
    created_by: User | None


class RunView(msgspec.Struct, frozen=True, kw_only=True):
    """A run as part of an evaluation.

    Attributes:
        dataset: None: it has none, or that is gone.
        version: None: it is of no version in particular.
        created_by: None when that user is gone.
    """

    run: Run
    link: RunLink
    dataset: VersionView | None
    version: VersionView | None
    created_by: User | None


class LogRow(msgspec.Struct, frozen=True, kw_only=True):
    """A log of a run.

    Attributes:
        datapoint: what it was made from; None: from none.
        judgments: by the evaluators of the evaluation, oldest first.
    """

    run_id: str
    datapoint: Datapoint | None
    log: LogView
    judgments: tuple[LogView, ...]
