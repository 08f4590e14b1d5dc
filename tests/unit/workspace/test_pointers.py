"""`deployments.yaml`: what lines say."""

from __future__ import annotations

import pytest

from headrace.workspace.pointers import Target, read, read_target, write
from headrace.workspace.yaml_text import BadYaml


@pytest.mark.parametrize(
    ("said", "target", "text"),
    [
        ("v3 1a2b3c4d5e6f", Target(number=3, digest="1a2b3c4d5e6f"), "v3 1a2b3c4d5e6f"),
        ("1a2b3c4d", Target(digest="1a2b3c4d"), "1a2b3c4d"),
        ("v12", Target(number=12), "v12"),
        (12, Target(number=12), "v12"),
        ("12", Target(number=12), "v12"),
        ("Newest", Target(word="newest"), "newest"),
        ("draft", Target(word="draft"), "draft"),
        ("v3 1a2b3c4d split", Target(number=3, digest="1a2b3c4d", is_split=True), "v3 1a2b3c4d split"),
    ],
)
def test_lines(said: object, target: Target, text: str) -> None:
    assert read_target(said) == target
    assert target.text == text


@pytest.mark.parametrize(
    "said", ["", "split", "v", "x", "1a2b", "v3  1a2b3c4d", None, True, 1.5, [], "v1234567"]
)
def test_lines_that_say_nothing(said: object) -> None:
    with pytest.raises(BadYaml):
        read_target(said)


def test_the_digest_decides() -> None:
    one, other = Target(number=3, digest="1a2b3c4d5e6f"), Target(number=7, digest="1a2b3c4d5e6f")
    assert one.key == other.key
    assert Target(number=3).key != Target(number=4).key


def test_a_table_is_written_in_order() -> None:
    text = "a/b:\n  live: v2\n  production: v3 1a2b3c4d5e6f\nc:\n  production: draft\n"
    assert write(read(text)) == text
    assert write({"c": {}, **read("b: {z: v1, a: v2}")}) == "b:\n  a: v2\n  z: v1\n"
    assert read("") == {}
