"""Tables of logs: which ones are wanted as callers say it, and what a row tells (humanloop 3, 4.2).

A page is found by looking from the newest log on; where few are wanted it may be short, and tells from where
on to look further, so that no page takes long.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterable, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.kinds import evaluator
from headrace.core.log_search import LogFilter, LogSlice, Mark, Verdicts
from headrace.core.logs import Log, TraceUsage
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, scan
from headrace.services.logs.logs import find
from headrace.services.records.run_roots import log_id_of
from headrace.services.tree import subjects
from headrace.services.versions.differences import content_of

MOST_LOOKED_AT = 20_000
"""So many logs are looked at for one page: no more than a moment's work."""
AT_ONCE = 200
"""So many logs are read at a time where all are wanted."""
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
VERDICTS: Mapping[str, bool] = {"true": True, "false": False}
FAILED, NONE = "failed", "none"
"""Verdicts that are no judgments: the evaluator failed, and it never judged."""


class Question(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs a caller wants. What is None leaves nothing out; see `headrace.core.log_search.LogFilter`.

    Attributes:
        file: its id or path.
        version: a version's id or number, `draft`, or the name of an environment or an alias.
        session: a run, or the root of a trace: what belongs together.
        evaluator: its id or path: only logs that it judged so.
        verdict: `true`, `false`, a text or an option; `failed` or `none`.
        least, most: of a number.
    """

    file: str | None = None
    version: str | None = None
    environment: str | None = None
    source: str | None = None
    user: str | None = None
    session: str | None = None
    search: str | None = None
    metadata: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    has_error: bool | None = None
    is_root: bool = False
    evaluator: str | None = None
    verdict: str | None = None
    least: float | None = None
    most: float | None = None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A log in a table.

    Attributes:
        number: the highest number of its version; None when it has none.
        usage: what its whole trace used; None when it is no root of one.
        judgments: the evaluators' logs on it, oldest first.
    """

    log: Log
    file: File
    number: int | None
    usage: TraceUsage | None
    judgments: tuple[Log, ...]


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some logs, newest first.

    Attributes:
        evaluators: whose judgments are among the rows, by id.
        mark: from where on to look for more; None when all was looked through.
    """

    rows: tuple[Row, ...]
    evaluators: Mapping[str, File]
    mark: Mark | None


async def search(
    ports: Ports, principal: Principal, question: Question, *, before: str | None, take: int
) -> Page:
    """A page of the logs that are wanted.

    Args:
        before: the mark at which the page before ended.

    Raises:
        NotFound: the file, the version or the evaluator is not there.
        Invalid: the mark is none, or what is asked for does not fit together.
    """
    principal.require(Right.READER)
    mark = None if before is None else read_mark(before)

    def work(tx: Transaction) -> Page:
        wanted = wanted_by(tx, question)
        found = tx.logs.find(wanted, before=mark, take=take, most=MOST_LOOKED_AT)
        return _page(tx, found)

    look = read if _is_narrow(question) else scan
    return await look(ports, principal, work)


def _is_narrow(question: Question) -> bool:
    """Whether an index leads to nothing but what is wanted."""
    return question == Question(file=question.file, version=question.version)


def wanted_by(tx: Transaction, question: Question) -> LogFilter:
    """What a caller means.

    Raises:
        NotFound, Invalid: as `search`.
    """
    file = None if question.file is None else subjects.file_of(tx, question.file)
    if file is None and question.version is not None:
        message = "Versions are those of a file: say which file's."
        raise Invalid.at("version", message=message, kind="mismatch", where="query")
    return LogFilter(
        file_id=None if file is None else file.id,
        version_id=None if file is None or not question.version else _version_id(tx, file, question.version),
        environment=question.environment or None,
        source=question.source or None,
        user=question.user or None,
        trace_id=_trace_id(question.session),
        search=question.search or None,
        metadata=question.metadata or None,
        start=question.start and _aware(question.start),
        end=question.end and _aware(question.end),
        has_error=question.has_error,
        is_root=question.is_root,
        judged=_verdicts(tx, question),
    )


def _version_id(tx: Transaction, file: File, ref: str) -> str:
    kept = tx.versions.kept(id=ref)  # one that is listed nowhere has logs, too
    if kept is not None and kept.file_id == file.id:
        return kept.id
    return content_of(tx, file, ref).version.id


def _trace_id(session: str | None) -> str | None:
    if not session:
        return None
    return log_id_of(session) if session.startswith("exe_") else session


def _aware(moment: datetime) -> datetime:
    """A moment without a zone is one in UTC."""
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment


def _verdicts(tx: Transaction, question: Question) -> Verdicts | None:
    if not question.evaluator:
        if question.verdict or question.least is not None or question.most is not None:
            message = "A verdict is an evaluator's: say which evaluator's."
            raise Invalid.at("evaluator", message=message, kind="missing", where="query")
        return None
    file = subjects.file_of(tx, question.evaluator)
    if file.kind != evaluator.KIND.name:
        message = f"`{file.path}` is no Evaluator."
        raise Invalid.at("evaluator", message=message, kind="mismatch", where="query")
    verdict = question.verdict or None
    is_value = verdict not in (None, FAILED, NONE)
    return Verdicts(
        evaluator_id=file.id,
        value=VERDICTS.get(verdict, verdict) if is_value and verdict is not None else None,
        least=question.least,
        most=question.most,
        has_failed=verdict == FAILED,
        is_missing=verdict == NONE,
    )


def _page(tx: Transaction, found: LogSlice) -> Page:
    ids = [log.id for log in found.logs]
    judgments: dict[str, list[Log]] = {}
    for one in tx.logs.judgments(judged_ids=ids) if ids else ():
        judgments.setdefault(one.judged_id or "", []).append(one)
    roots = [log.id for log in found.logs if log.is_in_trace and log.trace_id == log.id]
    usage = tx.logs.trace_usage(trace_ids=roots) if roots else {}
    files = _files(tx, (log.file_id for log in found.logs))
    judges = _files(tx, (one.file_id for some in judgments.values() for one in some))
    numbers = tx.figures.numbers(version_ids={log.version_id for log in found.logs})
    rows = tuple(
        Row(
            log=log,
            file=files[log.file_id],
            number=max(numbers.get(log.version_id, ()), default=None),
            usage=usage.get(log.id),
            judgments=tuple(judgments.get(log.id, ())),
        )
        for log in found.logs
        if log.file_id in files
    )
    return Page(rows=rows, evaluators=judges, mark=found.mark)


def _files(tx: Transaction, ids: Iterable[str]) -> dict[str, File]:
    """Those that are there, each looked up once."""
    found = {one: tx.files.get(id=one) for one in dict.fromkeys(ids)}
    return {one: file for one, file in found.items() if file is not None}


def mark_text(mark: Mark) -> str:
    """A mark as callers keep it."""
    return f"{(mark.created_at - _EPOCH) // timedelta(microseconds=1)}.{mark.log_id}"


def read_mark(text: str) -> Mark:
    """A mark that a caller brought back.

    Raises:
        Invalid: it is none.
    """
    number, _, log_id = text.partition(".")
    try:
        created_at = _EPOCH + timedelta(microseconds=int(number))
    except (ValueError, OverflowError):
        message = f"`before` is the `next` of an earlier answer, not {text[:60]!r}."
        raise Invalid.at("before", message=message, kind="value", where="query") from None
    return Mark(created_at=created_at, log_id=log_id)


async def whole(ports: Ports, principal: Principal, *, log_id: str) -> Page:
    """A log of any kind, as the only row of a page.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> Page:
        page = _page(tx, LogSlice(logs=[find(tx, log_id)], mark=None))
        if not page.rows:
            raise NotFound("log", log_id, f"Log with ID `{log_id}` not found.")
        return page

    return await read(ports, principal, work)


async def everything(ports: Ports, principal: Principal, question: Question) -> AsyncIterator[Page]:
    """All logs that are wanted, some at a time, newest first.

    Raises:
        NotFound, Invalid: as `search`, before the first are given.
    """
    before: str | None = None
    while True:
        page = await search(ports, principal, question, before=before, take=AT_ONCE)
        yield page
        if page.mark is None:
            return
        before = mark_text(page.mark)
