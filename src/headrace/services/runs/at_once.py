"""Runs that are over before they have waited for anything: told in one piece, recorded behind that.

Most of what `invocations` does is for runs that go on while somebody reads. One that only computes is over by
the time that its caller could be told that it has begun, so it needs none of that: no turn that could be
stopped, no conversation, no stream. What is told and what is recorded of it are the same.

`invoke` alone decides which runs these are.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.execution import Event
from headrace.engine.machine import Machine
from headrace.services.base import Ports
from headrace.services.runs.invocations import Invocation, Names, Order, begin, begun, new_name, start
from headrace.services.runs.new_executions import new_execution
from headrace.services.runs.runs import Runs, Way
from headrace.services.runs.ways import way


class Whole(msgspec.Struct, frozen=True, kw_only=True):
    """A run that is over.

    Attributes:
        name: what the execution can be called by.
        events: all that happened.
    """

    name: str
    events: Sequence[Event]


async def invoke(
    runs: Runs, ports: Ports, principal: Principal, order: Order, names: Names
) -> Whole | Invocation:
    """Run a flow: all of it where it waits for nothing, else its beginning.

    A name and a conversation are kept durably, a draft that was never run before is, and whoever wants to be
    told only of what is recorded waits for that: such runs begin in the ordinary way. Spans are told in the
    request that they belong to.

    Raises:
        HeadraceError: as of `begin`.
    """
    is_watched = runs.waits_for_record or runs.recorder.telemetry.tracer is not None
    if is_watched or order.answers is not None or order.name is not None:
        return await begin(runs, ports, principal, order, names)
    principal.require(Right.RUNNER)
    led = await way(runs, ports, principal, order)
    target = led[1]
    if target.is_draft and target.version_id not in runs.snapshots:
        return await start(runs, ports, principal, order, names, led)
    runs.admit(principal.account)
    now = ports.clock.now()
    machine = _advanced(led, order)
    if machine is None or not machine.is_over or not ports.lease.is_fresh:
        return await start(runs, ports, principal, order, names, led, machine)
    name, events = new_name(), machine.take_events()
    keeps, (route, found, _) = runs.recorder.keeps, led
    execution = partial(new_execution, ports, principal, route, found, order, name=name, keeps=keeps, now=now)
    runs.recorder.add_whole(principal.account, execution, events)
    return Whole(name=name, events=events)


def _advanced(led: Way, order: Order) -> Machine | None:
    """A run as far as it comes without waiting; None where that is not known."""
    try:
        machine = begun(led[2], led[0], order)
        machine.advance()
    except Exception:  # noqa: BLE001 - a bug: the ordinary way meets it again, and tells of it in the stream
        return None
    return machine
