"""Any prompt of one form, read as the other, is one that the other API could have been given."""

from __future__ import annotations

import json
from typing import Any

import msgspec
from botocore.loaders import create_loader
from botocore.model import ServiceModel
from hypothesis import given
from hypothesis import strategies as st
from tests.contract.bedrock.conformance import violations

from headrace.core.kinds import KINDS
from headrace.core.prompt_forms import as_form, as_variant
from headrace.core.prompts import Prompt

VARIANT = ServiceModel(
    create_loader().load_service_model("bedrock-agent", "service-2"), "bedrock-agent"
).shape_for("PromptVariant")

TEXTS = st.sampled_from(
    ["", "x", "Tell {{a}}", "{{b}} {{c}}", "ü", " ".join(f"{{{{v{n}}}}}" for n in range(21))]
)
NAMES = st.sampled_from(["add", "a-b", "", "x" * 65, "ü", "go_1"])
MAPS = st.dictionaries(
    st.sampled_from(["a", "ü", "x" * 129, "bedrock"]), st.none() | st.integers() | TEXTS, max_size=3
)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """Objects with any of these members."""
    return st.fixed_dictionaries({}, optional=members)


PARTS = st.one_of(
    st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}),
    st.just({"type": "image_url", "image_url": {"url": "u"}}),
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["system", "user", "assistant", "developer", "tool"])},
    optional={"content": st.none() | TEXTS | st.lists(PARTS, max_size=2), "thinking": st.none()},
)
TOOLS = st.fixed_dictionaries(
    {"name": NAMES, "description": TEXTS},
    optional={"strict": st.none() | st.booleans(), "parameters": st.none() | MAPS},
)
FORMS = st.builds(
    lambda needed, more: {**needed, **more},
    st.fixed_dictionaries({"model": st.sampled_from(["gpt-4o", "a.model-v1:0"])}),
    some(
        endpoint=st.sampled_from([None, "chat", "complete", "edit"]),
        template=st.none() | TEXTS | st.lists(MESSAGES, max_size=3),
        template_language=st.sampled_from([None, "default", "jinja"]),
        provider=st.none() | NAMES,
        max_tokens=st.none() | st.integers(-2, 100),
        temperature=st.none() | st.floats(-1, 2),
        top_p=st.none() | st.floats(-1, 2),
        stop=st.none() | TEXTS | st.lists(TEXTS, max_size=5),
        seed=st.none() | st.integers(),
        other=st.none() | MAPS,
        tools=st.none() | st.lists(TOOLS, max_size=2),
        attributes=st.none() | MAPS,
    ),
)


@given(FORMS)
def test_what_a_variant_says_is_a_variant(form: dict[str, Any]) -> None:
    variant = as_variant(form)
    if variant is not None:
        assert list(violations(VARIANT, variant, "variant")) == []


@given(FORMS)
def test_there_and_back_it_is_a_prompt(form: dict[str, Any]) -> None:
    variant = as_variant(form)
    back = msgspec.convert(as_form(variant), Prompt)
    assert back.model == (form["model"] if variant else "")
    if variant:
        assert back.max_tokens in (form.get("max_tokens"), None)
        again = as_variant(msgspec.to_builtins(back))
        assert (again is not None) == bool(back.template)  # messages without a word are left out


@given(FORMS)
def test_whether_it_can_be_a_draft_is_whether_it_can_be_a_variant(form: dict[str, Any]) -> None:
    kind = KINDS["prompt"]
    content = json.dumps(form).encode()
    assert kind.can_be_draft(content) == (as_variant(form) is not None)
    assert kind.can_be_draft(kind.identity(content)) == kind.can_be_draft(content)
    assert kind.inputs(kind.identity(content)) == kind.inputs(content)
