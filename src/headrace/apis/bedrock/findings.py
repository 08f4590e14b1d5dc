"""Findings of validation as the wire shows them (bedrock 3.1)."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.validate import Finding

_decode = msgspec.json.Decoder(list[Finding]).decode


def wire_findings(stored: bytes | None) -> list[dict[str, Any]] | None:
    """A draft's findings; None when it was not prepared since its last edit."""
    return None if stored is None else [wire_finding(finding) for finding in _decode(stored)]


def wire_finding(finding: Finding) -> dict[str, Any]:
    """One finding: its details stand under its type's name with a small first letter."""
    name = finding.type.value
    return {
        "type": name,
        "severity": finding.severity.value,
        "message": finding.message,
        "details": {
            name[0].lower() + name[1:]: {_camel(key): value for key, value in finding.details.items()}
        },
    }


def _camel(name: str) -> str:
    head, *tail = name.split("_")
    return head + "".join(word.capitalize() for word in tail)
