"""Names that end where they seem to end: a line end after one is no part of it, and makes it none."""

from __future__ import annotations

import re

import pytest

from headrace.backends.agents.bedrock import ALIAS as AGENT_ALIAS
from headrace.backends.knowledge.local import NAME
from headrace.backends.lex.router import ALIAS as BOT_ALIAS
from headrace.backends.objects.folder import BUCKET
from headrace.backends.patterns import function_names

FUNCTION = "arn:aws:lambda:us-east-1:111122223333:function:double"


@pytest.mark.parametrize(
    ("pattern", "name"),
    [
        (BUCKET, "a-bucket"),
        (NAME, "handbook"),
        (AGENT_ALIAS, "arn:aws:bedrock:us-east-1:111122223333:agent-alias/AGENT00001/ALIAS00001"),
        (BOT_ALIAS, "arn:aws:lex:us-east-1:111122223333:bot-alias/BOT0000001/ALIAS00001"),
    ],
)
def test_a_line_end_makes_a_name_none(pattern: re.Pattern[str], name: str) -> None:
    assert pattern.match(name)
    assert not pattern.match(f"{name}\n")


def test_a_function_with_a_line_end_is_another_one() -> None:
    assert function_names(FUNCTION) == (FUNCTION, "double")
    assert function_names(f"{FUNCTION}\n") == (f"{FUNCTION}\n",)
