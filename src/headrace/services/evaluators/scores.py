"""What evaluators found in logs, told in short beside whatever the logs are of."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping

import msgspec

from headrace.core.ports import Transaction
from headrace.services.logs.traces import BATCH


class LogScore(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found.

    Attributes:
        log_id: the evaluator's own log.
        evaluator_id: the evaluator's file; `evaluator` is its path, None when it is gone.
        judgment: None where there is none.
        has_error: whether it failed.
    """

    log_id: str
    evaluator_id: str
    evaluator: str | None
    judgment: msgspec.Raw | None
    has_error: bool


def scores_of(tx: Transaction, log_ids: Collection[str]) -> Mapping[str, list[LogScore]]:
    """The scores of each of these logs, oldest first; those without any are left out."""
    ids = list(log_ids)
    found: dict[str, list[LogScore]] = defaultdict(list)
    paths: dict[str, str | None] = {}
    for first in range(0, len(ids), BATCH):
        for one in tx.logs.judgments(judged_ids=ids[first : first + BATCH]):
            if one.file_id not in paths:
                file = tx.files.get(id=one.file_id)
                paths[one.file_id] = None if file is None else file.path
            assert one.judged_id is not None, "it was asked for by that"
            found[one.judged_id].append(
                LogScore(
                    log_id=one.id,
                    evaluator_id=one.file_id,
                    evaluator=paths[one.file_id],
                    judgment=None if one.judgment is None else msgspec.Raw(one.judgment),
                    has_error=one.has_error,
                )
            )
    return found
