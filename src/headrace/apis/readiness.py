"""Whether a process wants requests: what load balancers are told while it comes to its end."""

from __future__ import annotations


class Readiness:
    """What ``/readyz`` says beside the store.

    Attributes:
        is_leaving: whether it will stop soon, and load balancers are to send requests elsewhere.
    """

    __slots__ = ("is_leaving",)

    def __init__(self) -> None:
        self.is_leaving = False

    def leave(self) -> None:
        """Ask to be left: what comes is still answered, each time as the last on its connection."""
        self.is_leaving = True
