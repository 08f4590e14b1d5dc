"""Changing logs that are there (humanloop 1.3, 3.2, 4.2)."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Conflict, Invalid, NotFound
from headrace.core.logs import Log, LogStatus, Payload, write_payload
from headrace.core.ports import Transaction
from headrace.services.base import Ports, write
from headrace.services.evaluations import run_progress
from headrace.services.evaluators import monitoring
from headrace.services.logs import traces
from headrace.services.logs.log_views import LogView, view
from headrace.services.logs.logs import NewLog, find, unsaved
from headrace.services.logs.traces import DIRECT, TRACED, Rules, UnknownParent
from headrace.services.tree import tree

_PAYLOAD = frozenset(Payload.__struct_fields__)
_COLUMNS = frozenset(
    {
        "start_time",
        "end_time",
        "provider_latency_s",
        "source",
        "run_id",
        "source_datapoint_id",
        "prompt_tokens",
        "reasoning_tokens",
        "output_tokens",
        "prompt_cost",
        "output_cost",
        "finish_reason",
    }
)
"""What may change of a log besides its payload, its status and its creation time."""


class Change(msgspec.Struct, frozen=True, kw_only=True):
    """What a caller wants changed of a log.

    Attributes:
        to: the new values.
        given: the names of the members of ``to``, and of its payload, that are meant; null clears them.
    """

    to: NewLog
    given: frozenset[str]


async def update(
    ports: Ports, principal: Principal, change: Change, *, log_id: str, ref: str | None = None
) -> LogView:
    """Change a log of the kind that ``change`` is of.

    Args:
        ref: the file that the log must be of; None for any.

    Raises:
        NotFound: there is no such file, or no such log of it.
        Conflict: the log is complete and is to be incomplete.
        Invalid: a flow's or an agent's log is to be complete without anything that came out of it.
    """
    principal.require(Right.RUNNER)

    def work(tx: Transaction) -> LogView:
        kind = change.to.kind
        file = None if ref is None else tree.find(tx, kind=kind, ref=ref)
        log = find(tx, log_id, kind=kind)
        if file is not None and log.file_id != file.id:
            raise NotFound("log", log_id, f"Log with ID `{log_id}` not found in `{file.path}`.")
        return view(tx, amend(tx, ports, log, change), with_children=True)

    return await write(ports, principal, work)


def amend(tx: Transaction, ports: Ports, log: Log, change: Change, *, rules: Rules = DIRECT) -> Log:
    """Change a log, widen the flows' logs above it, tell those who monitor it: the heart of `update`.

    Args:
        rules: those that take a log below a complete one take a completion without anything come out, too.
    """
    changed, payload = _merged(log, ports.unsaved.content(tx.account, log), change)
    ports.unsaved.put(tx.account, changed, payload)
    if log.kind in TRACED and change.to.status is LogStatus.COMPLETE and not rules.joins_complete:
        _check_complete(payload)
    if log.kind in TRACED and log.status is LogStatus.INCOMPLETE and changed.status is LogStatus.COMPLETE:
        end = changed.end_time if "end_time" in change.given else ports.clock.now()
        changed = msgspec.structs.replace(changed, end_time=_end(tx, log, end))
    _keep(tx, ports, log, changed)
    traces.widen(tx, traces.ancestors(tx, changed.trace_parent_id), changed)
    if rules.triggers:
        is_strict = rules.unknown_parent is UnknownParent.REFUSE
        run_progress.changed(tx, ports, changed, before=log, is_strict=is_strict)
        monitoring.trigger(tx, ports, changed)
    return changed


def _merged(log: Log, held: Payload, change: Change) -> tuple[Log, Payload]:
    """The log as changed, and all that it holds then.

    Args:
        held: what it holds now, kept or not.
    """
    to, given = change.to, change.given
    status = to.status or log.status
    if log.status is LogStatus.COMPLETE and status is LogStatus.INCOMPLETE:
        raise Conflict(f"Log `{log.id}` is complete; it can't become incomplete again.")
    payload = msgspec.structs.replace(held, **{name: getattr(to.payload, name) for name in given & _PAYLOAD})
    changed = msgspec.structs.replace(
        log,
        status=status,
        created_at=to.created_at or log.created_at,
        has_error=payload.error is not None,
        payload=write_payload(payload if log.is_saved else unsaved(payload)),
        **{name: getattr(to, name) for name in given & _COLUMNS},
    )
    return changed, payload


def _check_complete(payload: Payload) -> None:
    """Humanloop 1.3: a completion by hand says what came out, or what went wrong."""
    if payload.output is None and payload.output_message is None and payload.error is None:
        message = "A log that is complete needs one of `output`, `output_message` and `error`."
        raise Invalid.at("log_status", message=message, kind="missing")


def _end(tx: Transaction, log: Log, end: datetime | None) -> datetime | None:
    """When a completed log ended: as said, but never before what is below it (humanloop 8.31)."""
    if end is None or log.end_time is None or log.end_time <= end:
        return end or log.end_time
    below = traces.descendants(tx, [log.id])
    return traces.latest(end, *(one.end_time for one in below))


def _keep(tx: Transaction, ports: Ports, log: Log, changed: Log) -> None:
    """Lists are in order of creation times, so a log whose time changes is taken out and put in anew."""
    if changed.created_at == log.created_at:
        tx.logs.update(changed)
        return
    tx.logs.remove(id=log.id)
    tx.logs.add(changed, at=min(log.created_at, ports.clock.now()))  # a change is no use (humanloop 2.10)
