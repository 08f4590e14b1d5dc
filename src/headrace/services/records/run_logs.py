"""A run of a flow as a log of it, with its steps as logs below (one domain; humanloop 3).

The events of a run are its record; the logs are a projection of them, made behind the scenes once the run has
ended or waits for an answer. Their ids follow from the run's, so that making them again changes nothing.

A Prompt node that refers to a prompt of the organisation is logged against that prompt. All other steps are
logged against hidden files of the flow, one a node: prompts for inline prompts, tools for everything else.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.changes import Kept
from headrace.core.definition import Definition, Node, NodeType
from headrace.core.files import File
from headrace.core.jsontext import json_text
from headrace.core.kinds import KINDS
from headrace.core.kinds.prompt import read_arn
from headrace.core.logs import Log, write_payload
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services import work
from headrace.services.base import Ports, commit
from headrace.services.evaluators import monitoring
from headrace.services.records.run_contents import (
    asks_anything,
    finish_reason,
    prompt_content,
    settings,
    step_payload,
    tool_content,
)
from headrace.services.records.run_roots import Subject, source, step_log_id, write
from headrace.services.records.run_steps import Step, Story
from headrace.services.runs.targets import definition_of
from headrace.services.tree import tree
from headrace.services.versions import versions
from headrace.services.versions.snapshots import DRAFT_DIGEST, hidden_version
from headrace.services.worker import Handler

BATCHES_A_READ = 20
LOGS_A_WRITE = 50
"""So few at a time, that other writes get their turn."""
MOST_STEPS = 1_000
VERSIONS = 200
"""The nodes of so many versions are remembered."""
log = logging.getLogger("headrace.run_logs")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def ask(tx: Transaction, ports: Ports, execution: Execution) -> None:
    """Have a run shown that has ended, or waits for an answer.

    Not one that is made for a run of an evaluation: it may be made again. Who makes it says which counts.
    """
    if execution.run_id is None:
        show(tx, ports, execution.id)


def show(tx: Transaction, ports: Ports, execution_id: str) -> None:
    """Have a run shown, whatever it is made for."""
    work.ask(tx, ports, work=Work.RECORD, subject=execution_id, now=ports.clock.now())


_Place = tuple[str, str, str]
_Logged = tuple[str, str, int | None]
"""The file, the version and the number that the steps of a node are logged against."""


class _Subject(Subject, frozen=True, kw_only=True):
    """The run that is shown, with what it ran.

    Attributes:
        principal: whoever had it run.
        nodes: by name, those in loops too.
    """

    principal: Principal
    nodes: Mapping[str, Node]

    def place(self, step: Step) -> _Place:
        """The organisation, what ran, and the node."""
        return self.principal.account, self.execution.version_id, step.node

    def step_id(self, step: Step) -> str:
        return step_log_id(self.execution.id, step.place)


class Showing:
    """Shows runs as a job of the worker.

    Args:
        most_steps: so many steps of a run become logs.
    """

    def __init__(self, ports: Ports, *, most_steps: int = MOST_STEPS) -> None:
        self._ports = ports
        self._most_steps = most_steps
        self._nodes: dict[
            tuple[str, str], Mapping[str, Node]
        ] = {}  # by account and version: they never change
        self._logged: Kept[_Place, _Logged] = Kept()

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up)

    async def act(self, job: Job) -> None:
        """Show a run.

        Raises:
            Unavailable: the store can't keep it.
        """
        subject = await self._ports.store.read(job.account, lambda tx: self._subject(tx, job.subject))
        if subject is None:  # forgotten meanwhile, or its flow is gone
            await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))
        else:
            await _show(self._ports, job, subject, self._logged, most_steps=self._most_steps)

    def _subject(self, tx: Transaction, execution_id: str) -> _Subject | None:
        execution = tx.executions.get(id=execution_id)
        file = None if execution is None else tx.files.get(id=execution.file_id)
        if execution is None or file is None:
            return None
        nodes = self._nodes_of(tx, execution.version_id)
        return None if nodes is None else _subject(tx, execution, file, nodes)

    def _nodes_of(self, tx: Transaction, version_id: str) -> Mapping[str, Node] | None:
        """The nodes of what ran; None when that is not kept."""
        key = (tx.account, version_id)
        known = self._nodes.get(key)
        if known is not None:
            return known
        version = tx.versions.kept(id=version_id)
        if version is None:
            return None
        form = self._ports.rules.runnable_form(msgspec.json.decode(version.content), version.content)
        if len(self._nodes) >= VERSIONS:
            self._nodes.clear()
        self._nodes[key] = {} if form is None else dict(_nodes(definition_of(form)))
        return self._nodes[key]

    async def give_up(self, job: Job, reason: str) -> None:
        """Leave a run without a log; it stays among the executions. An evaluation gets one that says so.

        Raises:
            Unavailable: the store can't keep it.
        """
        log.warning("execution %s is not shown as a log: %s", job.subject, reason)

        def leave(tx: Transaction) -> None:
            execution = tx.executions.get(id=job.subject)
            file = None if execution is None else tx.files.get(id=execution.file_id)
            if execution is not None and file is not None and execution.run_id is not None:
                subject = _subject(tx, execution, file, {})
                write(tx, self._ports, subject, Story(most=0), error=f"The run can't be shown: {reason}")
            tx.jobs.done(job)

        await commit(self._ports, job.account, leave)


async def _show(
    ports: Ports, job: Job, subject: _Subject, logged: Kept[_Place, _Logged], *, most_steps: int
) -> None:
    """Make the logs of a run, or bring them up to date, and finish the job.

    Everything is written anew each time, so it does not matter where an earlier attempt ended. The flow's log
    comes last: once it is complete, everything below it is there.
    """
    story = await _told(ports, job, subject.execution.events_count, most_steps)
    is_over = subject.execution.status.is_final
    steps = [step for step in story.steps if step.is_over or is_over]
    for first in range(0, len(steps), LOGS_A_WRITE):
        await _write_steps(ports, subject, steps[first : first + LOGS_A_WRITE], logged)

    def finish(tx: Transaction) -> None:
        write(tx, ports, subject, story)
        tx.jobs.done(job)

    await commit(ports, job.account, finish)


async def _write_steps(
    ports: Ports, subject: _Subject, steps: list[Step], logged: Kept[_Place, _Logged]
) -> None:
    """Make the logs of some steps.

    Args:
        logged: what the steps of a node were logged against before; it holds until the registry changes.
    """
    at = ports.store.changes.registry
    known = {step.node: logged.get(at, subject.place(step)) for step in steps}
    contents = {
        step.node: await _prepared(ports, subject, step) for step in steps if known[step.node] is None
    }
    found: dict[str, _Logged] = {}

    def work(tx: Transaction) -> None:
        found.clear()
        now = ports.clock.now()
        for step in steps:
            if tx.logs.get(id=subject.step_id(step)) is not None:
                continue
            against = known[step.node] or found.get(step.node)
            if against is None:
                against = _logged_against(tx, ports, subject, step, contents[step.node], now)
                found[step.node] = against
            _write_step(tx, ports, subject, step, against, now)

    await commit(ports, subject.principal.account, work)
    for step in steps:
        if step.node in found and not asks_anything(step, subject.nodes.get(step.node)):
            logged.put(at, subject.place(step), found[step.node])


async def _told(ports: Ports, job: Job, count: int, most_steps: int) -> Story:
    story = Story(most=most_steps)
    first = 0
    while first < count:
        place = first
        batches = await ports.store.read(
            job.account,
            lambda tx, place=place: tx.executions.events(  # type: ignore[misc]
                execution_id=job.subject, first=place, take=BATCHES_A_READ
            ),
        )
        if not batches:
            break
        for batch in batches:
            story.hear(batch.events())
        first = batches[-1].first + batches[-1].size
    return story


def _subject(tx: Transaction, execution: Execution, file: File, nodes: Mapping[str, Node]) -> _Subject:
    user = tx.access.user(id=execution.started_by) or User(
        id=execution.started_by, email="", full_name="", created_at=execution.started_at
    )
    return _Subject(
        execution=execution,
        principal=Principal(account=tx.account, user=user, right=Right.EDITOR),
        file=file,
        nodes=nodes,
        environment=environment_of(tx, execution),
    )


def environment_of(tx: Transaction, execution: Execution) -> str | None:
    """The name of the environment that a run was called by."""
    if execution.environment_id is None:
        return None
    named = {one.id: one.name for one in tx.environments.all()}
    return named.get(execution.environment_id)


def _nodes(definition: Definition) -> Iterator[tuple[str, Node]]:
    for node in definition.nodes:
        if node.body is not None:
            yield from _nodes(node.body)
        yield node.name, node


async def _prepared(ports: Ports, subject: _Subject, step: Step) -> versions.Prepared:
    """What a step ran, as a submission to its hidden file."""
    node = subject.nodes.get(step.node)
    is_prompt = step.type is NodeType.PROMPT
    content = prompt_content(step, node) if is_prompt else tool_content(step, node)
    kind = "prompt" if is_prompt else "tool"
    submission = versions.Submission(
        kind=kind, ref=None, path=None, content=json_text(content), parsed=content
    )
    return await versions.prepare(ports, submission)


def _write_step(
    tx: Transaction, ports: Ports, subject: _Subject, step: Step, against: _Logged, now: datetime
) -> None:
    file_id, version_id, number = against
    kind = "prompt" if step.type is NodeType.PROMPT else "tool"
    used = [act.usage for act in step.acts if act.usage is not None]
    costs = [usage.cost_usd for usage in used if usage.cost_usd is not None]
    execution = subject.execution
    made = Log(
        id=subject.step_id(step),
        kind=kind,
        file_id=file_id,
        version_id=version_id,
        number=number,
        created_by=execution.started_by,
        created_at=_moment(step.started_ns),
        start_time=_moment(step.started_ns),
        end_time=None if step.ended_ns is None else _moment(step.ended_ns),
        provider_latency_s=sum(act.duration_ns for act in step.acts) / 1e9 if step.acts else None,
        trace_parent_id=subject.log_id,
        trace_id=subject.log_id,
        trace_flow_id=subject.file.id,
        is_in_trace=True,
        environment=subject.environment,
        source=source(execution),
        is_saved=execution.input is not None,
        prompt_tokens=sum(usage.input_tokens for usage in used) if used else None,
        output_tokens=sum(usage.output_tokens for usage in used) if used else None,
        prompt_cost=sum(costs) if costs else None,
        finish_reason=finish_reason(step),
        execution_id=execution.id,
        has_error=step.error is not None,
        payload=write_payload(step_payload(step, is_saved=execution.input is not None)),
    )
    tx.logs.add(made, at=now)
    monitoring.trigger(tx, ports, made)


def _logged_against(
    tx: Transaction,
    ports: Ports,
    subject: _Subject,
    step: Step,
    content: versions.Prepared,
    now: datetime,
) -> _Logged:
    """The file, version and number that a step is logged against."""
    named = _named_prompt(tx, ports, subject, step, now) if step.type is NodeType.PROMPT else None
    if named is not None:
        return named
    kind = content.submission.kind
    hidden = tree.hidden(tx, ports, subject.principal, owner=subject.file, kind=kind, name=step.node, now=now)
    submission = msgspec.structs.replace(content.submission, ref=hidden.id)
    _, version = versions.settle(
        tx, ports, subject.principal, msgspec.structs.replace(content, submission=submission), now=now
    )
    return hidden.id, version.id, None


def _named_prompt(
    tx: Transaction, ports: Ports, subject: _Subject, step: Step, now: datetime
) -> _Logged | None:
    """The prompt that a node refers to, at the version that ran; None when it refers to none of here."""
    source = settings(subject.nodes.get(step.node)).get("sourceConfiguration") or {}
    ref = read_arn((source.get("resource") or {}).get("promptArn") or "")
    if ref is None or ref.account != tx.account:
        return None
    file = tx.files.by_short_id(kind="prompt", short_id=ref.id)
    if file is None:
        return None
    if ref.number is not None:
        release = tx.releases.get(file_id=file.id, number=ref.number)
        return None if release is None else (file.id, release.version_id, release.number)
    draft = tx.drafts.get(file_id=file.id)
    if draft is None:
        newest = tx.versions.newest(file_id=file.id)
        return None if newest is None else (file.id, newest.id, None)
    digest = DRAFT_DIGEST + draft.digest
    known = tx.versions.by_digest(file_id=file.id, digest=draft.digest) or tx.versions.by_digest(
        file_id=file.id, digest=digest
    )
    if known is not None:
        return file.id, known.id, None
    version_id = ports.ids.long(KINDS["prompt"].version_prefix)
    tx.versions.add(hidden_version(file.id, version_id, digest, draft.content, draft.created_by, now))
    return file.id, version_id, None


def _moment(ns: int) -> datetime:
    return _EPOCH + timedelta(microseconds=ns // 1000)
