"""What makes a flow's content runnable: the service model's shapes and the findings of the core, together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import msgspec

from headrace.apis.bedrock.codec import Codec
from headrace.core.definition import Definition, NodeType
from headrace.core.errors import Invalid, Problem
from headrace.core.validate import Finding, PromptVariables, Severity, TypeLimits, validate
from headrace.engine.plan import objection

SHAPES = {"executionRoleArn": "FlowExecutionRoleArn", "customerEncryptionKeyArn": "KmsKeyArn"}
"""The members beside the definition that must have a shape when they are there."""


class FlowRules:
    """The rules for definitions, as the use cases ask for them."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def runnable_form(self, content: Any, text: bytes) -> bytes | None:
        """Content as Bedrock shows it, when it holds a definition of the right shape; else None.

        That is the text itself, or the text without what the shapes say to ignore: nulls and unknown members.
        """
        if not isinstance(content, dict) or not isinstance(content.get("definition"), dict):
            return None
        try:
            definition = self._codec.normalise_definition(content["definition"])
        except Invalid:
            return None
        kept = {**content, "definition": definition}
        for member, shape in SHAPES.items():
            if kept.get(member) is None:
                kept.pop(member, None)
            elif not self._codec.shape_ok(shape, kept[member]):
                return None
        is_exact = definition is content["definition"] and len(kept) == len(content)
        return text if is_exact else msgspec.json.encode(kept)

    def problems(self, definition: Any) -> Sequence[Problem]:
        """Everything that keeps a value from being a definition, by its place in it."""
        return self._codec.definition_problems(definition)

    def shaped(self, definition: Any) -> Any:
        """A definition as it would be kept: without nulls and unknown members.

        Raises:
            Invalid: it is none.
        """
        return self._codec.normalise_definition(definition)

    def settings_schemas(self) -> Mapping[NodeType, Mapping[str, Any]]:
        """The JSON Schema of each node type's settings."""
        return self._codec.settings_schemas()

    def findings(
        self, definition: Any, *, prompt_variables: PromptVariables, limits: TypeLimits
    ) -> Sequence[Finding]:
        """What is wrong with a definition of the right shape; without one it has no nodes."""
        parsed = Definition.parse(definition or {})
        found = validate(parsed, prompt_variables=prompt_variables, limits=limits)
        if any(finding.severity is Severity.ERROR for finding in found):
            return found
        message = objection(parsed)
        return found if message is None else (*found, Finding.unspecified(message))
