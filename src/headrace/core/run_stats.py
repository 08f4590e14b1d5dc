"""What the judgments on a run's logs add up to (humanloop 4.3)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TypeAlias

import msgspec


class TextStats(msgspec.Struct, frozen=True, kw_only=True):
    """How an evaluator judged in a run. All there is to be said of texts.

    Attributes:
        version_id: the evaluator's version.
        total_logs: so many logs it made that count: judgments, nulls and errors.
    """

    version_id: str
    total_logs: int
    num_judgments: int
    num_nulls: int
    num_errors: int


class BooleanStats(TextStats, frozen=True, kw_only=True):
    """The same of booleans."""

    num_true: int
    num_false: int


class NumberStats(TextStats, frozen=True, kw_only=True):
    """The same of numbers; the mean, the sum and the percentiles are there from one judgment on.

    Attributes:
        std: the standard deviation of a sample; None below two judgments.
        percentiles: by ``0``, ``25``, ``50``, ``75`` and ``100``; between two judgments in proportion.
    """

    mean: float | None
    sum: float | None
    std: float | None
    percentiles: Mapping[str, float]


class ChoiceStats(TextStats, frozen=True, kw_only=True):
    """The same of one or more options.

    Attributes:
        per_option: how often each was chosen, in the evaluator's order.
    """

    per_option: Mapping[str, int]


SeatStats: TypeAlias = BooleanStats | NumberStats | ChoiceStats | TextStats
