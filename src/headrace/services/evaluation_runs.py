"""Runs of evaluations, and the logs in them (humanloop 3.9, 4.2, 4.3)."""

from __future__ import annotations

from collections.abc import Collection, Sequence

from headrace.core.access import Principal
from headrace.core.evaluations import RunStatus
from headrace.services.base import Ports
from headrace.services.evaluation_views import LogRow, RunView, VersionRef


async def create(
    ports: Ports,
    principal: Principal,
    *,
    evaluation_id: str,
    dataset: VersionRef | None,
    version: VersionRef | None,
    is_orchestrated: bool,
    use_existing_logs: bool,
) -> RunView:
    """Make a run of an evaluation; an orchestrated one begins at once.

    Raises:
        NotFound: the evaluation, the dataset, the version or an environment is not there.
        Invalid: the server is to make logs, or to use those that are there, without a dataset and a version;
            the version is of another file than the evaluation; the server can't call it.
    """
    raise NotImplementedError


async def runs(ports: Ports, principal: Principal, *, evaluation_id: str) -> list[RunView]:
    """The runs of an evaluation, newest first.

    Raises:
        NotFound: there is no such evaluation.
    """
    raise NotImplementedError


async def link(ports: Ports, principal: Principal, *, evaluation_id: str, run_id: str) -> RunView:
    """Make a run that is there a part of another evaluation of the same file, too.

    Raises:
        NotFound: there is no such evaluation or run.
        Invalid: the run is of another file.
    """
    raise NotImplementedError


async def unlink(ports: Ports, principal: Principal, *, evaluation_id: str, run_id: str) -> None:
    """Let a run be no part of an evaluation any more. It stays, and so do its logs.

    Raises:
        NotFound: there is no such evaluation, or the run is none of its.
    """
    raise NotImplementedError


async def update(
    ports: Ports,
    principal: Principal,
    *,
    evaluation_id: str,
    run_id: str,
    is_control: bool | None,
    status: RunStatus | None,
) -> RunView:
    """Make a run the one that others are compared with, or let it be none; close it, or cancel it.

    Raises:
        NotFound: there is no such evaluation, or the run is none of its.
        Invalid: the status is none that can be asked for.
        Conflict: the run is over.
    """
    raise NotImplementedError


async def add_logs(
    ports: Ports, principal: Principal, *, evaluation_id: str, run_id: str, log_ids: Sequence[str]
) -> RunView:
    """Make logs part of a run, which may be over.

    Raises:
        NotFound: there is no such evaluation, the run is none of its, or a log is not there.
        Invalid: a log is of another file.
    """
    raise NotImplementedError


async def logs(
    ports: Ports,
    principal: Principal,
    *,
    evaluation_id: str,
    run_ids: Collection[str],
    skip: int,
    take: int,
) -> tuple[list[LogRow], int]:
    """One page of the logs of an evaluation's runs, newest run first, then by datapoint; and how many.

    Args:
        run_ids: of these runs only; empty: of all.

    Raises:
        NotFound: there is no such evaluation, or a run is none of its.
    """
    raise NotImplementedError
