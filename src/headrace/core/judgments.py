"""Which judgments can be averaged, and which say that something is good (humanloop 2.13)."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.logs import Log


def counted(log: Log) -> bool | int | float | None:
    """What an evaluator's log adds to the total of its version: a boolean or a number.

    None when it adds nothing: it judges no log, it failed, or its judgment is null, a text or a choice.
    """
    if log.judged_id is None or log.has_error or log.judgment is None:
        return None
    value = msgspec.json.decode(log.judgment)
    return value if isinstance(value, bool | int | float) else None


def is_positive(spec: EvaluatorSpec, value: Any) -> bool | None:
    """Whether a judgment says that something is good; None when it says neither that nor that it is bad.

    A boolean does, and a choice whose option is said to be positive or negative.
    """
    if isinstance(value, bool):
        return value
    valence = next((one.valence for one in spec.options or () if one.name == value), None)
    return {"positive": True, "negative": False}.get(valence or "")
