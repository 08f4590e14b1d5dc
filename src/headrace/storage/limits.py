"""How much of a database server a store may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """How much of a database server is used, and how long for; a file needs none.

    Attributes:
        connections: so many at the most.
        timeout_s: how long a statement may take, and how long a use case is tried that loses against others.
        connect_timeout_s: how long it may take to connect.
    """

    connections: int = 10
    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
