"""Whether a log or a run is what somebody wants erased: it names a person or a session, or holds a text."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import msgspec

from headrace.core.logs import Log

USER_FIELDS = frozenset(
    {"user", "user_id", "userId", "user.id", "end_user", "end_user_id", "endUser", "endUserId", "enduser.id"}
)
"""The members of a log's metadata that name a person."""
SESSION_FIELDS = frozenset(
    {
        "session",
        "session_id",
        "sessionId",
        "session.id",
        "conversation",
        "conversation_id",
        "conversationId",
        "gen_ai.conversation.id",
        "thread_id",
        "threadId",
    }
)
"""Those that name a conversation."""


def names_user(log: Log, user: str) -> bool:
    """Whether a log is of a person: by its user, or by its metadata."""
    return log.user == user or _says(log, USER_FIELDS, user)


def names_session(log: Log, session: str) -> bool:
    """Whether a log is of a conversation."""
    return session in (log.id, log.trace_id) or _says(log, SESSION_FIELDS, session)


def log_holds(log: Log, text: str) -> bool:
    """Whether a text stands anywhere in a log, as it is written there."""
    said = (log.id, log.user, log.source, log.source_datapoint_id, log.trace_parent_id)
    return (
        any(text in one for one in said if one is not None)
        or json_holds(log.payload, text)
        or (log.judgment is not None and json_holds(log.judgment, text))
    )


def json_holds(body: bytes | str, text: str) -> bool:
    """Whether a text stands in one of the strings of a JSON text, or is the name of a member, or a number."""
    raw = body.encode() if isinstance(body, str) else body
    if text.encode() in raw:
        return True
    if b"\\" not in raw:  # nothing is written otherwise than it reads
        return False
    return any(text in one for one in _strings(_parsed(raw)))


def _says(log: Log, fields: frozenset[str], value: str) -> bool:
    if value.encode() not in log.payload and b"\\" not in log.payload:
        return False
    metadata = log.content().metadata
    said = None if metadata is None else _parsed(bytes(metadata))
    return isinstance(said, dict) and any(str(said[name]) == value for name in fields & said.keys())


def _parsed(raw: bytes) -> Any:
    try:
        return msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError):  # an input that was cut off, or is too deep to be read
        return raw.decode(errors="replace")


def _strings(value: Any) -> Iterator[str]:
    waiting = [value]
    while waiting:
        one = waiting.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, dict):
            waiting += [*one.keys(), *one.values()]
        elif isinstance(one, list):
            waiting += one
