"""Monitoring: which evaluators judge the logs of a file, what they found, and the work that waits.

Judgments of one evaluator version on the logs of one version are added up as they come and go, without error:
a sum of floats is kept as an exact fraction, so that what is taken away leaves no trace.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from fractions import Fraction

import msgspec


class Monitor(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator attached to a file (humanloop 2.12).

    Attributes:
        id: ``mon_…``.
        file_id: the file whose logs are judged.
        evaluator_id: the evaluator's file.
        version_id: the version that judges; None when it is the one deployed to an environment.
        environment_id: that environment; None when a version is named.
        is_active: whether it judges; one that was deactivated stays listed.
    """

    id: str
    file_id: str
    evaluator_id: str
    version_id: str | None
    environment_id: str | None
    is_active: bool
    created_at: datetime
    updated_at: datetime


class Total(msgspec.Struct, frozen=True, kw_only=True):
    """The judgments of one evaluator version on the logs of one version that count (humanloop 2.13).

    Attributes:
        version_id: the version whose logs were judged.
        evaluator_version_id: who judged.
        judgments: how many booleans or numbers there are.
        numerator: decimal digits of the exact sum's numerator; booleans are 0 and 1.
        denominator: decimal digits of its denominator, a power of two.
    """

    version_id: str
    evaluator_id: str
    evaluator_version_id: str
    judgments: int = 0
    numerator: str = "0"
    denominator: str = "1"

    def plus(self, value: bool | int | float) -> Total:
        """With one judgment more."""
        return self._moved(1, Fraction(value))

    def minus(self, value: bool | int | float) -> Total:
        """With one judgment less."""
        return self._moved(-1, -Fraction(value))

    def mean(self) -> float:
        """Of at least one judgment."""
        return float(self._sum() / self.judgments)

    def _sum(self) -> Fraction:
        return Fraction(int(self.numerator), int(self.denominator))

    def _moved(self, count: int, value: Fraction) -> Total:
        moved = self._sum() + value
        return msgspec.structs.replace(
            self,
            judgments=self.judgments + count,
            numerator=str(moved.numerator),
            denominator=str(moved.denominator),
        )


class Aggregate(msgspec.Struct, frozen=True, kw_only=True):
    """A total as it is shown.

    Attributes:
        first_at: when the first judgment that counts was made.
        last_at: when the last one was.
    """

    total: Total
    first_at: datetime
    last_at: datetime


class Work(StrEnum):
    """What can wait to be done behind the scenes."""

    JUDGE = "judge"
    """``subject`` is a log, ``object`` the version of an evaluator that is to judge it."""
    RECORD = "record"
    """``subject`` is an execution that is to be shown as a flow's log; ``object`` is empty."""
    UPROOT = "uproot"
    """``subject`` is a file that is gone: the logs of other files below its own become roots."""
    EXECUTE = "execute"
    """``subject`` is a durable execution that nobody has begun to carry out; ``object`` is empty."""
    GENERATE = "generate"
    """``subject`` is a run of an evaluation, ``object`` a datapoint of which it is to have a log."""
    SURVEY = "survey"
    """``subject`` is a run of an evaluation whose slots are to be gone through; ``object`` is empty."""
    WATCH = "watch"
    """``subject`` is a move, ``object`` a version that it brought and that is watched since."""
    SILENCE = "silence"
    """``subject`` is a run of an evaluation that may be waiting for nobody; ``object`` is empty."""
    EXPIRE = "expire"
    """The organisation's logs are looked through for such that are too old; ``object`` is empty."""


class Job(msgspec.Struct, frozen=True, kw_only=True):
    """Something that is to be done once, and surely.

    Attributes:
        account: the organisation.
        turn: how often it was asked for since it was last done; who did it says which turn was done.
        attempts: how often it was tried without success since.
        due_at: not before this moment.
        leased_until: somebody is at it until then; None when nobody is.
        holder: the process that is at it; None when nobody is.
    """

    account: str
    work: Work
    subject: str
    object: str = ""
    turn: int = 1
    attempts: int = 0
    due_at: datetime
    leased_until: datetime | None = None
    holder: str | None = None
