"""The ports that a node declares: by their names, and whether there is anything about them to look into.

Most nodes of a flow declare the same few ports as others, and most of a flow stays as it was between two
validations; so what was found about a set of ports is remembered.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import TypeVar

import msgspec

from headrace.core.definition import NodeInput, NodeOutput, NodeType, PortType
from headrace.core.expression import ROOT, MalformedExpression, parse
from headrace.core.node_types import CONTRACTS, Port

REMEMBERED = 1_024
"""Sets of ports that are not looked through anew."""

_Port = TypeVar("_Port", NodeInput, NodeOutput)


class Ports(msgspec.Struct, frozen=True, kw_only=True):
    """What a node declares.

    Attributes:
        inputs: its inputs by name, the first of a name.
        outputs: its outputs by name, the first of a name.
        is_plain: whether none of the rules about declared ports can have anything against them, whatever the
            node's settings are and whatever is beside it.
    """

    inputs: Mapping[str, NodeInput]
    outputs: Mapping[str, NodeOutput]
    is_plain: bool


@lru_cache(maxsize=REMEMBERED)
def ports(node_type: NodeType, inputs: tuple[NodeInput, ...], outputs: tuple[NodeOutput, ...]) -> Ports:
    """The ports of a node of a type."""
    contract = CONTRACTS[node_type]
    taken, given = _first_by_name(inputs), _first_by_name(outputs)
    is_plain = (
        len(taken) == len(inputs)
        and len(given) == len(outputs)
        and contract.has_fixed_outputs
        and _is_as_promised(_types(taken), contract.inputs, has_own=contract.has_own_inputs)
        and _is_as_promised(_types(given), contract.outputs, has_own=contract.has_own_outputs)
        and all(_is_expression(port.expression) for port in inputs)
    )
    return Ports(inputs=taken, outputs=given, is_plain=is_plain)


def _first_by_name(declared: tuple[_Port, ...]) -> dict[str, _Port]:
    by_name: dict[str, _Port] = {}
    for port in declared:
        by_name.setdefault(port.name, port)
    return by_name


def _types(declared: Mapping[str, NodeInput] | Mapping[str, NodeOutput]) -> dict[str, PortType]:
    return {name: port.type for name, port in declared.items()}


def _is_as_promised(declared: Mapping[str, PortType], fixed: Mapping[str, Port], *, has_own: bool) -> bool:
    for name, port in fixed.items():
        if (found := declared.get(name)) is None:
            if port.is_required:
                return False
        elif port.type not in (None, found):
            return False
    return has_own or declared.keys() <= fixed.keys()


def _is_expression(text: str) -> bool:
    if text == ROOT:
        return True
    try:
        parse(text)
    except MalformedExpression:
        return False
    return True
