"""The collection of real and made flows, run: what comes out, and in which order things happen.

The collection is found through HEADRACE_TEST_FLOWS. What is expected of each flow was derived by hand: a
model echoes the last message it is sent, unless the case says what it answers.
"""

from __future__ import annotations

import asyncio
import json
import os
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from tests.unit.engine.world import World, outputs, told

from headrace.core.definition import Definition
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowFinished,
    FlowOutput,
    FlowStarted,
    NodeActed,
    NodeFinished,
    NodeStarted,
    Reason,
)
from headrace.engine.plan import compile_plan

_FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")

pytestmark = pytest.mark.skipif(
    _FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of flow definitions"
)


@dataclass(frozen=True, kw_only=True)
class Case:
    """A run and what it has to give.

    Attributes:
        outputs: the outputs, in order.
        order: the nodes in the order in which they are first told of; None where that is plain.
        script: what nodes get from outside.
        templates: the prompts that don't come with the collection, by the last part of their ARN.
        document: what the flow is given; None for what the collection says.
    """

    outputs: list[tuple[str, Any]]
    order: list[str] | None = None
    script: dict[str, Any] = field(default_factory=dict)
    templates: dict[str, str] = field(default_factory=dict)
    document: Any = None


def _words(*places: int) -> Any:
    """A model that answers with words of the last message."""

    def answer(asked: Any) -> str:
        words = asked.messages[-1]["content"][0]["text"].split()
        return " ".join(words[place] for place in places)

    return answer


IDP_TEMPLATES = {
    "IDP0000000": "bank: {{doc_text}}",
    "IDP1000000": "{{doc_text}} of {{classes}}",
    "IDP2000001": "{{licence_details}} on {{date}}",
    "IDP2000002": "licence: {{doc_text}}",
    "IDP3000001": "review: {{doc_text}}",
    "IDP4000001": "loan: {{doc_text}}",
    "IDP4000002": "form: {{doc_text}}",
}

CASES: dict[str, list[Case]] = {
    "aws_samples_conditions_flow.json": [
        Case(
            script={
                "Prompt_categorize_input": "DOCUMENTATION",
                "KnowledgeBaseNode_1": lambda asked: "In the console." if hasattr(asked, "model_id") else [],
            },
            outputs=[("FlowOutputNode_KB", "In the console.")],
            order=[
                "FlowInputNode",
                "Prompt_categorize_input",
                "ConditionNode_1",
                "KnowledgeBaseNode_1",
                "FlowOutputNode_KB",
            ],
        ),
        Case(
            script={"Prompt_categorize_input": "DOCUMENTATION ", "Prompt_answer_professionally": "Sure."},
            outputs=[("FlowOutputNode_LLM", "Sure.")],
            order=[
                "FlowInputNode",
                "Prompt_categorize_input",
                "ConditionNode_1",
                "Prompt_answer_professionally",
                "FlowOutputNode_LLM",
            ],
        ),
    ],
    "aws_samples_iterator_collector_flow.json": [
        Case(
            outputs=[("FlowOutput", ["say one", "say two", "say three"])],
            order=["FlowInputNode", "PromptIterator", "PromptProcessor", "ResponseCollector", "FlowOutput"],
        )
    ],
    "aws_samples_multi_agent_flow.json": [
        Case(
            script={"AgentsNode_1": lambda asked: asked[1] + "!", "AgentsNode_2": lambda asked: asked[1] * 2},
            outputs=[("FlowOutputNode_1", "hello!hello!")],
            order=["FlowInputNode", "AgentsNode_1", "AgentsNode_2", "FlowOutputNode_1"],
        )
    ],
    "aws_samples_multi_turn_agent_flow.json": [
        Case(script={"AgentsNode_1": "good day"}, outputs=[("FlowOutputNode_1", "good day")])
    ],
    "aws_samples_prompt_guardrail_flow.json": [
        Case(
            script={"GenerateResponse": lambda asked: asked.guardrail["guardrailIdentifier"]},
            outputs=[("FlowOutput", "gr0000000001")],
        )
    ],
    "aws_samples_rag_kb_flow.json": [
        Case(
            script={
                "DocumentRetrieval": lambda asked: (
                    asked.messages[0]["content"][0]["text"] + " / " + asked.system[0]["text"].split("\n")[3]
                    if hasattr(asked, "model_id")
                    else [{"content": {"type": "TEXT", "text": f"X is {asked.most}."}}]
                )
            },
            outputs=[("FlowOutput", "What is X? / [1] X is 5.")],
        )
    ],
    "aws_idp_bank_statement.json": [
        Case(
            templates=IDP_TEMPLATES,
            outputs=[("doc_text", "scan"), ("doc_json", "bank: scan")],
            order=["FlowInputNode", "get_doc_text", "doc_text", "map_to_json", "doc_json"],
        )
    ],
    "aws_idp_classify.json": [
        Case(templates=IDP_TEMPLATES, outputs=[("FlowOutputNode", "text of A,B")]),
    ],
    "aws_idp_drivers_license.json": [
        Case(
            templates=IDP_TEMPLATES,
            outputs=[
                ("json_s3uri", "s3://flows-test-bucket/out/a.json"),
                ("analisys_result", "licence: scan on 2025-01-01"),
            ],
            order=[
                "FlowInputNode",
                "get_doc_text",
                "map_to_json",
                "save_json",
                "analyze_doc",
                "json_s3uri",
                "analisys_result",
            ],
        )
    ],
    "aws_idp_for_review.json": [
        Case(templates=IDP_TEMPLATES, outputs=[("FlowOutputNode", "review: scan")]),
    ],
    "aws_idp_urla_1003.json": [
        Case(
            templates=IDP_TEMPLATES,
            outputs=[
                ("json_s3uri", "s3://flows-test-bucket/out/a.json"),
                ("analisys_result", "loan: form: scan"),
            ],
        )
    ],
    "aws_chain_conditional_chain.json": [
        Case(
            script={
                "Validate_Input": "yes",
                "Generate_Book_Summary": _words(-3, -2, -1),
                "Generate_Book_Advertisement": lambda asked: asked.messages[1]["content"][0]["text"],
            },
            outputs=[("Output", "Pride and Prejudice.")],
            order=[
                "Input",
                "Validate_Input",
                "Validate_Input_Condition",
                "Generate_Book_Summary",
                "Generate_Book_Advertisement",
                "Output",
            ],
        ),
        Case(
            script={"Validate_Input": "no", "Invalid_Input": "not a book"},
            outputs=[("ValidationFailureOutput", "not a book")],
            order=[
                "Input",
                "Validate_Input",
                "Validate_Input_Condition",
                "Invalid_Input",
                "ValidationFailureOutput",
            ],
        ),
    ],
    "aws_chain_parallel_chain.json": [
        Case(
            script={
                "Generate_Book_Summary": "love",
                "Get_Book_Target_Audience": "everyone",
                "Generate_Book_Advertisement": lambda asked: "+".join(
                    message["content"][0]["text"] for message in asked.messages[1::2]
                ),
            },
            outputs=[("Output", "love+everyone")],
        )
    ],
    "aws_chain_prompt_templating.json": [
        Case(
            script={"Generate_Book_Summary": _words(-3, -2, -1)}, outputs=[("Output", "Pride and Prejudice.")]
        )
    ],
    "aws_chain_sequential_chain.json": [
        Case(
            script={
                "Generate_Book_Summary": "love",
                "Generate_Book_Advertisement": lambda asked: asked.messages[1]["content"][0]["text"] + "!",
            },
            outputs=[("Output", "love!")],
        )
    ],
    "aws_chain_model_invocation.json": [
        Case(script={"Generate_Book_Summary": _words(-2, -1)}, outputs=[("Output", "& Prejudice.")])
    ],
    "aws_bedrock_samples_getting_started.json": [
        Case(
            templates={"GETSTRT001": "Q: {{input}}"}, outputs=[("EndNode", "Q: What is a foundation model?")]
        )
    ],
    "aws_bedrock_samples_prompt_evaluation.json": [
        Case(
            templates={"PRMEVAL001": "{{ input }} {{output}}"},
            script={"Invoke": "A {{input}}."},
            outputs=[("End", "What is a foundation model? A {{input}}.")],
        )
    ],
    "aws_doc_playlist.json": [
        Case(
            script={"MakePlaylist": _words(3, -1)},
            outputs=[("FlowOutput", "pop 3.")],
            order=["FlowInput", "MakePlaylist", "FlowOutput"],
        )
    ],
    "terraform_registry_example.json": [
        Case(script={"Prompt_1": _words(-1)}, outputs=[("FlowOutputNode", "rain.")]),
    ],
    "condition_three_way.json": [
        Case(outputs=[("OutProduce", "don't buy")], order=["FlowInput", "Decide", "OutProduce"]),
        Case(
            document={"retailPrice": 11, "marketPrice": 12, "type": "meat", "action": ["p", "q", "r"]},
            outputs=[("OutCheaper", "q")],
        ),
        Case(
            document={"retailPrice": 12, "marketPrice": 11, "type": "meat", "action": ["p", "q", "r"]},
            outputs=[("OutDefault", "r")],
        ),
    ],
    "iterator_without_collector.json": [
        Case(outputs=[("FlowOutput", 1), ("FlowOutput", 4), ("FlowOutput", 9)]),
        Case(document=[], outputs=[]),
    ],
    "iterator_with_collector.json": [
        Case(
            outputs=[("FlowOutput", [1, 4, 9])], order=["FlowInput", "Each", "Square", "Gather", "FlowOutput"]
        ),
        Case(document=[], outputs=[("FlowOutput", [])], order=["FlowInput", "Each", "Gather", "FlowOutput"]),
    ],
    "loop_counter.json": [
        Case(
            outputs=[("FlowOutput", 3)],
            order=["FlowInput", "Repeat", "LoopStart", "Increment", "Control", "FlowOutput"],
        ),
        Case(document=10, outputs=[("FlowOutput", 11)]),
    ],
    "loop_max_iterations.json": [Case(outputs=[("FlowOutput", 4)])],
    "expressions_outputs.json": [
        Case(
            outputs=[
                ("AllMammals", [["x"], ["y"]]),
                ("First", "p"),
                ("Slice", ["q", "r"]),
                ("Pick", ["p", "r"]),
            ]
        )
    ],
}
RUNS = [(name, case) for name, cases in CASES.items() for case in cases]


def _read(name: str) -> Any:
    return json.loads((Path(_FOLDER or "") / name).read_text())


def _entry(name: str) -> dict[str, Any]:
    [entry] = [entry for entry in _read("index.json") if entry["file"] == name]
    return dict(entry)


def _world(name: str, case: Case) -> World:
    prompts = {
        f"arn:aws:bedrock:us-east-1:111122223333:prompt/{last}": {
            "modelId": "model",
            "templateType": "TEXT",
            "templateConfiguration": {"text": {"text": text}},
        }
        for last, text in case.templates.items()
    }
    if (file := _entry(name).get("promptsFile")) is not None:
        prompts.update({prompt["arn"]: prompt["variants"][0] for prompt in _read(file)})
    return World(case.script, prompts=prompts, objects={"in/a.txt": b"scan"})


async def _run(name: str, case: Case, **settings: Any) -> list[Event]:
    invoke = _entry(name)["invoke"]
    document = invoke["document"] if case.document is None else case.document
    plan = compile_plan(Definition.parse(_read(name)), digest=name)
    return await told(_world(name, case).run(plan, document, invoke["nodeName"], **settings))


def _ids(value: Any) -> str:
    return value if isinstance(value, str) else ""


@pytest.mark.parametrize("settings", [{}, {"traces": True, "max_parallel": 1}, {"max_parallel": 8}], ids=str)
@pytest.mark.parametrize(("name", "case"), RUNS, ids=_ids)
def test_what_comes_out(name: str, case: Case, settings: dict[str, Any]) -> None:
    events = asyncio.run(_run(name, case, **settings))
    assert outputs(events) == case.outputs
    assert isinstance(events[0], FlowStarted)
    assert isinstance(events[-1], FlowFinished)
    assert events[-1].reason is Reason.SUCCESS


@pytest.mark.parametrize(("name", "case"), RUNS, ids=_ids)
def test_the_order_of_what_happens(name: str, case: Case) -> None:
    events = asyncio.run(_run(name, case, traces=True))
    if case.order is not None:
        assert list(dict.fromkeys(event.node for event in events[1:-1])) == case.order
    by_type: dict[str, str] = {node["name"]: node["type"] for node in _nodes(_read(name))}
    by_node: dict[tuple[Any, ...], list[Event]] = {}
    for event in events[1:-1]:
        by_node.setdefault((event.node, *(link.index for link in event.scope)), []).append(event)
    for (node, *_), own in by_node.items():
        kinds = [type(event) for event in own]
        acted = [kind for kind in kinds[1:-1] if kind is NodeActed]
        assert kinds == {
            "Input": [NodeFinished],
            "LoopInput": [NodeFinished],
            "LoopController": [NodeStarted],
            "Output": [NodeStarted, FlowOutput],
            "Condition": [NodeStarted, ConditionsDecided],
        }.get(by_type[node], [NodeStarted, *acted, NodeFinished])
    for before, event in pairwise(events):
        assert not isinstance(event, FlowOutput) or (
            isinstance(before, NodeStarted) and before.node == event.node
        )


def _nodes(definition: dict[str, Any]) -> list[dict[str, Any]]:
    inside = [
        node["configuration"]["loop"]["definition"] for node in definition["nodes"] if node["type"] == "Loop"
    ]
    return [*definition["nodes"], *(node for body in inside for node in _nodes(body))]


def test_every_runnable_flow_is_run() -> None:
    assert set(CASES) == {entry["file"] for entry in _read("index.json") if "type" not in entry["expect"]}
