"""Judging: what is asked of whatever carries evaluators out, and what it answers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

import msgspec

from headrace.core.effects import JSON, EffectContext, Usage
from headrace.core.kinds.evaluator import EvaluatorSpec


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found.

    Attributes:
        judgment: of the evaluator's return type; None when it has none to give.
        error: why there is no judgment; None when nothing went wrong.
        stdout: what code printed.
        output: what a model wrote.
        output_message: the same, as a chat message.
        provider_request: what the model was asked.
        provider_response: how it answered, whole.
        provider_latency_s: seconds until it had.
        usage: what that took; None when no model was asked.
    """

    judgment: JSON = None
    error: str | None = None
    stdout: str | None = None
    output: str | None = None
    output_message: Mapping[str, JSON] | None = None
    provider_request: Mapping[str, JSON] | None = None
    provider_response: Mapping[str, JSON] | None = None
    provider_latency_s: float | None = None
    usage: Usage | None = None


class Judges(Protocol):
    """Carries evaluators out that this server can carry out: code and prompts (humanloop 4.8)."""

    async def judge(
        self,
        spec: EvaluatorSpec,
        log: Mapping[str, JSON],
        target: Mapping[str, JSON] | None,
        context: EffectContext,
    ) -> Verdict:
        """What the evaluator finds in a log. Whatever is wrong with the evaluator is said in the verdict.

        Args:
            spec: the evaluator's.
            log: as an evaluator sees it, with ``children``.
            target: the data point that the log was made from; None when there is none.

        Raises EffectFailed when something that it depends on does not work at the moment.
        """
