"""A definition for each finding, with that fault and no other (bedrock 3.2)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from headrace.conformance.bedrock.definitions import (
    BODY,
    EACH,
    FORK,
    LINE,
    LOOP,
    Wire,
    changed,
    code,
    conditions,
    connection,
    data,
    entry,
    flow,
    gate,
    loop,
    more,
    node,
    prompt,
    result,
)


class Fault(NamedTuple):
    """A faulty definition.

    Attributes:
        title: what is wrong with it.
        details: the members of the finding's details.
        message: a pattern of the finding's words.
        beside: the types of other findings that follow from the fault.
    """

    title: str
    definition: Wire
    details: Mapping[str, Any]
    message: str
    beside: tuple[str, ...] = ()


ASK = flow(
    entry(),
    prompt("Ask", "{{it}}", "it:String"),
    result(),
    data("In", "document", "Ask", "it"),
    data("Ask", "modelCompletion", "Out", "document"),
)
TWO = flow(
    entry(),
    code("First", "told", "told:String back:String"),
    code("Second", "told", "told:String"),
    result(),
    data("In", "document", "First", "told"),
    data("First", "response", "Second", "told"),
    data("Second", "response", "First", "back", "closing"),
    data("Second", "response", "Out", "document"),
)
ROUTE = "nodes/1/configuration/condition/conditions"
CONTROL = BODY["nodes"][2]
TWICE = flow(
    entry("Number"),
    conditions("Route", "amount:Number", ("large", "amount > 9"), ("also", "amount > 9"), ("default", None)),
    *(result(name, "Number") for name in ("Large", "Also", "Small")),
    data("In", "document", "Route", "amount"),
    *(
        part
        for condition, name in (("large", "Large"), ("also", "Also"), ("default", "Small"))
        for part in (gate("Route", condition, name), data("In", "document", name, "document"))
    ),
)
NO_DEFAULT = flow(
    entry("Number"),
    conditions("Route", "amount:Number", ("large", "amount > 9")),
    result("Large", "Number"),
    data("In", "document", "Route", "amount"),
    gate("Route", "large", "Large"),
    data("In", "document", "Large", "document"),
)
MEETING = flow(
    entry("Number"),
    conditions("Route", "amount:Number", ("large", "amount > 9"), ("default", None)),
    code("Left", "it", "it:Number", "Number"),
    code("Right", "it", "it:Number", "Number"),
    code("Join", "one", "one:Number two:Number", "Number"),
    result(kind="Number"),
    data("In", "document", "Route", "amount"),
    gate("Route", "large", "Left"),
    gate("Route", "default", "Right"),
    data("In", "document", "Left", "it"),
    data("In", "document", "Right", "it"),
    data("Left", "response", "Join", "one"),
    data("Right", "response", "Join", "two", "contrary"),
    data("Join", "response", "Out", "document"),
)

CONNECTIONS: dict[str, Fault] = {
    "CyclicConnection": Fault(
        "two nodes wait for each other.",
        TWO,
        {"connection": ...},
        r"Connection 'closing' creates a cycle in the flow\.",
    ),
    "DuplicateConnections": Fault(
        "two connections join the same output and input.",
        more(LINE, data("In", "document", "Out", "document", "again")),
        {"source": "In", "target": "Out"},
        r"There is more than one identical connection from 'In' to 'Out'\.",
    ),
    "UnknownConnectionSource": Fault(
        "a connection starts at a node that is not there.",
        more(
            LINE,
            connection(
                "Data", "loose", "Nobody", "Out", {"data": {"sourceOutput": "oo", "targetInput": "document"}}
            ),
        ),
        {"connection": "loose"},
        r"Connection 'loose' starts at an unknown node\.",
    ),
    "UnknownConnectionSourceOutput": Fault(
        "a connection uses an output that its source has not.",
        more(changed(LINE, "nodes/1", result("Out")), data("In", "other", "Out", "document", "loose")),
        {"connection": "loose"},
        r"Connection 'loose' uses an unknown output of its source node\.",
        beside=("MultipleNodeInputConnections",),
    ),
    "UnknownConnectionTarget": Fault(
        "a connection ends at a node that is not there.",
        more(LINE, data("In", "document", "Nobody", "document", "loose")),
        {"connection": "loose"},
        r"Connection 'loose' ends at an unknown node\.",
    ),
    "UnknownConnectionTargetInput": Fault(
        "a connection uses an input that its target has not.",
        more(LINE, data("In", "document", "Out", "other", "loose")),
        {"connection": "loose"},
        r"Connection 'loose' uses an unknown input of its target node\.",
    ),
    "UnknownConnectionCondition": Fault(
        "a connection refers to a condition that is not there.",
        more(FORK, gate("Route", "huge", "Large", "loose")),
        {"connection": "loose"},
        r"Connection 'loose' refers to an unknown condition\.",
    ),
    "IncompatibleConnectionDataType": Fault(
        "a connection joins a number with a text.",
        flow(entry("Number"), result(kind="String"), data("In", "document", "Out", "document", "odd")),
        {"connection": "odd"},
        r"Connection 'odd' joins incompatible data types\.",
    ),
    "MissingConnectionConfiguration": Fault(
        "a connection does not say what it joins.",
        more(LINE, {"name": "bare", "type": "Data", "source": "In", "target": "Out"}),
        {"connection": "bare"},
        r"Connection 'bare' has no configuration\.",
    ),
    "UnsatisfiedConnectionConditions": Fault(
        "two branches meet of which only one is ever taken.",
        MEETING,
        {"connection": "contrary"},
        r"Connection 'contrary' can never be satisfied\.",
    ),
    "MultipleNodeInputConnections": Fault(
        "two connections lead into one input.",
        flow(
            entry(),
            code("Work", "it", "it:String"),
            result(),
            data("In", "document", "Work", "it"),
            data("Work", "response", "Out", "document"),
            data("In", "document", "Out", "document"),
        ),
        {"node": "Out", "input": "document"},
        r"Input 'document' of node 'Out' has more than one connection\.",
    ),
    "UnfulfilledNodeInput": Fault(
        "nothing leads into an input.",
        flow(
            entry(),
            code("Work", "it", "it:String extra:String"),
            result(),
            data("In", "document", "Work", "it"),
            data("Work", "response", "Out", "document"),
        ),
        {"node": "Work", "input": "extra"},
        r"Input 'extra' of node 'Work' has no connection\.",
    ),
}
NODES: dict[str, Fault] = {
    "DuplicateConditionExpression": Fault(
        "two conditions ask the same.",
        TWICE,
        {"node": "Route", "expression": "amount > 9"},
        r"Node 'Route' uses the expression '.*' more than once\.",
    ),
    "UnreachableNode": Fault(
        "no way leads to a node.",
        more(LINE, code("Alone", "1", "")),
        {"node": "Alone"},
        r"Node 'Alone' can't be reached from a starting node\.",
    ),
    "MalformedConditionExpression": Fault(
        "a condition can't be read.",
        changed(FORK, f"{ROUTE}/0/expression", "amount >"),
        {"node": "Route", "condition": "large", "cause": ...},
        r"The expression of condition 'large' in node 'Route' is malformed: .+",
    ),
    "MalformedNodeInputExpression": Fault(
        "the expression of an input can't be read.",
        changed(LINE, "nodes/1/inputs/0/expression", "$.name"),
        {"node": "Out", "input": "document", "cause": ...},
        r"The expression of input 'document' in node 'Out' is malformed: .+",
    ),
    "MismatchedNodeInputType": Fault(
        "an input has another type than its node must have.",
        flow(
            entry(),
            node(
                "Keep",
                "Storage",
                "content:String objectKey:Object",
                "s3Uri:String",
                {"serviceConfiguration": {"s3": {"bucketName": "bucket"}}},
            ),
            result(),
            data("In", "document", "Keep", "content"),
            data("In", "document", "Keep", "objectKey"),
            data("Keep", "s3Uri", "Out", "document"),
        ),
        {"node": "Keep", "input": "objectKey", "expectedType": "String"},
        r"Input 'objectKey' of node 'Keep' must be of type String\.",
        beside=("IncompatibleConnectionDataType",),
    ),
    "MismatchedNodeOutputType": Fault(
        "an output has another type than its node must have.",
        changed(
            flow(
                entry(),
                prompt("Ask", "{{it}}", "it:String"),
                result(),
                data("In", "document", "Ask", "it"),
                data("In", "document", "Out", "document"),
            ),
            "nodes/1/outputs/0/type",
            "Object",
        ),
        {"node": "Ask", "output": "modelCompletion", "expectedType": "String"},
        r"Output 'modelCompletion' of node 'Ask' must be of type String\.",
    ),
    "MissingDefaultCondition": Fault(
        "a node of conditions has no default.",
        NO_DEFAULT,
        {"node": "Route"},
        r"Condition node 'Route' has no default condition\.",
    ),
    "MissingNodeConfiguration": Fault(
        "a node that needs a configuration has none.",
        changed(ASK, "nodes/1/configuration"),
        {"node": "Ask"},
        r"Node 'Ask' is missing a required configuration\.",
    ),
    "MissingNodeInput": Fault(
        "a variable of a prompt has no input.",
        changed(ASK, "nodes/1", prompt("Ask", "{{it}} {{that}}", "it:String")),
        {"node": "Ask", "input": "that"},
        r"Node 'Ask' is missing the required input 'that'\.",
    ),
    "MissingNodeOutput": Fault(
        "an output that a node must have is not declared.",
        flow(
            entry(),
            node(
                "Ask", "Prompt", "it:String", settings=prompt("Ask", "{{it}}", "")["configuration"]["prompt"]
            ),
            result(),
            data("In", "document", "Ask", "it"),
            data("In", "document", "Out", "document"),
        ),
        {"node": "Ask", "output": "modelCompletion"},
        r"Node 'Ask' is missing the required output 'modelCompletion'\.",
    ),
    "UnknownNodeInput": Fault(
        "a node has an input that its type does not know.",
        changed(
            EACH,
            "nodes/1",
            node("Each", "Iterator", "array:Array extra:Array", "arrayItem:String arraySize:Number"),
        )
        | {"connections": [*EACH["connections"], data("In", "document", "Each", "extra")]},
        {"node": "Each", "input": "extra"},
        r"Node 'Each' has an unknown input 'extra'\.",
    ),
    "UnknownNodeOutput": Fault(
        "a node has an output that its type does not know.",
        changed(LINE, "nodes/1", node("Out", "Output", "document:String", "more:String")),
        {"node": "Out", "output": "more"},
        r"Node 'Out' has an unknown output 'more'\.",
    ),
}
WHOLE: dict[str, Fault] = {
    "MissingStartingNodes": Fault(
        "a flow has no input.",
        flow(code("Work", "1", ""), result(), data("Work", "response", "Out", "document")),
        {},
        r"The flow has no input node\.",
        beside=("UnreachableNode", "UnreachableNode"),
    ),
    "MissingEndingNodes": Fault("a flow has no output.", flow(entry()), {}, r"The flow has no output node\."),
    "Unspecified": Fault(
        "a flow has two inputs.",
        flow(
            entry(),
            node("Too", "Input", gives="document:String"),
            result(),
            result("End"),
            data("In", "document", "Out", "document"),
            data("Too", "document", "End", "document"),
        ),
        {},
        r".+",
    ),
    "MissingLoopInputNode": Fault(
        "the inside of a loop has no beginning.",
        loop(
            flow(
                code("Work", "1", "", "Number"),
                CONTROL,
                *(data("Work", "response", "Control", one) for one in ("again", "count", "result")),
            )
        ),
        {"loopNode": "Repeat"},
        r"Loop 'Repeat' has no LoopInput node\.",
        beside=("UnreachableNode", "UnreachableNode"),
    ),
    "MissingLoopControllerNode": Fault(
        "the inside of a loop has no end.",
        loop(flow(*BODY["nodes"][:2], BODY["connections"][0])),
        {"loopNode": "Repeat"},
        r"Loop 'Repeat' has no LoopController node\.",
    ),
    "MultipleLoopInputNodes": Fault(
        "the inside of a loop has two beginnings.",
        loop(more(BODY, node("Again", "LoopInput", gives="count:Number"))),
        {"loopNode": "Repeat"},
        r"Loop 'Repeat' has more than one LoopInput node\.",
    ),
    "MultipleLoopControllerNodes": Fault(
        "the inside of a loop has two ends.",
        loop(
            more(
                BODY,
                {**CONTROL, "name": "Also"},
                *(data("Increment", "response", "Also", one) for one in ("again", "count", "result")),
            )
        ),
        {"loopNode": "Repeat"},
        r"Loop 'Repeat' has more than one LoopController node\.",
    ),
    "LoopIncompatibleNodeType": Fault(
        "a loop contains a node of a type that loops don't support.",
        loop(
            more(
                BODY,
                conditions("Route", "it:Number", ("large", "it > 1"), ("default", None)),
                data("Begin", "count", "Route", "it"),
            )
        ),
        {"node": "Repeat", "incompatibleNodeType": "Condition", "incompatibleNodeName": "Route"},
        r"Loop 'Repeat' contains node 'Route' of type Condition, which loops don't support\.",
    ),
    "InvalidLoopBoundary": Fault(
        "a connection leads from outside of a loop to its inside.",
        more(LOOP, data("In", "document", "Increment", "count", "crossing")),
        {"connection": "crossing", "source": "In", "target": "Increment"},
        r"Connection 'crossing' crosses the boundary of a loop\.",
    ),
}

FAULTS: dict[str, Fault] = {**CONNECTIONS, **NODES, **WHOLE}
"""By the type of the finding. In details ``...`` is any text: the cause is told in everybody's own words."""

GUESSED = {"Unspecified", "UnsatisfiedConnectionConditions"}
"""Of these no public source says what exactly they are found for (bedrock 9.27, 9.29)."""
