"""Taking away what nothing refers to any more, a little at a time, while everybody else goes on.

Of files that were removed long enough ago the logs and the drafts go; then versions that are
hidden since then, or whose files are gone, and that nothing refers to; then datapoints that no version has.
Each transaction asks again whether it may, so whoever stops in the middle leaves a whole store, and asking
again goes on. Files leave their names and their deployments behind: moves are only ever added.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Collection, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from functools import partial
from itertools import groupby

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid
from headrace.core.kinds import KINDS
from headrace.core.kinds.kind import no_links
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit
from headrace.services.logs import clearing
from headrace.services.server import dataset_sweeps
from headrace.services.server.dataset_sweeps import batches

LEAST_DAYS = 1
"""Within a day what was begun with something has ended, or refers to it."""
MOST_DAYS = 36_500
PAGE = 200
"""So many logs, or contents of versions, are looked at together."""
CANDIDATES = 100
"""So many versions of a file are looked at together."""
RECORDED = timedelta(hours=1)
"""By then a run is written down that began before."""
EVER = datetime(1970, 1, 1, tzinfo=UTC)
LINKING = tuple(name for name, kind in KINDS.items() if kind.links is not no_links)
"""The kinds whose contents may refer to a version."""


class Cleaned(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken away, or would be.

    Attributes:
        counts: how many of each sort.
    """

    is_rehearsal: bool
    before: datetime
    counts: Mapping[str, int]


async def clean(
    ports: Ports, principal: Principal, *, older_than_days: int, is_rehearsal: bool = False
) -> Cleaned:
    """Take away what nothing refers to any more.

    Args:
        older_than_days: so long ago files were removed, and versions hidden, at the least.

    Raises:
        Invalid: it is no such number of days.
        Unavailable: the store can't keep it; what was taken away before stays so.
    """
    principal.require(Right.ADMIN)
    if not LEAST_DAYS <= older_than_days <= MOST_DAYS:
        message = f"older_than_days must be {LEAST_DAYS} to {MOST_DAYS}, not {older_than_days}."
        raise Invalid.at("older_than_days", message=message, kind="range")
    before = ports.clock.now() - timedelta(days=older_than_days)
    round_ = _Round(ports, principal.account, before, is_rehearsal=is_rehearsal)
    counts = await round_.carry_out()
    return Cleaned(is_rehearsal=is_rehearsal, before=before, counts=counts)


class _Round:
    """One time through everything. In a rehearsal it keeps in mind what would be gone by then."""

    def __init__(self, ports: Ports, account: str, before: datetime, *, is_rehearsal: bool) -> None:
        self._ports = ports
        self._account = account
        self._before = before
        self._is_rehearsal = is_rehearsal
        self._logs_gone: Counter[str] = Counter()
        self._versions_gone: set[str] = set()

    async def carry_out(self) -> dict[str, int]:
        """All of it, in an order in which one thing frees the next; how many of each sort."""
        removed = await self._scan_removed()
        logs = await self._take_logs(removed)
        drafts = await self._take_drafts(removed)
        versions = await self._take_versions()
        datapoints, lists = await self._take_datapoints(removed)
        return {
            "logs": logs,
            "drafts": drafts,
            "versions": versions,
            "datapoints": datapoints,
            "lists of datapoints": lists,
        }

    async def _scan_removed(self) -> frozenset[str]:
        found = await self._ports.store.scan(
            self._account, lambda tx: tx.cleaning.removed_files(before=self._before)
        )
        return frozenset(found)

    async def _take_logs(self, removed: frozenset[str]) -> int:
        gone = 0
        told: set[str] = set()
        with_logs = await self._ports.store.scan(self._account, lambda tx: tx.keeping.files_with_logs())
        for file_id in sorted(removed & set(with_logs)):
            after: int | None = None
            while True:
                look = partial(_logs_of, file_id=file_id, removed=removed, after=after, now=self._now())
                after, ids, versions = await self._ports.store.scan(self._account, look)
                if after is None:
                    break
                if self._is_rehearsal:
                    new = {one: version for one, version in versions.items() if one not in told}
                    self._logs_gone.update(new.values())
                    told.update(new)
                    gone += len(new)
                else:
                    gone += await clearing.clear(self._ports, self._account, ids, keeps_evaluated=True)
        return gone

    def _now(self) -> datetime:
        return self._ports.clock.now() + timedelta(days=1)  # whatever clocks say: all of them

    async def _take_drafts(self, removed: Collection[str]) -> int:
        gone = 0
        for some in batches(sorted(removed), CANDIDATES):
            drafts = await self._ports.store.scan(self._account, partial(_drafts_of, files=some))
            if drafts and not self._is_rehearsal:
                await commit(self._ports, self._account, partial(_remove_drafts, files=drafts))
            gone += len(drafts)
        return gone

    async def _take_versions(self) -> int:
        hidden = await self._ports.store.scan(
            self._account, lambda tx: [one for page in _hidden(tx, self._before) for one in page]
        )
        if not hidden:
            return 0
        linked = await self._ports.store.scan(self._account, _linked)
        gone = 0
        of_file = sorted((file_id, one) for one, file_id in hidden if one not in linked)
        for file_id, ids in groupby(of_file, key=lambda one: one[0]):
            for some in batches([one for _, one in ids], CANDIDATES):
                gone += await self._take_some_versions(file_id, some)
        return gone

    async def _take_some_versions(self, file_id: str, ids: Sequence[str]) -> int:
        look = partial(_free, file_id=file_id, ids=ids, before=self._before, since=EVER)
        found = await self._ports.store.scan(self._account, look)
        free = [one for one, logs in found.items() if logs == self._logs_gone[one]]
        if self._is_rehearsal:
            self._versions_gone.update(free)
            return len(free)
        gone, since = 0, self._ports.clock.now() - RECORDED
        while free:
            remove = partial(_remove_versions, file_id=file_id, ids=free, before=self._before, since=since)
            done, removed = await commit(self._ports, self._account, remove)
            gone += removed
            free = free[done:]
        return gone

    async def _take_datapoints(self, removed: Collection[str]) -> tuple[int, int]:
        found = await dataset_sweeps.unused(
            self._ports,
            self._account,
            before=self._before,
            removed=removed,
            without=self._versions_gone,
        )
        if self._is_rehearsal:
            return sum(len(one.datapoints) for one in found), sum(len(one.parts) for one in found)
        datapoints = parts = 0
        for one in found:
            some, lists = await dataset_sweeps.take_away(self._ports, self._account, one)
            datapoints, parts = datapoints + some, parts + lists
        return datapoints, parts


def _logs_of(
    tx: Transaction, *, file_id: str, removed: Collection[str], after: int | None, now: datetime
) -> tuple[int | None, list[str], dict[str, str]]:
    """From where to go on, logs that may go with all that hangs on them, in order, and their versions."""
    page = tx.keeping.old(file_id=file_id, before=now, after=after, take=PAGE)
    found: dict[str, str] = {}
    for _, log_id in page:
        if log_id in found:
            continue
        whole = clearing.with_all_below(tx, [log_id])
        logs = {log.id: log for log in tx.keeping.some(ids=whole)}
        is_seen = any(log.judged_id is None and log.file_id not in removed for log in logs.values())
        if not is_seen and not clearing.is_held(tx, whole):
            found |= {one: logs[one].version_id for one in whole if one in logs}
    return (page[-1][0] if page else None), list(found), found


def _drafts_of(tx: Transaction, *, files: Sequence[str]) -> list[str]:
    return [one for one in files if tx.drafts.get(file_id=one) is not None]


def _remove_drafts(tx: Transaction, *, files: Sequence[str]) -> None:
    for file_id in files:
        tx.cleaning.remove_draft(file_id=file_id)


def _hidden(tx: Transaction, before: datetime) -> list[list[tuple[str, str]]]:
    pages: list[list[tuple[str, str]]] = []
    after = ""
    while page := tx.cleaning.hidden_versions(before=before, after=after, take=PAGE):
        pages.append(page)
        after = page[-1][0]
    return pages


def _linked(tx: Transaction) -> set[str]:
    """The versions that the contents of others refer to by their ids, of all that are kept.

    No new content can refer to one that is hidden, so this holds until the end.
    """
    found: set[str] = set()
    after = ""
    while page := tx.cleaning.contents(kinds=LINKING, after=after, take=PAGE):
        for _, kind, content in page:
            found |= {link.version_id for link in KINDS[kind].links(content) if link.version_id is not None}
        after = page[-1][0]
    return found


def _free(
    tx: Transaction, *, file_id: str, ids: Collection[str], before: datetime, since: datetime
) -> dict[str, int]:
    return tx.cleaning.free_versions(file_id=file_id, ids=ids, before=before, since=since)


def _remove_versions(
    tx: Transaction, *, file_id: str, ids: Sequence[str], before: datetime, since: datetime
) -> tuple[int, int]:
    """How many of the first ones were seen to, and how many of these were taken away."""
    ends_at_s = time.monotonic() + clearing.WRITER_S
    free = _free(tx, file_id=file_id, ids=ids, before=before, since=since)
    done = removed = 0
    for one in ids:
        done += 1
        if free.get(one) == 0:
            tx.cleaning.remove_versions(file_id=file_id, ids=[one])
            removed += 1
        if time.monotonic() > ends_at_s:
            break
    return done, removed
