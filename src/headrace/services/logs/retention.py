"""How long logs are kept: a number of days for all files, and another for those of which it was said."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import datetime, timedelta
from functools import partial

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.keeping import Retention
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services import work
from headrace.services.base import Ports, commit, read, write
from headrace.services.logs import clearing
from headrace.services.tree import subjects
from headrace.services.worker import Handler

SUBJECT = "logs"
"""What the job of an organisation is about."""
MOST_DAYS = 36_500
ROUND_S = 45.0
"""So long one round may take; the next goes on."""
LOOKED_AT = 200
"""So many old logs are looked at together."""


class RetentionView(msgspec.Struct, frozen=True, kw_only=True):
    """How long the logs of a file are kept.

    Attributes:
        rule: what was said of it; None where the server's setting holds.
    """

    file: File
    rule: Retention | None
    set_by: User | None


async def get(ports: Ports, principal: Principal, *, file: str) -> RetentionView:
    """How long the logs of a file are kept.

    Raises:
        NotFound: there is no such file.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _view(tx, subjects.file_of(tx, file)))


async def list_all(ports: Ports, principal: Principal) -> list[RetentionView]:
    """The files of which it was said; those that are gone are not told."""
    principal.require(Right.READER)

    def look(tx: Transaction) -> list[RetentionView]:
        found = (tx.files.get(id=rule.file_id) for rule in tx.keeping.rules())
        return [_view(tx, file) for file in found if file is not None]

    return await read(ports, principal, look)


async def put(ports: Ports, principal: Principal, *, file: str, keep_days: int) -> RetentionView:
    """Say how long the logs of a file are kept, whatever the server's setting is; 0 is for ever.

    Raises:
        NotFound: there is no such file.
        Invalid: it is no such number of days.
    """
    principal.require(Right.ADMIN)
    if not 0 <= keep_days <= MOST_DAYS:
        message = f"keep_days must be 0 (for ever) to {MOST_DAYS}, not {keep_days}."
        raise Invalid.at("keep_days", message=message, kind="range")

    def set_rule(tx: Transaction) -> RetentionView:
        found = subjects.file_of(tx, file)
        now = ports.clock.now()
        rule = Retention(file_id=found.id, keep_days=keep_days, set_by=principal.user.id, set_at=now)
        tx.keeping.put_rule(rule)
        if keep_days:
            work.ask(tx, ports, work=Work.EXPIRE, subject=SUBJECT, now=now)
        return _view(tx, found)

    return await write(ports, principal, set_rule)


async def remove(ports: Ports, principal: Principal, *, file: str) -> None:
    """Let the server's setting hold for a file again.

    Raises:
        NotFound: there is no such file, or nothing was said of it.
    """
    principal.require(Right.ADMIN)

    def remove_rule(tx: Transaction) -> None:
        found = subjects.file_of(tx, file)
        if tx.keeping.rule(file_id=found.id) is None:
            message = f"`{found.path}` has no number of days of its own; HEADRACE_KEEP_LOGS holds for it."
            raise NotFound("retention", file, message)
        tx.keeping.remove_rule(file_id=found.id)

    await write(ports, principal, remove_rule)


def _view(tx: Transaction, file: File) -> RetentionView:
    rule = tx.keeping.rule(file_id=file.id)
    set_by = None if rule is None else tx.access.user(id=rule.set_by)
    return RetentionView(file=file, rule=rule, set_by=set_by)


async def ask(ports: Ports, account: str, *, kept_days: int) -> None:
    """Have the logs of all organisations looked through that do not keep all of them for ever.

    Raises:
        Unavailable: the store can't keep it.
    """
    accounts = await ports.store.read(account, lambda tx: tx.keeping.accounts(with_rules=not kept_days))
    for one in accounts:
        waiting = await ports.store.read(one, lambda tx: tx.jobs.of_subject(subject=SUBJECT))
        if not any(job.work is Work.EXPIRE for job in waiting):
            job = Job(account=one, work=Work.EXPIRE, subject=SUBJECT, due_at=ports.clock.now())
            await commit(ports, one, partial(_put, job))


def _put(job: Job, tx: Transaction) -> None:
    tx.jobs.put(job)


class Expiring:
    """Removes old logs as a job of the worker, which one process does at a time.

    Args:
        kept_days: for files of which nothing else was said; 0 is for ever.
    """

    def __init__(self, ports: Ports, *, kept_days: int, round_s: float = ROUND_S) -> None:
        self._ports = ports
        self._kept_days = kept_days
        self._round_s = round_s

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up)

    async def act(self, job: Job) -> None:
        """Remove what is too old, or as much of it as there is time for.

        Raises:
            Unavailable: the store can't keep it.
        """
        ends_at_s = time.monotonic() + self._round_s
        before = await self._ports.store.scan(job.account, self._old_before)
        for file_id, moment in before.items():
            await self._remove_old(job.account, file_id, moment, ends_at_s)
        await self._done(job)

    async def give_up(self, job: Job, reason: str) -> None:
        """Wait for the next time it is asked for.

        Raises:
            Unavailable: the store can't keep it.
        """
        await self._done(job)

    async def _done(self, job: Job) -> None:
        await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))

    def _old_before(self, tx: Transaction) -> Mapping[str, datetime]:
        """Of each file that has logs, which of these are too old; files that keep all are left out."""
        said = {rule.file_id: rule.keep_days for rule in tx.keeping.rules()}
        days = {file_id: said.get(file_id, self._kept_days) for file_id in tx.keeping.files_with_logs()}
        now = self._ports.clock.now()
        return {file_id: now - timedelta(days=number) for file_id, number in days.items() if number}

    async def _remove_old(self, account: str, file_id: str, before: datetime, ends_at_s: float) -> None:
        after: int | None = None
        while time.monotonic() < ends_at_s:

            def look(tx: Transaction, after: int | None = after) -> tuple[int | None, list[str]]:
                old = tx.keeping.old(file_id=file_id, before=before, after=after, take=LOOKED_AT)
                return (old[-1][0] if old else None), _removable(tx, [log_id for _, log_id in old])

            after, ids = await self._ports.store.scan(account, look)
            if after is None:
                break
            await clearing.clear(self._ports, account, ids, keeps_evaluated=True)


def _removable(tx: Transaction, ids: list[str]) -> list[str]:
    """Logs with all that hangs on them, each whole or not at all: those that an evaluation needs stay."""
    found: dict[str, None] = {}
    for log_id in ids:
        if log_id not in found:
            whole = clearing.with_all_below(tx, [log_id])
            if not clearing.is_held(tx, whole):
                found |= dict.fromkeys(whole)
    return list(found)
