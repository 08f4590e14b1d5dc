"""What goes wrong in a test, each with what its author has to know.

AssertionError
├─ FlowRefused   the definition can't be created or prepared
├─ FlowFailed    a run failed; with its trace
└─ FlowAsked     a run waits for an answer that the test does not give

NoServer         the server could not be started, or does not answer
"""

from __future__ import annotations


class NoServer(Exception):
    """There is no server to test with."""


class FlowRefused(AssertionError):
    """A definition is not one that can run."""


class FlowFailed(AssertionError):
    """A run failed.

    Attributes:
        node: the node that failed; None when the flow itself did.
    """

    def __init__(self, message: str, *, node: str | None = None) -> None:
        super().__init__(message)
        self.node = node


class FlowAsked(AssertionError):
    """A run asks for something, and nobody answers."""
