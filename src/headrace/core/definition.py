"""What a flow is made of: nodes, their typed inputs and outputs, and connections, as immutable data.

Owns the vocabulary of a definition and how it is read from parsed JSON. Whether a definition makes
sense is asked in `headrace.core.validate`; what each node type promises is in
`headrace.core.node_types`; how it runs is the engine's business.

The small values are msgspec structs, which are frozen, slotted and keyword-only like the dataclasses
elsewhere: a definition has hundreds of them, and a frozen dataclass takes five times as long to build.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from types import MappingProxyType
from typing import Any

import msgspec

MAX_LOOP_DEPTH = 8
"""How many Loops inside Loops are read; deeper bodies are left unread, so that no text exhausts the stack."""


class PortType(StrEnum):
    """The type of a value that travels between nodes (bedrock section 2.4)."""

    STRING = "String"
    NUMBER = "Number"
    BOOLEAN = "Boolean"
    OBJECT = "Object"
    ARRAY = "Array"

    @staticmethod
    def of(value: object) -> PortType | None:
        """The type of a parsed JSON value; None for null, which no type admits."""
        for python_type, port_type in _PYTHON_TYPES:
            if isinstance(value, python_type):
                return port_type
        return None


# A bool is an int to Python and is no Number here: it has to be asked for first.
_PYTHON_TYPES: tuple[tuple[type, PortType], ...] = (
    (str, PortType.STRING),
    (bool, PortType.BOOLEAN),
    (int, PortType.NUMBER),
    (float, PortType.NUMBER),
    (dict, PortType.OBJECT),
    (list, PortType.ARRAY),
)


class NodeType(StrEnum):
    """What a node does (bedrock section 2.1)."""

    INPUT = "Input"
    OUTPUT = "Output"
    KNOWLEDGE_BASE = "KnowledgeBase"
    CONDITION = "Condition"
    LEX = "Lex"
    PROMPT = "Prompt"
    LAMBDA_FUNCTION = "LambdaFunction"
    STORAGE = "Storage"
    AGENT = "Agent"
    RETRIEVAL = "Retrieval"
    ITERATOR = "Iterator"
    COLLECTOR = "Collector"
    INLINE_CODE = "InlineCode"
    LOOP = "Loop"
    LOOP_INPUT = "LoopInput"
    LOOP_CONTROLLER = "LoopController"


class ConnectionType(StrEnum):
    """What travels over a connection: a value, or only permission to run."""

    DATA = "Data"
    CONDITIONAL = "Conditional"


class InputCategory(StrEnum):
    """What a LoopController does with one of its inputs (bedrock section 2.17)."""

    LOOP_CONDITION = "LoopCondition"
    RETURN_VALUE_TO_LOOP_START = "ReturnValueToLoopStart"
    EXIT_LOOP = "ExitLoop"


_PORT_TYPES = {member.value: member for member in PortType}
_NODE_TYPES = {member.value: member for member in NodeType}
_CATEGORIES = {member.value: member for member in InputCategory}
_SETTINGS_KEYS = {member: member.value[0].lower() + member.value[1:] for member in NodeType}


class NodeInput(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a node takes.

    Attributes:
        name: unique within the node.
        type: what the value must be after the expression was applied.
        expression: which part of the delivered value is taken, such as ``$.data.genre``.
        category: only read on a LoopController; None there means the loop's condition.
    """

    name: str
    type: PortType
    expression: str
    category: InputCategory | None = None


class NodeOutput(msgspec.Struct, frozen=True, kw_only=True):
    """A value that a node gives.

    Attributes:
        name: unique within the node.
        type: what the value is.
    """

    name: str
    type: PortType


class Node(msgspec.Struct, frozen=True, kw_only=True):
    """One step of a flow.

    Attributes:
        name: unique within its level.
        type: what it does.
        configuration: as sent, a mapping with one member that is named after a type; None when absent.
        inputs: in the order of declaration, which is also the order a function sees them in.
        outputs: in the order of declaration.
        body: what a Loop repeats; None for every other type.
    """

    name: str
    type: NodeType
    configuration: Mapping[str, Any] | None = None
    inputs: tuple[NodeInput, ...] = ()
    outputs: tuple[NodeOutput, ...] = ()
    body: Definition | None = None

    @property
    def settings(self) -> Mapping[str, Any] | None:
        """The configuration's content for this node's own type; None when there is none."""
        return _settings(self.type, self.configuration)

    @property
    def has_foreign_configuration(self) -> bool:
        """Whether the configuration is one for another type."""
        key = _SETTINGS_KEYS[self.type]
        return any(name != key and value is not None for name, value in (self.configuration or {}).items())


class Connection(msgspec.Struct, frozen=True, kw_only=True):
    """An arrow from one node to another.

    Attributes:
        name: unique within its level.
        type: what travels.
        source: the name of the node it starts at.
        target: the name of the node it ends at.
        source_output: the output whose value travels; None unless configured as Data.
        target_input: the input that takes it; None unless configured as Data.
        condition: the condition that has to win; None unless configured as Conditional.
    """

    name: str
    type: ConnectionType
    source: str
    target: str
    source_output: str | None = None
    target_input: str | None = None
    condition: str | None = None

    @property
    def is_data(self) -> bool:
        """Whether a value travels over it."""
        return self.type is ConnectionType.DATA

    @property
    def is_configured(self) -> bool:
        """Whether it says what it joins, in the way that its type asks for."""
        return self.source_output is not None or self.condition is not None


@dataclass(frozen=True, slots=True, kw_only=True)
class Definition:
    """A graph of nodes and connections: a whole flow, or the body of a Loop.

    Attributes:
        nodes: in the order they were written, which decides ties everywhere.
        connections: in the order they were written.
        by_name: each node by its name; of several with one name, the first.
        incoming: the connections that end at a node, by its name; a node without any is left out.
        outgoing: the connections that start at a node, by its name; a node without any is left out.
    """

    nodes: tuple[Node, ...] = ()
    connections: tuple[Connection, ...] = ()
    by_name: Mapping[str, Node] = field(init=False, repr=False, compare=False)
    incoming: Mapping[str, tuple[Connection, ...]] = field(init=False, repr=False, compare=False)
    outgoing: Mapping[str, tuple[Connection, ...]] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        by_name = {node.name: node for node in reversed(self.nodes)}
        object.__setattr__(self, "by_name", MappingProxyType(by_name))
        incoming: defaultdict[str, list[Connection]] = defaultdict(list)
        outgoing: defaultdict[str, list[Connection]] = defaultdict(list)
        for connection in self.connections:
            incoming[connection.target].append(connection)
            outgoing[connection.source].append(connection)
        object.__setattr__(self, "incoming", _frozen(incoming))
        object.__setattr__(self, "outgoing", _frozen(outgoing))

    @staticmethod
    def parse(value: Mapping[str, Any]) -> Definition:
        """Read a definition from JSON whose shape was checked before.

        A null optional member counts as absent, and members that are not known are not read.
        """
        return _definition(value, 0)

    def of_type(self, node_type: NodeType) -> tuple[Node, ...]:
        """The nodes of one type, in order."""
        return tuple(node for node in self.nodes if node.type is node_type)


def _frozen(groups: Mapping[str, list[Connection]]) -> Mapping[str, tuple[Connection, ...]]:
    return MappingProxyType({name: tuple(group) for name, group in groups.items()})


def _settings(node_type: NodeType, configuration: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    return configuration.get(_SETTINGS_KEYS[node_type]) if configuration else None


def _definition(value: Mapping[str, Any], depth: int) -> Definition:
    return Definition(
        nodes=tuple([_node(node, depth) for node in value.get("nodes") or ()]),
        connections=tuple([_connection(connection) for connection in value.get("connections") or ()]),
    )


def _node(value: Mapping[str, Any], depth: int) -> Node:
    node_type = _NODE_TYPES[value["type"]]
    configuration = value.get("configuration")
    return Node(
        name=value["name"],
        type=node_type,
        configuration=configuration,
        inputs=tuple([_input(item) for item in value.get("inputs") or ()]),
        outputs=tuple(
            [
                NodeOutput(name=item["name"], type=_PORT_TYPES[item["type"]])
                for item in value.get("outputs") or ()
            ]
        ),
        body=_body(configuration, depth) if node_type is NodeType.LOOP else None,
    )


def _body(configuration: Mapping[str, Any] | None, depth: int) -> Definition | None:
    definition = (_settings(NodeType.LOOP, configuration) or {}).get("definition")
    if definition is None or depth == MAX_LOOP_DEPTH:
        return None
    return _definition(definition, depth + 1)


def _input(value: Mapping[str, Any]) -> NodeInput:
    category = value.get("category")
    return NodeInput(
        name=value["name"],
        type=_PORT_TYPES[value["type"]],
        expression=value["expression"],
        category=None if category is None else _CATEGORIES[category],
    )


def _connection(value: Mapping[str, Any]) -> Connection:
    configuration = value.get("configuration") or {}
    if value["type"] == ConnectionType.DATA:
        data = configuration.get("data") or {}
        return Connection(
            name=value["name"],
            type=ConnectionType.DATA,
            source=value["source"],
            target=value["target"],
            source_output=data.get("sourceOutput"),
            target_input=data.get("targetInput"),
        )
    return Connection(
        name=value["name"],
        type=ConnectionType.CONDITIONAL,
        source=value["source"],
        target=value["target"],
        condition=(configuration.get("conditional") or {}).get("condition"),
    )
