"""What a plan is made of: scopes of steps, with every name already turned into a number.

A scope is what runs together: the flow itself, what an Iterator repeats for each item, or the body of a
Loop. Its steps are in an order in which each comes after all that feed it; ties are broken by the order of
the definition. Values are kept in numbered slots; an Iterator's scope has the slots of the scope around
it, so that it sees the values from outside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol

from headrace.core.definition import NodeType, PortType
from headrace.core.execution import InputPort, OutputPort

if TYPE_CHECKING:
    from headrace.engine.frame import Frame
    from headrace.engine.walk import Walk

CLASSES: Mapping[PortType, frozenset[type]] = {
    PortType.STRING: frozenset({str}),
    PortType.NUMBER: frozenset({int, float}),
    PortType.BOOLEAN: frozenset({bool}),
    PortType.OBJECT: frozenset({dict}),
    PortType.ARRAY: frozenset({list}),
}
"""The classes of the values of each type, as JSON is parsed."""


class Behaviour(Protocol):
    """What a step does when it is its turn. A node type's module gives one for each node."""

    def fire(self, machine: Walk, frame: Frame, step: Step) -> None:
        """Do it, and tell the machine how it ended.

        Raises NodeRefuses.
        """


class Read(NamedTuple):
    """How an input gets its value.

    Attributes:
        slot: where the value is.
        take: takes the part that is meant; None means all of it.
        accepts: the classes it may have; None when its source has been held to the same.
    """

    name: str
    slot: int
    take: Callable[[Mapping[str, Any]], Any] | None
    accepts: frozenset[type] | None


class Write(NamedTuple):
    """Where an output's value goes, and the classes it may have."""

    name: str
    slot: int
    accepts: frozenset[type]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Step:
    """A node in its place.

    Attributes:
        index: its number in the scope.
        path: the names of the Loops it is in and its own, joined by slashes.
        reads: the connected inputs, in order of declaration.
        plain: their names and slots, where each takes its value as it is; None where one does not.
        writes: the outputs, in order of declaration.
        followers: the steps that wait for this one to be done or skipped.
        dependents: those of them that are skipped with this one.
        losers: of a Condition, the steps that don't run when a condition wins, by its name.
        sources: how many steps it waits for.
        turn: its number among the steps of the scope that can bring forth a flow's output, -1 for others.
        number: its number among the steps of the whole flow that act outside, -1 for others.
        inputs: what a trace says of the reads.
        outputs: what a trace says of the writes.
    """

    index: int
    name: str
    path: str
    type: NodeType
    behaviour: Behaviour
    reads: tuple[Read, ...]
    writes: tuple[Write, ...]
    followers: tuple[int, ...]
    dependents: tuple[int, ...]
    losers: Mapping[str, tuple[int, ...]]
    sources: int
    turn: int
    number: int
    inputs: tuple[InputPort, ...]
    outputs: tuple[OutputPort, ...]
    plain: tuple[tuple[str, int], ...] | None = field(init=False)

    def __post_init__(self) -> None:
        is_plain = all(read.take is None and read.accepts is None for read in self.reads)
        plain = tuple((read.name, read.slot) for read in self.reads) if is_plain else None
        object.__setattr__(self, "plain", plain)


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Scope:
    """Steps that run together.

    Attributes:
        steps: by index.
        size: how many slots there are.
        speakers: the steps that can bring forth a flow's output; they do so in this order.
        waiting: for how many others each step waits.
        starts: the steps that wait for nothing.
    """

    steps: tuple[Step, ...]
    size: int
    speakers: tuple[int, ...] = field(init=False)
    waiting: tuple[int, ...] = field(init=False)
    starts: tuple[Step, ...] = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "speakers", tuple(step.index for step in self.steps if step.turn >= 0))
        object.__setattr__(self, "waiting", tuple(step.sources for step in self.steps))
        object.__setattr__(self, "starts", tuple(step for step in self.steps if not step.sources))
