"""Calling flows of the tree with inputs by name, as prompts and tools are called.

A run is an ordinary one of the version itself: recorded, under the limits of all runs. Nobody is there to
answer, so a flow that asks has failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.definition import PortType
from headrace.core.durable import Superseded
from headrace.core.effects import JSON
from headrace.core.errors import Conflict, Invalid, NotFound, NotPrepared, Unavailable
from headrace.core.execution import FlowFailed
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.engine.plan import Plan, Plans
from headrace.engine.step import CLASSES
from headrace.services.base import Ports
from headrace.services.runs import targets
from headrace.services.runs.invocations import Names, Order, begin
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import Choice, Target
from headrace.services.runs.ways import way

MESSAGES = "messages"
"""What a flow that takes an object is told the messages by."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Flows:
    """What flows are run in.

    Attributes:
        names: how the outside is told of an organisation's flows and aliases.
    """

    runs: Runs
    names: Callable[[str], Names]


@dataclass(frozen=True, slots=True, kw_only=True)
class Asked:
    """Which version of which flow is to be run, what with, and what for.

    Attributes:
        source: a word that the log bears.
        run_id: the run of an evaluation that wants the log.
        datapoint_id: the datapoint that inputs and messages are of.
    """

    file_id: str
    version_id: str
    inputs: Mapping[str, JSON]
    source: str
    messages: Sequence[Any] = ()
    run_id: str | None = None
    datapoint_id: str | None = None


class Ran(msgspec.Struct, frozen=True, kw_only=True):
    """How a run has ended; its record is durable.

    Attributes:
        failure: None when it succeeded.
    """

    execution_id: str
    failure: FlowFailed | None


async def call(flows: Flows, ports: Ports, principal: Principal, asked: Asked) -> Ran:
    """Run a version of a flow to its end.

    Raises:
        NotFound: the flow or the version is not there, or holds no definition.
        Conflict: validation has something against the definition by now, the flow is switched off, or nothing
            would be kept that could be judged.
        QuotaExceeded: too many are running.
        Unavailable: its record can't be kept, or the run was taken from this process.
    """
    if asked.run_id is not None and flows.runs.recorder.keeps is not Keeps.ALL:
        kept = flows.runs.recorder.keeps.value
        raise Conflict(f"This server keeps no values of runs (`{kept}`), so nobody could judge them.")
    order = Order(
        ref=asked.file_id,
        choice=Choice(version_id=asked.version_id),
        node=None,
        document=None,
        source=asked.source,
        run_id=asked.run_id,
        datapoint_id=asked.datapoint_id,
        can_ask=False,
    )
    try:
        _, _, plan = await way(flows.runs, ports, principal, order)
    except NotPrepared:
        message = f"Version `{asked.version_id}` can't run: by now its definition has findings."
        raise Conflict(message) from None
    order = msgspec.structs.replace(order, document=document_of(plan, asked.inputs, asked.messages))
    turn = await begin(flows.runs, ports, principal, order, flows.names(principal.account))
    failure: FlowFailed | None = None
    try:
        while events := await turn.more():
            failure = events[-1] if isinstance(events[-1], FlowFailed) else None
        return Ran(execution_id=await turn.kept(), failure=failure)
    except Superseded:
        raise Unavailable(
            "The run was taken from this process, which was out of reach for too long."
        ) from None
    finally:
        await turn.aclose()


def document_of(plan: Plan, inputs: Mapping[str, JSON], messages: Sequence[Any] = ()) -> JSON:
    """The document of a flow, made of inputs by name as a run's log has them."""
    # Quirk(humanloop): 4.3. Humanloop runs no flows; this server runs versions with a definition. The
    # document is the object of all inputs where the Input node takes an object; elsewhere the input that is
    # called as the node's output is, or else the only one.
    [write] = plan.scope.starts[0].writes
    if write.accepts != CLASSES[PortType.OBJECT]:
        if write.name in inputs:
            return inputs[write.name]
        if len(inputs) == 1:
            return next(iter(inputs.values()))
    return {**inputs, MESSAGES: list(messages)} if messages else dict(inputs)


def check(tx: Transaction, ports: Ports, version: Version) -> None:
    """Refuse a version that could not be run.

    Raises:
        Invalid: it holds no definition, or one that validation has something against.
    """
    found = Target(
        content=version.content, digest=version.digest, version_id=version.id, number=None, is_draft=False
    )
    try:
        targets.plan_of(tx, ports, Plans(), found, operation="CreateRun")
    except (NotFound, NotPrepared) as error:
        what = "no definition that runs" if isinstance(error, NotFound) else "a definition with findings"
        message = (
            f"A Flow is not callable on the server when its version has {what}, as `{version.id}` has: "
            "run it yourself and send its logs, with `orchestrated` set to false."
        )
        raise Invalid.at("orchestrated", message=message, kind="not_callable") from None
