"""What each node type that acts outside asks for, and what it makes of the answer."""

from __future__ import annotations

import asyncio
import json
from typing import Any

import pytest
from tests.unit.engine.flows import code, end, node, plan, start
from tests.unit.engine.world import World, outputs, told

from headrace.core.definition import NodeType
from headrace.core.effects import AgentReply
from headrace.core.execution import FailureKind, FlowFailed, NodeActed, NodeDepended
from headrace.engine.nodes import NODES
from headrace.engine.plan import Plan

GUARDRAIL = {"guardrailIdentifier": "gr0000000001", "guardrailVersion": "DRAFT"}
TEXT = {"text": {"text": "Say {{ what }} {{count}} {{flag}} {{list}}"}}


def inline(template: dict[str, Any], **settings: Any) -> dict[str, Any]:
    return {
        "inline": {"templateType": "TEXT", "templateConfiguration": template, "modelId": "model", **settings}
    }


def prompt(source: dict[str, Any], inputs: dict[str, Any], type: str = "Object", **settings: Any) -> Plan:
    return plan(
        [
            start(type),
            node(
                "Ask", "Prompt", inputs, {"modelCompletion": "String"}, sourceConfiguration=source, **settings
            ),
            end(type="String"),
        ],
        *(f"Start.document > Ask.{name}" for name in inputs),
        "Ask.modelCompletion > End.document",
    )


def single(tested: dict[str, Any], types: dict[str, str], output: str, type: str) -> Plan:
    """A flow of one node, whose inputs are the members of the document."""
    tested["inputs"] = [
        {"name": name, "type": port, "expression": f"$.data.{name}"} for name, port in types.items()
    ]
    tested["outputs"] = [{"name": output, "type": type}]
    return plan(
        [start("Object"), tested, end(type=type)],
        *(f"Start.document > {tested['name']}.{name}" for name in types),
        f"{tested['name']}.{output} > End.document",
    )


def result(run_plan: Plan, document: Any, world: World) -> Any:
    [(_, value)] = outputs(asyncio.run(told(world.run(run_plan, document))))
    return value


def failure(run_plan: Plan, document: Any, world: World) -> FlowFailed:
    last = asyncio.run(told(world.run(run_plan, document)))[-1]
    assert isinstance(last, FlowFailed)
    return last


def test_every_type_can_run() -> None:
    assert set(NODES) == set(NodeType)


VALUES = {
    "what": ("String", "$.data.what"),
    "count": ("Number", "$.data.count"),
    "flag": ("Boolean", "$.data.flag"),
    "list": ("Array", "$.data.list"),
}
DOCUMENT = {"what": "{{count}}", "count": 3, "flag": True, "list": [1, {"a": "é"}]}


def test_a_text_prompt_is_one_message_with_its_variables_filled_once() -> None:
    world = World()
    ask = prompt(
        inline(
            TEXT,
            inferenceConfiguration={"text": {"temperature": 0, "topP": None, "maxTokens": 5}},
            additionalModelRequestFields={"top_k": 1},
        ),
        VALUES,
        guardrailConfiguration=GUARDRAIL,
    )
    assert result(ask, DOCUMENT, world) == 'Say {{count}} 3 true [1,{"a":"é"}]'
    request = world.asked[0].what
    assert request.model_id == "model"
    assert list(request.messages) == [
        {"role": "user", "content": [{"text": 'Say {{count}} 3 true [1,{"a":"é"}]'}]}
    ]
    assert request.inference == {"temperature": 0, "maxTokens": 5}
    assert request.extra == {"top_k": 1}
    assert request.guardrail == GUARDRAIL
    assert request.latency is None


def test_a_chat_prompt_keeps_its_messages() -> None:
    world = World()
    tools = {"tools": [{"toolSpec": {"name": "look"}}]}
    chat = {
        "messages": [
            {"role": "user", "content": [{"text": "{{what}}?"}, {"cachePoint": {"type": "default"}}]},
            {"role": "assistant", "content": [{"text": "Hm."}]},
            {"role": "user", "content": [{"text": "Now!"}]},
        ],
        "system": [{"text": "Be {{what}}"}],
        "toolConfiguration": tools,
    }
    ask = prompt(inline({"chat": chat}), {"what": "String"}, "String")
    assert result(ask, "kind", world) == "Now!"
    request = world.asked[0].what
    assert request.messages[0]["content"] == [{"text": "kind?"}, {"cachePoint": {"type": "default"}}]
    assert [message["role"] for message in request.messages] == ["user", "assistant", "user"]
    assert request.system == [{"text": "Be kind"}]
    assert request.tools == tools


def test_a_blank_guardrail_is_none() -> None:
    world = World()
    blank = {"guardrailIdentifier": "", "guardrailVersion": ""}
    result(prompt(inline(TEXT), VALUES, guardrailConfiguration=blank), DOCUMENT, world)
    assert world.asked[0].what.guardrail is None


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ([{"text": "a"}, {"toolUse": {"name": "t"}}, {"text": "b"}], "ab"),
        ([{"toolUse": {"name": "t"}}], '{"toolUse":{"name":"t"}}'),
        (
            [{"toolUse": {"name": "t"}}, {"toolUse": {"name": "u"}}],
            '[{"toolUse":{"name":"t"}},{"toolUse":{"name":"u"}}]',
        ),
        ([], ""),
    ],
)
def test_what_a_model_answers(content: list[Any], expected: str) -> None:
    assert result(prompt(inline(TEXT), VALUES), DOCUMENT, World({"Ask": content})) == expected


RESOURCE = {"resource": {"promptArn": "arn:aws:bedrock:us-east-1:000000000000:prompt/PROMPT0001"}}
ARN = RESOURCE["resource"]["promptArn"]


def test_a_prompt_resource_is_looked_up_at_each_run() -> None:
    ask = prompt(RESOURCE, {"what": "String"}, "String")
    world = World(
        prompts={ARN: {"modelId": "one", "templateConfiguration": {"text": {"text": "1 {{what}}"}}}}
    )
    assert result(ask, "x", world) == "1 x"
    world = World(
        prompts={ARN: {"modelId": "two", "templateConfiguration": {"text": {"text": "2 {{what}}"}}}}
    )
    assert result(ask, "x", world) == "2 x"
    assert world.asked[0].what.model_id == "two"


@pytest.mark.parametrize(
    "prompts",
    [{}, {ARN: {"templateConfiguration": TEXT}}, {ARN: {"modelId": "one", "templateConfiguration": {}}}],
)
def test_a_prompt_that_is_missing_or_not_complete(prompts: dict[str, Any]) -> None:
    last = failure(prompt(RESOURCE, {"what": "String"}, "String"), "x", World(prompts=prompts))
    assert (last.kind, last.resource) == (FailureKind.DEPENDENCY, "Amazon Bedrock")


def test_a_prompt_that_now_has_another_variable() -> None:
    prompts = {ARN: {"modelId": "one", "templateConfiguration": {"text": {"text": "{{other}}"}}}}
    last = failure(prompt(RESOURCE, {"what": "String"}, "String"), "x", World(prompts=prompts))
    assert last.kind is FailureKind.VALIDATION
    assert "'other'" in last.message


PASSAGES = [
    {"content": {"type": "TEXT", "text": "one $query$"}},
    {"content": {"type": "TEXT", "text": "two"}},
]


def knowledge(output: str, type: str, **settings: Any) -> Plan:
    asks = node("Look", "KnowledgeBase", knowledgeBaseId="KB00000001", **settings)
    return single(asks, {"retrievalQuery": "String"}, output, type)


def test_a_knowledge_base_without_a_model_gives_what_it_finds() -> None:
    world = World({"Look": PASSAGES})
    look = knowledge("retrievalResults", "Array", numberOfResults=7, rerankingConfiguration={"type": "X"})
    assert result(look, {"retrievalQuery": "why"}, world) == PASSAGES
    [asked] = world.asked
    assert (asked.what.knowledge_base_id, asked.what.query, asked.what.most) == ("KB00000001", "why", 7)
    assert asked.what.reranking == {"type": "X"}


def test_a_knowledge_base_with_a_model_has_it_answer() -> None:
    world = World({"Look": lambda asked: "because" if hasattr(asked, "messages") else PASSAGES})
    look = knowledge(
        "outputText",
        "String",
        modelId="model",
        promptTemplate={"textPromptTemplate": "<$search_results$> $query$ ($output_format_instructions$)"},
        inferenceConfiguration={"text": {"maxTokens": 9}},
        guardrailConfiguration=GUARDRAIL,
    )
    assert result(look, {"retrievalQuery": "why"}, world) == "because"
    found, request = (asked.what for asked in world.asked)
    assert found.most == 5
    [text] = [block["text"] for block in request.messages[0]["content"]]
    assert text.startswith("<[1] one $query$\n\n[2] two> why (")
    assert "$output" not in text
    assert (request.inference, request.guardrail) == ({"maxTokens": 9}, GUARDRAIL)


def test_a_template_without_the_question_is_the_system_text() -> None:
    world = World({"Look": lambda asked: "because" if hasattr(asked, "messages") else PASSAGES})
    result(knowledge("outputText", "String", modelId="model"), {"retrievalQuery": "why"}, world)
    request = world.asked[1].what
    assert request.messages[0]["content"] == [{"text": "why"}]
    assert "[2] two" in request.system[0]["text"]


FUNCTION = "arn:aws:lambda:us-east-1:000000000000:function:f"


def test_a_function_is_given_the_inputs_in_their_order() -> None:
    world = World({"Call": [1]})
    call = single(
        node("Call", "LambdaFunction", lambdaArn=FUNCTION),
        {"zeta": "String", "alpha": "Number"},
        "functionResponse",
        "Array",
    )
    assert result(call, {"zeta": "z", "alpha": 1}, world) == [1]
    assert world.asked[0].what == (
        FUNCTION,
        {
            "messageVersion": "1.0",
            "flow": {"flowArn": "arn:flow", "flowAliasArn": "arn:alias"},
            "node": {
                "name": "Call",
                "inputs": [
                    {"name": "zeta", "type": "String", "expression": "$.data.zeta", "value": "z"},
                    {"name": "alpha", "type": "Number", "expression": "$.data.alpha", "value": 1},
                ],
            },
        },
    )


def test_a_function_that_gives_another_type() -> None:
    call = single(
        node("Call", "LambdaFunction", lambdaArn=FUNCTION), {"x": "String"}, "functionResponse", "String"
    )
    last = failure(call, {"x": ""}, World({"Call": {"statusCode": 500}}))
    assert (
        last.message
        == "Expected type for Node Output functionResponse of Node Call to be STRING. Actual type is OBJECT."
    )


BUCKET = {"serviceConfiguration": {"s3": {"bucketName": "bucket"}}}


@pytest.mark.parametrize(
    ("type", "content", "body"),
    [
        ("String", '"é', '"é'.encode()),
        ("Object", {"a": [1.5, None]}, b'{"a":[1.5,null]}'),
        ("Number", 3, b"3"),
    ],
)
def test_storage(type: str, content: Any, body: bytes) -> None:
    world = World()
    keep = single(
        node("Keep", "Storage", **BUCKET), {"content": type, "objectKey": "String"}, "s3Uri", "String"
    )
    assert result(keep, {"content": content, "objectKey": "/a/b"}, world) == "s3://bucket//a/b"
    assert world.asked[0].what == ("bucket", "/a/b", body)


@pytest.mark.parametrize(
    "document", [{"content": "x", "objectKey": ""}, {"content": "\ud800", "objectKey": "k"}]
)
def test_what_can_not_be_stored(document: dict[str, Any]) -> None:
    keep = single(
        node("Keep", "Storage", **BUCKET), {"content": "String", "objectKey": "String"}, "s3Uri", "String"
    )
    world = World()
    assert failure(keep, document, world).kind is FailureKind.VALIDATION
    assert world.asked == []


@pytest.mark.parametrize(
    ("type", "body", "expected"),
    [
        ("String", b"[1]", "[1]"),
        ("Array", b"[1]", [1]),
        ("Object", b'{"a":1}', {"a": 1}),
        ("Boolean", b"true", True),
    ],
)
def test_retrieval(type: str, body: bytes, expected: Any) -> None:
    fetch = single(node("Fetch", "Retrieval", **BUCKET), {"objectKey": "String"}, "s3Content", type)
    assert result(fetch, {"objectKey": "k"}, World(objects={"k": body})) == expected


def test_what_can_not_be_read() -> None:
    fetch = single(node("Fetch", "Retrieval", **BUCKET), {"objectKey": "String"}, "s3Content", "Object")
    last = failure(fetch, {"objectKey": "k"}, World(objects={"k": b"\xff"}))
    assert (last.kind, last.resource) == (FailureKind.DEPENDENCY, "Amazon S3")
    last = failure(fetch, {"objectKey": "k"}, World(objects={"k": b"{"}))
    assert (
        last.message
        == "Expected type for Node Output s3Content of Node Fetch to be OBJECT. Actual type is STRING."
    )
    assert failure(fetch, {"objectKey": ""}, World()).kind is FailureKind.VALIDATION


def test_code_is_given_its_inputs_as_variables() -> None:
    world = World()
    run = plan(
        [start(), code("Code", {"one": "Number", "two": "Number"}, text="one + two"), end()],
        "Start.document > Code.one",
        "Start.document > Code.two",
        "Code.response > End.document",
    )
    assert result(run, 4, world) == 8
    assert world.asked[0].what == ("one + two", {"one": 4, "two": 4})


def test_lex() -> None:
    world = World({"Hear": "Order"})
    hear = single(
        node("Hear", "Lex", botAliasArn="arn:aws:lex:us-east-1:000000000000:bot-alias/B/A", localeId="en_US"),
        {"inputText": "String", "sessionAttributes": "Object"},
        "predictedIntent",
        "String",
    )
    assert result(hear, {"inputText": "tea", "sessionAttributes": {"a": "b"}}, world) == "Order"
    assert world.asked[0].what[1:] == ("en_US", "tea", None, {"a": "b"})


def test_what_is_done_outside_is_traced() -> None:
    events = asyncio.run(
        told(World().run(prompt(inline(TEXT), VALUES), DOCUMENT, traces=True, latency="optimized"))
    )
    [acted] = [event for event in events if isinstance(event, NodeActed)]
    assert (acted.node, acted.service, acted.operation, acted.request_id) == (
        "Ask",
        "Bedrock",
        "InvokeModel",
        "request",
    )
    assert acted.usage is not None
    assert acted.usage.output_tokens == 4
    assert acted.request["performanceConfig"] == {"latency": "optimized"}
    assert acted.response["stopReason"] == "end_turn"
    assert json.loads(json.dumps(acted.response)) == acted.response
    assert acted.duration_ns >= 0


def test_an_agent_tells_of_its_way() -> None:
    ask = single(
        node(
            "Ask",
            "Agent",
            agentAliasArn="arn:aws:bedrock:us-east-1:000000000000:agent-alias/AGENT00001/ALIAS00001",
        ),
        {"agentInputText": "String"},
        "agentResponse",
        "String",
    )
    world = World({"Ask": AgentReply(text="done", trace=[{"step": 1}])})
    events = asyncio.run(told(world.run(ask, {"agentInputText": "do"}, traces=True)))
    kinds = [type(event).__name__ for event in events if getattr(event, "node", "") == "Ask"]
    assert kinds == ["NodeStarted", "NodeActed", "NodeDepended", "NodeFinished"]
    [depended] = [event for event in events if isinstance(event, NodeDepended)]
    assert depended.traces == ({"step": 1},)
