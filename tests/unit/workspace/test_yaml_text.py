"""YAML as it is written and read: one text for each value, and nothing that means something else elsewhere."""

from __future__ import annotations

import json
from typing import Any

import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from headrace.core import canonical
from headrace.workspace.yaml_text import BadYaml, Reference, read, write

ODD = [
    "yes",
    "no",
    "1e5",
    "0x10",
    "1_000",
    "-",
    "?",
    "<<",
    "=",
    "12:30",
    "2020-01-01",
    "null",
    "~",
    "",
    "---",
]
ODD += [
    "...",
    "- a",
    "a: b",
    "a #b",
    "# x",
    " lead",
    "trail ",
    "\n",
    "a\n",
    "a\n\n",
    " a\nb",
    "a\n b",
    "a\n\tb\n",
]
ODD += ["x" * 300, "é", "a\r\nb", "!text x", "*a", "&a"]
TEXTS = (
    st.text() | st.text(alphabet="ab \n\t:-#'\"{}[]|>&*!%@`,?\r\u2028\x85\ufeff\x00~0") | st.sampled_from(ODD)
)
PLAIN = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXTS
VALUES = st.recursive(
    PLAIN,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=12,
)


@settings(max_examples=400, deadline=None)
@given(VALUES)
def test_what_is_written_is_read_as_the_same_and_written_again_to_the_letter(value: Any) -> None:
    text = write(value)
    found = read(text)
    assert canonical.digest(json.dumps(found).encode()) == canonical.digest(json.dumps(value).encode())
    assert write(found) == text


@settings(max_examples=200, deadline=None)
@given(st.recursive(TEXTS, lambda inner: st.lists(inner) | st.dictionaries(TEXTS, inner), max_leaves=6))
def test_texts_are_texts_to_other_readers_too(value: Any) -> None:
    assert yaml.safe_load(write(value)) == value


def test_it_is_readable() -> None:
    value = {
        "nodes": [{"name": "In", "tags": ["a", "b"], "text": "one\ntwo\n"}, {"name": "on", "empty": {}}],
        "code": Reference("x/In.py"),
    }
    assert write(value) == (
        "nodes:\n"
        "  - name: In\n"
        "    tags: [a, b]\n"
        "    text: |\n"
        "      one\n"
        "      two\n"
        '  - name: "on"\n'
        "    empty: {}\n"
        "code: !text x/In.py\n"
    )


def test_texts_of_other_files_are_read() -> None:
    assert read("a: !text x/y.md", lambda name: f"<{name}>") == {"a": "<x/y.md>"}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("a: yes", {"a": "yes"}),
        ("a: 010", {"a": "010"}),
        ("a: 2020-01-01", {"a": "2020-01-01"}),
        ("a: 12:30", {"a": "12:30"}),
        ("a: 1e3", {"a": 1000.0}),
        ("a:", {"a": None}),
        ("<<: 1", {"<<": 1}),
        ("", None),
    ],
)
def test_plain_words_are_jsons(text: str, value: Any) -> None:
    assert read(text) == value


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("a: 1\na: 2", "twice"),
        ("a: &x [1]\nb: *x", "stand for another"),
        ("a: !!python/name:os.system x", "not known"),
        ("a: !!binary aGk=\nb: !other x", "not known"),
        ("a: !text x", "!text"),
        ("a: 1e999", "out of range"),
        ("a: [", "flow"),
        ("[" * 5000, ""),
        ("a: " + "9" * 5000, "digits"),
        ("? [a]\n: 1", "key"),
    ],
)
def test_what_json_has_no_word_for_is_refused(text: str, word: str) -> None:
    with pytest.raises(BadYaml, match=word):
        read(text)
