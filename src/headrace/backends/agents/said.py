"""What an agent is told in one turn."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec


class Said(msgspec.Struct, frozen=True, kw_only=True):
    """The user's side of a turn.

    Attributes:
        memory: what the agent gave with its last reply of the same execution; None at the first turn.
    """

    text: str
    prompt_attributes: Mapping[str, Any] = {}
    session_attributes: Mapping[str, Any] = {}
    memory: str | None = None
