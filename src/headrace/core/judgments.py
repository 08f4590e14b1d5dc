"""Which judgments can be averaged (humanloop 2.13)."""

from __future__ import annotations

import msgspec

from headrace.core.logs import Log


def counted(log: Log) -> bool | int | float | None:
    """What an evaluator's log adds to the total of its version: a boolean or a number.

    None when it adds nothing: it judges no log, it failed, or its judgment is null, a text or a choice.
    """
    if log.judged_id is None or log.has_error or log.judgment is None:
        return None
    value = msgspec.json.decode(log.judgment)
    return value if isinstance(value, bool | int | float) else None
