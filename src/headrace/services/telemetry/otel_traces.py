"""Traces of any program as logs of a flow: a log of the flow for each trace, and one below it for each span.

Spans come when they end, so those above come after those below, in another request or never. All ids follow
from those of the trace and of the spans. The flow's log is begun by whichever span comes first, and a log
names the one above it whether that is there or not: in the end the tree is the same, whatever the order was.

What needs more is noted in the metadata of the flow's log: which span it is itself, and which logs came from
another program before the span that caused them, should that come at all.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import HeadraceError, Unavailable
from headrace.core.files import File
from headrace.core.jsontext import json_text
from headrace.core.logs import Log, LogStatus, Payload, write_payload
from headrace.core.ports import Clash, Transaction
from headrace.services.base import Ports, write
from headrace.services.evaluations import run_progress
from headrace.services.evaluators import monitoring
from headrace.services.logs import logs, new_logs
from headrace.services.logs.new_logs import NewLog
from headrace.services.logs.traces import EXPORTED, FLOW, earliest, latest
from headrace.services.tree import tree
from headrace.services.versions import versions

SPANS_A_WRITE = 50
"""So few at a time, that other writes get their turn."""
NOTE = "opentelemetry"
"""The member of the metadata that is ours."""


class Figures(msgspec.Struct, frozen=True, kw_only=True):
    """What a log says of a span besides what went in and came out; see `headrace.core.logs.Log`."""

    start_time: datetime | None = None
    end_time: datetime | None = None
    provider_latency_s: float | None = None
    user: str | None = None
    environment: str | None = None
    source: str | None = None
    prompt_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    finish_reason: str | None = None


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """What a span is a use of.

    Attributes:
        name: of the flow's hidden file.
        path: of a file that is to be seen; None for the hidden one.
        content: of a version; its ``ref`` and ``path`` are not looked at.
    """

    kind: str
    name: str
    path: str | None
    content: versions.Submission


class Step(msgspec.Struct, frozen=True, kw_only=True):
    """One span of a trace.

    Attributes:
        parent_id: the span above it; empty for the root of the trace.
        has_remote_parent: whether that is another program's.
        flow_path: the flow that the trace is of, if this is the first that is heard of it.
        is_flow: whether the flow's own log says it all, if no other span has been that.
        payload: of its own log.
        result: what the whole flow was given and gave; None when the span is not where the trace came in.
    """

    trace_id: str
    id: str
    parent_id: str
    has_remote_parent: bool
    flow_path: str
    node: Node
    is_flow: bool
    figures: Figures
    payload: Payload
    result: Payload | None

    @property
    def log_id(self) -> str:
        return step_log_id(self.trace_id, self.id)


class Refused(msgspec.Struct, frozen=True, kw_only=True):
    """What was not recorded.

    Attributes:
        reason: of one of them.
    """

    steps: int = 0
    reason: str = ""


def trace_log_id(trace_id: str) -> str:
    """The id of the flow's log of a trace."""
    return f"log_{trace_id}"


def step_log_id(trace_id: str, span_id: str) -> str:
    """The id of the log of a span."""
    return f"log_{trace_id}{span_id}"


async def record(ports: Ports, principal: Principal, steps: Sequence[Step]) -> Refused:
    """Record spans, each trace by itself. Those that are known are left as they are.

    Raises:
        Unavailable: the store can't keep them; some may be recorded, and all may be sent again.
    """
    principal.require(Right.RUNNER)
    traces: dict[str, list[Step]] = {}
    for step in steps:
        traces.setdefault(step.trace_id, []).append(step)
    refused = await asyncio.gather(*(_record_trace(ports, principal, one) for one in traces.values()))
    reasons = [one.reason for one in refused if one.reason]
    return Refused(steps=sum(one.steps for one in refused), reason=reasons[0] if reasons else "")


async def _record_trace(ports: Ports, principal: Principal, steps: list[Step]) -> Refused:
    first = steps[0]
    done = 0
    steps = sorted(steps, key=lambda step: not step.is_flow)  # what is below it needs not be moved then
    try:
        begun = await new_logs.prepare(ports, _beginning(first))
        contents: dict[tuple[str, bytes], versions.Prepared] = {}
        for step in steps:
            if _key(step.node) not in contents:
                contents[_key(step.node)] = await versions.prepare(ports, step.node.content)
        for done in range(0, len(steps), SPANS_A_WRITE):
            some = steps[done : done + SPANS_A_WRITE]

            def work(tx: Transaction, some: list[Step] = some) -> None:
                _write(tx, ports, principal, some, begun, contents)

            await write(ports, principal, work)
    except Unavailable:
        raise
    except HeadraceError as error:
        return Refused(steps=len(steps) - done, reason=error.message)
    return Refused()


def _key(node: Node) -> tuple[str, bytes]:
    return node.kind, node.content.content


def _beginning(step: Step) -> NewLog:
    return NewLog(
        kind=FLOW,
        path=step.flow_path,
        id=trace_log_id(step.trace_id),
        created_at=step.figures.start_time,
        start_time=step.figures.start_time,
        source=step.figures.source,
        label=step.figures.environment,
        payload=Payload(metadata=_noted({}, _Note(trace_id=step.trace_id))),
    )


class _Note(msgspec.Struct, kw_only=True, omit_defaults=True):
    """What must be known of a trace while spans of it may come.

    Attributes:
        span_id: the span that the flow's log is itself.
        has_root: whether the root has come.
        waiting: logs right below the flow's until the span comes that caused them, by that span's id.
    """

    trace_id: str = ""
    span_id: str = ""
    has_root: bool = False
    waiting: dict[str, list[str]] = {}


class _Metadata(msgspec.Struct):
    note: _Note = msgspec.field(name=NOTE, default_factory=_Note)


_metadata = msgspec.json.Decoder(_Metadata)


def _noted(metadata: Mapping[str, Any], note: _Note) -> msgspec.Raw:
    return msgspec.Raw(json_text({**metadata, NOTE: note}))


def _write(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    steps: list[Step],
    begun: new_logs.Prepared,
    contents: Mapping[tuple[str, bytes], versions.Prepared],
) -> None:
    """Record some spans of one trace: the transaction of `record`."""
    log = tx.logs.get(id=trace_log_id(steps[0].trace_id))
    log = log or logs.put(tx, ports, principal, begun, rules=EXPORTED).log
    file = tx.files.get(id=log.file_id)
    assert file is not None, "the logs of a file that is gone are not answered"
    raw = log.content().metadata
    note = _Note(trace_id=steps[0].trace_id) if raw is None else _metadata.decode(raw).note
    trace = _Trace(tx=tx, ports=ports, principal=principal, contents=contents, file=file, log=log, note=note)
    for step in steps:
        trace.take(step)
    trace.keep()


@dataclass(slots=True, kw_only=True)
class _Trace:
    """A trace that is written to, in one transaction.

    Attributes:
        log: the flow's, as it is to be kept.
        is_grown: whether anything is new.
        known: file and version of each node that was looked up.
        before: the same as it was.
        monitored: whether anybody monitors each file that was looked up.
        evaluated: whether any run waits for logs of each version that was looked up.
    """

    tx: Transaction
    ports: Ports
    principal: Principal
    contents: Mapping[tuple[str, bytes], versions.Prepared]
    file: File
    log: Log
    note: _Note
    is_grown: bool = False
    known: dict[tuple[str, str, str, bytes], tuple[str, str]] = field(default_factory=dict)
    monitored: dict[str, bool] = field(default_factory=dict)
    evaluated: dict[str, bool] = field(default_factory=dict)
    before: Log = field(init=False)

    def __post_init__(self) -> None:
        self.before = self.log

    def take(self, step: Step) -> None:
        """Record one span."""
        if step.is_flow and not self.note.has_root:
            self.note.span_id = step.id
            self.note.waiting.pop(step.id, None)
            for log in self.tx.logs.children(parent_ids=[step.log_id]):
                self._move(log, self.log.id)
        elif step.id == self.note.span_id or not self._add(step):  # an exporter that was not sure tries again
            return
        self.is_grown = True
        self._widen(step)
        if step.result is not None:
            self._finish(step, step.result)

    def _add(self, step: Step) -> bool:
        """Whether there is a log more."""
        now = self.ports.clock.now()
        file_id, version_id = self._used(step.node, now)
        log = Log(
            id=step.log_id,
            kind=step.node.kind,
            file_id=file_id,
            version_id=version_id,
            created_by=self.principal.user.id,
            created_at=step.figures.start_time or now,
            trace_parent_id=self._above(step),
            trace_id=self.log.id,
            trace_flow_id=self.file.id,
            is_in_trace=True,
            has_error=step.payload.error is not None,
            payload=write_payload(step.payload),
            **msgspec.structs.asdict(step.figures),
        )
        try:
            self.tx.logs.add(log, at=now)
        except Clash as clash:
            if clash.rule != "id":
                raise
            return False  # it is there, or was a log of a file that is gone, which nobody wants back
        for log_id in self.note.waiting.pop(step.id, ()):
            if (caused := self.tx.logs.get(id=log_id)) is not None:
                self._move(caused, step.log_id)
        if self._is_evaluated(version_id):
            run_progress.attach(self.tx, self.ports, log, is_strict=False)
        if self._is_monitored(file_id):
            monitoring.trigger(self.tx, self.ports, log)
        return True

    def _is_evaluated(self, version_id: str) -> bool:
        if version_id not in self.evaluated:
            self.evaluated[version_id] = bool(self.tx.runs.open_of_version(version_id=version_id))
        return self.evaluated[version_id]

    def _is_monitored(self, file_id: str) -> bool:
        if file_id not in self.monitored:
            self.monitored[file_id] = bool(self.tx.monitors.of_file(file_id=file_id))
        return self.monitored[file_id]

    def _above(self, step: Step) -> str:
        """The log right above a span's."""
        if step.parent_id in ("", step.id, self.note.span_id):
            return self.log.id
        above = step_log_id(step.trace_id, step.parent_id)
        if step.has_remote_parent and self.tx.logs.get(id=above) is None:
            self.note.waiting.setdefault(step.parent_id, []).append(step.log_id)
            return self.log.id
        return above

    def _used(self, node: Node, now: datetime) -> tuple[str, str]:
        """The file and the version that a node is a use of."""
        key = (node.kind, node.path or "", node.name, node.content.content)
        if key not in self.known:
            prepared = self.contents[_key(node)]
            ref = None
            if node.path is None:
                ref = tree.hidden(
                    self.tx,
                    self.ports,
                    self.principal,
                    owner=self.file,
                    kind=node.kind,
                    name=node.name,
                    now=now,
                ).id
            submission = msgspec.structs.replace(prepared.submission, ref=ref, path=node.path)
            prepared = msgspec.structs.replace(prepared, submission=submission)
            file, version = versions.settle(self.tx, self.ports, self.principal, prepared, now=now)
            self.known[key] = file.id, version.id
        return self.known[key]

    def _move(self, log: Log, to_id: str) -> None:
        self.tx.logs.update(msgspec.structs.replace(log, trace_parent_id=to_id))

    def _widen(self, step: Step) -> None:
        figures = step.figures
        self.log = msgspec.structs.replace(
            self.log,
            start_time=earliest(self.log.start_time, figures.start_time),
            end_time=latest(self.log.end_time, figures.end_time),
        )

    def _finish(self, step: Step, result: Payload) -> None:
        """The trace is complete where it came in; what its root says counts more than what others do."""
        is_root = not step.parent_id
        if self.note.has_root or (not is_root and self.log.status is LogStatus.COMPLETE):
            return
        self.note.has_root = is_root
        self.log = msgspec.structs.replace(
            self.log,
            status=LogStatus.COMPLETE,
            user=step.figures.user,
            environment=step.figures.environment,
            source=step.figures.source,
            has_error=result.error is not None,
            payload=write_payload(result),
        )

    def keep(self) -> None:
        """Write the flow's log, and tell those who monitor it."""
        if not self.is_grown:
            return
        payload = self.log.content()
        metadata = {} if payload.metadata is None else msgspec.json.decode(payload.metadata)
        payload = msgspec.structs.replace(payload, metadata=_noted(metadata, self.note))
        self.log = msgspec.structs.replace(self.log, payload=write_payload(payload))
        self.tx.logs.update(self.log)
        run_progress.changed(self.tx, self.ports, self.log, before=self.before, is_strict=False)
        monitoring.trigger(self.tx, self.ports, self.log)
