"""What contents of each kind are: when two are the same, what they are used with, what they refer to."""

from __future__ import annotations

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.errors import Invalid
from headrace.core.kinds import KINDS
from headrace.core.kinds.kind import FREE, without_nulls
from headrace.core.kinds.prompt import default_variant, prompt_form, read_prompt
from headrace.core.links import Link

JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers(-5, 5) | st.text(max_size=3),
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(st.sampled_from(["a", "b", "attributes", "other"]), inner, max_size=3)
    ),
    max_leaves=8,
)


def text(value: Any) -> bytes:
    return json.dumps(value).encode()


def inputs(kind: str, content: Any) -> tuple[str, ...]:
    return KINDS[kind].inputs(text(content))


def test_every_kind_has_prefixes_of_its_own() -> None:
    prefixes = [prefix for kind in KINDS.values() for prefix in (kind.prefix, kind.version_prefix)]
    assert len(set(prefixes)) == len(prefixes)
    assert {kind.name: kind.prefix for kind in KINDS.values()} == {
        "agent": "ag_",
        "dataset": "ds_",
        "evaluator": "ev_",
        "flow": "fl_",
        "prompt": "pr_",
        "tool": "tl_",
    }


@pytest.mark.parametrize(
    ("first", "second"),
    [
        ({"model": "m", "temperature": None}, {"model": "m"}),
        (
            {"model": "m", "template": [{"role": "user", "name": None}]},
            {"model": "m", "template": [{"role": "user"}]},
        ),
        ({"model": "m", "tools": [{"name": "t", "strict": None}]}, {"model": "m", "tools": [{"name": "t"}]}),
    ],
)
def test_null_is_absent(first: Any, second: Any) -> None:
    """Humanloop 2.1."""
    for kind in ("prompt", "tool", "evaluator"):
        assert KINDS[kind].identity(text(first)) == KINDS[kind].identity(text(second))


def agent(*tools: Any, **more: Any) -> bytes:
    return KINDS["agent"].identity(text({"model": "m", "tools": list(tools), **more}))


def inline(**function: Any) -> Any:
    return {"type": "inline", "json_schema": {"name": "f", "description": "", **function}}


def test_agents_are_the_same_where_null_and_no_tools_are_absent() -> None:
    """Humanloop 2.1."""
    bare = KINDS["agent"].identity(b'{"model":"m"}')
    assert (
        agent()
        == agent(max_iterations=None)
        == KINDS["agent"].identity(text({"model": "m", "tools": None}))
        == bare
    )
    link = {"type": "file", "link": {"file_id": "tl_1"}}
    assert agent(link) == agent(
        {**link, "link": {"file_id": "tl_1", "version_id": None}, "on_agent_call": None}
    )
    assert agent(inline()) == agent(inline(strict=None, parameters=None))


def test_agents_differ_by_their_tools_and_the_order_of_these() -> None:
    """Humanloop 2.1."""
    one, two = inline(), {"type": "file", "link": {"file_id": "tl_1"}}
    contents = [
        agent(),
        agent(one),
        agent(one, two),
        agent(two, one),
        agent({**one, "on_agent_call": "stop"}),
        agent(inline(parameters={"a": None})),
        agent(inline(parameters={})),
        agent(one, max_iterations=1),
    ]
    assert len(set(contents)) == len(contents)


@pytest.mark.parametrize("member", sorted(FREE))
def test_null_in_what_is_the_authors_own_is_a_value(member: str) -> None:
    content = {"model": "m", member: {"a": None, "b": [{"c": None}]}}
    assert json.loads(KINDS["prompt"].identity(text(content))) == content


def test_null_in_a_list_is_a_value() -> None:
    assert json.loads(without_nulls(text({"stop": ["a", None]}))) == {"stop": ["a", None]}


def test_of_a_flow_null_is_a_value() -> None:
    assert KINDS["flow"].identity(b'{"a":null}') == b'{"a":null}'


def test_a_prompt_of_variants_is_itself() -> None:
    content = b'{"variants": [{"name": "v", "modelId": null}]}'
    assert KINDS["prompt"].identity(content) == content


@given(JSON_VALUES)
def test_taking_nulls_out_twice_is_taking_them_out_once(value: Any) -> None:
    once = without_nulls(text(value))
    assert without_nulls(once) == once


def test_what_is_too_deep_is_refused() -> None:
    deep = b'{"a":' * 600 + b"1" + b"}" * 600
    with pytest.raises(Invalid):
        without_nulls(deep)
    with pytest.raises(Invalid):
        KINDS["agent"].identity(deep)


@pytest.mark.parametrize(
    ("template", "language", "expected"),
    [
        (None, None, ()),
        ("{{a}} {{ b }} {{a}} {x} {{}} {{1}}", None, ("a", "b")),
        ("{{log.output}} {{log.inputs.x}} {{ünder-score_1}}", "default", ("log", "ünder-score_1")),
        ([{"role": "system", "content": "{{b}}"}, {"role": "user", "content": "{{a}}"}], None, ("b", "a")),
        (
            [
                {
                    "role": "user",
                    "content": [
                        {"type": "text", "text": "{{a}}"},
                        {"type": "image_url", "image_url": {"url": "{{url}}"}},
                    ],
                },
                {"role": "assistant"},
            ],
            None,
            ("a",),
        ),
        (
            "{% for one, two in items %}{{one}}{{loop.index}}{% endfor %}{% if not x %}{{ y|upper }}{% set z = 1 %}{{z}}{%- elif w -%}",
            "jinja",
            ("items", "x", "y", "w"),
        ),
    ],
)
def test_the_inputs_of_a_template(template: Any, language: str | None, expected: tuple[str, ...]) -> None:
    """Humanloop 2.10."""
    prompt = {"model": "m", "template": template, "template_language": language}
    assert inputs("prompt", prompt) == expected
    spec = {"arguments_type": "target_free", "return_type": "text", "evaluator_type": "llm", "prompt": prompt}
    assert inputs("evaluator", spec) == expected


def test_the_inputs_of_a_prompt_of_variants() -> None:
    assert inputs("prompt", {}) == ()
    variant = {"name": "v", "templateConfiguration": {"text": {"text": "{{a}}{{b}}"}}}
    assert inputs("prompt", {"variants": [variant]}) == ("a", "b")


@pytest.mark.parametrize(
    ("function", "expected"),
    [
        (None, ()),
        ({"name": "f", "description": ""}, ()),
        ({"name": "f", "description": "", "parameters": {"properties": {"x": {}, "y": {}}}}, ("x", "y")),
        ({"name": "f", "description": "", "parameters": {"properties": []}}, ()),
    ],
)
def test_the_inputs_of_a_tool_are_its_parameters(function: Any, expected: tuple[str, ...]) -> None:
    """Humanloop 2.10."""
    assert inputs("tool", {"function": function}) == expected


def test_other_contents_have_no_inputs() -> None:
    assert inputs("flow", {"definition": "{{a}}"}) == ()
    spec = {"arguments_type": "target_free", "return_type": "text", "evaluator_type": "human"}
    assert inputs("evaluator", spec) == ()


def test_links() -> None:
    assert KINDS["prompt"].links(text({"model": "m", "linked_tools": ["tl_1"]})) == (Link(file_id="tl_1"),)
    assert KINDS["prompt"].links(b"{}") == ()
    assert KINDS["tool"].links(b'{"linked_tools":["x"]}') == ()
    assert KINDS["agent"].links(b'{"model":"m"}') == ()
    tools = [
        {"type": "inline", "json_schema": {"name": "f", "description": ""}},
        {"type": "file", "link": {"file_id": "pr_1", "version_id": "prv_1"}},
        {"type": "file", "link": {"file_id": "fl_1", "environment_id": "env_1"}},
    ]
    assert KINDS["agent"].links(text({"model": "m", "tools": tools})) == (
        Link(file_id="pr_1", version_id="prv_1"),
        Link(file_id="fl_1", environment_id="env_1"),
    )


def test_which_contents_can_be_drafts() -> None:
    assert KINDS["prompt"].can_be_draft(b'{"model":"m","template":"x"}')
    assert not KINDS["prompt"].can_be_draft(b'{"model":"m"}')
    assert KINDS["prompt"].can_be_draft(b"{}")
    assert not KINDS["tool"].can_be_draft(b"{}")


def test_a_prompt_of_either_form_is_read_as_both() -> None:
    variants = text(
        {"variants": [{"name": "a", "modelId": "x"}, {"name": "b", "modelId": "y"}], "defaultVariant": "b"}
    )
    assert (default_variant(variants) or {})["modelId"] == "y"
    assert prompt_form(variants)["model"] == "y"
    one = b'{"model":"z","template":"t"}'
    assert (default_variant(one) or {})["modelId"] == "z"
    assert read_prompt(one).default_variant == "default"
    assert prompt_form(one) == {"model": "z", "template": "t"}
    assert default_variant(b'{"model":"z"}') is None
    assert default_variant(b"{}") is None
