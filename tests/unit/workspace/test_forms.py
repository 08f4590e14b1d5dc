"""Contents of all kinds through files and back."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.workspace import forms
from headrace.workspace.forms import BadForm

TEXT = st.text(max_size=30) | st.sampled_from(
    ["a\nb", "a\n", "\n", " a\nb", "a\r\nb", "\ufeffa", "{{x}}", "</user>"]
)
JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=6,
)
NAMES = st.sampled_from(["In", "in", "Answer_1", "CON", "../x", "a b", "", "Loop"])


def _prompt_node(name: str, text: str) -> dict[str, Any]:
    template = {"templateConfiguration": {"text": {"text": text}}, "modelId": "m"}
    return {
        "name": name,
        "type": "Prompt",
        "configuration": {"prompt": {"sourceConfiguration": {"inline": template}}},
    }


def _code_node(name: str, text: str) -> dict[str, Any]:
    return {"configuration": {"inlineCode": {"code": text, "language": "Python_3"}}, "name": name}


def _loop(name: str, nodes: list[Any]) -> dict[str, Any]:
    return {"name": name, "configuration": {"loop": {"definition": {"nodes": nodes}}}}


NODE = st.builds(_prompt_node, NAMES, TEXT) | st.builds(_code_node, NAMES, TEXT) | JSON
NODES = st.lists(NODE, max_size=3)
FLOW = st.builds(
    lambda nodes, others: {**others, "definition": {"nodes": nodes, "connections": []}},
    NODES | st.builds(lambda name, nodes: [_loop(name, nodes)], NAMES, NODES),
    st.dictionaries(TEXT, JSON, max_size=2),
) | st.dictionaries(TEXT, JSON, max_size=3)
MESSAGES = st.lists(
    st.fixed_dictionaries({"role": st.sampled_from(["system", "user", "assistant"]), "content": TEXT}),
    max_size=3,
)
PROMPT = st.fixed_dictionaries(
    {"model": TEXT, "template": MESSAGES | TEXT},
    optional={"temperature": st.floats(0, 2), "stop": st.lists(TEXT, max_size=2), "attributes": JSON},
)
VARIANTS = st.fixed_dictionaries({"variants": st.lists(JSON, max_size=1), "defaultVariant": TEXT})
TOOL = st.fixed_dictionaries(
    {}, optional={"source_code": TEXT, "attributes": st.dictionaries(TEXT, JSON, max_size=2)}
)
SPEC = st.fixed_dictionaries(
    {
        "arguments_type": st.just("target_free"),
        "return_type": st.just("boolean"),
        "evaluator_type": st.just("python"),
        "code": TEXT,
    }
)
DATAPOINT = st.fixed_dictionaries(
    {"inputs": st.dictionaries(TEXT, TEXT, max_size=2)},
    optional={"target": st.dictionaries(TEXT, TEXT, max_size=2), "messages": st.none()},
)
DATASET = st.fixed_dictionaries(
    {"datapoints": st.lists(DATAPOINT, max_size=4)},
    optional={"attributes": st.dictionaries(TEXT, JSON, max_size=2)},
)
CONTENTS = (
    st.tuples(st.just("flow"), FLOW)
    | st.tuples(st.just("prompt"), PROMPT | VARIANTS)
    | st.tuples(st.just("agent"), PROMPT)
    | st.tuples(st.just("tool"), TOOL)
    | st.tuples(st.just("evaluator"), SPEC)
    | st.tuples(st.just("dataset"), DATASET)
)


def _read(kind: str, name: str, texts: forms.Texts) -> dict[str, Any]:
    above = name.rpartition("/")[0]

    def read_text(given: str) -> str:
        return texts[f"{above}/{given}"].removesuffix("\n")

    return forms.read(kind, name, texts[name], read_text)


@settings(max_examples=400, deadline=None)
@given(CONTENTS)
def test_all_kinds_come_back_and_are_written_to_the_letter(case: tuple[str, dict[str, Any]]) -> None:
    kind, content = case
    stem = f"{forms.FOLDERS[kind]}/a/b"
    name, texts = forms.write(kind, stem, content)
    texts = {one: text.encode().decode().replace("\r\n", "\n") for one, text in texts.items()}
    found = _read(kind, name, texts)
    assert forms.digest_of(kind, found) == forms.digest_of(kind, content)
    assert forms.write(kind, stem, found) == (name, texts)
    for one in texts:
        assert one == name or one == f"{stem}.py" or one.startswith(f"{stem}/")
        assert ".." not in one.split("/")


def test_members_and_nodes_keep_their_order() -> None:
    nodes = [_prompt_node("Z", "z"), _code_node("A", "a = 1\nb = 2")]
    content = {"z": 1, "definition": {"nodes": nodes, "connections": []}, "a": 2}
    name, texts = forms.write("flow", "flows/x", content)
    found = _read("flow", name, texts)
    assert json.dumps(found) == json.dumps(content)
    assert texts["flows/x/A.py"] == "a = 1\nb = 2\n"
    assert texts["flows/x/Z.prompt.md"] == "z\n"


def test_nodes_of_loops_have_files_too() -> None:
    content = {"definition": {"nodes": [_loop("Each", [_code_node("Add", "x")])], "connections": []}}
    assert "flows/x/Each.Add.py" in forms.write("flow", "flows/x", content)[1]


def test_a_variant_that_one_object_can_not_say_is_yaml() -> None:
    content = {"variants": [{"name": "a", "templateType": "TEXT"}], "defaultVariant": "a"}
    assert forms.write("prompt", "prompts/x", content)[0] == "prompts/x.yaml"
    assert forms.write("prompt", "prompts/x", {"model": "m"})[0] == "prompts/x.prompt"


def test_another_order_of_datapoints_is_the_same() -> None:
    one, two = {"inputs": {"a": "1"}}, {"inputs": {"a": "2"}, "target": {"b": 1}}
    digests = {forms.digest_of("dataset", {"datapoints": some}) for some in ([one, two], [two, one, two])}
    assert len(digests) == 1
    assert forms.digest_of("dataset", {"datapoints": [one]}) not in digests


@pytest.mark.parametrize(
    ("kind", "name", "text"),
    [
        ("flow", "flows/x.yaml", "- a"),
        ("flow", "flows/x.yaml", "a: ["),
        ("prompt", "prompts/x.prompt", "no header"),
        ("prompt", "prompts/x.prompt", "---\n- a\n---\n"),
        ("dataset", "datasets/x.jsonl", "{"),
    ],
)
def test_what_is_no_content_is_told(kind: str, name: str, text: str) -> None:
    with pytest.raises(BadForm):
        forms.read(kind, name, text, lambda _: "")


@pytest.mark.parametrize("points", [[1], [{"inputs": []}], [{"messages": 1}], 3, None])
def test_datapoints_that_are_none_are_told(points: Any) -> None:
    content = {"datapoints": points}
    try:
        assert forms.digest_of("dataset", content)
    except BadForm:
        return
    assert isinstance(points, list), "what has a digest is left to the server to check"


FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")


@pytest.mark.skipif(FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of definitions")
def test_real_flows_come_back() -> None:
    assert FOLDER is not None
    seen = 0
    for path in sorted(Path(FOLDER).glob("*.json")):
        content = json.loads(path.read_text())
        if not isinstance(content, dict):
            continue
        content = content if "definition" in content else {"definition": content}
        name, texts = forms.write("flow", f"flows/{path.stem}", content)
        assert json.dumps(_read("flow", name, texts)) == json.dumps(content)
        seen += 1
    assert seen > 10
