"""Sealing everything anew, with another key of the server."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from datetime import datetime, timedelta

import msgspec

from headrace.core.errors import Conflict
from headrace.core.ports import Store, Transaction, Vault

TOLD = {
    "keys": "secrets of AWS keys",
    "secrets": "variables of tools",
    "provider_accounts": "keys of providers",
}


class Resealed(msgspec.Struct, frozen=True, kw_only=True):
    """What became of what was sealed.

    Attributes:
        counts: how many of each kind are sealed with the new key now.
        lost: those that neither key opens, which are left as they were.
    """

    counts: Mapping[str, int]
    lost: Mapping[str, int]


async def reseal(store: Store, account: str, *, old: Vault, new: Vault, leaves_lost: bool) -> Resealed:
    """Seal all secrets of all organisations with a new key: all of them or none. Doing it again is no harm.

    Args:
        account: any organisation.
        leaves_lost: whether to go on where neither key opens something.

    Raises:
        Conflict: neither key opens something; nothing was changed.
    """

    def work(tx: Transaction) -> Resealed:
        counts: Counter[str] = Counter()
        lost: Counter[str] = Counter()
        for seal in tx.keeping.seals():
            plain = None if new.open(seal.sealed) is not None else old.open(seal.sealed)
            if plain is not None:
                tx.keeping.reseal(msgspec.structs.replace(seal, sealed=new.seal(plain)))
            elif new.open(seal.sealed) is None:
                lost[TOLD[seal.table]] += 1
                continue
            counts[TOLD[seal.table]] += 1
        if lost and not leaves_lost:
            told = ", ".join(f"{number} {kind}" for kind, number in sorted(lost.items()))
            raise Conflict(f"The present key does not open {told}. Is it the right one? Nothing was changed.")
        return Resealed(counts=dict(sorted(counts.items())), lost=dict(sorted(lost.items())))

    return await store.write(account, work)


async def running(store: Store, account: str, *, now: datetime, timeout_s: float) -> list[str]:
    """The processes that were seen on the store a moment ago, by machine and number."""
    since = now - timedelta(seconds=timeout_s)
    found = await store.read(account, lambda tx: tx.processes.all())
    return [f"{one.host} {one.pid}" for one in found if one.seen_at >= since]
