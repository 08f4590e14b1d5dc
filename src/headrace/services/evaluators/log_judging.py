"""Logs judged by a person who looks at them."""

from __future__ import annotations

from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid
from headrace.core.kinds import evaluator
from headrace.core.logs import Log
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, read
from headrace.services.logs import logs
from headrace.services.logs.new_logs import NewLog
from headrace.services.tree import subjects
from headrace.services.versions.differences import content_of
from headrace.services.versions.views import default_version

SOURCE = "person"
"""What the log of such a judgment says of where it comes from."""


async def judge(
    ports: Ports,
    principal: Principal,
    *,
    log_id: str,
    evaluator_ref: str,
    version_ref: str | None,
    judgment: bytes,
) -> Log:
    """Keep what a person found of a log, in place of what was posted before for the same version.

    Args:
        evaluator_ref: the evaluator's id or path.
        version_ref: of the evaluator; None is the one that a read shows.
        judgment: JSON text.

    Raises:
        NotFound: the log or the evaluator is not there.
        Invalid: it is no evaluator, or can't have come to that judgment.
    """
    principal.require(Right.RUNNER)

    def look(tx: Transaction) -> Version:
        file = subjects.file_of(tx, evaluator_ref)
        if file.kind != evaluator.KIND.name:
            raise Invalid.at("evaluator", message=f"`{file.path}` is no Evaluator.", kind="mismatch")
        logs.find(tx, log_id)
        return default_version(tx, file) if version_ref is None else content_of(tx, file, version_ref).version

    version = await read(ports, principal, look)
    now = ports.clock.now()
    made = await logs.create(
        ports,
        principal,
        NewLog(
            kind=evaluator.KIND.name,
            ref=version.file_id,
            version_id=version.id,
            judged_id=log_id,
            judgment=judgment,
            source=SOURCE,
            start_time=now,
            end_time=now,
        ),
    )
    return made.log
