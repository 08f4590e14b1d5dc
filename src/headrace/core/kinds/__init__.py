"""File kinds, one module each. A kind is found by being here: its module defines ``KIND``."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Mapping
from types import MappingProxyType

from headrace.core.kinds.kind import FileKind


def _discover() -> Mapping[str, FileKind]:
    found: dict[str, FileKind] = {}
    for module in pkgutil.iter_modules(__path__):
        if module.name == "kind":
            continue
        kind = importlib.import_module(f"{__name__}.{module.name}").KIND
        if kind.name in found:
            raise ValueError(f"two modules define the file kind {kind.name!r}")
        found[kind.name] = kind
    return MappingProxyType(found)


KINDS = _discover()
"""Every file kind by name."""

__all__ = ["KINDS", "FileKind"]
