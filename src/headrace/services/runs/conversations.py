"""Conversations with runs: taking one for a turn, and what has to be true of it (bedrock 4.5)."""

from __future__ import annotations

from datetime import timedelta

import msgspec

from headrace.core.access import Principal
from headrace.core.errors import Invalid
from headrace.core.ports import Transaction
from headrace.core.records import Execution, Session
from headrace.services.base import Ports, write
from headrace.services.runs.runs import busy
from headrace.services.runs.targets import Route

AGENT_INPUT = "agentInputText"


async def claim(ports: Ports, principal: Principal, session: Session, *, answer_s: float) -> None:
    """Take the name of a new conversation, unless another one has it.

    Args:
        answer_s: how long a question waits for its answer.

    Raises:
        Conflict: a run of that name is running or waits.
    """

    def work(tx: Transaction) -> None:
        known = tx.sessions.get(file_id=session.file_id, name=session.name)
        if known is not None and (known.is_busy or not _is_expired(ports, known, answer_s)):
            raise busy(session.name)
        tx.sessions.put(session)

    await write(ports, principal, work)


async def reclaim(ports: Ports, principal: Principal, session: Session) -> Execution:
    """Take a conversation for the next turn, unless another one was faster; its run, held here from now on.

    Raises:
        Conflict: it was.
    """

    def work(tx: Transaction) -> Execution:
        execution = tx.executions.get(id=session.execution_id)
        if execution is None or tx.sessions.get(file_id=session.file_id, name=session.name) != session:
            raise busy(session.name)
        now, holder = ports.clock.now(), ports.holder
        tx.sessions.put(msgspec.structs.replace(session, is_busy=True, turn_at=now, holder=holder))
        held = msgspec.structs.replace(execution, holder=holder)
        tx.executions.put(held)
        return held

    return await write(ports, principal, work)


def waiting(
    tx: Transaction,
    ports: Ports,
    route: Route,
    *,
    name: str | None,
    node: str | None,
    answers: str | None,
    answer_s: float,
) -> tuple[Session, Execution]:
    """The conversation that an answer belongs to.

    Args:
        node: the node that asked; None is whichever it is.
        answers: the input that the answer is for.

    Raises:
        Invalid: no run of that name waits for this answer.
        Conflict: it is being answered.
    """
    if name is None:
        raise Invalid.at("executionId", message="An answer needs the executionId.", kind="missing")
    if answers != AGENT_INPUT:  # it would take the place of another input
        message = f"The answer is for the input {AGENT_INPUT}, not {answers}."
        raise Invalid.at("inputs", 0, "nodeInputName", message=message, kind="mismatch")
    session = tx.sessions.get(file_id=route.file.id, name=name)
    if session is not None and session.is_busy:
        raise busy(name)
    execution = tx.executions.get(id=session.execution_id) if session else None
    if session is None or execution is None or _is_expired(ports, session, answer_s):
        message = f"No execution {name} of flow {route.file.short_id} waits for input."
        raise Invalid.at("executionId", message=message, kind="unknown")
    if session.pointer_id != route.pointer_id:
        message = f"Execution {name} was begun through the alias {session.pointer_id}; go on through it."
        raise Invalid.at("executionId", message=message, kind="mismatch")
    if node not in (None, session.node):
        message = f"Node {session.node} asked the question of execution {name}, not {node}."
        raise Invalid.at("inputs", 0, "nodeName", message=message, kind="mismatch")
    return session, execution


def is_own(tx: Transaction, session: Session) -> bool:
    """Whether the conversation of that name is still that of this run, in the hands of this process."""
    known = tx.sessions.get(file_id=session.file_id, name=session.name)
    return known is not None and (known.execution_id, known.holder) == (session.execution_id, session.holder)


def forget(tx: Transaction, session: Session) -> None:
    """A conversation is over, unless its name is another one's by now."""
    if is_own(tx, session):
        tx.sessions.remove(file_id=session.file_id, name=session.name)


def _is_expired(ports: Ports, session: Session, answer_s: float) -> bool:
    return ports.clock.now() - session.turn_at > timedelta(seconds=answer_s)
