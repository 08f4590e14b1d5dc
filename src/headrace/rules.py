"""What makes a flow's content runnable: the service model's shapes and the findings of the core, together."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from headrace.apis.bedrock.codec import Codec
from headrace.core.definition import Definition
from headrace.core.validate import Finding, validate


class FlowRules:
    """The rules for definitions, as the use cases ask for them."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def is_runnable(self, content: Any) -> bool:
        """Whether content holds a definition of the right shape, and no role or key of a wrong one."""
        if not isinstance(content, dict) or not isinstance(content.get("definition"), dict):
            return False
        return self._codec.definition_ok(content["definition"]) and self._codec.arns_ok(content)

    def findings(self, definition: Any) -> Sequence[Finding]:
        """What is wrong with a definition of the right shape; without one it has no nodes."""
        return validate(Definition.parse(definition or {}))
