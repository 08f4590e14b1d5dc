"""What people are told about node types, and a first node of each: the palette of an editor, as data.

What the types promise is in `headrace.core.node_types`; the ports of a first node are made from that.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from headrace.core.definition import NodeType, PortType
from headrace.core.node_types import CONTRACTS, Port

WHOLE = "$.data"
"""The expression that takes all that is delivered."""


class Entry(msgspec.Struct, frozen=True, kw_only=True):
    """A node type as people see it.

    Attributes:
        title: its name in words.
        description: what it does, as a sentence.
        category: the group that it stands in.
        icon: a word for its picture.
        settings: the configuration of a first node; None when the type has none.
        inputs: the inputs that a first node has beside the fixed ones: name and type, maybe a category.
        outputs: the same of its outputs.
    """

    title: str
    description: str
    category: str
    icon: str
    settings: Mapping[str, Any] | None = None
    inputs: tuple[tuple[str, ...], ...] = ()
    outputs: tuple[tuple[str, ...], ...] = ()


def example(node_type: NodeType, *, name: str | None = None) -> dict[str, Any]:
    """A first node of a type, as a definition has it. What only its author knows is blank."""
    contract, entry = CONTRACTS[node_type], CATALOGUE[node_type]
    settings = entry.settings
    node: dict[str, Any] = {"name": name or node_type.value, "type": node_type.value}
    if settings is not None:
        node["configuration"] = {settings_key(node_type): settings}
    inputs = [_input(port.name, _type_of(port)) for port in contract.inputs.values() if port.is_required]
    inputs += [_input(*told) for told in entry.inputs]
    outputs = [{"name": port.name, "type": _type_of(port)} for port in _given(node_type, settings or {})]
    outputs += [{"name": told[0], "type": told[1]} for told in entry.outputs]
    if inputs:
        node["inputs"] = inputs
    if outputs:
        node["outputs"] = outputs
    return node


def settings_key(node_type: NodeType) -> str:
    """The member of a configuration that holds the settings of a type."""
    return node_type.value[0].lower() + node_type.value[1:]


def _given(node_type: NodeType, settings: Mapping[str, Any]) -> Iterator[Port]:
    known = CONTRACTS[node_type].known_outputs(settings).values()
    return (port for port in known if port.is_required)


def _type_of(port: Port) -> str:
    return (port.type or PortType.STRING).value


def _input(name: str, port_type: str, category: str | None = None) -> dict[str, Any]:
    made = {"name": name, "type": port_type, "expression": WHOLE}
    return made if category is None else {**made, "category": category}


def _arrow(source: str, output: str, target: str, name: str) -> dict[str, Any]:
    return {
        "name": f"{source}_{output}_{name}",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": name}},
    }


_CODE = "# What the last line gives is the response.\ntext.upper()\n"
_PROMPT: Mapping[str, Any] = {
    "sourceConfiguration": {
        "inline": {
            "modelId": "",
            "templateType": "TEXT",
            "templateConfiguration": {"text": {"text": "Answer in one sentence: {{question}}"}},
            "inferenceConfiguration": {"text": {"maxTokens": 1024, "temperature": 0}},
        }
    }
}
_S3: Mapping[str, Any] = {"serviceConfiguration": {"s3": {"bucketName": ""}}}
_LOOP: Mapping[str, Any] = {
    "definition": {
        "nodes": [
            {"name": "LoopInput", "type": "LoopInput", "outputs": [{"name": "value", "type": "String"}]},
            {
                "name": "LoopController",
                "type": "LoopController",
                "configuration": {
                    "loopController": {
                        "continueCondition": {"name": "more", "expression": 'value != "done"'},
                        "maxIterations": 10,
                    }
                },
                "inputs": [
                    _input("value", "String", "LoopCondition"),
                    _input("result", "String", "ExitLoop"),
                ],
            },
        ],
        "connections": [
            _arrow("LoopInput", "value", "LoopController", "value"),
            _arrow("LoopInput", "value", "LoopController", "result"),
        ],
    }
}

CATALOGUE: Mapping[NodeType, Entry] = MappingProxyType(
    {
        NodeType.INPUT: Entry(
            title="Input",
            description="Where a flow begins: gives what the flow is called with.",
            category="Ends",
            icon="input",
        ),
        NodeType.OUTPUT: Entry(
            title="Output",
            description="Where a flow ends: answers with what is connected to it.",
            category="Ends",
            icon="output",
        ),
        NodeType.PROMPT: Entry(
            title="Prompt",
            description="Asks a model, with a template written here or a stored prompt.",
            category="Models",
            icon="prompt",
            settings=_PROMPT,
            inputs=(("question", "String"),),
        ),
        NodeType.AGENT: Entry(
            title="Agent",
            description="Hands a text to an agent, which may use tools and ask back.",
            category="Models",
            icon="agent",
            settings={"agentAliasArn": ""},
        ),
        NodeType.KNOWLEDGE_BASE: Entry(
            title="Knowledge base",
            description="Finds passages that fit a question; with a model, answers from them.",
            category="Models",
            icon="search",
            settings={"knowledgeBaseId": "", "numberOfResults": 5},
        ),
        NodeType.LEX: Entry(
            title="Lex bot",
            description="Asks an Amazon Lex bot what is meant.",
            category="Models",
            icon="lex",
            settings={"botAliasArn": "", "localeId": "en_US"},
        ),
        NodeType.CONDITION: Entry(
            title="Condition",
            description="Lets the flow go on where the first true expression points.",
            category="Logic",
            icon="condition",
            settings={
                "conditions": [{"name": "yes", "expression": 'value == "yes"'}, {"name": "default"}],
            },
            inputs=(("value", "String"),),
        ),
        NodeType.ITERATOR: Entry(
            title="Iterator",
            description="Hands the items of an array on one by one, up to a collector.",
            category="Logic",
            icon="iterator",
        ),
        NodeType.COLLECTOR: Entry(
            title="Collector",
            description="Makes an array again of what comes of an iterator's items.",
            category="Logic",
            icon="collector",
        ),
        NodeType.LOOP: Entry(
            title="Loop",
            description="Repeats the nodes inside it for as long as a condition holds.",
            category="Logic",
            icon="loop",
            settings=_LOOP,
            inputs=(("value", "String"),),
            outputs=(("result", "String"),),
        ),
        NodeType.LOOP_INPUT: Entry(
            title="Loop input",
            description="Where each round of a loop begins.",
            category="Inside loops",
            icon="input",
            outputs=(("value", "String"),),
        ),
        NodeType.LOOP_CONTROLLER: Entry(
            title="Loop controller",
            description="Where each round of a loop ends: goes round again, or leaves.",
            category="Inside loops",
            icon="loop",
            settings={
                "continueCondition": {"name": "more", "expression": 'value != "done"'},
                "maxIterations": 10,
            },
            inputs=(("value", "String", "LoopCondition"),),
        ),
        NodeType.INLINE_CODE: Entry(
            title="Inline code",
            description="Runs a few lines of Python, locked away from everything else.",
            category="Code and data",
            icon="code",
            settings={"code": _CODE, "language": "Python_3"},
            inputs=(("text", "String"),),
        ),
        NodeType.LAMBDA_FUNCTION: Entry(
            title="Lambda function",
            description="Calls a function by its ARN: at AWS, or one that this server knows.",
            category="Code and data",
            icon="function",
            settings={"lambdaArn": ""},
            inputs=(("input", "String"),),
        ),
        NodeType.STORAGE: Entry(
            title="S3 storage",
            description="Keeps a content as an object of a bucket.",
            category="Code and data",
            icon="store",
            settings=_S3,
        ),
        NodeType.RETRIEVAL: Entry(
            title="S3 retrieval",
            description="Reads an object of a bucket.",
            category="Code and data",
            icon="read",
            settings=_S3,
        ),
    }
)
"""Every node type, in the order of a palette."""


def example_definition() -> dict[str, Any]:
    """A small flow that runs as it is, without any model."""
    return {
        "nodes": [
            example(NodeType.INPUT),
            example(NodeType.INLINE_CODE, name="Shout"),
            example(NodeType.OUTPUT),
        ],
        "connections": [
            _arrow("Input", "document", "Shout", "text"),
            _arrow("Shout", "response", "Output", "document"),
        ],
    }


def empty_definition() -> dict[str, Any]:
    """Where a flow begins and ends, and nothing between."""
    return {"nodes": [example(NodeType.INPUT), example(NodeType.OUTPUT)], "connections": []}
