"""What is kept of a run: a row of facts, its events in batches, and a conversation's state between turns."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.execution import Event, Status

PREVIEW_CHARS = 2_000
"""So much of an input and an output stands in the row; the whole of them stands in the events."""


class Execution(msgspec.Struct, frozen=True, kw_only=True):
    """One run of a flow, as a list shows it.

    Attributes:
        id: ``exe_…``; unique, sorting by time.
        name: what its caller knows it by; may be used again once the run has ended.
        version_id: the version that ran; of the draft its prepared snapshot.
        number: the release number that ran; None for the draft, and where the version has none.
        is_draft: whether it ran the prepared snapshot.
        pointer_id: the alias it was called by, or what stands for an environment there; None when a number
            was named.
        environment_id: the environment it was called by, if it was.
        started_by: the user's id.
        input: the start of its document as JSON text; None when it was not kept.
        output: the start of its last output as JSON text; None when there is none, or it was not kept.
        error: what the caller was told when it failed.
        failed_node: the node that failed.
        cost_usd: None when no price is known.
        events_count: how many events were recorded.
        is_durable: whether it survives the process that carries it out.
        holder: the process that carries it out, or last did; None before one does, and once that was found
            gone.
        attempt: how often it was taken up; only a durable one is, more than once.
        source: what had it run, in a word that its log bears; None when somebody just called the flow.
        run_id: the run of an evaluation that it is made for; whoever makes it says when it is to be a log.
        datapoint_id: the datapoint that it is made from.
    """

    id: str
    name: str
    file_id: str
    version_id: str
    number: int | None
    is_draft: bool
    pointer_id: str | None
    environment_id: str | None
    status: Status
    started_by: str
    started_at: datetime
    ended_at: datetime | None
    input: str | None
    output: str | None
    error: str | None
    failed_node: str | None
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    events_count: int
    is_durable: bool = False
    holder: str | None = None
    attempt: int = 0
    source: str | None = None
    run_id: str | None = None
    datapoint_id: str | None = None


class EventBatch(msgspec.Struct, frozen=True, kw_only=True):
    """Consecutive events of one execution.

    Attributes:
        first: the number of the first of them, from zero.
        size: how many they are.
        body: JSON text of the list, see ``core.execution``.
    """

    execution_id: str
    first: int
    size: int
    body: bytes

    def events(self) -> list[Event]:
        """The events themselves."""
        return _decoder.decode(self.body)


_decoder = msgspec.json.Decoder(list[Event])


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """A conversation with a flow: a run that its caller can name, while it runs or waits for an answer.

    Attributes:
        name: what its caller knows it by; unique in the flow.
        execution_id: the run.
        pointer_id: the alias it goes by, or None; an answer must come by the same.
        is_busy: whether a turn is being carried out right now.
        node: the node that waits for an answer; None during the first turn.
        content: the content that runs, whatever becomes of its version meanwhile.
        state: where the run stands; None during the first turn.
        turn_at: when its last turn began or ended.
        holder: the process that carries out its turn, or last did.
    """

    file_id: str
    name: str
    execution_id: str
    pointer_id: str | None
    is_busy: bool
    node: str | None
    content: bytes
    digest: str
    state: bytes | None
    turn_at: datetime
    holder: str | None = None
