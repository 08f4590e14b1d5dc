"""Headers of what is sent to others: they may hold what clients named, and secrets that somebody pasted."""

from __future__ import annotations

import re
from collections.abc import Mapping
from urllib.parse import quote

from headrace.core.effects import EffectContext, EffectFailed

_SENDABLE = re.compile(r"([!-~]([ -~]*[!-~])?)?")
"""Visible characters of ASCII, with spaces between them only."""


def idempotency_key(context: EffectContext) -> str:
    """A key that is the same whenever a step is carried out again; ids of clients may have any characters."""
    return quote(context.step, safe="/:@#+,;=!")


def check_headers(headers: Mapping[str, str], *, who: str, resource: str) -> None:
    """See that headers can be sent. What is wrong with a value is told without it: it may be a secret.

    Raises:
        EffectFailed: one has characters that no header can have.
    """
    for name, value in headers.items():
        if _SENDABLE.fullmatch(value) is None:
            what = "The key" if name == "authorization" else f"The header `{name}`"
            raise EffectFailed(
                f"{what} for {who} can't be sent: it has a character other than the visible ones of ASCII, "
                "or a space or line break at an end.",
                resource=resource,
            )
