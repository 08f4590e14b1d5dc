"""What is kept of a run of a flow when it begins."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING

from headrace.core.access import Principal
from headrace.core.execution import Status
from headrace.core.records import Execution
from headrace.services.base import Ports
from headrace.services.runs.keeping import Keeps, preview
from headrace.services.runs.targets import Route, Target

if TYPE_CHECKING:
    from headrace.services.runs.invocations import Order


def new_execution(
    ports: Ports,
    principal: Principal,
    route: Route,
    found: Target,
    order: Order,
    *,
    name: str,
    keeps: Keeps,
    now: datetime,
) -> Execution:
    """A run that its caller drives, as it begins.

    Args:
        name: what its caller knows it by.
        keeps: how much of what goes through it is kept.
        now: when it begins.
    """
    return Execution(
        id=ports.ids.long("exe_"),
        name=name,
        file_id=route.file.id,
        version_id=found.version_id,
        number=found.number,
        is_draft=found.is_draft,
        pointer_id=route.pointer_id,
        environment_id=route.environment_id,
        status=Status.RUNNING,
        started_by=principal.user.id,
        started_at=now,
        ended_at=None,
        input=preview(order.document) if keeps is Keeps.ALL else None,
        output=None,
        error=None,
        failed_node=None,
        input_tokens=0,
        output_tokens=0,
        cost_usd=None,
        events_count=0,
        holder=ports.holder,
        source=order.source,
        run_id=order.run_id,
        datapoint_id=order.datapoint_id,
    )
