"""The versions of a file as a list: where each is deployed, how it does, what was found of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import EnvironmentTag, PointerKind
from headrace.core.errors import NotFound
from headrace.core.figures import Used
from headrace.core.files import File
from headrace.core.kinds.evaluator import EvaluatorSpec, ReturnType, read_spec
from headrace.core.monitoring import Total
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports, scan
from headrace.services.deployments import pointers
from headrace.services.deployments.measures import rounded
from headrace.services.deployments.pointers import Spot
from headrace.services.deployments.split_figures import rank
from headrace.services.tree import subjects

NEWEST = 200
"""Latency and errors of a version are those of so many of its newest logs."""


class Standing(msgspec.Struct, frozen=True, kw_only=True):
    """A pointer that leads to a version.

    Attributes:
        is_default: whether it is the default environment.
        weight: the version's share; None when there is no split.
    """

    spot: Spot
    is_default: bool
    weight: int | None


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """What an evaluator found of the logs of a version.

    Attributes:
        name: the evaluator's.
        judgments: how many booleans or numbers there are.
        mean: of them; a boolean is 0 or 1. None where no double is near.
        part: the mean on a scale from 0 to 1; None where the judgments have none.
    """

    evaluator_id: str
    name: str
    judgments: int
    mean: float | None
    part: float | None


class Recent(msgspec.Struct, frozen=True, kw_only=True):
    """How a version did lately.

    Attributes:
        logs: how many of its logs this tells of, the newest ones.
        latency_p50_s: of those that have no error and say how long they took; None where none does.
    """

    logs: int
    errors: int
    latency_p50_s: float | None


class Row(msgspec.Struct, frozen=True, kw_only=True):
    """A version.

    Attributes:
        numbers: ascending.
        author: None when that user is gone.
        standings: the pointers that lead to it.
        findings: of the evaluators that are there, in the order of their names.
    """

    version: Version
    numbers: tuple[int, ...]
    author: User | None
    standings: tuple[Standing, ...]
    recent: Recent
    findings: tuple[Finding, ...]

    @property
    def score(self) -> float | None:
        """The mean of what the evaluators found, on a scale from 0 to 1; None where nothing has one."""
        parts = [one.part for one in self.findings if one.part is not None]
        return sum(parts) / len(parts) if parts else None


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """Some of the versions of a file, newest first."""

    file: File
    rows: tuple[Row, ...]
    is_more: bool


async def page(ports: Ports, principal: Principal, *, file: str, before: str | None, take: int) -> Page:
    """Versions of a file, newest first, from just after the version ``before`` on.

    Raises:
        NotFound: there is no such file, or it has no such version.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> Page:
        found = subjects.file_of(tx, file)
        last = None if before is None else tx.versions.get(id=before)
        if before is not None and (last is None or last.file_id != found.id):
            raise NotFound("version", before, f"`{found.path}` has no version `{before}`.")
        place = None if last is None else (last.created_at, last.id)
        versions = tx.versions.of_file(file_id=found.id, before=place, take=take + 1)
        return Page(file=found, rows=_rows(tx, found, versions[:take]), is_more=len(versions) > take)

    return await scan(ports, principal, work)


def _rows(tx: Transaction, file: File, versions: Sequence[Version]) -> tuple[Row, ...]:
    ids = [version.id for version in versions]
    numbers = tx.figures.numbers(version_ids=ids)
    people = {one: tx.access.user(id=one) for one in {version.created_by for version in versions}}
    standings = _standings(tx, file, set(ids))
    uses: dict[str, list[Used]] = {}
    for use in tx.figures.last_uses(version_ids=ids, take=NEWEST):
        uses.setdefault(use.version_id, []).append(use)
    findings = _findings(tx, ids)
    return tuple(
        Row(
            version=version,
            numbers=tuple(numbers.get(version.id, ())),
            author=people[version.created_by],
            standings=tuple(standings.get(version.id, ())),
            recent=_recent(uses.get(version.id, ())),
            findings=tuple(findings.get(version.id, ())),
        )
        for version in versions
    )


def _standings(tx: Transaction, file: File, wanted: set[str]) -> Mapping[str, list[Standing]]:
    """The pointers that lead to some versions, by these: environments in their order, then aliases."""
    environments = tx.environments.all()
    places = {one.id: place for place, one in enumerate(environments)}
    default = next(one.id for one in environments if one.tag is EnvironmentTag.DEFAULT)
    found: dict[str, list[Standing]] = {}
    states = [one for one in tx.pointers.of_file(file_id=file.id) if one.kind is not PointerKind.FLOW]
    for state in sorted(states, key=lambda one: (places.get(one.pointer_id, len(places)), one.pointer_id)):
        weights = {one.version_id: one.weight for one in state.shares}
        for version_id in wanted.intersection(weights or {state.version_id}):
            spot = pointers.named(tx, file, state.kind, state.pointer_id)
            standing = Standing(
                spot=spot, is_default=spot.pointer_id == default, weight=weights.get(version_id)
            )
            found.setdefault(version_id, []).append(standing)
    return found


def _recent(uses: Sequence[Used]) -> Recent:
    latencies = sorted(one.latency_s for one in uses if one.latency_s is not None and not one.has_error)
    return Recent(
        logs=len(uses),
        errors=sum(one.has_error for one in uses),
        latency_p50_s=rank(latencies, 0.5),
    )


def _findings(tx: Transaction, version_ids: Sequence[str]) -> Mapping[str, list[Finding]]:
    """What was found of versions, by these: all versions of an evaluator together."""
    totals: dict[tuple[str, str], list[Total]] = {}
    for one in tx.logs.aggregates(version_ids=version_ids):
        totals.setdefault((one.total.version_id, one.total.evaluator_id), []).append(one.total)
    names = {one: tx.files.get(id=one) for one in {evaluator_id for _, evaluator_id in totals}}
    judges = {total.evaluator_version_id for several in totals.values() for total in several}
    specs = {one: _spec(tx, one) for one in judges}
    found: dict[str, list[Finding]] = {}
    for (version_id, evaluator_id), several in totals.items():
        evaluator = names[evaluator_id]
        name = evaluator_id if evaluator is None else evaluator.name
        found.setdefault(version_id, []).append(_finding(evaluator_id, name, several, specs))
    for of_version in found.values():
        of_version.sort(key=lambda one: (one.name, one.evaluator_id))
    return found


def _spec(tx: Transaction, version_id: str) -> EvaluatorSpec | None:
    version = tx.versions.kept(id=version_id)
    return None if version is None else read_spec(version.content)


def _finding(
    evaluator_id: str, name: str, totals: Sequence[Total], specs: Mapping[str, EvaluatorSpec | None]
) -> Finding:
    judgments = sum(total.judgments for total in totals)
    mean = sum((_sum(total) for total in totals), Fraction()) / judgments
    newest = specs[totals[-1].evaluator_version_id]
    return Finding(
        evaluator_id=evaluator_id,
        name=name,
        judgments=judgments,
        mean=rounded(mean),
        part=_part(mean, newest),
    )


def _sum(total: Total) -> Fraction:
    return Fraction(int(total.numerator), int(total.denominator))


def _part(mean: Fraction, spec: EvaluatorSpec | None) -> float | None:
    """A mean on a scale from 0, which is bad, to 1: a share of truths, or a number between limits; without
    limits a number that is between 0 and 1 anyway."""
    limits = None if spec is None or spec.return_type is not ReturnType.NUMBER else spec.number_limits
    if limits is not None and limits.min is not None and limits.max is not None and limits.min < limits.max:
        low, high = Fraction(limits.min), Fraction(limits.max)
        mean = (mean - low) / (high - low)
    if not 0 <= mean <= 1:
        return None
    return float(1 - mean if spec is not None and spec.number_valence == "negative" else mean)
