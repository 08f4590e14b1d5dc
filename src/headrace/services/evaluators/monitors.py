"""Which evaluators judge the logs of a file (humanloop 1.15, 2.12, 8.17-8.19)."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.monitoring import Monitor
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, write
from headrace.services.tree import tree
from headrace.services.versions.views import VersionView, default_version, environment_of, view


class EvaluatorRef(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator as a caller names it: by a version, or by its file and an environment.

    Attributes:
        environment: its id, or else its name.
    """

    version_id: str | None = None
    evaluator_id: str | None = None
    environment: str | None = None


async def update(
    ports: Ports,
    principal: Principal,
    *,
    kind: str,
    ref: str,
    activate: Iterable[EvaluatorRef],
    deactivate: Iterable[EvaluatorRef],
) -> VersionView:
    """Attach evaluators to a file, and let attached ones rest; answers the file's default version.

    Deactivates first. What is as it should be stays as it is, and what is not attached needs no rest.

    Raises:
        NotFound: there is no such file, evaluator, version or environment.
    """
    principal.require(Right.EDITOR)
    to_rest, to_attach = dict.fromkeys(deactivate), dict.fromkeys(activate)  # each once, however often named

    def work(tx: Transaction) -> VersionView:
        now = ports.clock.now()
        file = tree.find(tx, kind=kind, ref=ref)
        # Lists, so that every one is done: `any` of the bare calls would stop at the first change.
        rested = [_rest(tx, _named(tx, file, one, now, tx.versions.kept), now) for one in to_rest]
        attached = [_attach(tx, ports, _named(tx, file, one, now, tx.versions.get), now) for one in to_attach]
        shown = default_version(tx, file)
        if any(rested) or any(attached):
            file = msgspec.structs.replace(file, updated_at=now)
            tx.files.update(file)
            if tx.versions.get(id=shown.id) is not None:  # a draft is shown without being a version
                shown = msgspec.structs.replace(shown, updated_at=now)
                tx.versions.update(shown)
        return view(tx, file, shown)

    return await write(ports, principal, work)


def _named(
    tx: Transaction, file: File, ref: EvaluatorRef, now: datetime, version_of: Callable[..., Version | None]
) -> Monitor:
    """What a reference means, as an attachment that is yet to be made.

    Args:
        version_of: finds a version by its ``id``; of what is attached that may be a deleted one.
    """
    version_id = environment_id = None
    if ref.version_id is not None:
        version = version_of(id=ref.version_id)
        evaluator = None if version is None else tx.files.get(id=version.file_id)
        if version is None or evaluator is None or evaluator.kind != "evaluator":
            message = f"Evaluator version with ID `{ref.version_id}` not found."
            raise NotFound("version", ref.version_id, message)
        version_id = version.id
    else:
        assert ref.evaluator_id is not None
        assert ref.environment is not None
        evaluator = tree.find(tx, kind="evaluator", ref=ref.evaluator_id)
        environment_id = environment_of(tx, ref.environment).id
    return Monitor(
        id="",
        file_id=file.id,
        evaluator_id=evaluator.id,
        version_id=version_id,
        environment_id=environment_id,
        is_active=True,
        created_at=now,
        updated_at=now,
    )


def _attached(tx: Transaction, wanted: Monitor) -> Monitor | None:
    for monitor in tx.monitors.of_file(file_id=wanted.file_id):
        if (monitor.evaluator_id, monitor.version_id, monitor.environment_id) == (
            wanted.evaluator_id,
            wanted.version_id,
            wanted.environment_id,
        ):
            return monitor
    return None


def _rest(tx: Transaction, wanted: Monitor, now: datetime) -> bool:
    """Whether that changed anything."""
    found = _attached(tx, wanted)
    if found is None or not found.is_active:
        return False
    tx.monitors.put(msgspec.structs.replace(found, is_active=False, updated_at=now))
    return True


def _attach(tx: Transaction, ports: Ports, wanted: Monitor, now: datetime) -> bool:
    """Whether that changed anything."""
    found = _attached(tx, wanted)
    if found is not None and found.is_active:
        return False
    if found is None:
        found = msgspec.structs.replace(wanted, id=ports.ids.long("mon_"))
    tx.monitors.put(msgspec.structs.replace(found, is_active=True, updated_at=now))
    return True
