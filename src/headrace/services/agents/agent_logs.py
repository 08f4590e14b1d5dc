"""The logs of agents' turns: where all that a turn needs is kept while it goes on, and while it is suspended.

A log is made before its agent's model is asked, and changed as the turn goes on. A mark in it says which turn
is at it, and in which process: one at a time, and none after that process is gone. So a turn that was broken
off by a crash can be continued from what was kept last.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.effects import ModelReply, ModelRequest
from headrace.core.errors import Conflict
from headrace.core.logs import Log, LogStatus, Payload
from headrace.core.ports import Transaction
from headrace.core.prompt_requests import finish_reason, message_of
from headrace.services.agents import agent_talk
from headrace.services.agents.agent_talk import Message
from headrace.services.base import Ports
from headrace.services.calls.called import record, settle
from headrace.services.calls.calls import Calls
from headrace.services.calls.prompt_calls import raw, told, used
from headrace.services.evaluators import judgments
from headrace.services.logs.log_changes import Change, amend
from headrace.services.logs.log_views import LogView, view
from headrace.services.logs.logs import find
from headrace.services.logs.new_logs import NewLog, Prepared
from headrace.services.versions.views import VersionView
from headrace.services.versions.views import view as version_view

AGENT = "agent"
USED = ("prompt_tokens", "reasoning_tokens", "output_tokens", "prompt_cost", "output_cost")
"""What a log says of what was used: the sums over all answers of its agent's own model."""


class Mark(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """How the turn stands that made a log.

    Attributes:
        iterations: how often the model was asked.
        id: of the turn that goes on; None when none does.
        holder: the process that is at it.
    """

    iterations: int = 0
    id: str | None = None
    holder: str | None = None


@dataclass(slots=True, kw_only=True)
class Story:
    """What has happened since the log was made.

    Attributes:
        messages: what was said, without a last message that ends the turn.
        last: the agent's last message.
        pieces: what was heard of an answer that is not whole.
        latency_s: how long the model took.
    """

    messages: list[Message]
    last: Message | None = None
    pieces: list[str] = field(default_factory=list)
    iterations: int = 0
    used: dict[str, Any] = field(default_factory=dict)
    latency_s: float = 0.0
    finish_reason: str | None = None
    request: ModelRequest | None = None
    reply: ModelReply | None = None

    def add(self, reply: ModelReply, latency_s: float) -> Message:
        """The model has answered: with what message."""
        self.pieces.clear()
        self.iterations += 1
        self.latency_s += latency_s
        self.finish_reason = finish_reason(reply)
        self.reply = reply
        for name, amount in used(reply).items():
            if amount is not None:
                self.used[name] = (self.used.get(name) or 0) + amount
        self.last = message_of(reply)
        if self.last.get("tool_calls"):
            self.messages.append(self.last)
        return self.last


def story_of(log: Log, payload: Payload) -> Story:
    """What has happened until a log was last changed.

    Raises:
        Conflict: it can't be gone on with.
    """
    messages = agent_talk.said(payload)
    return Story(
        messages=messages,
        last=next((one for one in reversed(messages) if one["role"] == "assistant"), None),
        iterations=mark_of(payload).iterations,
        used={name: getattr(log, name) for name in USED},
        latency_s=log.provider_latency_s or 0.0,
        finish_reason=log.finish_reason,
    )


def mark_of(payload: Payload) -> Mark:
    """How the turn of a log stands; of one that a client wrote, no turn is at it."""
    return Mark() if payload.turn is None else msgspec.json.decode(payload.turn, type=Mark)


def open_log(
    tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared, mark: Mark
) -> tuple[Log, VersionView]:
    """Make the log of a turn that begins, and the version where it is not there.

    Raises:
        NotFound, Invalid, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
    """
    file, version, shown = settle(tx, ports, principal, prepared)
    new = msgspec.structs.replace(
        prepared.new,
        # A caller can't say when a turn is over: it is when nobody has to do anything any more (3.2).
        status=LogStatus.INCOMPLETE,
        start_time=prepared.new.start_time or ports.clock.now(),
        end_time=None,
        payload=msgspec.structs.replace(prepared.new.payload, turn=raw(mark)),
    )
    whole = msgspec.structs.replace(prepared, new=new, content=None)
    return record(tx, ports, principal, whole, file, version), shown


def suspended(tx: Transaction, ports: Ports, calls: Calls, log_id: str) -> tuple[Log, Payload, VersionView]:
    """A log that can be gone on with, all that it holds, and its version.

    Raises:
        NotFound: there is no such log of an agent.
        Conflict: it is not incomplete, a turn is at it, or what it held is gone.
    """
    log = find(tx, log_id, kind=AGENT)
    if log.status is not LogStatus.INCOMPLETE:
        raise Conflict(f"Log `{log_id}` is not incomplete; only such logs of agents can be continued.")
    if not ports.unsaved.has(tx.account, log):
        message = f"Log `{log_id}` was not to be saved, and nobody knows any more what it held."
        raise Conflict(message)
    payload = ports.unsaved.content(tx.account, log)
    check_idle(tx, ports, calls, log, payload)
    file, version = tx.files.get(id=log.file_id), tx.versions.kept(id=log.version_id)
    assert file is not None
    assert version is not None
    return log, payload, version_view(tx, file, version)


def check_idle(tx: Transaction, ports: Ports, calls: Calls, log: Log, payload: Payload) -> None:
    """See that no turn is at a log.

    Raises:
        Conflict: one is.
    """
    mark = mark_of(payload)
    if mark.id is None:
        return
    if mark.holder == ports.holder:
        is_going = mark.id in calls.turns
    else:
        is_going = any(one.id == mark.holder for one in tx.processes.all())
    if is_going:
        raise Conflict(f"The agent of log `{log.id}` is at work; wait until it has ended its turn.")


def claim(tx: Transaction, ports: Ports, calls: Calls, seen: Log, mark: Mark) -> None:
    """Take a log for a turn, unless another one was faster.

    Args:
        seen: the log as it was when all else was checked.

    Raises:
        NotFound: it is gone.
        Conflict: another one was, or the log was changed.
    """
    log, *_ = suspended(tx, ports, calls, seen.id)
    if log != seen:
        raise Conflict(f"Log `{log.id}` was changed meanwhile; try again.")
    _amend(tx, ports, log, {"turn"}, NewLog(kind=AGENT, payload=Payload(turn=raw(mark))))


def keep(tx: Transaction, ports: Ports, log_id: str, mark: Mark, story: Story) -> None:
    """Keep how far a turn has come.

    Raises:
        NotFound, Conflict: as `close`.
    """
    log = _own(tx, ports, log_id, mark)
    given, to = _change(story, msgspec.structs.replace(mark, iterations=story.iterations))
    _amend(tx, ports, log, given, to)


def release(tx: Transaction, ports: Ports, log_id: str, mark: Mark) -> None:
    """Give a log back as it was before the turn.

    Raises:
        NotFound, Conflict: as `close`.
    """
    log = _own(tx, ports, log_id, mark)
    idle = Mark(iterations=mark.iterations)
    _amend(tx, ports, log, {"turn"}, NewLog(kind=AGENT, payload=Payload(turn=raw(idle))))


def forget(tx: Transaction, ports: Ports, log_id: str, mark: Mark) -> None:
    """Leave nothing of a turn.

    Raises:
        NotFound, Conflict: as `close`.
    """
    judgments.remove(tx, ports, [_own(tx, ports, log_id, mark)])


def close(
    tx: Transaction,
    ports: Ports,
    log_id: str,
    mark: Mark,
    story: Story,
    *,
    status: LogStatus,
    error: str | None = None,
) -> LogView:
    """End a turn: what came of it, as its log, which shows all even where not all is kept.

    Raises:
        NotFound: the log was deleted meanwhile.
        Conflict: it was completed meanwhile, or another turn is at it.
    """
    log = _own(tx, ports, log_id, mark)
    given, to = _change(story, Mark(iterations=story.iterations), error=error)
    to = msgspec.structs.replace(to, status=status, end_time=ports.clock.now())
    changed = _amend(tx, ports, log, given | {"end_time"}, to)
    return whole(ports, tx.account, view(tx, changed, with_children=True))


def whole(ports: Ports, account: str, shown: LogView) -> LogView:
    """A log with all that it held, kept or not."""
    log = msgspec.structs.replace(shown.log, payload=ports.unsaved.text(account, shown.log))
    return msgspec.structs.replace(shown, log=log)


def _own(tx: Transaction, ports: Ports, log_id: str, mark: Mark) -> Log:
    """The log of a turn, which has to be its own still."""
    log = find(tx, log_id, kind=AGENT)
    if log.status is not LogStatus.INCOMPLETE:
        raise Conflict(f"Log `{log_id}` was completed while its agent was at work.")
    is_known = ports.unsaved.has(tx.account, log)
    if is_known and mark_of(ports.unsaved.content(tx.account, log)).id != mark.id:
        raise Conflict(f"Somebody else goes on with log `{log_id}`.")
    return log


def _change(story: Story, mark: Mark, *, error: str | None = None) -> tuple[set[str], NewLog]:
    """What a log says of a story; and which of its members those are."""
    last = story.last or {}
    heard = "".join(story.pieces)
    members: Mapping[str, Any] = {
        "messages": raw(story.messages) if story.messages else None,
        "output": heard or last.get("content"),
        "output_message": None if story.last is None or heard else raw(story.last),
        "error": error,
        "provider_request": None if story.request is None else raw(told(story.request)),
        "provider_response": None if story.reply is None else raw(told(story.reply)),
        "turn": raw(mark),
    }
    columns: dict[str, Any] = {
        **{name: story.used.get(name) for name in USED},
        "finish_reason": story.finish_reason,
        "provider_latency_s": story.latency_s,
    }
    new = NewLog(kind=AGENT, payload=Payload(**members), **columns)
    return {*members, *columns}, new


def _amend(tx: Transaction, ports: Ports, log: Log, given: set[str], to: NewLog) -> Log:
    return amend(tx, ports, log, Change(to=to, given=frozenset(given)))
