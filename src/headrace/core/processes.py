"""The processes that use a store: who carries out what, and who has gone.

What a process carries out (a run, a turn of a conversation, a job) bears its id. When it is gone, whoever
notices first puts in order what it left.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

import msgspec


class Role(StrEnum):
    """What a process is for."""

    SERVER = "server"
    """It answers requests; it may carry out durable executions too."""
    WORKER = "worker"
    """It only carries out durable executions."""


class Process(msgspec.Struct, frozen=True, kw_only=True):
    """A process that uses the store.

    Attributes:
        id: ``prc_…``; another one after each start.
        host: the name of its machine.
        pid: its number there.
        release: the version of Headrace.
        capacity: so many durable executions it carries out at the same time; 0 is none.
        seen_at: when it last said that it is there.
    """

    id: str
    role: Role
    host: str
    pid: int
    release: str
    capacity: int
    started_at: datetime
    seen_at: datetime
