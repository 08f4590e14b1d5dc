"""Logs: what was recorded of one use of a version, and the traces that they form (humanloop 3).

A log belongs to one version of one file of any kind. Logs with a common root form a trace. The log of an
evaluator is a judgment on another log; it may be a step of a trace besides.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec

MAX_LOG_ID = 255


class LogStatus(StrEnum):
    """Whether more is to come (humanloop 3.2)."""

    COMPLETE = "complete"
    INCOMPLETE = "incomplete"


class Payload(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What may be large in a log. Raw members are JSON texts, as they were sent.

    Attributes:
        inputs: an object.
        messages: a list of chat messages.
        output_message: a chat message.
        provider_request: an object.
        provider_response: an object.
        metadata: an object.
        tool_choice: a word or an object.
        turn: an object: how the turn stands that made an agent's log; not shown to anybody.
    """

    inputs: msgspec.Raw | None = None
    messages: msgspec.Raw | None = None
    output: str | None = None
    output_message: msgspec.Raw | None = None
    error: str | None = None
    stdout: str | None = None
    provider_request: msgspec.Raw | None = None
    provider_response: msgspec.Raw | None = None
    metadata: msgspec.Raw | None = None
    tool_choice: msgspec.Raw | None = None
    turn: msgspec.Raw | None = None


class Log(msgspec.Struct, frozen=True, kw_only=True):
    """One log of any kind.

    Attributes:
        id: ``log_…``, or what its client chose: 1 to 255 characters, any but NUL.
        kind: its file's kind.
        version_id: a version, hidden or not.
        number: the release number that was used, where one was named.
        created_by: the user's id.
        created_at: as its client said, or when it came in; lists are ordered by it.
        status: None where "as soon as it is there" is meant; a flow's log always has one.
        provider_latency_s: seconds.
        trace_parent_id: the log it is a child of; stays as text when that one is gone.
        trace_id: the root of its trace; its own id when it is a root.
        trace_flow_id: the file of the flow or the agent at the root of the trace; None where that is another.
        is_in_trace: whether it is a flow's or an agent's log, or has a parent or a child.
        judged_id: what an evaluator's log judges; None for other kinds and for a mere step.
        judged_version_id: the version of the judged log.
        judgment: JSON text; None when there is no judgment, which ``null`` says, too.
        marked_completed: as a human said.
        is_automatic: whether the server itself made the judgment; a log has at most one such of each version
            of an evaluator, and at most one that was posted.
        environment: a label.
        is_saved: False: nothing of the payload was kept.
        prompt_cost: dollars.
        output_cost: dollars.
        execution_id: the run that it tells of, when the server ran it.
        request_hash: SHA-256 of the request that made it, so that a repeated one is answered alike.
        has_error: whether there is one; the text is in the payload.
        payload: JSON text of a `Payload`.
    """

    id: str
    kind: str
    file_id: str
    version_id: str
    number: int | None = None
    created_by: str
    created_at: datetime
    status: LogStatus | None = None
    start_time: datetime | None = None
    end_time: datetime | None = None
    provider_latency_s: float | None = None
    trace_parent_id: str | None = None
    trace_id: str
    trace_flow_id: str | None = None
    is_in_trace: bool = False
    judged_id: str | None = None
    judged_version_id: str | None = None
    judgment: bytes | None = None
    marked_completed: bool | None = None
    is_automatic: bool = False
    user: str | None = None
    environment: str | None = None
    source: str | None = None
    source_datapoint_id: str | None = None
    run_id: str | None = None
    is_saved: bool = True
    prompt_tokens: int | None = None
    reasoning_tokens: int | None = None
    output_tokens: int | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    finish_reason: str | None = None
    execution_id: str | None = None
    request_hash: str | None = None
    has_error: bool = False
    payload: bytes = b"{}"

    def content(self) -> Payload:
        """The payload, decoded."""
        return read_payload(self.payload)


_TEXTS = {"output", "error", "stdout"}
_members = msgspec.json.Decoder(dict[str, msgspec.Raw])
_text = msgspec.json.Decoder(str)
_encoder = msgspec.json.Encoder()


def read_payload(text: bytes) -> Payload:
    """A payload from the JSON text of an object with these members; those that are null are absent.

    Raises:
        msgspec.DecodeError: it is not such a text.
    """
    given = {
        name: _text.decode(value) if name in _TEXTS else value
        for name, value in _members.decode(text).items()
        if name in Payload.__struct_fields__ and bytes(value) != b"null"
    }
    return Payload(**given)  # type: ignore[arg-type]


def write_payload(payload: Payload) -> bytes:
    """A payload as it is kept; absent members are left out."""
    return _encoder.encode(payload)


class LogQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Which logs of a file are wanted (humanloop 4.2, Logs).

    Attributes:
        ids: only logs whose id contains one of these, in that case; empty for all.
        search: only logs whose inputs, messages, output or error have all these words; the last word may be
            the beginning of one.
        metadata: the same of the keys and values of the metadata.
        start: created at this moment or later.
        end: created at this moment or earlier.
        in_trace: only logs in a trace, or only such that are in none.
        sample: about so many, drawn at random; None for all.
    """

    file_id: str
    version_id: str | None = None
    ids: tuple[str, ...] = ()
    search: str | None = None
    metadata: str | None = None
    start: datetime | None = None
    end: datetime | None = None
    in_trace: bool | None = None
    sample: int | None = None


class Usage(msgspec.Struct, frozen=True, kw_only=True):
    """How often a version or a file was used.

    Attributes:
        last_used_at: when the last log was made by the server's clock; None when there never was one.
    """

    logs_count: int = 0
    last_used_at: datetime | None = None


class TraceUsage(msgspec.Struct, frozen=True, kw_only=True):
    """What all logs of a trace used together; None where no log says anything.

    Attributes:
        cost: dollars.
    """

    logs_count: int
    prompt_tokens: int | None
    reasoning_tokens: int | None
    output_tokens: int | None
    cost: float | None
