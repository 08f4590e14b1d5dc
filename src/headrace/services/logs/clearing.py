"""Taking logs out of the store for good, a few at a time, so that others can write in between.

Logs are taken as they lie there: those of files that are gone, too. What hangs on a log goes before it, so
that who stops in the middle leaves nothing that could not be found again.
"""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from functools import partial

from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit
from headrace.services.evaluators import judgments

WRITER_S = 0.02
"""So long one transaction may take logs away, and a log more."""
BATCH = 500
"""So many ids are asked for at once."""


def with_all_below(tx: Transaction, ids: Collection[str]) -> list[str]:
    """The ids of logs and of all that hangs on them, in an order in which what hangs on one comes before it.

    That is: what is below them in their traces, every judgment on any of that, and so on (humanloop 8.49).
    """
    depths = dict.fromkeys(ids, 0)
    level, depth = list(depths), 0
    while level:
        depth += 1
        below = [one for some in _batches(level) for one in tx.keeping.hanging(ids=some)]
        level = [one for one in dict.fromkeys(below) if one not in depths]
        depths |= dict.fromkeys(level, depth)
    strays = [one for some in _batches(list(ids)) for one in tx.keeping.in_traces(ids=some)]
    depths |= {one: depth for one in strays if one not in depths}  # their own parents are not there yet
    return sorted(depths, key=lambda one: depths[one], reverse=True)


def is_held(tx: Transaction, ids: Collection[str]) -> bool:
    """Whether a run of an evaluation refers to any of these logs, or to one above them."""
    if any(tx.runs.slots_of_logs(log_ids=some) for some in _batches(list(ids))):
        return True
    seen, level = set(ids), list(ids)
    while level:
        logs = [log for some in _batches(level) for log in tx.keeping.some(ids=some)]
        above = {log.trace_parent_id for log in logs if log.trace_parent_id is not None}
        level = [one for one in above if one not in seen]
        seen.update(level)
        if level and tx.runs.slots_of_logs(log_ids=level):
            return True
    return False


async def clear(ports: Ports, account: str, ids: Sequence[str], *, keeps_evaluated: bool) -> int:
    """Take these logs away, in that order; how many were there.

    One on which something hangs by then is left where it is, for another time.

    Args:
        keeps_evaluated: whether those that a run of an evaluation refers to stay.

    Raises:
        Unavailable: the store can't keep it; what was taken away before stays so.
    """
    gone, left = 0, list(ids)
    while left:
        done, removed = await commit(
            ports, account, partial(_clear_some, ports=ports, ids=left, keeps_evaluated=keeps_evaluated)
        )
        gone += removed
        left = left[done:]
    return gone


def _clear_some(
    tx: Transaction, *, ports: Ports, ids: Sequence[str], keeps_evaluated: bool
) -> tuple[int, int]:
    """How many of the first ones were seen to, and how many of these were taken away."""
    ends_at_s = time.monotonic() + WRITER_S
    done = removed = 0
    for log_id in ids:
        done += 1
        removed += _clear_one(tx, ports, log_id, keeps_evaluated=keeps_evaluated)
        if time.monotonic() > ends_at_s:
            break
    return done, removed


def _clear_one(tx: Transaction, ports: Ports, log_id: str, *, keeps_evaluated: bool) -> bool:
    found = tx.keeping.some(ids=[log_id])
    if not found or tx.keeping.hanging(ids=[log_id]):
        return False
    if keeps_evaluated and tx.runs.slots_of_logs(log_ids=[log_id]):
        return False
    judgments.forget(tx, ports, found)
    return True


def _batches(ids: Sequence[str]) -> list[Sequence[str]]:
    return [ids[first : first + BATCH] for first in range(0, len(ids), BATCH)]
