"""What each node type promises: its fixed inputs and outputs, and the configuration it can't do without.

Owns the table of bedrock section 2.2 as data. The rules that hold a definition to it are in
`headrace.core.validate`; what the types do is the engine's business.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

from headrace.core.definition import NodeType, PortType

Path = tuple[str, ...]
"""Names of members inside the settings, outermost first."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Port:
    """A fixed input or output.

    Attributes:
        name: its name, which the author can't choose.
        type: its type; None where the author declares one.
        is_required: whether it has to be declared, and, for an input, connected.
        beside: it only has to be declared where a node of this type is on the same level.
        given: the setting that makes this port exist; None when it doesn't hang on one.
        without: the setting that makes this port vanish; None when it doesn't hang on one.
    """

    name: str
    type: PortType | None = None
    is_required: bool = True
    beside: NodeType | None = None
    given: str | None = None
    without: str | None = None

    @property
    def hangs_on_settings(self) -> bool:
        """Whether some nodes of the type have it and some have not."""
        return self.given is not None or self.without is not None

    def exists(self, settings: Mapping[str, Any]) -> bool:
        """Whether a node with these settings has the port."""
        if self.given is not None:
            return not is_blank(settings.get(self.given))
        return self.without is None or is_blank(settings.get(self.without))


@dataclass(frozen=True, slots=True, kw_only=True)
class Need:
    """Settings that must not be blank.

    Attributes:
        names: which.
        within: the setting they are in; where that is absent they aren't needed. The empty path is the
            settings themselves.
        together: whether they may as well be blank all at once.
    """

    names: tuple[str, ...]
    within: Path = ()
    together: bool = False

    def is_met(self, settings: Mapping[str, Any]) -> bool:
        """Whether these settings have what is needed."""
        inside: Any = settings
        for name in self.within:
            if (inside := inside.get(name)) is None:
                return True
        blanks = [name for name in self.names if is_blank(inside.get(name))]
        return not blanks or (self.together and len(blanks) == len(self.names))


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeContract:
    """What a node type promises.

    Attributes:
        inputs: the fixed inputs by name.
        outputs: the fixed outputs by name.
        has_own_inputs: whether the author may name further inputs.
        has_own_outputs: whether the author may name further outputs.
        needs: the settings it can't run without; none at all means that it needs no configuration.
        has_fixed_outputs: whether the outputs are the same whatever the settings are.
    """

    inputs: Mapping[str, Port]
    outputs: Mapping[str, Port]
    has_own_inputs: bool
    has_own_outputs: bool
    needs: tuple[Need, ...]
    has_fixed_outputs: bool

    def known_outputs(self, settings: Mapping[str, Any] | None) -> Mapping[str, Port]:
        """The fixed outputs of a node with these settings; with none, all that it could have."""
        if self.has_fixed_outputs or settings is None:
            return self.outputs
        return {name: port for name, port in self.outputs.items() if port.exists(settings)}


def is_blank(value: object) -> bool:
    """Whether a setting says nothing: absent, an empty list, or a text of blanks."""
    # Quirk(bedrock): a half-filled draft has empty texts where identifiers belong (section 2.1).
    if isinstance(value, str):
        return not value.strip()
    return value is None or value == []


def setting(settings: Mapping[str, Any], path: Path) -> Any:
    """The setting at a path; None when any part of the way is absent."""
    value: Any = settings
    for name in path:
        if not isinstance(value, dict):
            return None
        value = value.get(name)
    return value


def _contract(
    *,
    inputs: tuple[Port, ...] = (),
    outputs: tuple[Port, ...] = (),
    own_inputs: bool = False,
    own_outputs: bool = False,
    needs: tuple[Need, ...] = (),
) -> NodeContract:
    return NodeContract(
        inputs=MappingProxyType({port.name: port for port in inputs}),
        outputs=MappingProxyType({port.name: port for port in outputs}),
        has_own_inputs=own_inputs,
        has_own_outputs=own_outputs,
        needs=needs,
        has_fixed_outputs=not any(port.hangs_on_settings for port in outputs),
    )


# A guardrail is named by both or by neither (section 2.7).
_GUARDRAIL = Need(
    within=("guardrailConfiguration",), names=("guardrailIdentifier", "guardrailVersion"), together=True
)
_SOURCE = "sourceConfiguration"
_SERVICE = "serviceConfiguration"
_BUCKET = (
    Need(names=(_SERVICE,)),
    Need(within=(_SERVICE,), names=("s3",)),
    Need(within=(_SERVICE, "s3"), names=("bucketName",)),
)

_STRING, _NUMBER, _OBJECT, _ARRAY = PortType.STRING, PortType.NUMBER, PortType.OBJECT, PortType.ARRAY

CONTRACTS: Mapping[NodeType, NodeContract] = MappingProxyType(
    {
        NodeType.INPUT: _contract(outputs=(Port(name="document"),)),
        NodeType.OUTPUT: _contract(inputs=(Port(name="document"),)),
        NodeType.PROMPT: _contract(
            own_inputs=True,
            outputs=(Port(name="modelCompletion", type=_STRING),),
            needs=(
                Need(names=(_SOURCE,)),
                Need(within=(_SOURCE, "resource"), names=("promptArn",)),
                Need(within=(_SOURCE, "inline"), names=("modelId", "templateConfiguration")),
                _GUARDRAIL,
            ),
        ),
        NodeType.KNOWLEDGE_BASE: _contract(
            inputs=(Port(name="retrievalQuery", type=_STRING),),
            outputs=(
                Port(name="outputText", type=_STRING, given="modelId"),
                Port(name="retrievalResults", type=_ARRAY, without="modelId"),
            ),
            needs=(Need(names=("knowledgeBaseId",)), _GUARDRAIL),
        ),
        NodeType.CONDITION: _contract(own_inputs=True, needs=(Need(names=("conditions",)),)),
        NodeType.LEX: _contract(
            inputs=(
                Port(name="inputText", type=_STRING),
                Port(name="requestAttributes", type=_OBJECT, is_required=False),
                Port(name="sessionAttributes", type=_OBJECT, is_required=False),
            ),
            outputs=(Port(name="predictedIntent", type=_STRING),),
            needs=(Need(names=("botAliasArn", "localeId")),),
        ),
        NodeType.LAMBDA_FUNCTION: _contract(
            own_inputs=True, outputs=(Port(name="functionResponse"),), needs=(Need(names=("lambdaArn",)),)
        ),
        NodeType.STORAGE: _contract(
            inputs=(Port(name="content"), Port(name="objectKey", type=_STRING)),
            outputs=(Port(name="s3Uri", type=_STRING),),
            needs=_BUCKET,
        ),
        NodeType.RETRIEVAL: _contract(
            inputs=(Port(name="objectKey", type=_STRING),),
            outputs=(Port(name="s3Content"),),
            needs=_BUCKET,
        ),
        NodeType.AGENT: _contract(
            inputs=(
                Port(name="agentInputText", type=_STRING),
                Port(name="promptAttributes", type=_OBJECT, is_required=False),
                Port(name="sessionAttributes", type=_OBJECT, is_required=False),
            ),
            outputs=(Port(name="agentResponse", type=_STRING),),
            needs=(Need(names=("agentAliasArn",)),),
        ),
        NodeType.ITERATOR: _contract(
            inputs=(Port(name="array", type=_ARRAY),),
            outputs=(
                Port(name="arrayItem"),
                Port(name="arraySize", type=_NUMBER, beside=NodeType.COLLECTOR),
            ),
        ),
        NodeType.COLLECTOR: _contract(
            inputs=(Port(name="arrayItem"), Port(name="arraySize", type=_NUMBER)),
            outputs=(Port(name="collectedArray", type=_ARRAY),),
        ),
        NodeType.INLINE_CODE: _contract(
            own_inputs=True,
            outputs=(Port(name="response"),),
            needs=(Need(names=("code", "language")),),
        ),
        NodeType.LOOP: _contract(own_inputs=True, own_outputs=True, needs=(Need(names=("definition",)),)),
        NodeType.LOOP_INPUT: _contract(own_inputs=True, own_outputs=True),
        NodeType.LOOP_CONTROLLER: _contract(own_inputs=True, needs=(Need(names=("continueCondition",)),)),
    }
)
"""The promises of every node type."""

LOOP_INCOMPATIBLE = frozenset({NodeType.INPUT, NodeType.CONDITION, NodeType.ITERATOR, NodeType.COLLECTOR})
"""The types that may not stand inside a Loop (bedrock section 2.17)."""
