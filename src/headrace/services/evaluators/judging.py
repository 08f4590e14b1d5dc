"""Has evaluators judge the logs that they monitor, and those of runs (humanloop 2.12, 3.7, 4.3).

A judgment is written with the end of the job that asked for it, or not at all, so that a log has one of each
evaluator's version, however often a server stopped in between.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime

import msgspec

from headrace.core.effects import JSON, EffectContext, EffectFailed, Fault
from headrace.core.evaluations import RunStatus, Slot
from headrace.core.files import File
from headrace.core.judging import Judges, Verdict
from headrace.core.kinds.evaluator import KIND, EvaluatorSpec, read_spec
from headrace.core.logs import Log, Payload, write_payload
from headrace.core.monitoring import Job
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, commit
from headrace.services.evaluations import run_progress
from headrace.services.evaluators.judgments import judge
from headrace.services.logs.log_views import LogView, views
from headrace.services.worker import Handler

Shows = Callable[[LogView], Mapping[str, JSON]]
"""A log as an evaluator sees it: with all members that clients know, and its ``children``."""

MONITORING, EVALUATION = "monitoring", "evaluation"
"""What the logs of evaluators that the server ran by itself say of where they come from."""
LEFT_TO_OTHERS = 2
"""So often work is put off that another process may know more for. Then it has ended, or forgotten it."""


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """What is judged by what.

    Attributes:
        view: the log, with everything below it.
        file: the evaluator's.
        version_id: the evaluator's version.
        target: the datapoint that the log was made from.
        source: what the evaluator's log says of where it comes from.
    """

    view: LogView
    file: File
    version_id: str
    spec: EvaluatorSpec
    target: Mapping[str, JSON] | None
    source: str


class Judging:
    """Judges a log by a version of an evaluator, as a job of the worker.

    Args:
        judges: carry evaluators out.
        shows: makes what an evaluator is given of a log.
        timeout_s: how long one judgment may take.
    """

    def __init__(self, ports: Ports, judges: Judges, shows: Shows, *, timeout_s: float) -> None:
        self._ports = ports
        self._judges = judges
        self._shows = shows
        self._timeout_s = timeout_s

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up)

    async def act(self, job: Job) -> None:
        """Judge, and keep the judgment.

        Raises:
            EffectFailed: the evaluator can't be carried out at the moment, or the content is elsewhere.
            Unavailable: the store can't keep it.
        """
        case = await self._case(job)
        if case is None:
            await self._dismiss(job)
            return
        if job.attempts < LEFT_TO_OTHERS and self._is_elsewhere(job.account, case.view):
            message = "What the log holds is not saved, and in the memory of another process."
            raise EffectFailed(message, resource="Headrace", fault=Fault.GATEWAY)
        started_at = self._ports.clock.now()
        log = self._shows(whole(self._ports, job.account, case.view))
        verdict = await self._judges.judge(case.spec, log, case.target, self._context(job, case))
        await self._keep(job, case, verdict, started_at)

    async def give_up(self, job: Job, reason: str) -> None:
        """Keep that there is no judgment, and why.

        Raises:
            Unavailable: the store can't keep it.
        """
        case = await self._case(job)
        if case is None:
            await self._dismiss(job)
            return
        await self._keep(job, case, Verdict(error=reason), self._ports.clock.now())

    def _is_elsewhere(self, account: str, view: LogView) -> bool:
        """Whether another process of the store may know of a log's content what this one does not."""
        ports = self._ports
        if not ports.store.is_shared:
            return False
        if not ports.unsaved.has(account, view.log):
            return True
        return any(self._is_elsewhere(account, one) for one in view.children or ())

    async def _case(self, job: Job) -> Case | None:
        return await self._ports.store.read(job.account, lambda tx: _case(tx, job))

    async def _dismiss(self, job: Job) -> None:
        await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))

    def _context(self, job: Job, case: Case) -> EffectContext:
        return EffectContext(
            account=job.account,
            flow_arn="",
            alias_arn="",
            execution_id=job.subject,
            node=case.file.name,
            step=f"{job.subject}/{case.version_id}/{job.turn}",
            timeout_s=self._timeout_s,
        )

    async def _keep(self, job: Job, case: Case, verdict: Verdict, started_at: datetime) -> None:
        log = judgment_of(self._ports, case, verdict, started_at)

        def work(tx: Transaction) -> None:
            if _parties(tx, job) is not None:
                judge(tx, self._ports, log)
            tx.jobs.done(job)

        await commit(self._ports, job.account, work)


class _Parties(msgspec.Struct, frozen=True, kw_only=True):
    """The log, who judges it, the slots that the log has in runs, and whether it is monitored."""

    log: Log
    file: File
    version: Version
    slots: Sequence[Slot]
    is_monitored: bool


def _parties(tx: Transaction, job: Job) -> _Parties | None:
    """What a job is about; None when one is gone, or nobody wants the judgment any more."""
    log, version = tx.logs.get(id=job.subject), tx.versions.kept(id=job.object)
    file = None if version is None else tx.files.get(id=version.file_id)
    if log is None or version is None or file is None:
        return None
    monitors = tx.monitors.of_file(file_id=log.file_id)
    is_monitored = any(one.is_active and one.evaluator_id == file.id for one in monitors)
    slots = tx.runs.slots_of_logs(log_ids=[log.id])
    if not is_monitored and not any(_has_seat(tx, slot.run_id, version.id) for slot in slots):
        return None
    return _Parties(log=log, file=file, version=version, slots=slots, is_monitored=is_monitored)


def _has_seat(tx: Transaction, run_id: str, version_id: str) -> bool:
    """Whether a version judges by itself in an evaluation of a run that was not cancelled."""
    run = tx.runs.get(id=run_id)
    if run is None or run.status is RunStatus.CANCELLED:
        return False
    seats = run_progress.panel(tx, run_id)
    return any(seat.is_orchestrated and seat.version_id == version_id for seat in seats)


def _case(tx: Transaction, job: Job) -> Case | None:
    parties = _parties(tx, job)
    if parties is None:
        return None
    return Case(
        view=views(tx, [parties.log], with_children=True)[0],
        file=parties.file,
        version_id=parties.version.id,
        spec=read_spec(parties.version.content),
        target=_target(tx, parties),
        source=MONITORING if parties.is_monitored else EVALUATION,
    )


def _target(tx: Transaction, parties: _Parties) -> Mapping[str, JSON] | None:
    """The datapoint that a log was made from, as it says or as the place it has in a run does."""
    ids = [parties.log.source_datapoint_id, *(slot.datapoint_id for slot in parties.slots)]
    known = tx.datasets.some(ids=[one for one in ids if one is not None])
    found = next((known[one] for one in ids if one in known), None)
    return None if found is None else {"id": found.id, **msgspec.json.decode(found.body)}


def whole(ports: Ports, account: str, view: LogView) -> LogView:
    """A log and all below it, with what they do not keep."""
    children = tuple(whole(ports, account, one) for one in view.children or ())
    log = msgspec.structs.replace(view.log, payload=ports.unsaved.text(account, view.log))
    return msgspec.structs.replace(view, log=log, children=children)


def judgment_of(ports: Ports, case: Case, verdict: Verdict, started_at: datetime) -> Log:
    """A verdict as the evaluator's log."""
    judged, now = case.view.log, ports.clock.now()
    log_id = ports.ids.long("log_")
    usage = verdict.usage
    return Log(
        id=log_id,
        kind=KIND.name,
        file_id=case.file.id,
        version_id=case.version_id,
        created_by=judged.created_by,
        created_at=now,
        start_time=started_at,
        end_time=now,
        provider_latency_s=verdict.provider_latency_s,
        trace_id=log_id,
        judged_id=judged.id,
        judgment=None if verdict.judgment is None else msgspec.json.encode(verdict.judgment),
        is_automatic=True,
        environment=judged.environment,
        source=case.source,
        prompt_tokens=None if usage is None else usage.input_tokens,
        output_tokens=None if usage is None else usage.output_tokens,
        prompt_cost=None if usage is None else usage.cost_usd,  # of the whole call; nobody tells the parts
        has_error=verdict.error is not None,
        payload=write_payload(
            Payload(
                output=verdict.output,
                output_message=_raw(verdict.output_message),
                error=verdict.error,
                stdout=verdict.stdout,
                provider_request=_raw(verdict.provider_request),
                provider_response=_raw(verdict.provider_response),
            )
        ),
    )


def _raw(value: Mapping[str, JSON] | None) -> msgspec.Raw | None:
    return None if value is None else msgspec.Raw(msgspec.json.encode(value))
