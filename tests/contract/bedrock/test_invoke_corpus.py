"""Every runnable definition of the corpus gives what its prompts, code and data make of it, by hand."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import Invoked, corpus, furnished, install, invoke
from tests.contract.bedrock.things import FLOWS_FOLDER
from tests.contract.conftest import LiveServer

pytestmark = [
    pytest.mark.live,
    pytest.mark.skipif(
        not FLOWS_FOLDER, reason="HEADRACE_TEST_FLOWS does not say where the flow definitions are"
    ),
]

LETTER = {"doc_text_s3key": "in/a.txt", "JSON_s3key": "out/a.json", "todays_date": "2025-01-01"}
JSON_TEXT = '{"is": "json"}'
SAVED = ("json_s3uri", "s3://flows-test-bucket/out/a.json")
MAMMALS = {"a": {"mammals": ["x"]}, "b": {"mammals": ["y"]}, "list": ["p", "q", "r"]}


def prices(retail: int, market: int, kind: str) -> dict[str, Any]:
    actions = ["first", "second", "third"]
    return {"retailPrice": retail, "marketPrice": market, "type": kind, "action": actions}


CASES: list[tuple[str, Any, list[tuple[str, Any]]]] = [
    ("aws_samples_conditions_flow", "How do I configure S3?", [("FlowOutputNode_KB", "In the console.")]),
    ("aws_samples_conditions_flow", "Hello?", [("FlowOutputNode_LLM", "With pleasure.")]),
    (
        "aws_samples_iterator_collector_flow",
        ["say one", "say two", "say three"],
        [("FlowOutput", ["one", "two", "three"])],
    ),
    ("aws_samples_multi_agent_flow", "hello", [("FlowOutputNode_1", "from the second")]),
    ("aws_samples_multi_turn_agent_flow", "hello", [("FlowOutputNode_1", "from the first")]),
    ("aws_samples_prompt_guardrail_flow", "hello", [("FlowOutput", "Hello to you.")]),
    ("aws_samples_rag_kb_flow", "What is X?", [("FlowOutput", "A letter.")]),
    ("aws_idp_bank_statement", LETTER, [("doc_text", "the letter's text"), ("doc_json", JSON_TEXT)]),
    ("aws_idp_classify", {"doc_text": "text", "class_list": "A,B"}, [("FlowOutputNode", "A")]),
    ("aws_idp_drivers_license", LETTER, [SAVED, ("analisys_result", "analysed")]),
    ("aws_idp_for_review", LETTER, [("FlowOutputNode", "analysed")]),
    ("aws_idp_urla_1003", LETTER, [SAVED, ("analisys_result", "analysed")]),
    ("aws_chain_conditional_chain", "Pride and Prejudice", [("Output", "Buy it!")]),
    ("aws_chain_conditional_chain", "Gravel", [("ValidationFailureOutput", "That is no book.")]),
    ("aws_chain_parallel_chain", "", [("Output", "Buy it!")]),
    ("aws_chain_prompt_templating", "Pride and Prejudice", [("Output", "A summary.")]),
    ("aws_chain_sequential_chain", "", [("Output", "Buy it!")]),
    ("aws_chain_model_invocation", "", [("Output", "A summary.")]),
    ("aws_bedrock_samples_getting_started", "What is a foundation model?", [("EndNode", "An answer.")]),
    ("aws_bedrock_samples_prompt_evaluation", "What is a foundation model?", [("End", "Good.")]),
    ("aws_doc_playlist", {"genre": "pop", "number": 3}, [("FlowOutput", "Three songs.")]),
    ("terraform_registry_example", "rain", [("FlowOutputNode", "An answer.")]),
    ("condition_three_way", prices(11, 12, "produce"), [("OutProduce", "first")]),
    ("condition_three_way", prices(11, 12, "meat"), [("OutCheaper", "second")]),
    ("condition_three_way", prices(12, 11, "meat"), [("OutDefault", "third")]),
    ("iterator_without_collector", [1, 2, 3], [("FlowOutput", 1), ("FlowOutput", 4), ("FlowOutput", 9)]),
    ("iterator_without_collector", [], []),
    ("iterator_with_collector", [1, 2, 3], [("FlowOutput", [1, 4, 9])]),
    ("iterator_with_collector", [], [("FlowOutput", [])]),
    ("loop_counter", 0, [("FlowOutput", 3)]),
    ("loop_counter", 10, [("FlowOutput", 11)]),
    ("loop_max_iterations", 0, [("FlowOutput", 4)]),
    (
        "expressions_outputs",
        MAMMALS,
        [("AllMammals", [["x"], ["y"]]), ("First", "p"), ("Slice", ["q", "r"]), ("Pick", ["p", "r"])],
    ),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Any:
    live = furnished(tmp_path_factory.mktemp("corpus")).start()
    yield live
    assert live.stop() == 0


def installed(server: LiveServer, name: str) -> tuple[str, dict[str, Any]]:
    assert FLOWS_FOLDER
    prompts = Path(FLOWS_FOLDER) / f"{name}.prompts.json"
    known = json.loads(prompts.read_text()) if prompts.exists() else []
    definition = corpus(f"{name}.json")
    return install(server.boto(), definition, known), definition


@pytest.mark.parametrize(
    ("name", "document", "outputs"), CASES, ids=[f"{n}-{i}" for i, (n, _, _) in enumerate(CASES)]
)
def test_a_definition_of_the_corpus_runs(
    server: LiveServer, name: str, document: Any, outputs: list[tuple[str, Any]]
) -> None:
    flow, definition = installed(server, name)
    start = next(node["name"] for node in definition["nodes"] if node["type"] == "Input")
    runtime = server.boto("bedrock-agent-runtime")
    found = invoke(runtime, flow, document, node=start, enableTrace=True)
    assert found.error is None
    assert found.outputs == outputs
    assert found.completion == ["SUCCESS"]
    assert found.events[-1] == {"flowCompletionEvent": {"completionReason": "SUCCESS"}}
    check_traces(found, definition)
    plain = invoke(runtime, flow, document, node=start)
    assert plain.outputs == outputs
    assert plain.traces == []


def test_the_corpus_is_covered(server: LiveServer) -> None:
    runnable = {one["file"] for one in corpus("index.json") if "invoke" in one}
    assert runnable == {f"{name}.json" for name, _, _ in CASES}


ONLY = {
    "Input": {"nodeOutputTrace"},
    "LoopInput": {"nodeOutputTrace"},
    "Output": {"nodeInputTrace"},
    "LoopController": {"nodeInputTrace"},
}
"""What is told of nodes of which not everything is."""


def check_traces(found: Invoked, definition: dict[str, Any]) -> None:
    """The order of bedrock 4.4: a node's kinds in order, a node only after all that feed it."""
    types = {node["name"]: node["type"] for node in _all_nodes(definition)}
    finished: set[str] = set()
    for kind, name, trace in found.traces:
        assert kind in ONLY.get(types[name], {kind})
        if kind != "nodeInputTrace":
            finished.add(name)
        elif types[name] != "Collector":  # of an empty array nothing ran that feeds it
            sources = {field["source"]["nodeName"] for field in trace["fields"]}
            assert sources <= finished, f"{name} ran before {sources - finished}"
    words = found.order
    says = [index for index, word in enumerate(words) if word.endswith(" says")]
    assert all(words[index - 1] == words[index].replace("says", "Input") for index in says)


def _all_nodes(definition: dict[str, Any]) -> list[dict[str, Any]]:
    inner = [
        node["configuration"]["loop"]["definition"] for node in definition["nodes"] if node["type"] == "Loop"
    ]
    return definition["nodes"] + [node for one in inner for node in _all_nodes(one)]
