"""What a caller says of evaluations and their runs, and what it is shown of them (humanloop 4.2, 4.3).

Parts of use cases, run inside their transaction.
"""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headrace.core.access import User
from headrace.core.datasets import Datapoint
from headrace.core.errors import Invalid, NotFound
from headrace.core.evaluations import Evaluation, Run, RunLink, Seat
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.logs.log_views import LogView
from headrace.services.tree import tree
from headrace.services.versions import versions
from headrace.services.versions.views import Surroundings, VersionView, environment_of, view


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


def find(tx: Transaction, evaluation_id: str) -> Evaluation:
    """An evaluation by its id.

    Raises:
        NotFound: there is none.
    """
    evaluation = tx.evaluations.get(id=evaluation_id)
    if evaluation is None:
        raise NotFound("evaluation", evaluation_id, f"Evaluation with ID `{evaluation_id}` not found.")
    return evaluation


def find_file(tx: Transaction, *, ref: str | None, path: str | None, at: str) -> File:
    """A file of any kind by its id, its path or both.

    Args:
        at: where in the body it is named.

    Raises:
        NotFound: there is none.
        Invalid: nothing names it, or its id and its path disagree.
    """
    if ref is None and path is None:
        raise Invalid.at(at, message="Either `id` or `path` must be given.", kind="missing")
    found = tx.files.get(id=ref) if ref is not None else tree.at(tx, path=path or "")
    if not isinstance(found, File):
        named = f"ID `{ref}`" if ref is not None else f"path `{path}`"
        raise NotFound("file", ref or path or "", f"File with {named} not found.")
    if path is not None and found.path != path:
        message = f"`id` and `path` name different files: `{ref}` is at `{found.path}`, not at `{path}`."
        raise Invalid.at(at, "path", message=message, kind="mismatch")
    return found


def find_version(
    tx: Transaction, ref: VersionRef, *, at: Sequence[str | int], kind: str | None = None
) -> tuple[File, Version]:
    """A version as a caller names it, and its file (humanloop 4.3).

    Args:
        at: where in the body it is named.
        kind: what the file must be; None: anything that can be used.

    Raises:
        NotFound: the file, the version or the environment is not there, or nothing is deployed there.
        Invalid: nothing names a version, or two things that do disagree, or the file is of another kind.
    """
    if ref.version_id is None and ref.ref is None and ref.path is None:
        message = "One of `version_id`, `id` and `path` must be given."
        raise Invalid.at(*at, message=message, kind="missing")
    file = _file_of(tx, ref, at=at)
    if kind is not None and file.kind != kind:
        message = f"`{file.path}` is a {KINDS[file.kind].title} and no {KINDS[kind].title}."
        raise Invalid.at(*at, message=message, kind="file_type")
    environment = None if ref.environment is None else environment_of(tx, ref.environment).name
    version = versions.select(tx, file, version_id=ref.version_id, environment=environment)
    if tx.versions.kept(id=version.id) is None:
        raise NotFound("version", version.id, f"`{file.path}` has only a draft, and no version.")
    return file, version


def _file_of(tx: Transaction, ref: VersionRef, *, at: Sequence[str | int]) -> File:
    """The file that a reference names, by itself or by one of its versions."""
    if ref.ref is not None or ref.path is not None:
        return find_file(tx, ref=ref.ref, path=ref.path, at=str(at[0]))
    assert ref.version_id is not None
    version = tx.versions.get(id=ref.version_id)
    file = None if version is None else tx.files.get(id=version.file_id)
    if file is None:
        raise NotFound("version", ref.version_id, f"Version with ID `{ref.version_id}` not found.")
    return file


def show(tx: Transaction, evaluation: Evaluation, around: Surroundings | None = None) -> EvaluationView:
    """An evaluation as a caller sees it.

    Args:
        around: shared by all that are shown in one transaction.
    """
    around = around or Surroundings(tx)
    seats = tx.evaluations.seats(evaluation_id=evaluation.id)
    shown = ((seat, show_version(tx, seat.version_id, around)) for seat in seats)
    return EvaluationView(
        evaluation=evaluation,
        seats=tuple(SeatView(seat=seat, version=version) for seat, version in shown if version is not None),
        runs_count=tx.evaluations.runs_count(evaluation_ids=[evaluation.id]).get(evaluation.id, 0),
        created_by=around.user(evaluation.created_by),
    )


def show_run(tx: Transaction, run: Run, link: RunLink, around: Surroundings | None = None) -> RunView:
    """A run as a caller sees it in an evaluation."""
    around = around or Surroundings(tx)
    return RunView(
        run=run,
        link=link,
        dataset=show_version(tx, run.dataset_version_id, around),
        version=show_version(tx, run.version_id, around),
        created_by=around.user(run.created_by),
    )


def show_version(tx: Transaction, version_id: str | None, around: Surroundings) -> VersionView | None:
    """A version, hidden or not, of a file that is there; None otherwise."""
    version = None if version_id is None else tx.versions.kept(id=version_id)
    file = None if version is None else tx.files.get(id=version.file_id)
    return None if version is None or file is None else view(tx, file, version, around)
