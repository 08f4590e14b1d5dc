"""Who may answer for a bot alias in the configuration."""

from __future__ import annotations

import re

import msgspec

from headrace.backends.aws import AwsPlace
from headrace.backends.hooks import Hook


class BotRoute(AwsPlace, frozen=True, kw_only=True, tag="lex", forbid_unknown_fields=True):
    """A bot of Amazon Lex V2.

    Attributes:
        match: a pattern of bot alias ARNs.
    """

    match: str


class HookRoute(Hook, frozen=True, kw_only=True, tag="http", forbid_unknown_fields=True):
    """An address that takes the utterance and answers ``{"intent": "…"}``."""

    match: str


class Rule(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Utterances with one intent.

    Attributes:
        pattern: a regular expression, searched for in the utterance whatever its case.
        intent: what it means.
        locale: a pattern of locales.
    """

    pattern: str
    intent: str
    locale: str = "*"

    def __post_init__(self) -> None:
        try:
            re.compile(self.pattern)
        except re.error as error:
            raise ValueError(f"pattern is no regular expression: {error}") from None


class TableRoute(msgspec.Struct, frozen=True, kw_only=True, tag="table", forbid_unknown_fields=True):
    """A table of expressions, tried in order.

    Attributes:
        fallback: the intent of what fits none; empty makes that an error.
    """

    match: str
    rules: tuple[Rule, ...]
    fallback: str = ""


LexRoute = BotRoute | HookRoute | TableRoute
