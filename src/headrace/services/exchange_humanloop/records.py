"""Handing in logs and judgments. Nobody is told: nothing is judged because of them."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.logs import Log, Payload, read_payload, write_payload
from headrace.services.evaluators import judgments
from headrace.services.exchange_humanloop.desk import Desk, Refused
from headrace.services.exchange_humanloop.parts import NULL, Act, LogPart, Outcome
from headrace.services.logs import traces
from headrace.services.logs.traces import GIVEN

_COMPARED = (
    "kind",
    "version_id",
    "created_at",
    "status",
    "provider_latency_s",
    "judged_id",
    "marked_completed",
    "user",
    "environment",
    "source",
    "source_datapoint_id",
    "is_saved",
    "prompt_tokens",
    "reasoning_tokens",
    "output_tokens",
    "prompt_cost",
    "output_cost",
    "finish_reason",
)
"""What must be the same of a log that is there. Its times and its trace follow from other logs, too."""
_SAME = sorted(set(LogPart.__struct_fields__) & set(Log.__struct_fields__) - {"judgment", "payload"})
"""What a log has from its part as it is."""
NO_INPUTS: tuple[str, dict[str, Any]] = ("inputs", {})
_value = msgspec.json.Decoder().decode


def put_log(desk: Desk, part: LogPart) -> Outcome:
    """Keep a log in its place. Those below it that came earlier join its trace."""
    payload = _payload(part)
    there = desk.tx.logs.get(id=part.id)
    if there is not None:
        return _compared(part, there)
    found = desk.version(part.version_id)
    if found is None and desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    if found is None:
        raise Refused(f"version `{part.version_id}` is not here")
    version, file = found
    if file.kind != part.kind:
        raise Refused(f"version `{part.version_id}` is one of a {KINDS[file.kind].title} here")
    log = _log(desk, part, file, payload)
    if log.judged_id is not None:
        log = _judging(desk, log)
    if desk.is_rehearsal:
        return Outcome(id=part.id, act=Act.MADE)
    # When the version was last used came with the version; it is no news that it has logs.
    kept, _ = traces.add(desk.tx, desk.ports, log, rules=GIVEN, now=version.last_used_at)
    if desk.tx.logs.children(parent_ids=[kept.id]):
        traces.adopt(desk.tx, kept)
    judgments.count(desk.tx, kept)
    return Outcome(id=part.id, act=Act.MADE)


def _payload(part: LogPart) -> Payload:
    try:
        return read_payload(bytes(part.payload))
    except msgspec.DecodeError as error:
        raise Refused(f"its payload is not that of a log: {error}") from None


def _log(desk: Desk, part: LogPart, file: File, payload: Payload) -> Log:
    same = {name: getattr(part, name) for name in _SAME}
    return Log(
        **{**same, "file_id": file.id},
        created_by=desk.principal.user.id,
        trace_parent_id=part.parent_id,
        trace_id=part.id,
        judgment=None if bytes(part.judgment) == bytes(NULL) else bytes(part.judgment),
        has_error=payload.error is not None,
        payload=write_payload(payload),
    )


def _judging(desk: Desk, log: Log) -> Log:
    """A judgment with what follows from the judged log."""
    assert log.judged_id is not None
    judged = desk.tx.logs.get(id=log.judged_id)
    if judged is None and desk.is_rehearsal:
        return log
    if judged is None:
        raise Refused(f"log `{log.judged_id}`, which it judges, is not here")
    earlier = desk.tx.logs.judgment(
        judged_id=judged.id, version_id=log.version_id, is_automatic=log.is_automatic
    )
    if earlier is not None:
        raise Refused(f"judgment `{earlier.id}` of the same evaluator is in its place here")
    return msgspec.structs.replace(log, judged_version_id=judged.version_id)


def _compared(part: LogPart, there: Log) -> Outcome:
    differing = [name for name in _COMPARED if getattr(there, name) != getattr(part, name)]
    if there.trace_parent_id != part.parent_id and part.parent_id != part.id:
        differing.append("parent")
    if _value(there.judgment or b"null") != _value(part.judgment):
        differing.append("judgment")
    if _members(there.payload) != _members(bytes(part.payload)):
        differing.append("payload")
    if differing:
        return Outcome(id=part.id, act=Act.DIFFERENT, note=f"here it has another {', '.join(differing)}")
    return Outcome(id=part.id, act=Act.UNCHANGED)


def _members(payload: bytes) -> dict[str, Any]:
    members: dict[str, Any] = _value(payload)
    # A log without inputs is shown, and so exported, with empty ones.
    return {
        name: value for name, value in members.items() if value is not None and (name, value) != NO_INPUTS
    }
