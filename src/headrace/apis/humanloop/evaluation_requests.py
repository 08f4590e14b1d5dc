"""The bodies and queries about evaluations and runs, and what of the domain they mean (humanloop 4.2)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Literal

import msgspec

from headrace.services.evaluations.evaluation_views import SeatRef, VersionRef


class FileReference(msgspec.Struct, frozen=True, kw_only=True):
    """A file, by its id or its path."""

    id: str | None = None
    path: str | None = None


class VersionReference(FileReference, frozen=True, kw_only=True):
    """A version: itself, or what is deployed of a file to an environment."""

    version_id: str | None = None
    environment: str | None = None


class EvaluatorReference(VersionReference, frozen=True, kw_only=True):
    """A version of an evaluator, and whether the server has it judge."""

    orchestrated: bool | None = None


class AddEvaluators(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations."""

    evaluators: list[EvaluatorReference]


class CreateEvaluation(AddEvaluators, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations. Null means absent."""

    file: FileReference | None = None
    name: str | None = None


class CreateRun(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations. Null means absent."""

    dataset: VersionReference | None = None
    version: VersionReference | None = None
    orchestrated: bool | None = None
    use_existing_logs: bool | None = None


class UpdateRun(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations. A run always has both, so null means absent."""

    control: bool | None = None
    status: Literal["completed", "cancelled"] | None = None


class AddLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations."""

    log_ids: list[str]


class ListEvaluations(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations."""

    file_id: str
    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=0)] = 10


class ListEvaluationLogs(msgspec.Struct, frozen=True, kw_only=True):
    """Humanloop 4.2, Evaluations. Without a run, the logs of all are meant."""

    page: Annotated[int, msgspec.Meta(ge=1)] = 1
    size: Annotated[int, msgspec.Meta(ge=0)] = 10
    run_id: tuple[str, ...] = ()


def seat_refs(given: Sequence[EvaluatorReference]) -> list[SeatRef]:
    """Who is to judge, in the order that was sent."""
    return [
        SeatRef(
            version_id=one.version_id,
            ref=one.id,
            path=one.path,
            environment=one.environment,
            is_orchestrated=one.orchestrated,
        )
        for one in given
    ]


def version_ref(given: VersionReference | None) -> VersionRef | None:
    """A version as it was named; None: none was."""
    if given is None:
        return None
    return VersionRef(
        version_id=given.version_id, ref=given.id, path=given.path, environment=given.environment
    )
