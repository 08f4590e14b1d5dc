"""What a node type's module is made of.

A module of this package defines `NODE`: the type, and what makes a node's behaviour out of its part of the
definition, once a version. A node that only computes gives a behaviour of its own. A node that acts outside
subclasses `ActingNode` and has an ``async run``, which is all that is ever awaited, timed out or recorded.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from headrace.core.definition import Node, NodeType
from headrace.core.effects import EffectContext, Effects, Usage
from headrace.core.execution import Link, NodeActed, NodeDepended
from headrace.engine.call import Memories
from headrace.engine.step import Behaviour, Scope, Step

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk

Make = Callable[[Node, "Scope | None"], Behaviour]
"""Gives a node's behaviour; of a Loop, the scope of its body is given too. May raise NodeRefuses."""


class NodeKind(msgspec.Struct, frozen=True, kw_only=True):
    """A node type and what makes its behaviour."""

    type: NodeType
    make: Make


class Asks(msgspec.Struct, frozen=True, kw_only=True):
    """The result of a node that needs an answer of the user before it can go on."""

    question: str


@dataclass(slots=True, kw_only=True)
class Task:
    """All that a node is given to act outside.

    Attributes:
        inputs: by name, in order of declaration; an input that is not connected is absent.
        effects: what may be called.
        context: goes with every call.
        latency: ``standard`` or ``optimized``, as the caller asked for; None when not.
        scope: the repetitions the node stands in.
        traces: whether what it does is recorded.
        now_ns: the time.
        memories: what agents remember, by alias.
        actions: what was recorded.
        remembered: what they are to remember from now on.
    """

    inputs: Mapping[str, Any]
    effects: Effects
    context: EffectContext
    latency: str | None
    scope: tuple[Link, ...]
    traces: bool
    now_ns: Callable[[], int]
    memories: Memories
    actions: list[NodeActed | NodeDepended] = field(default_factory=list)
    remembered: dict[str, str | None] = field(default_factory=dict)

    def acted(
        self,
        service: str,
        operation: str,
        *,
        started_ns: int,
        request: Callable[[], Any],
        response: Callable[[], Any],
        request_id: str | None = None,
        usage: Usage | None = None,
    ) -> None:
        """Record something done outside; what it was is only asked for when it is kept."""
        if not self.traces:
            return
        at_ns = self.now_ns()
        self.actions.append(
            NodeActed(
                at_ns=at_ns,
                scope=self.scope,
                node=self.context.node,
                request_id=request_id or f"{self.context.step}#{len(self.actions)}",
                service=service,
                operation=operation,
                request=request(),
                response=response(),
                usage=usage,
                duration_ns=at_ns - started_ns,
            )
        )

    def depended(self, traces: tuple[Mapping[str, Any], ...]) -> None:
        """Record what an agent tells of its way."""
        if self.traces and traces:
            self.actions.append(
                NodeDepended(at_ns=self.now_ns(), scope=self.scope, node=self.context.node, traces=traces)
            )


class ActingNode:
    """A node that acts outside."""

    __slots__ = ()

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        machine.call(frame, step)

    async def run(self, task: Task) -> Mapping[str, Any] | Asks:
        """Do it, and give the value of each output that is declared.

        Raises EffectFailed and NodeRefuses.
        """
        raise NotImplementedError


def settings_of(node: Node) -> Mapping[str, Any]:
    """A node's settings; empty when there are none."""
    return node.settings or {}
