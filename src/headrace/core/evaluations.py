"""Evaluations: versions of a file judged side by side (humanloop 4.2, 4.3).

A run is one version used on each datapoint of one version of a dataset; an evaluation has runs, and
evaluators that judge the logs of all of them. A run may be part of several evaluations, and outlives them.

What a run still needs are two sets: the datapoints whose slot is not done, and the judgments that are
awaited. A run is completed when nothing is left in either.
"""

from __future__ import annotations

import hashlib
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime
from enum import StrEnum
from typing import Any

import msgspec

from headrace.core import canonical
from headrace.core.kinds.kind import without_nulls


class RunStatus(StrEnum):
    """How far a run is (humanloop 4.3)."""

    PENDING = "pending"
    RUNNING = "running"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


OPEN = frozenset({RunStatus.PENDING, RunStatus.RUNNING})
"""What a run is in that something may still come of."""


class Evaluation(msgspec.Struct, frozen=True, kw_only=True):
    """One evaluation of one file.

    Attributes:
        id: ``evr_…``.
        file_id: the file whose versions are compared.
        name: unique among the evaluations of the file; None has none.
        created_by: the user's id.
    """

    id: str
    file_id: str
    name: str | None
    created_by: str
    created_at: datetime
    updated_at: datetime


class Seat(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an evaluator that judges in an evaluation.

    Attributes:
        evaluator_id: the evaluator's file.
        version_id: as it was resolved when it was added.
        is_orchestrated: whether the server has it judge; otherwise others post its judgments.
    """

    evaluation_id: str
    evaluator_id: str
    version_id: str
    is_orchestrated: bool
    added_at: datetime


class Run(msgspec.Struct, frozen=True, kw_only=True):
    """A version used on the datapoints of a dataset.

    Attributes:
        id: ``rn_…``.
        file_id: the file that is evaluated.
        version_id: of that file; None: logs of any version.
        dataset_id: the dataset's file; None together with ``dataset_version_id``.
        dataset_version_id: None: a run that is open until somebody closes it.
        is_orchestrated: whether the server makes the logs.
        size: so many datapoints are expected; they have the first slots.
    """

    id: str
    file_id: str
    version_id: str | None
    dataset_id: str | None
    dataset_version_id: str | None
    is_orchestrated: bool
    status: RunStatus
    size: int
    created_by: str
    created_at: datetime


class RunLink(msgspec.Struct, frozen=True, kw_only=True):
    """A run as part of an evaluation.

    Attributes:
        is_control: whether others are compared with it; at most one of an evaluation is.
    """

    evaluation_id: str
    run_id: str
    is_control: bool
    added_at: datetime


class Slot(msgspec.Struct, frozen=True, kw_only=True):
    """The place of one datapoint, or of one more log, in a run.

    Attributes:
        place: 0, 1, 2, … in the order of the dataset; from the run's ``size`` on, of logs nobody expected.
        datapoint_id: None: of a log that was made from none.
        fingerprint: of the datapoint's inputs and messages; None where there is no datapoint.
        log_id: None while there is none.
        is_done: whether there is a log that is not incomplete.
    """

    run_id: str
    place: int
    datapoint_id: str | None
    fingerprint: str | None
    log_id: str | None = None
    is_done: bool = False


class Awaited(msgspec.Struct, frozen=True, kw_only=True):
    """A judgment that an open run still needs: of a version of an evaluator, on the log in a slot."""

    run_id: str
    place: int
    version_id: str


class Judged(msgspec.Struct, frozen=True, kw_only=True):
    """A judgment on a log of a run, as far as it is counted.

    Attributes:
        place: the slot's.
        log_id: the evaluator's log.
        judgment: JSON text; None is null.
        is_automatic: as of the log.
    """

    place: int
    log_id: str
    evaluator_id: str
    version_id: str
    is_automatic: bool
    has_error: bool
    judgment: bytes | None


def speaks_for(
    seat: Seat, seated: Collection[str], *, version_id: str, is_automatic: bool, has_error: bool
) -> bool:
    """Whether what a version of a seat's evaluator found of a log counts for the seat.

    A version that has no seat itself stands in where it failed, as failures may name no version, and where
    the seat's judgments are posted.

    Args:
        seated: the versions that have a seat.
    """
    if version_id == seat.version_id or version_id in seated:
        return version_id == seat.version_id
    # Quirk(humanloop): 5.5, steps 4, 5 and 8. A function that judges is a new version whenever its text
    # changes, but the evaluation keeps the one that it was made with, or that is deployed.
    return has_error or not (seat.is_orchestrated or is_automatic)


_encode = msgspec.json.Encoder().encode


def fingerprint(inputs: Mapping[str, Any] | None, messages: Sequence[Any] | None) -> str:
    """The same for a datapoint and for a log made from it (humanloop 5.5).

    Inputs lose their types on the way, so values that are no texts count as their JSON texts; in messages,
    what is null is absent.

    Returns: 32 hexadecimal digits.

    Raises:
        Invalid: something is nested too deeply to be walked.
    """
    told = {name: value if isinstance(value, str) else _same(value) for name, value in (inputs or {}).items()}
    said = msgspec.Raw(without_nulls(_encode(list(messages or ()))))
    text = canonical.canonical(_encode({"inputs": told, "messages": said}))
    return hashlib.sha256(text).hexdigest()[:32]


def _same(value: Any) -> str:
    return canonical.canonical(_encode(value)).decode()
