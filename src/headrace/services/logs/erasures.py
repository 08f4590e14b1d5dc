"""Erasing what is kept of a person: logs of all kinds with all that hangs on them, and runs of flows.

What is found goes runs first, then what hangs on logs, then the logs that name the person: who stops in the
middle finds the rest by asking again. Then the store is made to forget the bytes, and that it was done is
written down.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Collection, Mapping
from functools import partial

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.errors import Invalid
from headrace.core.keeping import Count, Erasure, Sort
from headrace.core.logs import Log
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports, commit, read
from headrace.services.logs import clearing
from headrace.services.logs.erasure_search import json_holds, log_holds, names_session, names_user

PAGE = 200
"""So many logs are read at once."""
BATCHES = 20
PASSES = 3
"""So often it is looked again for what came meanwhile."""
MOST_CHARS = 1_000
MOST_IDS = 10_000
MOST_FOUND = 1_000
"""So much a search for a text finds at the most."""


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased.

    Attributes:
        value: the person or the session; of ids nothing.
        logs, executions: their ids.
    """

    sort: Sort
    value: str = ""
    logs: tuple[str, ...] = ()
    executions: tuple[str, ...] = ()

    @property
    def subject(self) -> str:
        """What the record's hash is made of."""
        return self.value or "\n".join(sorted((*self.logs, *self.executions)))


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """What there is to be erased.

    Attributes:
        logs: the ids, what hangs on a log before it.
        executions: those that can be erased.
        going: the ids of those that can't yet, because they go on.
        counts: how many of each kind.
    """

    logs: tuple[str, ...]
    executions: tuple[str, ...]
    going: tuple[str, ...]
    counts: Mapping[str, int]


class Erased(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased, or would be.

    Attributes:
        record: None when nothing was.
    """

    found: Found
    record: Erasure | None


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A log or a run that holds a text."""

    log: Log | None = None
    execution: Execution | None = None


async def erase(ports: Ports, principal: Principal, wanted: Wanted, *, is_rehearsal: bool = False) -> Erased:
    """Erase it, and write down that it was. Doing it again erases what came meanwhile, or nothing.

    Raises:
        Invalid: it is not said what.
        Unavailable: the store can't do it now; what was erased stays so, and asking again goes on.
    """
    principal.require(Right.ADMIN)
    _check(wanted)
    found = await _find(ports, principal.account, wanted)
    if is_rehearsal:
        return Erased(found=found, record=None)
    counts: Counter[str] = Counter()
    for _ in range(PASSES):
        if not found.logs and not found.executions:
            break
        await _remove(ports, principal.account, found)
        left = await _find(ports, principal.account, wanted)
        counts += Counter(found.counts) - Counter(left.counts)
        found = left
    await ports.store.scrub()
    record = Erasure(
        id=ports.ids.long("ers_"),
        sort=wanted.sort,
        subject=_hashed(ports, principal.account, wanted),
        erased_by=principal.user.id,
        erased_at=ports.clock.now(),
        counts=tuple(Count(kind=kind, number=number) for kind, number in sorted(counts.items())),
    )
    await commit(ports, principal.account, lambda tx: tx.keeping.add_erasure(record))
    return Erased(found=msgspec.structs.replace(found, counts=dict(sorted(counts.items()))), record=record)


async def search(ports: Ports, principal: Principal, *, text: str) -> tuple[list[Holding], bool]:
    """The logs and runs that hold a text, for somebody to say which of them are to be erased.

    Returns:
        Up to a thousand, and whether these are all.

    Raises:
        Invalid: the text is empty or too long.
    """
    principal.require(Right.ADMIN)
    _check_text("text", text)
    found = [
        Holding(log=log)
        for log in await _logs_that(ports, principal.account, lambda log: log_holds(log, text))
    ]
    after = ""
    while len(found) <= MOST_FOUND:
        page = await ports.store.scan(principal.account, partial(_runs_that_hold, text=text, after=after))
        found += [Holding(execution=execution) for execution in page[0]]
        if page[1] is None:
            break
        after = page[1]
    return found[:MOST_FOUND], len(found) <= MOST_FOUND


async def records(ports: Ports, principal: Principal, *, take: int) -> list[tuple[Erasure, User | None]]:
    """What was erased, newest first, with who did it where that user is still there."""
    principal.require(Right.ADMIN)

    def look(tx: Transaction) -> list[tuple[Erasure, User | None]]:
        return [(one, tx.access.user(id=one.erased_by)) for one in tx.keeping.erasures(take=take)]

    return await read(ports, principal, look)


def _check(wanted: Wanted) -> None:
    if wanted.sort is not Sort.IDS:
        _check_text(wanted.sort.value, wanted.value)
    ids = len(wanted.logs) + len(wanted.executions)
    if wanted.sort is Sort.IDS and not 0 < ids <= MOST_IDS:
        raise Invalid.at("logs", message=f"Give 1 to {MOST_IDS} ids, not {ids}.", kind="length")


def _check_text(name: str, text: str) -> None:
    if not 0 < len(text) <= MOST_CHARS or not text.strip():
        message = f"{name} must have 1 to {MOST_CHARS} characters, and not only blanks."
        raise Invalid.at(name, message=message, kind="length")


def _hashed(ports: Ports, account: str, wanted: Wanted) -> str:
    said = f"{account}\n{wanted.sort}\n{wanted.subject}"
    return ports.vault.sign(said.encode(), purpose="erasure").hex()


async def _find(ports: Ports, account: str, wanted: Wanted) -> Found:
    logs, executions = set(wanted.logs), set(wanted.executions)
    if wanted.sort is Sort.USER:
        logs |= {
            log.id for log in await _logs_that(ports, account, lambda log: names_user(log, wanted.value))
        }
    elif wanted.sort is Sort.SESSION:
        said = await _logs_that(ports, account, lambda log: names_session(log, wanted.value))
        logs |= {log.id for log in said}
        executions |= await ports.store.scan(account, partial(_of_session, name=wanted.value))
    return await ports.store.scan(account, partial(_whole, logs=logs, executions=executions))


async def _logs_that(ports: Ports, account: str, is_wanted: Callable[[Log], bool]) -> list[Log]:
    """All logs of an organisation that are wanted, those of files that are gone, too."""
    found: list[Log] = []
    after: int | None = None

    def look(tx: Transaction) -> tuple[list[Log], int | None]:
        page = tx.keeping.page(after=after, take=PAGE)
        last = page[-1].place if len(page) == PAGE else None
        return [one.log for one in page if is_wanted(one.log)], last

    while True:
        some, after = await ports.store.scan(account, look)
        found += some
        if after is None:
            return found


def _of_session(tx: Transaction, *, name: str) -> set[str]:
    execution = tx.executions.get(id=name)
    return {one.id for one in tx.keeping.executions_named(name=name)} | ({name} if execution else set())


def _whole(tx: Transaction, *, logs: Collection[str], executions: Collection[str]) -> Found:
    """These with all that belongs to them: the runs of logs, the logs of runs, what hangs on logs."""
    told, known = set(executions), set(logs)
    ordered: list[str] = []
    while True:
        more = {one for run in told for one in tx.keeping.logs_of_execution(execution_id=run)}
        ordered = clearing.with_all_below(tx, known | more)
        found = tx.keeping.some(ids=ordered)
        runs = {log.execution_id for log in found if log.execution_id is not None}
        if known == set(ordered) and runs <= told:
            break
        told, known = told | runs, set(ordered)
    return _told(tx, ordered, found, sorted(told))


def _told(tx: Transaction, ordered: list[str], found: list[Log], told: list[str]) -> Found:
    there = {log.id for log in found}
    runs = [run for one in told if (run := tx.executions.get(id=one)) is not None]
    going = {run.id for run in runs if not _can_go(tx, run)}
    counts = Counter("judgments" if log.judged_id else f"{log.kind} logs" for log in found)
    counts["executions"] = len(runs) - len(going)
    counts["evaluation results"] = len(tx.runs.slots_of_logs(log_ids=sorted(there)))
    kept = {log.id for log in found if log.execution_id in going}
    above = {one for one in ordered if one in there and one not in kept}
    return Found(
        logs=tuple(one for one in ordered if one in above),
        executions=tuple(run.id for run in runs if run.id not in going),
        going=tuple(sorted(going)),
        counts={kind: number for kind, number in sorted(counts.items()) if number},
    )


def _can_go(tx: Transaction, run: Execution) -> bool:
    """Whether nobody carries a run out, nor is making logs of it: it has ended, or waits for an answer."""
    if any(job.work is Work.RECORD for job in tx.jobs.of_subject(subject=run.id)):
        return False
    if run.status.is_final:
        return True
    session = tx.sessions.get(file_id=run.file_id, name=run.name)
    return session is not None and session.execution_id == run.id and not session.is_busy


async def _remove(ports: Ports, account: str, found: Found) -> None:
    for first in range(0, len(found.executions), BATCHES):
        some = found.executions[first : first + BATCHES]
        await commit(ports, account, partial(_remove_runs, ids=some))
    await clearing.clear(ports, account, found.logs, keeps_evaluated=False)


def _remove_runs(tx: Transaction, *, ids: Collection[str]) -> None:
    for one in ids:
        run = tx.executions.get(id=one)
        if run is not None and _can_go(tx, run):
            session = tx.sessions.get(file_id=run.file_id, name=run.name)
            if session is not None and session.execution_id == run.id:
                tx.sessions.remove(file_id=run.file_id, name=run.name)
            tx.executions.remove(id=one)


def _runs_that_hold(tx: Transaction, *, text: str, after: str) -> tuple[list[Execution], str | None]:
    page = tx.keeping.executions(after=after, take=PAGE)
    return [run for run in page if _run_holds(tx, run, text)], page[-1].id if len(page) == PAGE else None


def _run_holds(tx: Transaction, run: Execution, text: str) -> bool:
    if any(text in one for one in (run.id, run.name, run.error or "")):
        return True
    if any(json_holds(one, text) for one in (run.input, run.output) if one is not None):
        return True
    first = 0
    while batches := tx.executions.events(execution_id=run.id, first=first, take=BATCHES):
        if any(json_holds(batch.body, text) for batch in batches):
            return True
        first = batches[-1].first + batches[-1].size
    return False
