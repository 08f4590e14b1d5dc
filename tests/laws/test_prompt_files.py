"""Whatever a prompt or an agent is, its file says all of it (humanloop 4.5)."""

from __future__ import annotations

from typing import Any

import msgspec
import yaml
from hypothesis import given
from hypothesis import strategies as st

from headrace.core.agents import Agent
from headrace.core.canonical import digest
from headrace.core.kinds.agent import KIND as AGENT
from headrace.core.kinds.kind import without_nulls
from headrace.core.prompt_files import read_file, write_file
from headrace.core.prompts import Prompt

TEXTS = st.one_of(
    st.text(max_size=30),
    st.text(alphabet="ab <>/{}\n\t \r\"'&-:#", max_size=30),
    st.sampled_from(
        [
            "</user>",
            "<user>\nhi\n</user>",
            "  indented\n  twice",
            "\n\nspaced\n\n",
            "a\n  b\n\nc",
            "<text>\n  x\n</text>",
            '<image url="x" />',
            '<tool name="a" id="b">\n  {}\n</tool>',
            "---\nmodel: x\n---\n",
            "<!-- a -->",
            "yes",
            "1e3",
            "\x85\u2028\x7f\ufeff\U0001f600",
            " ",
        ]
    ),
)
NUMBERS = st.one_of(st.integers(-(10**20), 10**20), st.floats(allow_nan=False, allow_infinity=False))
JSON = st.recursive(
    st.one_of(st.none(), st.booleans(), NUMBERS, TEXTS),
    lambda inner: st.one_of(st.lists(inner, max_size=3), st.dictionaries(TEXTS, inner, max_size=3)),
    max_leaves=6,
)
OBJECTS = st.dictionaries(TEXTS, JSON, max_size=3)


def some(**members: st.SearchStrategy[Any]) -> st.SearchStrategy[dict[str, Any]]:
    """An object in which each of the members may be missing."""
    return st.fixed_dictionaries({}, optional=members)


IMAGES = st.fixed_dictionaries(
    {
        "type": st.just("image_url"),
        "image_url": st.fixed_dictionaries(
            {"url": TEXTS}, optional={"detail": st.sampled_from(["low", "auto"])}
        ),
    }
)
PARTS = st.one_of(st.fixed_dictionaries({"type": st.just("text"), "text": TEXTS}), IMAGES)
CALLS = st.fixed_dictionaries(
    {"id": TEXTS, "function": st.fixed_dictionaries({"name": TEXTS}, optional={"arguments": TEXTS})},
    optional={"type": st.just("function")},
)
MESSAGES = st.fixed_dictionaries(
    {"role": st.sampled_from(["user", "assistant", "system", "tool", "developer"])},
    optional={
        "content": st.one_of(st.none(), TEXTS, st.lists(PARTS, max_size=3)),
        "name": st.one_of(st.none(), TEXTS),
        "tool_call_id": TEXTS,
        "tool_calls": st.lists(CALLS, max_size=2),
        "thinking": st.lists(
            st.fixed_dictionaries({"type": st.just("redacted_thinking"), "data": TEXTS}), max_size=1
        ),
    },
)
TOOLS = st.fixed_dictionaries(
    {"name": TEXTS, "description": TEXTS},
    optional={"strict": st.none() | st.booleans(), "parameters": OBJECTS},
)
MORE = {
    "endpoint": st.sampled_from(["complete", "chat", "edit"]),
    "template": st.one_of(TEXTS, st.lists(MESSAGES, max_size=3)),
    "template_language": st.sampled_from(["default", "jinja"]),
    "provider": TEXTS,
    "max_tokens": st.integers(-1, 2**40),
    "temperature": NUMBERS,
    "stop": st.one_of(TEXTS, st.lists(TEXTS, max_size=3)),
    "other": OBJECTS,
    "reasoning_effort": st.one_of(st.sampled_from(["high", "low"]), st.integers(0, 9)),
    "response_format": st.fixed_dictionaries(
        {"type": st.just("json_schema")}, optional={"json_schema": OBJECTS}
    ),
    "tools": st.lists(TOOLS, max_size=2),
    "linked_tools": st.lists(TEXTS, max_size=2),
    "attributes": OBJECTS,
}
PROMPTS = st.builds(lambda one, more: one | more, st.fixed_dictionaries({"model": TEXTS}), some(**MORE))

ON_CALL = {"on_agent_call": st.sampled_from([None, "stop", "continue"])}
LINKS = st.fixed_dictionaries(
    {"file_id": TEXTS}, optional={"environment_id": st.none() | TEXTS, "version_id": st.none() | TEXTS}
)
AGENT_TOOLS = st.one_of(
    st.fixed_dictionaries({"type": st.just("file"), "link": LINKS}, optional=ON_CALL),
    st.fixed_dictionaries({"type": st.just("inline"), "json_schema": TOOLS}, optional=ON_CALL),
)
OF_AGENTS = {**MORE, "tools": st.lists(AGENT_TOOLS, max_size=3), "max_iterations": st.integers(1, 2**40)}
OF_AGENTS.pop("linked_tools")
AGENTS = st.builds(lambda one, more: one | more, st.fixed_dictionaries({"model": TEXTS}), some(**OF_AGENTS))


def same(form: Any) -> str:
    """What decides whether two contents are one version."""
    return digest(without_nulls(msgspec.json.encode(form)))


@given(PROMPTS)
def test_nothing_is_lost(form: dict[str, Any]) -> None:
    again = read_file(write_file(form), yaml.safe_load)
    assert same(again) == same(form)
    msgspec.convert(again, Prompt)


@given(AGENTS)
def test_nothing_of_an_agent_is_lost(form: dict[str, Any]) -> None:
    again = read_file(write_file(form), yaml.safe_load)
    one, other = (digest(AGENT.identity(msgspec.json.encode(each))) for each in (again, form))
    assert one == other
    msgspec.convert(again, Agent)


@given(PROMPTS | AGENTS)
def test_what_was_read_is_written_the_same(form: dict[str, Any]) -> None:
    text = write_file(form)
    assert write_file(read_file(text, yaml.safe_load)) == text


@given(PROMPTS)
def test_both_parsers_of_yaml_read_it_alike(form: dict[str, Any]) -> None:
    text = write_file(form)
    by_c = read_file(text, lambda header: yaml.load(header, yaml.CSafeLoader))
    assert same(by_c) == same(form)


@given(PROMPTS)
def test_the_ends_of_lines_may_be_those_of_windows(form: dict[str, Any]) -> None:
    text = write_file(form)
    assert read_file(text.replace("\n", "\r\n"), yaml.safe_load) == read_file(text, yaml.safe_load)
