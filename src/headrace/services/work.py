"""Asking for work to be done behind the scenes, in the transaction that makes it necessary."""

from __future__ import annotations

from datetime import datetime, timedelta

from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports

HEAD_START, TURN = timedelta(days=1), timedelta(seconds=1)
"""How early the first of many jobs counts as asked for, and how much later each further one does."""


def ask(tx: Transaction, ports: Ports, *, work: Work, subject: str, object: str = "", now: datetime) -> None:
    """Have something done soon after this transaction, and surely; see `headrace.core.monitoring.Job`."""
    tx.jobs.put(Job(account=tx.account, work=work, subject=subject, object=object, due_at=now))
    ports.bell.note()


def in_turn(now: datetime, place: int) -> datetime:
    """When one of many jobs counts as asked for.

    Work is taken by its time. So the first jobs of some come before the later ones of many that were asked
    for earlier, and who has little to do does not wait for who has much.

    Args:
        place: how many of them come before it.
    """
    return now - max(HEAD_START - place * TURN, timedelta())


async def waiting_jobs(ports: Ports) -> int:
    """How much work waits or is being done, of all organisations."""
    return await ports.store.read("", lambda tx: tx.jobs.count())
