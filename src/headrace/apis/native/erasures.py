"""Erasing what is kept of a person, over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import PersonBody
from headrace.core.access import Right, User
from headrace.core.errors import Invalid
from headrace.core.keeping import Erasure, Sort
from headrace.services.logs import erasures
from headrace.services.logs.erasures import Erased, Holding, Wanted

MOST_RECORDS = 1_000
LEFT = (
    "backups, exports, archives and copies of the store, and git",
    "datapoints of datasets",
    "what nodes wrote to objects, knowledge bases, functions, agents and providers of models",
    "the logs above an erased one in a trace, where they do not name the person themselves",
)
LEFT_BY_POSTGRESQL = "dead rows in PostgreSQL's files and write-ahead log: VACUUM FULL, and its own retention"


class NewErasure(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be erased: a person, a session, or logs and executions one by one.

    Attributes:
        user: the person, as logs name them in `user`, or in a member of their metadata that says so.
        session: a conversation or an execution, by its id or name; or as the metadata of logs names it.
        logs: ids.
        executions: ids.
        dry_run: change nothing; say what would be.
    """

    user: str | None = None
    session: str | None = None
    logs: list[str] = []
    executions: list[str] = []
    dry_run: bool = False


class CountBody(msgspec.Struct, frozen=True, kw_only=True):
    """How many things of a kind."""

    kind: str
    number: int


class ErasureRecord(msgspec.Struct, frozen=True, kw_only=True):
    """That something was erased. What it was is not kept.

    Attributes:
        by: how it was said what: `user`, `session` or `ids`.
        subject: a hash of that, which only this server's key can make: equal for equal ones.
    """

    id: str
    by: str
    subject: str
    erased_by: PersonBody
    erased_at: datetime
    counts: list[CountBody]


class ErasureBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was erased, or would be.

    Attributes:
        id: of the record; null when nothing was erased.
        counts: how many of each kind.
        going: executions that go on, and are left with their logs: stop them, and ask again.
        logs, executions: which would be erased; of what was erased none are told.
        left: what may hold more and is not reached.
    """

    id: str | None
    is_rehearsal: bool
    counts: list[CountBody]
    going: list[str]
    logs: list[str]
    executions: list[str]
    left: list[str]


class RecordList(msgspec.Struct, frozen=True, kw_only=True):
    """The newest erasures first."""

    erasures: list[ErasureRecord]


class TextSearch(msgspec.Struct, frozen=True, kw_only=True):
    """What is looked for.

    Attributes:
        text: as it is written, capital letters and all.
    """

    text: str


class HoldingBody(msgspec.Struct, frozen=True, kw_only=True):
    """A log or an execution that holds the text.

    Attributes:
        kind: the kind of the log's file, or `execution`.
        user: the person that the log names.
    """

    kind: str
    id: str
    file_id: str
    created_at: datetime
    user: str | None


class HoldingList(msgspec.Struct, frozen=True, kw_only=True):
    """What holds a text.

    Attributes:
        is_complete: whether these are all; else erase them, and look again.
    """

    found: list[HoldingBody]
    is_complete: bool


async def create_erasure(call: Call) -> Response:
    """Erase what is kept of a person or a session, or some logs and executions, with all that hangs on it.

    For good: the bytes are gone from the store's tables and indexes when this is answered. Asking again
    erases what came meanwhile, or nothing.
    """
    body: NewErasure = call.body
    done = await erasures.erase(call.ports, call.principal, _wanted(body), is_rehearsal=body.dry_run)
    return ok(_body(call, done))


async def search_text(call: Call) -> Response:
    """The logs and executions that hold a text exactly, for you to say which of them are to be erased."""
    body: TextSearch = call.body
    found, is_complete = await erasures.search(call.ports, call.principal, text=body.text)
    return ok(HoldingList(found=[_holding(one) for one in found], is_complete=is_complete))


async def list_erasures(call: Call) -> Response:
    """What was erased, when and by whom: the newest thousand, without what it was."""
    found = await erasures.records(call.ports, call.principal, take=MOST_RECORDS)
    return ok(RecordList(erasures=[_record(one, user) for one, user in found]))


def _wanted(body: NewErasure) -> Wanted:
    has_ids = bool(body.logs or body.executions)
    if (body.user is not None) + (body.session is not None) + has_ids != 1:
        message = "Give one of these: user; session; or logs and executions."
        raise Invalid.at(message=message, kind="missing")
    if body.user is not None:
        return Wanted(sort=Sort.USER, value=body.user)
    if body.session is not None:
        return Wanted(sort=Sort.SESSION, value=body.session)
    return Wanted(sort=Sort.IDS, logs=tuple(body.logs), executions=tuple(body.executions))


def _body(call: Call, done: Erased) -> ErasureBody:
    found, record = done.found, done.record
    is_postgresql = call.reach.installation.store == "postgresql"
    return ErasureBody(
        id=None if record is None else record.id,
        is_rehearsal=record is None,
        counts=[CountBody(kind=kind, number=number) for kind, number in found.counts.items()],
        going=list(found.going),
        logs=list(found.logs) if record is None else [],
        executions=list(found.executions) if record is None else [],
        left=[*LEFT, *([LEFT_BY_POSTGRESQL] if is_postgresql else [])],
    )


def _record(one: Erasure, user: User | None) -> ErasureRecord:
    return ErasureRecord(
        id=one.id,
        by=one.sort.value,
        subject=one.subject,
        erased_by=PersonBody(id=one.erased_by, name=None if user is None else user.full_name),
        erased_at=one.erased_at,
        counts=[CountBody(kind=count.kind, number=count.number) for count in one.counts],
    )


def _holding(one: Holding) -> HoldingBody:
    if one.log is not None:
        log = one.log
        return HoldingBody(
            kind=log.kind, id=log.id, file_id=log.file_id, created_at=log.created_at, user=log.user
        )
    run = one.execution
    assert run is not None, "it is one or the other"
    return HoldingBody(kind="execution", id=run.id, file_id=run.file_id, created_at=run.started_at, user=None)


OPERATIONS = (
    Operation(
        name="createErasure",
        method="POST",
        template="/erasures",
        handler=create_erasure,
        right=Right.ADMIN,
        body=NewErasure,
        response=ErasureBody,
        errors=(),
    ),
    Operation(
        name="listErasures",
        method="GET",
        template="/erasures",
        handler=list_erasures,
        right=Right.ADMIN,
        response=RecordList,
        errors=(),
    ),
    Operation(
        name="searchText",
        method="POST",
        template="/erasures/search",
        handler=search_text,
        right=Right.ADMIN,
        body=TextSearch,
        response=HoldingList,
        errors=(),
    ),
)
