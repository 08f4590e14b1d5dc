"""Node types, one module each. A type is found by being here: its module defines ``NODE``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from headrace.core.definition import NodeType
from headrace.engine.nodes.node import NodeKind


def _discover() -> Mapping[NodeType, NodeKind]:
    found: dict[NodeType, NodeKind] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "node":
            continue
        kind = importlib.import_module(f"{__name__}.{module.name}").NODE
        if kind.type in found:
            raise ValueError(f"two modules define the node type {kind.type.value}")
        found[kind.type] = kind
    return MappingProxyType(found)


NODES = _discover()
"""Every node type that can run."""

__all__ = ["NODES", "NodeKind"]
