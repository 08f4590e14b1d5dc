"""Evaluators for who looks around: what each is, where it judges, and what judges a file."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.kinds import evaluator
from headrace.core.kinds.evaluator import EvaluatorSpec, read_spec
from headrace.core.monitoring import Monitor
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, read, scan
from headrace.services.deployments.pointers import version_of
from headrace.services.evaluators import monitors
from headrace.services.evaluators.monitors import EvaluatorRef
from headrace.services.tree import subjects
from headrace.services.versions.views import (
    default_environment,
    default_version,
    environment_of,
    environment_targets,
)

KIND = evaluator.KIND.name
SHOWN_PLACES = 20
"""So many of the files that an evaluator judges are named."""


class Judge(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator.

    Attributes:
        version: what a read shows; None when it has none.
        number: the highest number of that version.
        places: the files whose logs it judges by itself, the first of them.
        places_count: how many there are.
    """

    file: File
    version: Version | None
    number: int | None
    places: tuple[File, ...]
    places_count: int

    @property
    def spec(self) -> EvaluatorSpec | None:
        """What that version says."""
        return None if self.version is None else read_spec(self.version.content)


class Shelf(msgspec.Struct, frozen=True, kw_only=True):
    """Some evaluators.

    Attributes:
        is_more: whether there are more after these.
    """

    judges: tuple[Judge, ...]
    is_more: bool


class Attached(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator that is attached to a file.

    Attributes:
        environment: the name of the one whose version judges; None when a version is named.
        version_id: who judges now; None when nothing is deployed there.
        number: the highest number of that version.
    """

    monitor: Monitor
    file: File
    environment: str | None
    version_id: str | None
    number: int | None


async def shelf(ports: Ports, principal: Principal, *, after: str | None, take: int) -> Shelf:
    """Evaluators, the last changed first, from just after one, by its id, on.

    Raises:
        NotFound: that one is not there.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> Shelf:
        last = None if after is None else evaluator_file(tx, after, where="query")
        before = None if last is None else (last.updated_at, last.id)
        files = tx.figures.changed_files(kinds=[KIND], before=before, take=take + 1)
        return Shelf(judges=tuple(_judge(tx, file) for file in files[:take]), is_more=len(files) > take)

    return await scan(ports, principal, work)


async def judge(ports: Ports, principal: Principal, *, ref: str) -> Judge:
    """An evaluator by its id or path.

    Raises:
        NotFound: there is none.
        Invalid: it is another kind of file.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _judge(tx, evaluator_file(tx, ref)))


def evaluator_file(tx: Transaction, ref: str, *, where: str = "path") -> File:
    """The evaluator with that id or path.

    Raises:
        NotFound: there is no such file.
        Invalid: it is another kind of file.
    """
    file = subjects.file_of(tx, ref)
    if file.kind != KIND:
        message = f"`{file.path}` is no Evaluator."
        raise Invalid.at("evaluator", message=message, kind="mismatch", where=where)
    return file


def _judge(tx: Transaction, file: File) -> Judge:
    try:
        version = default_version(tx, file)
    except NotFound:  # it lost all of its versions
        version = None
    active = [one for one in tx.monitors.of_evaluator(evaluator_id=file.id) if one.is_active]
    judged = (tx.files.get(id=one) for one in dict.fromkeys(one.file_id for one in active))
    places = tuple(one for one in judged if one is not None)
    return Judge(
        file=file,
        version=version,
        number=None if version is None else _number(tx, version.id),
        places=places[:SHOWN_PLACES],
        places_count=len(places),
    )


def _number(tx: Transaction, version_id: str) -> int | None:
    return max(tx.releases.of_version(version_id=version_id), default=None)


async def attached(ports: Ports, principal: Principal, *, ref: str) -> tuple[File, tuple[Attached, ...]]:
    """A file, and the evaluators attached to it in the order in which they were.

    Raises:
        NotFound: there is no such file.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> tuple[File, tuple[Attached, ...]]:
        file = subjects.file_of(tx, ref)
        found = (_attached(tx, one) for one in tx.monitors.of_file(file_id=file.id))
        return file, tuple(one for one in found if one is not None)

    return await read(ports, principal, work)


def _attached(tx: Transaction, monitor: Monitor) -> Attached | None:
    """None when the evaluator, or its environment, is gone."""
    file = tx.files.get(id=monitor.evaluator_id)
    if file is None:
        return None
    version_id, environment = monitor.version_id, None
    if monitor.environment_id is not None:
        try:
            environment = environment_of(tx, monitor.environment_id).name
        except NotFound:
            return None
        version_id = environment_targets(tx, file).get(monitor.environment_id)
    return Attached(
        monitor=monitor,
        file=file,
        environment=environment,
        version_id=version_id,
        number=None if version_id is None else _number(tx, version_id),
    )


async def attach(
    ports: Ports,
    principal: Principal,
    *,
    ref: str,
    evaluator_ref: str,
    version: str | None = None,
    environment: str | None = None,
) -> None:
    """Let an evaluator judge the logs of a file from now on.

    Args:
        version: by its id or number; or None.
        environment: the one whose version is to judge, by its id or name; without either, where it was
            attached before, or the default environment.

    Raises:
        NotFound: one of them is not there.
        Invalid: it is no evaluator, or both are named.
    """
    principal.require(Right.EDITOR)
    if version is not None and environment is not None:
        message = "Say a version or an environment, not both."
        raise Invalid.at("environment", message=message, kind="mismatch")

    def look(tx: Transaction) -> tuple[File, Sequence[EvaluatorRef]]:
        file, judge_file = subjects.file_of(tx, ref), evaluator_file(tx, evaluator_ref)
        if version is not None:
            return file, [EvaluatorRef(version_id=version_of(tx, judge_file, version).id)]
        if environment is not None:
            return file, [EvaluatorRef(evaluator_id=judge_file.id, environment=environment)]
        known = [one for one in tx.monitors.of_file(file_id=file.id) if one.evaluator_id == judge_file.id]
        if any(one.is_active for one in known):
            return file, []
        if known:
            return file, [_named(known[-1])]
        return file, [EvaluatorRef(evaluator_id=judge_file.id, environment=default_environment(tx).id)]

    file, refs = await read(ports, principal, look)
    await monitors.update(ports, principal, kind=file.kind, ref=file.id, activate=refs, deactivate=())


async def detach(ports: Ports, principal: Principal, *, ref: str, evaluator_ref: str) -> None:
    """Let an evaluator judge the logs of a file no more, however it is attached.

    Raises:
        NotFound: one of them is not there.
        Invalid: it is no evaluator.
    """
    principal.require(Right.EDITOR)

    def look(tx: Transaction) -> tuple[File, Sequence[EvaluatorRef]]:
        file, judge_file = subjects.file_of(tx, ref), evaluator_file(tx, evaluator_ref)
        known = [one for one in tx.monitors.of_file(file_id=file.id) if one.evaluator_id == judge_file.id]
        return file, [_named(one) for one in known if one.is_active]

    file, refs = await read(ports, principal, look)
    await monitors.update(ports, principal, kind=file.kind, ref=file.id, activate=(), deactivate=refs)


def _named(monitor: Monitor) -> EvaluatorRef:
    if monitor.version_id is not None:
        return EvaluatorRef(version_id=monitor.version_id)
    return EvaluatorRef(evaluator_id=monitor.evaluator_id, environment=monitor.environment_id)
