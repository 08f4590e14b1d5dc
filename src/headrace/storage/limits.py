"""How much of a database server a store may use."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True, kw_only=True)
class StoreLimits:
    """How much of a database server is used, and how long for; a file needs none.

    Attributes:
        connections: so many at the most.
        timeout_s: how long a statement may take, a transaction may wait for the next one, and a use case may
            be repeated.
        connect_timeout_s: how long it may take to connect.
    """

    connections: int = 10
    timeout_s: float = 30.0
    connect_timeout_s: float = 10.0
