"""What a person needs to run a flow: what of it can be run, what that takes, and what it was given last."""

from __future__ import annotations

from collections.abc import Iterator

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.definition import Definition, NodeType, PortType
from headrace.core.deployments import PointerKind
from headrace.core.errors import HeadraceError, Invalid
from headrace.core.execution import FlowStarted
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.kinds.flow import read_content
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services.base import Ports, read
from headrace.services.deployments import pointers, rollouts
from headrace.services.runs import targets
from headrace.services.runs.targets import KIND, Choice, environment_alias
from headrace.services.tree import subjects

VERSIONS = 50
"""So many of the newest versions are offered."""
INPUT_CHARS = 100_000
"""A document that is larger than this is not offered to be run again."""
OPERATION = "run"


class RunTarget(msgspec.Struct, frozen=True, kw_only=True):
    """Something of a flow that can be run.

    Attributes:
        kind: `environment`, `alias`, `version` or `draft`.
        ref: what names it in a run: an environment's or alias's id, a version's number, or `draft`.
        name: for people.
        number: the number that runs; None for the draft, and for a version without one.
        version_id: None for the draft.
        is_off: whether calls of it are refused.
        alias_id: what clients of Amazon Bedrock name it by; None where they can't.
    """

    kind: str
    ref: str
    name: str
    number: int | None
    version_id: str | None
    is_off: bool
    alias_id: str | None


class RunForm(msgspec.Struct, frozen=True, kw_only=True):
    """What it takes to run a flow.

    Attributes:
        file_id: the flow; `short_id` is what clients of Amazon Bedrock name it by.
        targets: all that can be run, most likely first.
        chosen: which of them `definition` and `type` are of; None when there is none.
        problem: why that can't be run; None when it can.
        definition: the graph that would run.
        node: the Input node.
        type: of the document that it takes.
        last_input: the last document that the flow was given; None when it is not known, or too large.
        last_execution: which execution that was of.
    """

    file_id: str
    short_id: str
    path: str
    targets: list[RunTarget]
    chosen: RunTarget | None = None
    problem: str | None = None
    definition: msgspec.Raw | None = None
    node: str | None = None
    type: PortType | None = None
    last_input: msgspec.Raw | None = None
    last_execution: str | None = None


class _Taken(msgspec.Struct, frozen=True, kw_only=True):
    """What a definition takes."""

    definition: msgspec.Raw | None = None
    node: str | None = None
    type: PortType | None = None
    problem: str | None = None


def flow_of(tx: Transaction, ref: str) -> File:
    """A flow, by its id or path.

    Raises:
        NotFound: there is no such file.
        Invalid: it is of another kind.
    """
    file = subjects.file_of(tx, ref)
    if file.kind != KIND:
        message = f"`{file.path}` is of type {file.kind}; only flows are executed."
        raise Invalid.at("file", message=message, kind="kind", where="path")
    return file


def choice_of(tx: Transaction, file: File, target: str | None) -> Choice:
    """What a target means, an alias's or environment's id or name, a version's number or id, or ``draft``.

    Without one it is what the default environment has, the newest version, or the draft.
    """
    if target is None:
        return targets.usual(tx, file)
    if target == DRAFT_ALIAS or target.upper() == DRAFT:
        return Choice()
    if target.isascii() and target.isdecimal():
        return Choice(number=int(target)) if len(target) < 16 else Choice(version_id=target)
    version = tx.versions.get(id=target)
    if version is not None and version.file_id == file.id:
        return Choice(version_id=version.id)
    environments = {one.id: one for one in tx.environments.all()}
    if target in environments:
        return Choice(alias=environment_alias(file.id, target))
    return Choice(alias=target, takes_names=True)


async def form(ports: Ports, principal: Principal, ref: str, target: str | None) -> RunForm:
    """What it takes to run a flow.

    Raises:
        NotFound: there is no such file.
        Invalid: it is no flow.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> RunForm:
        file = flow_of(tx, ref)
        offered = list(_targets(tx, file))
        chosen = _chosen(tx, file, offered, target)
        taken = _taken(tx, ports, file, target)
        last_execution, last_input = _last(tx, file)
        return RunForm(
            file_id=file.id,
            short_id=file.short_id,
            path=file.path,
            targets=offered,
            chosen=chosen,
            problem=taken.problem,
            definition=taken.definition,
            node=taken.node,
            type=taken.type,
            last_input=last_input,
            last_execution=last_execution,
        )

    return await read(ports, principal, look)


def _targets(tx: Transaction, file: File) -> Iterator[RunTarget]:
    for one in tx.pointers.of_file(file_id=file.id):
        live = rollouts.live_of(tx, pointers.named(tx, file, one.kind, one.pointer_id))
        spot, state = live.spot, live.pointer
        if spot.kind is PointerKind.FLOW or state is None or (state.version_id, state.target) == (None, None):
            continue
        version = None if state.version_id is None else tx.versions.get(id=state.version_id)
        if version is not None and not version.is_runnable:
            continue
        is_environment = spot.kind is PointerKind.ENVIRONMENT
        yield RunTarget(
            kind=spot.kind.value,
            ref=spot.pointer_id,
            name=spot.name,
            number=live.number,
            version_id=state.version_id,
            is_off=live.is_off,
            alias_id=environment_alias(file.id, spot.pointer_id) if is_environment else spot.pointer_id,
        )
    for release in tx.releases.runnable(file_id=file.id, before=None, take=VERSIONS):
        yield RunTarget(
            kind="version",
            ref=str(release.number),
            name=f"v{release.number}",
            number=release.number,
            version_id=release.version_id,
            is_off=False,
            alias_id=None,
        )
    draft = tx.drafts.get(file_id=file.id)
    if draft is not None and draft.snapshot_id is not None:
        yield RunTarget(
            kind="draft",
            ref=DRAFT.lower(),
            name="Draft",
            number=None,
            version_id=None,
            is_off=False,
            alias_id=DRAFT_ALIAS,
        )


def _chosen(tx: Transaction, file: File, offered: list[RunTarget], target: str | None) -> RunTarget | None:
    """Which of what is offered a target names."""
    if target is not None:
        named = (one for one in offered if target in (one.ref, one.name, one.version_id, one.alias_id))
        return next(named, None)
    usual = targets.usual(tx, file)
    if usual.alias is not None:
        return next((one for one in offered if one.alias_id == usual.alias), None)
    ref = DRAFT.lower() if usual.number is None else str(usual.number)
    return next((one for one in offered if one.ref == ref), None)


def _taken(tx: Transaction, ports: Ports, file: File, target: str | None) -> _Taken:
    """What a target takes; why it can't be run, if so."""
    try:
        route = targets.route(tx, file.id, choice_of(tx, file, target))
        content = targets.target(tx, route, operation=OPERATION).content
    except HeadraceError as error:
        return _Taken(problem=error.message)
    form_ = ports.rules.runnable_form(msgspec.json.decode(content), content)
    graph = msgspec.UNSET if form_ is None else read_content(form_).definition
    if graph is msgspec.UNSET:
        return _Taken(problem="It holds no definition of a shape that could run.")
    starts = Definition.parse(msgspec.json.decode(graph)).of_type(NodeType.INPUT)
    if not starts:
        return _Taken(definition=graph, problem="It has no Input node.")
    outputs = starts[0].outputs
    return _Taken(definition=graph, node=starts[0].name, type=outputs[0].type if outputs else None)


def _last(tx: Transaction, file: File) -> tuple[str | None, msgspec.Raw | None]:
    """The newest execution, and what it was given."""
    newest = tx.executions.page(file_id=file.id, before=None, take=1)
    if not newest:
        return None, None
    batches = tx.executions.events(execution_id=newest[0].id, first=0, take=1)
    first = batches[0].events()[0] if batches else None
    if not isinstance(first, FlowStarted) or first.value is None:
        return newest[0].id, None
    text = msgspec.json.encode(first.value)
    return newest[0].id, msgspec.Raw(text) if len(text) <= INPUT_CHARS else None
