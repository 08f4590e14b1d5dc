"""The versions of a file over HTTP, with how they do."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.pointer_bodies import PointerName, pointer_name
from headrace.apis.native.wire import FileBody, PersonBody, file_body
from headrace.core.access import Right
from headrace.services.versions import version_lists
from headrace.services.versions.version_lists import Finding, Row, Standing


class VersionsQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which versions.

    Attributes:
        before: the id of a version: only older ones.
        take: so many at the most.
    """

    before: str | None = None
    take: Annotated[int, msgspec.Meta(ge=1, le=200)] = 50


class StandingBody(PointerName, frozen=True, kw_only=True):
    """An environment or an alias that leads to a version.

    Attributes:
        is_default: whether it is the default environment.
        weight: the version's share of a split; None when there is none.
    """

    is_default: bool
    weight: int | None


class OpinionBody(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found of a version's logs.

    Attributes:
        name: the evaluator's.
        judgments: how many booleans or numbers there are.
        mean: of them; a boolean is 0 or 1. None where no double is near.
        part: the mean on a scale from 0, which is bad, to 1; None where the judgments have none.
    """

    evaluator_id: str
    name: str
    judgments: int
    mean: float | None
    part: float | None


class RecentBody(msgspec.Struct, frozen=True, kw_only=True):
    """How a version did lately.

    Attributes:
        logs: how many of its logs this tells of: at most the 200 newest.
        errors: those of them that have an error.
        latency_p50_s: of those that have none and say how long they took; None where none does.
    """

    logs: int
    errors: int
    latency_p50_s: float | None


class VersionRow(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a file.

    Attributes:
        numbers: ascending.
        is_runnable: whether its content holds a definition that can run.
        logs_count: how many logs it has.
        score: the mean of what the evaluators found, on a scale from 0 to 1; None where nothing has one.
        pointers: the environments and aliases that lead to it.
    """

    version_id: str
    numbers: list[int]
    digest: str
    name: str | None
    description: str | None
    created_by: PersonBody
    created_at: datetime
    is_runnable: bool
    logs_count: int
    last_used_at: datetime | None
    pointers: list[StandingBody]
    recent: RecentBody
    findings: list[OpinionBody]
    score: float | None


class VersionList(msgspec.Struct, frozen=True, kw_only=True):
    """Versions, newest first.

    Attributes:
        next: what `before` is to be for the older ones; None when there are none.
    """

    file: FileBody
    versions: list[VersionRow]
    next: str | None


async def list_versions(call: Call) -> Response:
    """The versions of a file, newest first: where each is deployed, how it does, what evaluators found."""
    query: VersionsQuery = call.query
    found = await version_lists.page(
        call.ports, call.principal, file=call.parameters["file"], before=query.before, take=query.take
    )
    return ok(
        VersionList(
            file=file_body(found.file),
            versions=[_row(one) for one in found.rows],
            next=found.rows[-1].version.id if found.is_more else None,
        )
    )


def _row(row: Row) -> VersionRow:
    version = row.version
    return VersionRow(
        version_id=version.id,
        numbers=list(row.numbers),
        digest=version.digest,
        name=version.name,
        description=version.description,
        created_by=PersonBody(
            id=version.created_by, name=None if row.author is None else row.author.full_name
        ),
        created_at=version.created_at,
        is_runnable=version.is_runnable,
        logs_count=version.logs_count,
        last_used_at=version.last_used_at if version.logs_count else None,
        pointers=[_standing(one) for one in row.standings],
        recent=RecentBody(**msgspec.structs.asdict(row.recent)),
        findings=[_finding(one) for one in row.findings],
        score=row.score,
    )


def _standing(standing: Standing) -> StandingBody:
    return StandingBody(
        **msgspec.structs.asdict(pointer_name(standing.spot)),
        is_default=standing.is_default,
        weight=standing.weight,
    )


def _finding(finding: Finding) -> OpinionBody:
    return OpinionBody(**msgspec.structs.asdict(finding))


OPERATIONS = (
    Operation(
        name="listVersions",
        method="GET",
        template="/files/{file}/versions",
        handler=list_versions,
        right=Right.READER,
        query=VersionsQuery,
        response=VersionList,
    ),
)
