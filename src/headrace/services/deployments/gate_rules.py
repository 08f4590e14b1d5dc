"""Whether a version meets the rules of a gate, one by one, each with its figures and a sentence."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction

import msgspec

from headrace.core.deployments import PointerKind
from headrace.core.effects import JSON
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.gates import Approval, Errors, Finding, Rule, Score, WatchedScore
from headrace.core.kinds.evaluator import read_spec
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.deployments.gate_names import path_of
from headrace.services.deployments.measures import Measure, on_logs, on_run, rounded, told
from headrace.services.versions.views import default_version


class Case(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is to be let through.

    Attributes:
        version: None for the draft.
        current_id: the version that the pointer targets now.
        mover_id: the user who moves it.
    """

    file: File
    kind: PointerKind
    pointer_id: str
    version: Version | None
    current_id: str | None
    mover_id: str


def find(tx: Transaction, rule: Rule, case: Case) -> Finding:
    """Whether a version meets a rule."""
    if case.version is None:
        says = "What is let through a gate is a version; the draft can't be measured or approved."
        return Finding(rule=kind_of(rule), is_passed=False, says=says, figures={})
    if isinstance(rule, Score):
        return _score(tx, rule, case, case.version)
    if isinstance(rule, Errors):
        return _errors(tx, rule, case.version)
    return _approval(tx, rule, case, case.version)


def kind_of(rule: msgspec.Struct) -> str:
    """What rules of that type are called."""
    return str(rule.__struct_config__.tag)


def _score(tx: Transaction, rule: Score, case: Case, version: Version) -> Finding:
    measure = _measured(tx, rule, version.id)
    name = path_of(tx, rule.evaluator)
    if measure is None:
        assert rule.on.dataset is not None, "there are always newest logs, if only none"
        dataset = path_of(tx, rule.on.dataset)
        says = f"No run of version {version.id} on dataset `{dataset}` was completed."
        return Finding(rule="score", is_passed=False, says=says, figures={"evaluator": name})
    figures: dict[str, JSON] = {"evaluator": name, **measure.figures()}
    if measure.judgments < rule.min_judgments:
        says = (
            f"`{name}` judged {measure.judgments} of {measure.of} logs of version {version.id}; "
            f"at least {rule.min_judgments} judgments are needed."
        )
        return Finding(rule="score", is_passed=False, says=says, figures=figures)
    problems = limit_problems(rule, measure)
    compared, is_worse = "", False
    if rule.max_regression is not None:
        compared, is_worse = _compared(tx, rule, case, measure, figures)
    says = " ".join(part for part in (score_told(name, version.id, measure, problems), compared) if part)
    return Finding(rule="score", is_passed=not problems and not is_worse, says=says, figures=figures)


def limit_problems(rule: Score | WatchedScore, measure: Measure) -> list[str]:
    """In what way a mean is beyond a rule's own limits."""
    found = []
    if rule.min is not None and measure.mean < Fraction(rule.min):
        found.append(f"below the minimum of {rule.min}")
    if rule.max is not None and measure.mean > Fraction(rule.max):
        found.append(f"above the maximum of {rule.max}")
    return found


def score_told(name: str, version_id: str, measure: Measure, problems: list[str]) -> str:
    """A sentence about a score."""
    beyond = f", {' and '.join(problems)}" if problems else ""
    return f"`{name}` is {told(measure.mean)} over {measure.judgments} logs of version {version_id}{beyond}."


def _measured(tx: Transaction, rule: Score, version_id: str) -> Measure | None:
    """None when no run on the dataset was completed."""
    if rule.on.dataset is None:
        assert rule.on.logs is not None, "a rule names one of the two"
        logs = tx.gates.uses(version_id=version_id, take=rule.on.logs)
        return on_logs(tx, logs, rule.evaluator)
    run = tx.runs.last_completed(version_id=version_id, dataset_id=rule.on.dataset)
    return None if run is None else on_run(tx, run, rule.evaluator)


def _compared(
    tx: Transaction, rule: Score, case: Case, measure: Measure, figures: dict[str, JSON]
) -> tuple[str, bool]:
    """How a score compares with that of the version targeted now, and whether it is too much worse."""
    assert rule.max_regression is not None, "it limits the regression"
    if case.current_id is None:
        return "Nothing is targeted now that it could be compared with.", False
    current = _measured(tx, rule, case.current_id)
    if current is None or current.judgments == 0:
        return f"Version {case.current_id}, which is targeted now, was not judged: nothing to compare.", False
    better = -1 if _is_less_better(tx, rule.evaluator) else 1
    worse_by = (current.mean - measure.mean) * better
    figures["current"] = {"version_id": case.current_id, **current.figures()}
    figures["worse_by"] = rounded(worse_by)
    against = f"Version {case.current_id}, which is targeted now, has {told(current.mean)}"
    if worse_by > Fraction(rule.max_regression):
        return f"{against}: worse by {told(worse_by)}, more than {rule.max_regression}.", True
    return f"{against}.", False


def _is_less_better(tx: Transaction, evaluator_id: str) -> bool:
    """Whether an evaluator says that its numbers are better when they are smaller."""
    file = tx.files.get(id=evaluator_id)
    if file is None:
        return False
    try:
        return read_spec(default_version(tx, file).content).number_valence == "negative"
    except NotFound:
        return False


def _errors(tx: Transaction, rule: Errors, version: Version) -> Finding:
    logs = tx.gates.uses(version_id=version.id, take=rule.logs)
    failed = sum(log.has_error for log in logs)
    if len(logs) < rule.min_logs:
        says = f"Version {version.id} has {len(logs)} logs; at least {rule.min_logs} are needed."
        figures: dict[str, JSON] = {"logs": len(logs), "errors": failed}
        return Finding(rule="errors", is_passed=False, says=says, figures=figures)
    return errors_found(version.id, rule.max_rate, failed, len(logs))


def errors_found(version_id: str, max_rate: Decimal, failed: int, of: int) -> Finding:
    """Whether so many errors among so many logs are too many; among none there are none."""
    rate = Fraction(failed, of or 1)
    is_passed = rate <= Fraction(max_rate)
    beyond = "" if is_passed else f", more than {max_rate}"
    says = f"{failed} of {of} logs of version {version_id} have an error: {told(rate)}{beyond}."
    figures: dict[str, JSON] = {"logs": of, "errors": failed, "rate": rounded(rate)}
    return Finding(rule="errors", is_passed=is_passed, says=says, figures=figures)


def _approval(tx: Transaction, rule: Approval, case: Case, version: Version) -> Finding:
    approvals = tx.gates.approvals(
        file_id=case.file.id, kind=case.kind, pointer_id=case.pointer_id, version_id=version.id
    )
    others = [one.user_id for one in approvals if one.user_id not in (case.mover_id, version.created_by)]
    people = "person" if rule.by == 1 else "people"
    named = f" ({', '.join(_name(tx, one) for one in others)})" if others else ""
    says = (
        f"{len(others)} of {rule.by} {people} needed approved version {version.id}{named}; who made it and "
        "who moves it do not count."
    )
    figures: dict[str, JSON] = {"approved_by": list(others), "needed": rule.by}
    return Finding(rule="approval", is_passed=len(others) >= rule.by, says=says, figures=figures)


def _name(tx: Transaction, user_id: str) -> str:
    """Somebody's name, or what stands for them when they are gone."""
    user = tx.access.user(id=user_id)
    return user_id if user is None else user.full_name
