"""The log of a run of a flow: the root of the trace that `headrace.services.records.run_logs` makes of it."""

from __future__ import annotations

import hashlib

import msgspec

from headrace.core.files import File
from headrace.core.ids import LONG_LENGTH, base62
from headrace.core.logs import Log, LogStatus, Payload, write_payload
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports
from headrace.services.evaluations import run_progress
from headrace.services.evaluators import monitoring
from headrace.services.records.run_contents import flow_payload
from headrace.services.records.run_steps import Story

_members = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode


def log_id_of(execution_id: str) -> str:
    """The id of the log that a run is shown as."""
    return "log_" + execution_id.rpartition("_")[2]


def step_log_id(execution_id: str, place: int) -> str:
    """The id of the log of a step, which began with the event of that number."""
    told = hashlib.sha256(f"{execution_id} {place}".encode()).digest()
    return "log_" + base62(int.from_bytes(told), LONG_LENGTH)


class Subject(msgspec.Struct, frozen=True, kw_only=True):
    """The run that is shown.

    Attributes:
        environment: the name of the one it was called by.
    """

    execution: Execution
    file: File
    environment: str | None

    @property
    def log_id(self) -> str:
        """The log's id, which follows from the run's."""
        return log_id_of(self.execution.id)


def source(execution: Execution) -> str:
    """What the logs of a run say of where they come from."""
    return f"{execution.source or 'run'} of the draft" if execution.is_draft else execution.source or "run"


def write(tx: Transaction, ports: Ports, subject: Subject, story: Story, *, error: str | None = None) -> None:
    """Make the log of a run, or bring it up to date; once it is complete, it stays as it is.

    It enters the run of an evaluation that it is made for, or one that has been waiting for its like
    (humanloop 3.9, 5.5).

    Args:
        error: why it tells nothing of the run; None when it does.
    """
    known = tx.logs.get(id=subject.log_id)
    if known is not None and known.status is LogStatus.COMPLETE:
        return
    made = _made(tx, subject, story, error)
    is_over = made.status is LogStatus.COMPLETE
    if known is not None:  # a turn was shown, and may have been put into a run by hand
        made = msgspec.structs.replace(
            made, run_id=known.run_id, source_datapoint_id=known.source_datapoint_id
        )
        tx.logs.update(made)
        run_progress.changed(tx, ports, made, before=known, is_strict=False)
    else:
        tx.logs.add(made, at=ports.clock.now())
        if is_over and (made.is_saved or made.run_id is not None):
            run_progress.attach(tx, ports, made, is_strict=False)
    if is_over:
        monitoring.trigger(tx, ports, made)


def _made(tx: Transaction, subject: Subject, story: Story, error: str | None) -> Log:
    execution = subject.execution
    has_slot = _has_slot(tx, execution)
    payload = _of_datapoint(tx, execution, flow_payload(execution, story))
    if error is not None:
        payload = msgspec.structs.replace(payload, error=error)
    return Log(
        id=subject.log_id,
        kind="flow",
        file_id=subject.file.id,
        version_id=execution.version_id,
        number=execution.number,
        created_by=execution.started_by,
        created_at=execution.started_at,
        status=LogStatus.COMPLETE if execution.status.is_final else LogStatus.INCOMPLETE,
        start_time=execution.started_at,
        end_time=execution.ended_at,
        trace_id=subject.log_id,
        trace_flow_id=subject.file.id,
        is_in_trace=True,
        environment=subject.environment,
        source=source(execution),
        source_datapoint_id=execution.datapoint_id if has_slot else None,
        run_id=execution.run_id if has_slot else None,
        is_saved=execution.input is not None,
        execution_id=execution.id,
        has_error=payload.error is not None,
        payload=write_payload(payload),
    )


def _has_slot(tx: Transaction, execution: Execution) -> bool:
    """Whether the run that it is made for has a place for its log: somebody may have been faster."""
    if execution.run_id is None or execution.datapoint_id is None:
        return False
    slot = tx.runs.slot(run_id=execution.run_id, datapoint_id=execution.datapoint_id)
    return slot is not None and slot.log_id is None


def _of_datapoint(tx: Transaction, execution: Execution, payload: Payload) -> Payload:
    """What a log says, with the inputs as its datapoint names them: evaluators compare them with others'."""
    if execution.datapoint_id is None or execution.input is None:
        return payload
    datapoint = tx.datasets.some(ids=[execution.datapoint_id]).get(execution.datapoint_id)
    members = {} if datapoint is None else _members(datapoint.body)
    return msgspec.structs.replace(
        payload,
        inputs=members.get("inputs", payload.inputs),
        messages=payload.messages or members.get("messages"),
    )
