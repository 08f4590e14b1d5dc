"""Where a call leads: from what was asked for to the content that runs, ready to run.

The store is read once; what was read is used again until something changes. Of a split each share's way is
kept by itself.
"""

from __future__ import annotations

import secrets
from typing import NamedTuple

from headrace.core.access import Principal
from headrace.core.ports import Transaction
from headrace.services import splits, targets
from headrace.services.base import Ports, read
from headrace.services.runs import Asked, Runs, Way
from headrace.services.targets import Choice


class Wanted(NamedTuple):
    """Which content is to run.

    Attributes:
        ref: the flow, as it was named.
        operation: what was asked for, in the words of the API that was called.
    """

    ref: str
    choice: Choice
    operation: str


async def way(runs: Runs, ports: Ports, principal: Principal, wanted: Wanted, *, key: str | None) -> Way:
    """Where a choice leads by now.

    Args:
        key: what holds calls of a split together; without one each is on its own.

    Raises:
        NotFound: the flow, the alias or its version is not there.
        NotPrepared: the draft was never prepared, or validation has something against the version.
        Conflict: what is called by is switched off.
    """
    at = ports.store.changes.registry
    asked: Asked = (principal.account, *wanted, None)
    known = runs.ways.get(at, asked)
    if known is not None and known[0].is_split:
        key = key or secrets.token_hex(splits.KEY_BYTES)  # drawn here, and maybe again when it is looked up
        asked, known = _of_share(runs, principal, at, asked, known, key)
    if known is None:
        known = await read(ports, principal, lambda tx: _look(tx, runs, ports, wanted, key))
        runs.ways.put(at, asked, known)
    return known


def _of_share(
    runs: Runs, principal: Principal, at: int, asked: Asked, known: Way, key: str
) -> tuple[Asked, Way | None]:
    """Under what the way of a call's share is kept, and that way if it is."""
    pointer = known[0].pointer
    share = None if pointer is None else splits.draw(pointer, account=principal.account, key=key)
    assert share is not None, "it is split"
    asked = (*asked[:4], share.version_id)
    return asked, runs.ways.get(at, asked)


def _look(tx: Transaction, runs: Runs, ports: Ports, wanted: Wanted, key: str | None) -> Way:
    route = targets.drawn(tx, targets.route(tx, wanted.ref, wanted.choice), key)
    found = targets.target(tx, route, operation=wanted.operation)
    return route, found, targets.plan_of(tx, ports, runs.plans, found, operation=wanted.operation)
