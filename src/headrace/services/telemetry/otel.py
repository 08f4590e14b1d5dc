"""Recording what spans tell (humanloop 5.3).

Spans come in any order, late, and more than once. Ids follow from those of traces and spans, so that what
comes again is known, and what comes early can name what is above it before that is there.
"""

from __future__ import annotations

import logging
from collections.abc import Iterable

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import HeadraceError
from headrace.core.ports import Transaction
from headrace.core.spans import Span
from headrace.services.base import Ports, write
from headrace.services.logs import logs, new_logs
from headrace.services.logs.log_changes import Change, amend
from headrace.services.logs.new_logs import NewLog
from headrace.services.logs.traces import EXPORTED

log = logging.getLogger("headrace.otel")


class Completion(msgspec.Struct, frozen=True, kw_only=True):
    """What a span says of a log that was begun before.

    Attributes:
        change: what becomes of it.
    """

    log_id: str
    change: Change


def span_log_id(span: Span) -> str | None:
    """The id of the log of a span; None when the span can't be told from others."""
    return f"log_{span.trace_id}{span.id}" if span.is_identified else None


async def record(ports: Ports, principal: Principal, told: Iterable[NewLog | Completion]) -> list[str]:
    """Record each of these by itself; what can't be recorded is passed over.

    Returns:
        The ids of the logs that were made or changed.
    """
    principal.require(Right.RUNNER)
    recorded = []
    for one in told:
        try:
            log_id = await _record(ports, principal, one)
        except HeadraceError as error:
            log.warning("a span was not recorded: %s", error.message)
            continue
        if log_id is not None:
            recorded.append(log_id)
    return recorded


async def _record(ports: Ports, principal: Principal, told: NewLog | Completion) -> str | None:
    if isinstance(told, Completion):
        return await write(ports, principal, lambda tx: _complete(tx, ports, told))
    prepared = await new_logs.prepare(ports, told)

    def work(tx: Transaction) -> str:
        known = None if told.id is None else tx.logs.get(id=told.id)
        if known is not None:  # an exporter that was not sure tries again
            return known.id
        return logs.put(tx, ports, principal, prepared, rules=EXPORTED).log.id

    return await write(ports, principal, work)


def _complete(tx: Transaction, ports: Ports, done: Completion) -> str | None:
    """None when the log is not there, or not any more."""
    found = tx.logs.get(id=done.log_id)
    if found is None or found.kind != done.change.to.kind:
        return None
    return amend(tx, ports, found, done.change, rules=EXPORTED).id
