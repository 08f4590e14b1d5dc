"""Where a call leads: from what was asked for to the content that runs, ready to run.

The store is read once; what was read is used again until something changes. Of a split each share's way is
kept by itself.
"""

from __future__ import annotations

import secrets
from typing import Protocol

from headrace.core.access import Principal
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read
from headrace.services.deployments import splits
from headrace.services.runs import targets
from headrace.services.runs.runs import Asked, Runs, Way
from headrace.services.runs.targets import Choice


class Wanted(Protocol):
    """What is asked for."""

    @property
    def ref(self) -> str:
        """The flow, as it was named."""

    @property
    def choice(self) -> Choice:
        """Which of its contents."""

    @property
    def operation(self) -> str:
        """By which operation, in the words of the API that was called."""

    @property
    def key(self) -> str | None:
        """What holds calls of a split together; without one each is on its own."""


async def way(runs: Runs, ports: Ports, principal: Principal, wanted: Wanted) -> Way:
    """Where a choice leads by now.

    Raises:
        NotFound: the flow, the alias or its version is not there.
        NotPrepared: the draft was never prepared, or validation has something against the version.
        Conflict: what is called by is switched off.
    """
    at = ports.store.changes.registry
    asked: Asked = (principal.account, wanted.ref, wanted.choice, wanted.operation)
    known = runs.ways.get(at, asked)
    if known is None:
        known = await _found(runs, ports, principal, wanted, asked, at)
    return known


async def _found(
    runs: Runs, ports: Ports, principal: Principal, wanted: Wanted, asked: Asked, at: int
) -> Way:
    """The way of one call, kept for all, or for those that have the same share of a split."""
    key, pointer = wanted.key, runs.splits.get(at, asked)
    if pointer is not None:
        key = key or secrets.token_hex(splits.KEY_BYTES)  # drawn here, and again when it is not kept
        share = splits.draw(pointer, account=principal.account, key=key)
        known = None if share is None else runs.ways.get(at, (asked, share.version_id))
        if known is not None:
            return known
    found = await read(ports, principal, lambda tx: _look(tx, runs, ports, wanted, key))
    pointer = found[0].pointer
    if pointer is None or not pointer.shares:
        runs.ways.put(at, asked, found)
    else:
        runs.splits.put(at, asked, pointer)
        runs.ways.put(at, (asked, found[1].version_id), found)
    return found


def _look(tx: Transaction, runs: Runs, ports: Ports, wanted: Wanted, key: str | None) -> Way:
    route = targets.drawn(tx, targets.route(tx, wanted.ref, wanted.choice), key)
    found = targets.target(tx, route, operation=wanted.operation)
    return route, found, targets.plan_of(tx, ports, runs.plans, found, operation=wanted.operation)
