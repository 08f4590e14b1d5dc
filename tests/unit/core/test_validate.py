"""Each of the 33 findings, provoked: type, severity, details and message, and nothing beside it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import pytest

from headrace.core.definition import Definition, NodeType
from headrace.core.validate import MAX_FINDINGS, RULES, Finding, FindingType, Severity, TypeLimits, validate
from headrace.core.validation.findings import MESSAGES

Wire = dict[str, Any]


def node(name: str, node_type: str, takes: str = "", gives: str = "", **settings: Any) -> Wire:
    """A node; ports are written as ``name:Type`` and, for inputs, ``name:Type=expression``."""
    made: Wire = {"name": name, "type": node_type, "inputs": [], "outputs": []}
    for port in takes.split():
        port_name, _, rest = port.partition(":")
        port_type, _, expression = rest.partition("=")
        made["inputs"].append({"name": port_name, "type": port_type, "expression": expression or "$.data"})
    for port in gives.split():
        port_name, port_type = port.split(":")
        made["outputs"].append({"name": port_name, "type": port_type})
    if settings:
        made["configuration"] = {node_type[0].lower() + node_type[1:]: settings}
    return made


def data(arrow: str, name: str = "") -> Wire:
    """A Data connection, written as ``source.output>target.input``."""
    start, end = arrow.split(">")
    (source, output), (target, into) = start.split("."), end.split(".")
    wire = {"data": {"sourceOutput": output, "targetInput": into}}
    return _connection("Data", name or f"{source}{output}{target}{into}", source, target, wire)


def gate(arrow: str, name: str = "") -> Wire:
    """A Conditional connection, written as ``source.condition>target``."""
    start, target = arrow.split(">")
    source, condition = start.split(".")
    wire = {"conditional": {"condition": condition}}
    return _connection("Conditional", name or f"{source}{condition}{target}", source, target, wire)


def _connection(kind: str, name: str, source: str, target: str, configuration: Any) -> Wire:
    return {"name": name, "type": kind, "source": source, "target": target, "configuration": configuration}


def flow(*parts: Wire) -> Wire:
    """A flow of nodes and connections, in whatever order they are given."""
    return {
        "nodes": [part for part in parts if "source" not in part],
        "connections": [part for part in parts if "source" in part],
    }


def start(port_type: str = "String") -> Wire:
    return node("Start", "Input", gives=f"document:{port_type}")


def end(name: str = "End", port: str = "document:String") -> Wire:
    return node(name, "Output", takes=port)


def prompt(name: str, text: str = "say {{it}}", takes: str = "it:String") -> Wire:
    inline = {"modelId": "m", "templateType": "TEXT", "templateConfiguration": {"text": {"text": text}}}
    return node(name, "Prompt", takes, "modelCompletion:String", sourceConfiguration={"inline": inline})


def code(name: str, takes: str, gives: str = "response:String") -> Wire:
    return node(name, "InlineCode", takes, gives, code="1", language="Python_3")


def route(*conditions: tuple[str, str | None], takes: str = "val:String") -> Wire:
    entries = [{"name": name} | ({} if text is None else {"expression": text}) for name, text in conditions]
    return node("Route", "Condition", takes, conditions=entries)


LINE = flow(
    start(), prompt("Ask"), end(), data("Start.document>Ask.it"), data("Ask.modelCompletion>End.document")
)
FORK = flow(
    start(),
    route(("isA", 'val == "a"'), ("default", None)),
    end("OutA"),
    end("OutB"),
    data("Start.document>Route.val"),
    gate("Route.isA>OutA"),
    gate("Route.default>OutB"),
    data("Start.document>OutA.document"),
    data("Start.document>OutB.document"),
)
BODY = flow(
    node("LoopStart", "LoopInput", "count:Number", "count:Number"),
    code("Increment", "count:Number", "response:Number"),
    node(
        "Control",
        "LoopController",
        "again:Number count:Number result:Number",
        continueCondition={"name": "goOn", "expression": "again < 3"},
    ),
    data("LoopStart.count>Increment.count"),
    data("Increment.response>Control.again"),
    data("Increment.response>Control.count"),
    data("Increment.response>Control.result"),
)
BODY["nodes"][2]["inputs"][1]["category"] = "ReturnValueToLoopStart"
BODY["nodes"][2]["inputs"][2]["category"] = "ExitLoop"
LOOP = flow(
    start("Number"),
    node("Repeat", "Loop", "count:Number", "result:Number", definition=BODY),
    end(port="document:Number"),
    data("Start.document>Repeat.count"),
    data("Repeat.result>End.document"),
)
EACH = flow(
    start("Array"),
    node("Each", "Iterator", "array:Array", "arrayItem:String arraySize:Number"),
    node("All", "Collector", "arrayItem:String arraySize:Number", "collectedArray:Array"),
    end(port="document:Array"),
    data("Start.document>Each.array"),
    data("Each.arrayItem>All.arrayItem"),
    data("Each.arraySize>All.arraySize"),
    data("All.collectedArray>End.document"),
)


def edited(base: Wire, path: str = "", value: Any = None, **added: Wire) -> Wire:
    """A copy with the member at a dotted path replaced, or removed when no value is given.

    Keywords add a node or a connection; their names are free.
    """
    copy = deepcopy(base)
    if path:
        *way, last = [int(step) if step.isdigit() else step for step in path.split("/")]
        place: Any = copy
        for step in way:
            place = place[step]
        if value is None:
            del place[last]
        else:
            place[last] = value
    for part in added.values():
        copy["connections" if "source" in part else "nodes"].append(part)
    return copy


def body(path: str = "", value: Any = None, **added: Wire) -> Wire:
    """The loop flow with its body edited."""
    return edited(LOOP, "nodes/1/configuration/loop/definition", edited(BODY, path, value, **added))


def check(definition: Wire) -> tuple[Finding, ...]:
    return validate(Definition.parse(definition))


def summary(findings: tuple[Finding, ...]) -> list[tuple[Any, ...]]:
    return [
        (finding.type.value, *finding.details.values())
        if finding.details
        else (finding.type.value, finding.message)
        for finding in findings
    ]


@pytest.mark.parametrize("definition", [LINE, FORK, LOOP, EACH], ids=["line", "fork", "loop", "each"])
def test_clean(definition: Wire) -> None:
    assert check(definition) == ()


ASK, ROUTE = "nodes/1/configuration/prompt", "nodes/1/configuration/condition/conditions"

CASES: list[tuple[str, Wire, list[tuple[Any, ...]]]] = [
    (
        "cycle",
        flow(
            start(),
            prompt("Ask", "{{it}}{{on}}", "it:String on:String"),
            prompt("Two"),
            end(),
            data("Start.document>Ask.it"),
            data("Two.modelCompletion>Ask.on", "back"),
            data("Ask.modelCompletion>Two.it"),
            data("Two.modelCompletion>End.document"),
        ),
        [("CyclicConnection", "back")],
    ),
    (
        "self loop",
        edited(
            LINE,
            "nodes/1",
            prompt("Ask", takes="it:String on:String"),
            back=data("Ask.modelCompletion>Ask.on", "self"),
        ),
        [("CyclicConnection", "self")],
    ),
    (
        "cycle over a condition",
        edited(
            FORK,
            "nodes/2",
            prompt("OutA", takes="document:String", text="{{document}}"),
            more=gate("Route.isA>Route", "self"),
        ),
        [("CyclicConnection", "self")],
    ),
    (
        "identical data connections",
        edited(
            LINE,
            copy=data("Ask.modelCompletion>End.document", "again"),
            third=data("Ask.modelCompletion>End.document", "more"),
        ),
        [("DuplicateConnections", "Ask", "End")],
    ),
    (
        "identical gates, even by name",
        edited(FORK, copy=gate("Route.isA>OutA")),
        [("DuplicateConnections", "Route", "OutA")],
    ),
    (
        "equal conditions",
        edited(
            FORK,
            f"{ROUTE}/1",
            {"name": "same", "expression": 'val=="a"'},
            other=gate("Route.same>OutB", "gg"),
        )
        | {"connections": [*FORK["connections"][:2], gate("Route.same>OutB"), *FORK["connections"][3:]]},
        [("DuplicateConditionExpression", "Route", 'val=="a"'), ("MissingDefaultCondition", "Route")],
    ),
    ("unreachable", edited(LINE, extra=code("Alone", "")), [("UnreachableNode", "Alone")]),
    (
        "a broken port does not cut the path",
        edited(LINE, "connections/0/configuration/data/sourceOutput", "nope"),
        [("UnfulfilledNodeInput", "Ask", "it"), ("UnknownConnectionSourceOutput", "StartdocumentAskit")],
    ),
    (
        "unknown source",
        edited(
            LINE,
            extra=_connection(
                "Data", "cc", "Nope", "End", {"data": {"sourceOutput": "oo", "targetInput": "document"}}
            ),
        ),
        [("UnknownConnectionSource", "cc")],
    ),
    (
        "unknown source of a gate",
        edited(FORK, extra=gate("Nope.isA>OutA", "cc")),
        [("UnknownConnectionSource", "cc")],
    ),
    (
        "unknown target",
        edited(LINE, extra=data("Ask.modelCompletion>Nope.it", "cc")),
        [("UnknownConnectionTarget", "cc")],
    ),
    (
        "unknown input",
        edited(LINE, extra=data("Ask.modelCompletion>End.nope", "cc")),
        [("UnknownConnectionTargetInput", "cc")],
    ),
    (
        "data out of a condition",
        edited(FORK, "connections/3/source", "Route"),
        [
            ("UnfulfilledNodeInput", "OutA", "document"),
            ("UnknownConnectionSourceOutput", "StartdocumentOutAdocument"),
        ],
    ),
    (
        "unknown condition",
        edited(FORK, extra=gate("Route.isB>OutA", "cc")),
        [("UnknownConnectionCondition", "cc")],
    ),
    (
        "a gate from another node",
        edited(LINE, extra=gate("Start.isB>End", "cc")),
        [("UnknownConnectionCondition", "cc")],
    ),
    (
        "condition without an expression",
        edited(FORK, f"{ROUTE}/0/expression"),
        [("MalformedConditionExpression", "Route", "isA", "there is no expression")],
    ),
    (
        "default with an expression",
        edited(FORK, f"{ROUTE}/1/expression", 'val == "b"'),
        [
            (
                "MalformedConditionExpression",
                "Route",
                "default",
                "the default condition can't have an expression",
            )
        ],
    ),
    (
        "unreadable condition",
        edited(FORK, f"{ROUTE}/0/expression", "val > 1"),
        [("MalformedConditionExpression", "Route", "isA", "can't compare String with Number at position 5")],
    ),
    (
        "loops ask their own inputs only",
        body("nodes/2/configuration/loopController/continueCondition/expression", "count < 3"),
        [("MalformedConditionExpression", "Control", "goOn", "unknown input 'count' at position 1")],
    ),
    (
        "unreadable input expression",
        edited(LINE, "nodes/2/inputs/0/expression", "$.name"),
        [("MalformedNodeInputExpression", "End", "document", "expected '$.data' at position 1")],
    ),
    (
        "fixed input type",
        edited(EACH, "nodes/2/inputs/1/type", "String"),
        [
            ("MismatchedNodeInputType", "All", "arraySize", "Number"),
            ("IncompatibleConnectionDataType", "EacharraySizeAllarraySize"),
        ],
    ),
    (
        "fixed output type",
        edited(LINE, "nodes/1/outputs/0/type", "Object")
        | {"connections": [*LINE["connections"][:1], data("Start.document>End.document")]},
        [("MismatchedNodeOutputType", "Ask", "modelCompletion", "String")],
    ),
    (
        "types differ",
        edited(LINE, "nodes/0/outputs/0/type", "Object"),
        [("IncompatibleConnectionDataType", "StartdocumentAskit")],
    ),
    (
        "list into a text",
        edited(LINE, "nodes/0/outputs/0/type", "Array")
        | {"nodes": [start("Array"), prompt("Ask", takes="it:String=$.data[0:1]"), end()]},
        [("IncompatibleConnectionDataType", "StartdocumentAskit")],
    ),
    (
        "connection without configuration",
        edited(LINE, "connections/1/configuration"),
        [
            ("UnfulfilledNodeInput", "End", "document"),
            ("MissingConnectionConfiguration", "AskmodelCompletionEnddocument"),
        ],
    ),
    (
        "connection with the other configuration",
        edited(FORK, "connections/1/configuration", {"data": {"sourceOutput": "oo", "targetInput": "ii"}}),
        [("MissingConnectionConfiguration", "RouteisAOutA")],
    ),
    (
        "no default",
        edited(FORK, f"{ROUTE}/1", {"name": "isB", "expression": 'val == "b"'})
        | {"connections": [*FORK["connections"][:2], gate("Route.isB>OutB"), *FORK["connections"][3:]]},
        [("MissingDefaultCondition", "Route")],
    ),
    (
        "no output node",
        edited(LINE, "nodes/2") | {"connections": LINE["connections"][:1]},
        [("MissingEndingNodes", "The flow has no output node.")],
    ),
    (
        "no input node",
        flow(code("Run", ""), end(), data("Run.response>End.document")),
        [
            ("UnreachableNode", "Run"),
            ("UnreachableNode", "End"),
            ("MissingStartingNodes", "The flow has no input node."),
        ],
    ),
    (
        "empty",
        {},
        [
            ("MissingEndingNodes", "The flow has no output node."),
            ("MissingStartingNodes", "The flow has no input node."),
        ],
    ),
    ("no configuration", edited(LINE, "nodes/1/configuration"), [("MissingNodeConfiguration", "Ask")]),
    (
        "foreign configuration",
        edited(LINE, "nodes/0/configuration", {"output": {}}),
        [("MissingNodeConfiguration", "Start")],
    ),
    (
        "blank prompt",
        edited(LINE, f"{ASK}/sourceConfiguration", {"resource": {"promptArn": ""}}),
        [("MissingNodeConfiguration", "Ask")],
    ),
    (
        "blank model",
        edited(LINE, f"{ASK}/sourceConfiguration/inline/modelId", " "),
        [("MissingNodeConfiguration", "Ask")],
    ),
    (
        "half a guardrail",
        edited(LINE, f"{ASK}/guardrailConfiguration", {"guardrailIdentifier": "abc"}),
        [("MissingNodeConfiguration", "Ask")],
    ),
    (
        "missing input",
        edited(EACH, "nodes/2/inputs/1")
        | {"connections": [c for c in EACH["connections"] if "Size" not in c["name"]]},
        [("MissingNodeInput", "All", "arraySize")],
    ),
    (
        "missing variable",
        edited(LINE, "nodes/1", prompt("Ask", "{{it}} {{b-c}} {{1st}}")),
        [("MissingNodeInput", "Ask", "b-c"), ("MissingNodeInput", "Ask", "1st")],
    ),
    (
        "loop output that nothing leaves through",
        edited(
            LOOP,
            "nodes/1/outputs",
            [{"name": "result", "type": "Number"}, {"name": "other", "type": "Number"}],
        ),
        [("MissingNodeInput", "Control", "other")],
    ),
    (
        "loop start that nothing comes in through",
        body("nodes/0/outputs", [{"name": "count", "type": "Number"}, {"name": "other", "type": "Number"}]),
        [("MissingNodeInput", "Repeat", "other")],
    ),
    (
        "missing output",
        edited(LINE, "nodes/1/outputs", [])
        | {"connections": [LINE["connections"][0], data("Start.document>End.document")]},
        [("MissingNodeOutput", "Ask", "modelCompletion")],
    ),
    (
        "array size beside a collector",
        edited(EACH, "nodes/1/outputs/1"),
        [
            ("MissingNodeOutput", "Each", "arraySize"),
            ("UnfulfilledNodeInput", "All", "arraySize"),
            ("UnknownConnectionSourceOutput", "EacharraySizeAllarraySize"),
        ],
    ),
    (
        "two connections into one input",
        edited(LINE, extra=data("Start.document>End.document", "cc")),
        [("MultipleNodeInputConnections", "End", "document")],
    ),
    (
        "unfulfilled",
        edited(LINE, "nodes/1", prompt("Ask", takes="it:String more:String")),
        [("UnfulfilledNodeInput", "Ask", "more")],
    ),
    (
        "both branches wanted",
        edited(
            FORK,
            aa=prompt("AA"),
            bb=prompt("BB"),
            join=prompt("Join", "", "aa:String bb:String"),
            after=prompt("After", "", "it:String"),
            c1=data("Start.document>AA.it"),
            c2=data("Start.document>BB.it"),
            g1=gate("Route.isA>AA"),
            g2=gate("Route.default>BB"),
            c3=data("AA.modelCompletion>Join.aa"),
            c4=data("BB.modelCompletion>Join.bb", "cc"),
            c5=data("Join.modelCompletion>After.it"),
        ),
        [("UnsatisfiedConnectionConditions", "cc")],
    ),
    (
        "two gates at one node",
        edited(FORK, extra=gate("Route.default>OutA", "cc")),
        [("UnsatisfiedConnectionConditions", "cc")],
    ),
    (
        "input on an input",
        edited(LINE, "nodes/0/inputs", [{"name": "ii", "type": "String", "expression": "$.data"}]),
        [("UnknownNodeInput", "Start", "ii")],
    ),
    (
        "foreign output",
        edited(LINE, "nodes/2/outputs", [{"name": "oo", "type": "String"}]),
        [("UnknownNodeOutput", "End", "oo")],
    ),
    (
        "empty loop",
        edited(LOOP, "nodes/1/configuration/loop/definition", {}),
        [("MissingLoopInputNode", "Repeat"), ("MissingLoopControllerNode", "Repeat")],
    ),
    (
        "two loop inputs and controllers",
        body(
            in2=node("Start2", "LoopInput"),
            out2=node("Control2", "LoopController", continueCondition={"name": "cc", "expression": "xx"}),
        ),
        [
            ("MultipleLoopInputNodes", "Repeat"),
            ("MultipleLoopControllerNodes", "Repeat"),
            ("UnreachableNode", "Control2"),
            ("MalformedConditionExpression", "Control2", "cc", "unknown input 'xx' at position 1"),
        ],
    ),
    (
        "a collector in a loop",
        body(
            odd=node("Odd", "Condition", "val:Number", conditions=[{"name": "default"}]),
            cc=data("LoopStart.count>Odd.val"),
        ),
        [("LoopIncompatibleNodeType", "Repeat", "Condition", "Odd")],
    ),
    (
        "into a loop",
        edited(LOOP, extra=data("Start.document>Increment.count", "cc")),
        [("InvalidLoopBoundary", "cc", "Start", "Increment")],
    ),
    (
        "out of a loop",
        body(extra=data("Increment.response>End.document", "cc")),
        [("InvalidLoopBoundary", "cc", "Increment", "End")],
    ),
    (
        "out of a controller",
        body(extra=data("Control.result>Increment.count", "cc")),
        [
            ("MultipleNodeInputConnections", "Increment", "count"),
            ("CyclicConnection", "cc"),
            ("InvalidLoopBoundary", "cc", "Control", "Increment"),
        ],
    ),
    (
        "into a loop input",
        edited(
            LOOP,
            "nodes/1/configuration/loop/definition/connections/0",
            data("Increment.response>LoopStart.count", "cc"),
        ),
        [
            ("UnreachableNode", "Increment"),
            ("UnfulfilledNodeInput", "Increment", "count"),
            ("UnreachableNode", "Control"),
            ("InvalidLoopBoundary", "cc", "Increment", "LoopStart"),
        ],
    ),
    (
        "knowledge base with a model",
        flow(
            start(),
            node(
                "Find",
                "KnowledgeBase",
                "retrievalQuery:String",
                "retrievalResults:Array",
                knowledgeBaseId="KB",
                modelId="m",
            ),
            end(),
            data("Start.document>Find.retrievalQuery"),
            data("Start.document>End.document"),
        ),
        [
            ("MissingNodeOutput", "Find", "outputText"),
            ("UnknownNodeOutput", "Find", "retrievalResults"),
        ],
    ),
    (
        "no configuration, no follow-ups",
        edited(FORK, "nodes/1/configuration"),
        [("MissingNodeConfiguration", "Route")],
    ),
    (
        "a knowledge base without configuration could have either output",
        flow(
            start(),
            node("Find", "KnowledgeBase", "retrievalQuery:String", "outputText:String"),
            end(),
            data("Start.document>Find.retrievalQuery"),
            data("Find.outputText>End.document"),
        ),
        [("MissingNodeConfiguration", "Find")],
    ),
    (
        "nor does one that was left blank tell which",
        flow(
            start(),
            node(
                "Find",
                "KnowledgeBase",
                "retrievalQuery:String",
                "outputText:String",
                knowledgeBaseId="",
            ),
            end(),
            data("Start.document>Find.retrievalQuery"),
            data("Find.outputText>End.document"),
        ),
        [("MissingNodeConfiguration", "Find")],
    ),
    (
        "a connection that is there twice says everything else once",
        edited(LINE, c1=data("Ask.nope>End.document", "c1"), c2=data("Ask.nope>End.document", "c2")),
        [
            ("MultipleNodeInputConnections", "End", "document"),
            ("DuplicateConnections", "Ask", "End"),
            ("UnknownConnectionSourceOutput", "c1"),
        ],
    ),
    (
        "types are not compared over a malformed expression",
        edited(edited(LINE, "nodes/0/outputs/0/type", "Array"), "nodes/1/inputs/0/expression", "$.data[]"),
        [
            (
                "MalformedNodeInputExpression",
                "Ask",
                "it",
                "expected an index, a slice, '*' or a quoted name, and ']' at position 8",
            )
        ],
    ),
]


@pytest.mark.parametrize(
    ("definition", "expected"), [case[1:] for case in CASES], ids=[case[0] for case in CASES]
)
def test_finds(definition: Wire, expected: list[tuple[Any, ...]]) -> None:
    assert summary(check(definition)) == expected


def unspecified(text: str) -> tuple[Any, ...]:
    return ("Unspecified", text)


OTHERS: list[tuple[str, Wire, list[tuple[Any, ...]]]] = [
    (
        "node name",
        edited(LINE, extra=prompt("Ask")),
        [unspecified("Node 'Ask' has the same name as another node.")],
    ),
    (
        "connection name",
        edited(LINE, "connections/1/name", "StartdocumentAskit"),
        [unspecified("Connection 'StartdocumentAskit' has the same name as another connection.")],
    ),
    (
        "input name",
        edited(LINE, "nodes/1", prompt("Ask", takes="it:String it:Number")),
        [unspecified("Node 'Ask' has more than one input 'it'.")],
    ),
    (
        "output name",
        edited(LINE, "nodes/1/outputs", [{"name": "modelCompletion", "type": "String"}] * 3),
        [unspecified("Node 'Ask' has more than one output 'modelCompletion'.")],
    ),
    (
        "condition name",
        edited(FORK, f"{ROUTE}/1", {"name": "isA", "expression": 'val == "b"'})
        | {"connections": [*FORK["connections"][:2], *FORK["connections"][3:]]},
        [
            ("MissingDefaultCondition", "Route"),
            unspecified("Node 'Route' has more than one condition 'isA'."),
        ],
    ),
    (
        "condition without inputs",
        edited(FORK, "nodes/1", node("Route", "Condition", conditions=[{"name": "default"}, {"name": "isA"}]))
        | {"connections": FORK["connections"][1:]},
        [
            ("UnreachableNode", "Route"),
            (
                "MalformedConditionExpression",
                "Route",
                "isA",
                "there is no expression",
            ),
            unspecified("Node 'Route' has no input."),
        ],
    ),
    (
        "inputs of code",
        flow(
            start(),
            code("Run", " ".join(f"in{n}:String" for n in range(6))),
            end(),
            *(data(f"Start.document>Run.in{n}") for n in range(6)),
            data("Run.response>End.document"),
        ),
        [unspecified("Node 'Run' has 6 inputs; at most 5 are allowed.")],
    ),
    (
        "collector",
        flow(
            start("Array"),
            node("All", "Collector", "arrayItem:Array arraySize:Number", "collectedArray:Array"),
            end(port="document:Array"),
            data("Start.document>All.arrayItem"),
            code("Count", "it:Array", "response:Number"),
            data("Start.document>Count.it"),
            data("Count.response>All.arraySize"),
            data("All.collectedArray>End.document"),
        ),
        [unspecified("Node 'All' collects nothing: no Iterator leads to it.")],
    ),
    (
        "loop parts outside",
        edited(
            LINE,
            extra=node("Begin", "LoopInput", gives="it:String"),
            more=node(
                "Again",
                "LoopController",
                "it:String",
                continueCondition={"name": "cc", "expression": "it == ''"},
            ),
            c1=data("Ask.modelCompletion>Again.it"),
        ),
        [
            ("UnreachableNode", "Begin"),
            unspecified("Node 'Begin' is a LoopInput outside a Loop."),
            unspecified("Node 'Again' is a LoopController outside a Loop."),
        ],
    ),
    (
        "loop in a loop",
        body(
            extra=node("Inner", "Loop", "count:Number", "result:Number", definition=BODY),
            c1=data("LoopStart.count>Inner.count"),
        ),
        [unspecified("Node 'Inner' is a Loop inside the Loop 'Repeat', which is not supported.")],
    ),
    (
        "two inputs",
        edited(LINE, extra=node("Start2", "Input", gives="document:String")),
        [unspecified("The flow has 2 Input nodes; at most 1 are allowed.")],
    ),
    (
        "two iterators",
        edited(
            EACH,
            extra=node("Each2", "Iterator", "array:Array", "arrayItem:String arraySize:Number"),
            c1=data("Start.document>Each2.array"),
        ),
        [unspecified("The flow has 2 Iterator nodes; at most 1 are allowed.")],
    ),
]


@pytest.mark.parametrize(
    ("definition", "expected"), [case[1:] for case in OTHERS], ids=[case[0] for case in OTHERS]
)
def test_finds_what_has_no_type(definition: Wire, expected: list[tuple[Any, ...]]) -> None:
    assert summary(check(definition)) == expected


def test_every_type_is_provoked_and_has_a_rule() -> None:
    provoked = {found[0] for _, _, expected in [*CASES, *OTHERS] for found in expected}
    assert provoked == {member.value for member in FindingType}
    assert {finding_type for finding_type, _ in RULES} == set(FindingType)
    assert set(MESSAGES) | {FindingType.UNSPECIFIED} == set(FindingType)
    assert len(FindingType) == 33


@pytest.mark.parametrize("definition", [case[1] for case in [*CASES, *OTHERS]])
def test_only_duplicate_conditions_are_warnings(definition: Wire) -> None:
    for finding in check(definition):
        is_warning = finding.type is FindingType.DUPLICATE_CONDITION_EXPRESSION
        assert finding.severity is (Severity.WARNING if is_warning else Severity.ERROR)
        assert finding.message.endswith((".", finding.details.get("cause", ".")))
        assert "{" not in finding.message


@pytest.mark.parametrize(
    ("definition", "message"),
    [
        (
            edited(EACH, "nodes/2/inputs/1/type", "String"),
            "Input 'arraySize' of node 'All' must be of type Number.",
        ),
        (
            edited(FORK, f"{ROUTE}/0/expression"),
            "The expression of condition 'isA' in node 'Route' is malformed: there is no expression",
        ),
        (
            body(
                odd=node("Odd", "Condition", "val:Number", conditions=[{"name": "default"}]),
                cc=data("LoopStart.count>Odd.val"),
            ),
            "Loop 'Repeat' contains node 'Odd' of type Condition, which loops don't support.",
        ),
    ],
)
def test_messages(definition: Wire, message: str) -> None:
    assert check(definition)[0].message == message


def test_details_are_named() -> None:
    [mismatch, _] = check(edited(EACH, "nodes/2/inputs/1/type", "String"))
    assert mismatch.details == {"node": "All", "input": "arraySize", "expected_type": "Number"}


def test_order_is_nodes_then_connections_then_the_flow() -> None:
    broken = edited(
        LINE,
        "nodes/2",
        c1=data("Nope.modelCompletion>Ask.it", "c1"),
        n1=code("Alone", "more:String"),
        n2=node("Blank", "Agent"),
    )
    assert summary(check(broken)) == [
        ("UnreachableNode", "Alone"),
        ("UnfulfilledNodeInput", "Alone", "more"),
        ("UnreachableNode", "Blank"),
        ("MissingNodeConfiguration", "Blank"),
        ("MissingNodeInput", "Blank", "agentInputText"),
        ("MissingNodeOutput", "Blank", "agentResponse"),
        ("UnknownConnectionTarget", "AskmodelCompletionEnddocument"),
        ("UnknownConnectionSource", "c1"),
        ("MissingEndingNodes", "The flow has no output node."),
    ]


def test_no_more_than_a_hundred() -> None:
    lonely = flow(*(code(f"Run{n}", f"xx{n}:String yy{n}:String") for n in range(40)))
    findings = check(lonely)
    assert len(findings) == MAX_FINDINGS == 100
    assert findings[-1].details["node"] == "Run33"


def test_prompt_resources_are_looked_up() -> None:
    definition = Definition.parse(
        edited(LINE, f"{ASK}/sourceConfiguration", {"resource": {"promptArn": "arn:p"}})
    )
    known = {"arn:p": frozenset({"it", "zz", "aa"})}
    assert summary(validate(definition, prompt_variables=known.get)) == [
        ("MissingNodeInput", "Ask", "aa"),
        ("MissingNodeInput", "Ask", "zz"),
    ]
    assert validate(definition, prompt_variables=lambda arn: None) == ()
    assert validate(definition) == ()


def test_limits_can_be_set() -> None:
    strict = TypeLimits(nodes={NodeType.PROMPT: 0}, inline_code_inputs=1)
    assert [finding.message for finding in validate(Definition.parse(LINE), limits=strict)] == [
        "The flow has 1 Prompt nodes; at most 0 are allowed."
    ]


def test_limits_count_what_is_inside_loops() -> None:
    strict = TypeLimits(nodes={NodeType.INLINE_CODE: 0})
    assert [finding.message for finding in validate(Definition.parse(LOOP), limits=strict)] == [
        "The flow has 1 InlineCode nodes; at most 0 are allowed."
    ]


def test_optional_inputs_may_be_declared_and_left_alone() -> None:
    attributes = "promptAttributes:Object sessionAttributes:Object"
    bot = node(
        "Bot", "Agent", f"agentInputText:String {attributes}", "agentResponse:String", agentAliasArn="a"
    )
    assert (
        check(
            flow(
                start(),
                bot,
                end(),
                data("Start.document>Bot.agentInputText"),
                data("Bot.agentResponse>End.document"),
            )
        )
        == ()
    )


def test_an_iterator_alone_needs_no_size() -> None:
    each = node("Each", "Iterator", "array:Array", "arrayItem:String")
    assert (
        check(
            flow(
                start("Array"),
                each,
                end(),
                data("Start.document>Each.array"),
                data("Each.arrayItem>End.document"),
            )
        )
        == ()
    )


def test_deep_loops_do_not_exhaust_the_stack() -> None:
    nested: Wire = {}
    for _ in range(300):
        nested = flow(node("Loop", "Loop", definition=nested))
    assert any(finding.type is FindingType.UNSPECIFIED for finding in check(nested))
