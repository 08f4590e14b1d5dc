"""What passes between the machine and who drives it: calls, and how they ended."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.execution import NodeActed, NodeDepended
from headrace.engine.failure import Failure
from headrace.engine.frame import Frame
from headrace.engine.step import Step

Memories = Mapping[str, str | None]
"""What each agent wants to be given with its next turn, by its alias."""


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """How a call ended; can be kept as JSON.

    Attributes:
        outputs: the value of each output, when it went well.
        question: what the user is asked before it can go on; None when nothing is.
        failure: what went wrong; None when nothing did.
        actions: what it did, when traces are wanted.
        memories: what agents are to remember, by alias.
    """

    outputs: Mapping[str, Any] = {}
    question: str | None = None
    failure: Failure | None = None
    actions: tuple[NodeActed | NodeDepended, ...] = ()
    memories: Memories = {}


class Call(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A step that acts outside and may do so now.

    Attributes:
        inputs: by name, in order of declaration.
        turn: how many questions of it have been answered.
        memories: what agents remember.
    """

    frame: Frame
    step: Step
    inputs: Mapping[str, Any]
    turn: int = 0
    memories: Memories = {}

    @property
    def place(self) -> tuple[int, tuple[int, ...]]:
        """Where it stands in the order of the plan."""
        return self.step.number, self.frame.indexes

    @property
    def name(self) -> str:
        """``node/iteration``: the same in every attempt to run the execution, and no other call's.

        The node is told with the Loops it is in, the iteration by its items and rounds, outermost first.
        """
        parts = [self.step.path, ".".join(map(str, self.frame.indexes)) or "0"]
        return "/".join([*parts, f"answer-{self.turn}"] if self.turn else parts)


class Question(msgspec.Struct, frozen=True, kw_only=True, eq=False):
    """A call that ended with a question.

    Attributes:
        text: the question.
        memories: what agents remember of it until it is answered; nobody else is to see that.
    """

    call: Call
    text: str
    memories: Memories = {}
