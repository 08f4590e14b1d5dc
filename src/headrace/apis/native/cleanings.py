"""Taking away what nothing refers to any more, over HTTP."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.erasures import CountBody
from headrace.apis.native.operations import Call, Operation, ok
from headrace.core.access import Right
from headrace.services.server import cleaning


class NewCleaning(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be taken away.

    Attributes:
        older_than_days: so many days ago files were removed, and versions deleted, at the least; 1 or more.
        dry_run: change nothing, and tell what would be taken away.
    """

    older_than_days: int
    dry_run: bool = False


class CleaningBody(msgspec.Struct, frozen=True, kw_only=True):
    """What was taken away, or would be.

    Attributes:
        before: the moment before which files were removed, and versions deleted.
        counts: how many of each sort; those of which there were none, too.
    """

    is_rehearsal: bool
    before: datetime
    counts: list[CountBody]


async def create_cleaning(call: Call) -> Response:
    """Take away what nothing refers to any more, for good.

    Logs and drafts of files that were removed; deleted versions, and those of removed files, that no
    deployment, execution, evaluation, log or other version refers to; datapoints that no version has. Asking
    again takes what came to be free meanwhile, or nothing.
    """
    body: NewCleaning = call.body
    done = await cleaning.clean(
        call.ports, call.principal, older_than_days=body.older_than_days, is_rehearsal=body.dry_run
    )
    counts = [CountBody(kind=kind, number=number) for kind, number in done.counts.items()]
    return ok(CleaningBody(is_rehearsal=done.is_rehearsal, before=done.before, counts=counts))


OPERATIONS = (
    Operation(
        name="createCleaning",
        method="POST",
        template="/cleanings",
        handler=create_cleaning,
        right=Right.ADMIN,
        body=NewCleaning,
        response=CleaningBody,
        errors=(),
    ),
)
