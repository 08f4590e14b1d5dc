"""The Humanloop objects that responses about evaluations are made of, and how the domain becomes them.

Every documented key is always there, with null when empty (humanloop 0.6, 4.3).
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec

from headrace.apis.humanloop.datasets import shown_datapoint
from headrace.apis.humanloop.log_wire import LogRenderer, LogResponse
from headrace.apis.humanloop.render import Renderer, shown_user
from headrace.apis.humanloop.wire import (
    AnyFile,
    DatapointResponse,
    DatasetResponse,
    EvaluatorResponse,
    Time,
    UserResponse,
)
from headrace.core.run_stats import BooleanStats, ChoiceStats, NumberStats, SeatStats
from headrace.services.evaluations.evaluation_stats import EvaluationStats, RunStats
from headrace.services.evaluations.evaluation_views import EvaluationView, LogRow, RunView

Status = Literal["pending", "running", "completed", "cancelled"]
_encode = msgspec.json.Encoder().encode


class EvaluationEvaluatorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an evaluator that judges in an evaluation."""

    version: EvaluatorResponse
    orchestrated: bool
    added_at: Time


class EvaluationResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluation (humanloop 4.3).

    Attributes:
        url: a text, always, because clients print it: where this server tells how the evaluation stands.
    """

    id: str
    runs_count: int
    evaluators: list[EvaluationEvaluatorResponse]
    name: str | None
    file_id: str
    created_at: Time
    created_by: UserResponse | None
    updated_at: Time
    url: str


class PaginatedEvaluations(msgspec.Struct, frozen=True, kw_only=True):
    """A page of evaluations (humanloop 0.7)."""

    records: list[EvaluationResponse]
    page: int
    size: int
    total: int


class EvaluationRunResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A run as part of an evaluation (humanloop 4.3).

    Attributes:
        dataset: without its datapoints.
    """

    id: str
    dataset: DatasetResponse | None
    version: AnyFile | None
    orchestrated: bool
    added_at: Time
    created_at: Time
    created_by: UserResponse | None
    status: Status
    control: bool


class EvaluationRunsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """All runs of an evaluation, newest first."""

    runs: list[EvaluationRunResponse]


class TextEvaluatorStatsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How an evaluator judged in a run: what is said of any, and all that is said of texts (humanloop 4.3).

    Attributes:
        total_logs: nulls and errors are among them.
        num_judgments: neither nulls nor errors.
    """

    evaluator_version_id: str
    total_logs: int
    num_judgments: int
    num_nulls: int
    num_errors: int


class BooleanEvaluatorStatsResponse(TextEvaluatorStatsResponse, frozen=True, kw_only=True):
    """The same of booleans."""

    num_true: int
    num_false: int


class NumericEvaluatorStatsResponse(TextEvaluatorStatsResponse, frozen=True, kw_only=True):
    """The same of numbers. Clients know it by its percentiles (humanloop 0.6)."""

    mean: float | None
    sum: float | None
    std: float | None
    percentiles: dict[str, float]


class SelectEvaluatorStatsResponse(TextEvaluatorStatsResponse, frozen=True, kw_only=True):
    """The same of one or more options."""

    num_judgments_per_option: dict[str, int]


STATS = (
    BooleanEvaluatorStatsResponse,
    NumericEvaluatorStatsResponse,
    SelectEvaluatorStatsResponse,
    TextEvaluatorStatsResponse,
)
AnyStats = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={"oneOf": [{"$ref": f"#/components/schemas/{one.__name__}"} for one in STATS]}
    ),
]
"""One of these; its keys tell which (humanloop 0.6)."""


class RunStatsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How a run was judged (humanloop 4.3).

    Attributes:
        batch_id: what evaluations were before; always null.
    """

    run_id: str
    version_id: str | None
    batch_id: str | None = None
    num_logs: int
    evaluator_stats: list[AnyStats]
    status: Status


class EvaluationStatsResponse(msgspec.Struct, frozen=True, kw_only=True):
    """How the runs of an evaluation were judged, newest first (humanloop 4.3)."""

    run_stats: list[RunStatsResponse]
    progress: str
    report: str
    status: Status


class EvaluationLogResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A log of a run, with what it was made from and how it was judged."""

    run_id: str
    datapoint: DatapointResponse | None
    log: LogResponse
    evaluator_logs: list[LogResponse]


class PaginatedEvaluationLogs(msgspec.Struct, frozen=True, kw_only=True):
    """A page of the logs of runs (humanloop 0.7)."""

    records: list[EvaluationLogResponse]
    page: int
    size: int
    total: int


class EvaluationRenderer:
    """Makes the objects of one response."""

    def __init__(self, wire: Renderer) -> None:
        self._wire = wire
        self._logs = LogRenderer(wire)

    def evaluation(self, view: EvaluationView) -> EvaluationResponse:
        """An evaluation with who judges in it."""
        one = view.evaluation
        evaluators = [
            EvaluationEvaluatorResponse(
                version=self._wire.evaluator(judge.version),
                orchestrated=judge.seat.is_orchestrated,
                added_at=self._wire.time(judge.seat.added_at),
            )
            for judge in view.seats
        ]
        return EvaluationResponse(
            id=one.id,
            runs_count=view.runs_count,
            evaluators=evaluators,
            name=one.name,
            file_id=one.file_id,
            created_at=self._wire.time(one.created_at),
            created_by=shown_user(view.created_by),
            updated_at=self._wire.time(one.updated_at),
            url=f"/v5/evaluations/{one.id}/stats",
        )

    def run(self, view: RunView) -> EvaluationRunResponse:
        """A run as part of the evaluation that it was asked for in."""
        run, version = view.run, view.version
        return EvaluationRunResponse(
            id=run.id,
            dataset=None if view.dataset is None else self._wire.dataset(view.dataset),
            version=None if version is None else msgspec.Raw(_encode(self._wire.file(version))),
            orchestrated=run.is_orchestrated,
            added_at=self._wire.time(view.link.added_at),
            created_at=self._wire.time(run.created_at),
            created_by=shown_user(view.created_by),
            status=run.status.value,
            control=view.link.is_control,
        )

    def log(self, row: LogRow) -> bytes:
        """A log of a run, as JSON text."""
        point = row.datapoint
        shown: dict[str, Any] = {
            "run_id": row.run_id,
            "datapoint": None if point is None else msgspec.Raw(shown_datapoint(point)),
            "log": self._logs.members(row.log),
            "evaluator_logs": [self._logs.members(one) for one in row.judgments],
        }
        return _encode(shown)


def stats_response(stats: EvaluationStats) -> EvaluationStatsResponse:
    """How the runs of an evaluation were judged."""
    return EvaluationStatsResponse(
        run_stats=[_run_stats(one) for one in stats.runs],
        progress=stats.progress,
        report=stats.report,
        status=stats.status.value,
    )


def _run_stats(stats: RunStats) -> RunStatsResponse:
    return RunStatsResponse(
        run_id=stats.run.id,
        version_id=stats.run.version_id,
        num_logs=stats.num_logs,
        evaluator_stats=[msgspec.Raw(_encode(_seat_stats(one))) for one in stats.seats],
        status=stats.run.status.value,
    )


def _seat_stats(stats: SeatStats) -> TextEvaluatorStatsResponse:
    """The shape of an evaluator's return type, also where it has not judged yet (humanloop 4.3)."""
    shared: dict[str, Any] = {
        "evaluator_version_id": stats.version_id,
        "total_logs": stats.total_logs,
        "num_judgments": stats.num_judgments,
        "num_nulls": stats.num_nulls,
        "num_errors": stats.num_errors,
    }
    match stats:
        case BooleanStats():
            return BooleanEvaluatorStatsResponse(**shared, num_true=stats.num_true, num_false=stats.num_false)
        case NumberStats():
            return NumericEvaluatorStatsResponse(
                **shared,
                mean=stats.mean,
                sum=stats.sum,
                std=stats.std,
                percentiles=dict(stats.percentiles),
            )
        case ChoiceStats():
            return SelectEvaluatorStatsResponse(**shared, num_judgments_per_option=dict(stats.per_option))
    return TextEvaluatorStatsResponse(**shared)
