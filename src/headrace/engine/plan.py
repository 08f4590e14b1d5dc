"""A definition made ready to run, once a version."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass

from headrace.core.definition import Definition, NodeType
from headrace.core.errors import Invalid, Problem
from headrace.core.validate import Finding, Severity, TypeLimits, validate
from headrace.engine.layout import Unrunnable
from headrace.engine.step import Scope
from headrace.engine.wiring import Wiring

_NO_LIMITS = TypeLimits(nodes={}, inline_code_inputs=1_000_000)


class InvalidDefinition(Invalid):
    """A definition can't run.

    Attributes:
        node: the node that is the reason; None when it is not one alone.
    """

    def __init__(self, message: str, *, node: str | None) -> None:
        path = ("definition",) if node is None else ("definition", "nodes", node)
        super().__init__(Problem(path=path, message=message))
        self.node = node


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Plan:
    """A definition ready to run.

    Attributes:
        digest: of the version that it is the plan of.
        scope: the flow's own steps and, inside of them, everything else.
        effects: the steps that act outside, by their paths, in an order in which each comes after all that
            feed it; a step's `number` is its index in here, the same for every run of the version.
    """

    digest: str
    scope: Scope
    effects: tuple[str, ...]


def compile_plan(definition: Definition, *, digest: str) -> Plan:
    """Make a definition ready to run.

    Raises:
        InvalidDefinition: validation has something against it, or it asks for Iterators inside each other.
    """
    for finding in validate(definition, limits=_NO_LIMITS):
        if finding.severity is Severity.ERROR:
            raise InvalidDefinition(finding.message, node=_node(finding))
    effects: list[str] = []
    try:
        scope = Wiring(definition, effects=effects).scope()
    except Unrunnable as unrunnable:
        raise InvalidDefinition(unrunnable.message, node=unrunnable.node) from None
    return Plan(digest=digest, scope=scope, effects=tuple(effects))


def objection(definition: Definition) -> str | None:
    """What keeps a definition from running that validation has nothing against; None when nothing does.

    The contract has no finding for values that would have to leave an Iterator before its last item, so this
    is asked of the plan itself, and only where something repeats.
    """
    if not any(definition.of_type(repeating) for repeating in _REPEATING):
        return None
    try:
        Wiring(definition, effects=[]).scope()
    except Unrunnable as unrunnable:
        return unrunnable.message
    return None


_REPEATING = (NodeType.ITERATOR, NodeType.COLLECTOR, NodeType.LOOP)


class Plans:
    """The plans that were used last."""

    def __init__(self, *, size: int = 256) -> None:
        self._plans: OrderedDict[str, Plan] = OrderedDict()
        self._size = size

    def of(self, digest: str, load: Callable[[], Definition]) -> Plan:
        """The plan of the version with this digest; `load` gives its definition when it has to be made.

        Raises InvalidDefinition.
        """
        if (plan := self._plans.get(digest)) is None:
            plan = self._plans[digest] = compile_plan(load(), digest=digest)
            if len(self._plans) > self._size:
                self._plans.popitem(last=False)
        self._plans.move_to_end(digest)
        return plan


def _node(finding: Finding) -> str | None:
    return finding.details.get("node") or finding.details.get("loop_node")
