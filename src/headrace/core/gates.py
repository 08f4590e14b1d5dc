"""Gates: what must be so before a pointer may be moved to a version, and what is watched afterwards.

Limits are decimal numbers as they were written, and what is measured is added up as it is shown, so that a
share of nine in ten meets a minimum of 0.9.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import datetime
from decimal import Decimal
from fractions import Fraction
from typing import TypeAlias

import msgspec

from headrace.core.deployments import PointerKind
from headrace.core.effects import JSON
from headrace.core.errors import Invalid, Problem

MAX_RULES = 20
"""So many rules a gate may have, and so many its watch."""
MAX_LOGS = 1_000
"""So many logs of a version are looked at, the newest."""
MAX_APPROVALS = 20
MAX_DATAPOINTS = 100_000
LONGEST_WATCH_S = 30 * 86_400
MAX_DIGITS = 15
"""So many significant digits a limit may have, and so many places left and right of its point."""


class On(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a score is measured on: one of the two.

    Attributes:
        dataset: the id or the path of a dataset: the newest completed run of the version on
            any version of it.
        logs: so many of the version's newest logs.
    """

    dataset: str | None = None
    logs: int | None = None


class Score(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="score",
):
    """What an evaluator found: the share of true, or the mean.

    Attributes:
        evaluator: its id or path. Judgments of all its versions count, one a log.
        min: not less than this.
        max: not more than this.
        min_judgments: of fewer nothing is concluded, and the rule is not met.
        max_regression: at most so much worse than the version that is targeted now.
    """

    evaluator: str
    on: On
    min: Decimal | None = None
    max: Decimal | None = None
    min_judgments: int = 1
    max_regression: Decimal | None = None


class Errors(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="errors",
):
    """How many of a version's newest logs have an error.

    Attributes:
        logs: so many are looked at.
        max_rate: at most this part of them, 0 to 1.
        min_logs: of fewer nothing is concluded, and the rule is not met.
    """

    logs: int
    max_rate: Decimal
    min_logs: int = 1


class Approval(
    msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, tag_field="type", tag="approval"
):
    """So many people who neither made the version nor move it approved it for the pointer."""

    by: int


Rule: TypeAlias = Score | Errors | Approval


class WatchedScore(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="score",
):
    """The same of the judgments on what came since the move. Of too few nothing is concluded."""

    evaluator: str
    min: Decimal | None = None
    max: Decimal | None = None
    min_judgments: int = 1


class WatchedErrors(
    msgspec.Struct,
    frozen=True,
    kw_only=True,
    forbid_unknown_fields=True,
    omit_defaults=True,
    tag_field="type",
    tag="errors",
):
    """The same of the logs that came since the move. Of too few nothing is concluded."""

    max_rate: Decimal
    min_logs: int = 1


WatchedRule: TypeAlias = WatchedScore | WatchedErrors


class WatchSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What rolls a pointer back by itself after it was moved.

    Attributes:
        for_s: seconds for which it is watched.
    """

    for_s: int
    rules: tuple[WatchedRule, ...]


class GateSpec(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """What a gate asks for: rules before a move, a watch after it, or both."""

    rules: tuple[Rule, ...] = ()
    watch: WatchSpec | None = None


class Gate(msgspec.Struct, frozen=True, kw_only=True):
    """A gate where it stands.

    Attributes:
        file_id: empty: for all files of the environment.
        spec: JSON text of a `GateSpec` in which evaluators and datasets are named by their ids.
        set_by: the user's id.
    """

    file_id: str
    kind: PointerKind
    pointer_id: str
    spec: str
    set_by: str
    set_at: datetime


class Approved(msgspec.Struct, frozen=True, kw_only=True):
    """That somebody approved a version for a pointer."""

    file_id: str
    kind: PointerKind
    pointer_id: str
    version_id: str
    user_id: str
    reason: str | None
    approved_at: datetime


class Watch(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is watched since a move, or was.

    Attributes:
        move_id: the move that brought it.
        rules: JSON text of a list of `WatchSpec`, one of each gate, as they were then.
        outcome: how it ended, in a sentence; None while it goes on.
    """

    move_id: str
    version_id: str
    file_id: str
    kind: PointerKind
    pointer_id: str
    rules: str
    begun_at: datetime
    ends_at: datetime
    ended_at: datetime | None = None
    outcome: str | None = None


class Use(msgspec.Struct, frozen=True, kw_only=True):
    """A log, as far as rules look at it: without what may be large in it."""

    log_id: str
    has_error: bool


class Scored(msgspec.Struct, frozen=True, kw_only=True):
    """A judgment on a log, as far as rules look at it.

    Attributes:
        judgment: JSON text; None is null.
    """

    log_id: str
    is_automatic: bool
    has_error: bool
    judgment: bytes | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What came of one rule.

    Attributes:
        rule: the rule's type.
        says: a sentence with the figures.
        figures: what was measured.
    """

    rule: str
    is_passed: bool
    says: str
    figures: Mapping[str, JSON]


_spec = msgspec.json.Decoder(GateSpec)
_watched = msgspec.json.Decoder(tuple[WatchSpec, ...])
_encoder = msgspec.json.Encoder(decimal_format="number")


def read_spec(text: str | bytes) -> GateSpec:
    """A spec that was kept."""
    return _spec.decode(text)


def read_watched(text: str) -> tuple[WatchSpec, ...]:
    """What is watched for, as it was kept."""
    return _watched.decode(text)


def write(spec: GateSpec | tuple[WatchSpec, ...]) -> str:
    """A spec, or what is watched for, as JSON text; limits keep their digits."""
    return _encoder.encode(spec).decode()


def parse(text: bytes) -> GateSpec:
    """What somebody wants a gate to ask for.

    Raises:
        Invalid: it is no spec, or one with a limit that makes no sense.
    """
    try:
        spec = _spec.decode(text)
    except (msgspec.ValidationError, msgspec.DecodeError, RecursionError) as error:
        raise Invalid.at("gate", message=f"No gate looks like this: {error}.", kind="gate") from error
    problems = list(_problems(spec))
    if problems:
        raise Invalid(*problems)
    return spec


def _problems(spec: GateSpec) -> Iterator[Problem]:
    watched = spec.watch.rules if spec.watch is not None else ()
    if not spec.rules and not watched:
        yield _problem((), "A gate needs rules, or a watch with rules.")
    if len(spec.rules) > MAX_RULES or len(watched) > MAX_RULES:
        yield _problem(("rules",), f"A gate may have at most {MAX_RULES} rules, and its watch as many.")
    if spec.watch is not None and not watched:
        yield _problem(("watch", "rules"), "A watch needs rules.")
    if spec.watch is not None:
        yield from _whole(("watch", "for_s"), spec.watch.for_s, LONGEST_WATCH_S)
    for place, rule in enumerate(spec.rules):
        yield from _of_rule(("rules", place), rule)
    for place, follower in enumerate(watched):
        yield from _of_rule(("watch", "rules", place), follower)


Path: TypeAlias = tuple[str | int, ...]


def _of_rule(path: Path, rule: Rule | WatchedRule) -> Iterator[Problem]:
    match rule:
        case Approval(by=by):
            yield from _whole((*path, "by"), by, MAX_APPROVALS)
        case Errors() | WatchedErrors():
            logs = rule.logs if isinstance(rule, Errors) else MAX_LOGS
            yield from _whole((*path, "logs"), logs, MAX_LOGS)
            yield from _whole((*path, "min_logs"), rule.min_logs, max(1, logs), least=0)
            yield from _limit((*path, "max_rate"), rule.max_rate)
            if _is_sound(rule.max_rate) and not 0 <= rule.max_rate <= 1:
                yield _problem((*path, "max_rate"), f"A rate is from 0 to 1, and not {rule.max_rate}.")
        case Score() | WatchedScore():
            yield from _of_score(path, rule)


def _of_score(path: Path, rule: Score | WatchedScore) -> Iterator[Problem]:
    regression = rule.max_regression if isinstance(rule, Score) else None
    limits = {"min": rule.min, "max": rule.max, "max_regression": regression}
    if all(limit is None for limit in limits.values()):
        yield _problem(path, f"A score needs a limit: {', '.join(name for name in limits)}.")
    for name, limit in limits.items():
        yield from _limit((*path, name), limit)
    if regression is not None and _is_sound(regression) and regression < 0:
        yield _problem((*path, "max_regression"), "`max_regression` is 0 or more.")
    both = [limit for limit in (rule.min, rule.max) if limit is not None and _is_sound(limit)]
    if len(both) == 2 and both[0] > both[1]:
        yield _problem((*path, "min"), f"`min` is {rule.min} and may not be above `max`, {rule.max}.")
    most = MAX_LOGS
    if isinstance(rule, Score):
        yield from _of_on((*path, "on"), rule.on)
        most = MAX_DATAPOINTS if rule.on.logs is None else rule.on.logs
    yield from _whole((*path, "min_judgments"), rule.min_judgments, max(1, most))


def _of_on(path: Path, on: On) -> Iterator[Problem]:
    if (on.dataset is None) == (on.logs is None):
        yield _problem(path, "A score is on either a `dataset` or so many `logs`.")
    if on.logs is not None:
        yield from _whole((*path, "logs"), on.logs, MAX_LOGS)


def _whole(path: Path, number: int, most: int, *, least: int = 1) -> Iterator[Problem]:
    if not least <= number <= most:
        yield _problem(path, f"`{path[-1]}` is {number}; it can be {least} to {most}.")


def _limit(path: Path, limit: Decimal | None) -> Iterator[Problem]:
    if not _is_sound(limit):
        yield _problem(path, f"`{path[-1]}` is a number with at most {MAX_DIGITS} digits.")


def _is_sound(limit: Decimal | None) -> bool:
    """Whether it can be reckoned with: finite, and not so large or small that it takes up the memory."""
    if limit is None:
        return True
    is_short = limit.is_finite() and len(limit.as_tuple().digits) <= MAX_DIGITS
    return is_short and (limit == 0 or abs(limit.adjusted()) <= MAX_DIGITS)


def _problem(path: Path, message: str) -> Problem:
    return Problem(path=path, message=message, kind="gate")


def exact(value: bool | int | float) -> Fraction:
    """A judgment as the decimal number that is shown for it."""
    return Fraction(repr(value)) if isinstance(value, float) else Fraction(value)
