"""Asking for work to be done behind the scenes, in the transaction that makes it necessary."""

from __future__ import annotations

from datetime import datetime

from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports


def ask(tx: Transaction, ports: Ports, *, work: Work, subject: str, object: str = "", now: datetime) -> None:
    """Have something done soon after this transaction, and surely; see `headrace.core.monitoring.Job`."""
    tx.jobs.put(Job(account=tx.account, work=work, subject=subject, object=object, due_at=now))
    ports.bell.note()


async def waiting_jobs(ports: Ports) -> int:
    """How much work waits or is being done, of all organisations."""
    return await ports.store.read("", lambda tx: tx.jobs.count())
