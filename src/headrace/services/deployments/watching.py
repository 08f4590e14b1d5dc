"""Looks at what is watched since pointers were moved, and rolls back what crosses a limit."""

from __future__ import annotations

import logging
from datetime import timedelta

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import Action, Move
from headrace.core.effects import JSON
from headrace.core.errors import Conflict
from headrace.core.gates import (
    MAX_LOGS,
    Finding,
    Use,
    Watch,
    WatchedRule,
    WatchedScore,
    WatchSpec,
    read_watched,
)
from headrace.core.monitoring import Job
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit, read
from headrace.services.deployments import gate_rules, moves, pointers, rollouts
from headrace.services.deployments.gate_names import path_of
from headrace.services.deployments.gates import gated
from headrace.services.deployments.measures import on_logs
from headrace.services.deployments.moves import MAX_REASON, Wish
from headrace.services.deployments.pointers import Spot, Where
from headrace.services.deployments.rollouts import SWITCHING, walk
from headrace.services.deployments.watches import look_again
from headrace.services.worker import Handler

log = logging.getLogger("headrace.watching")

MOVED_ON = "The pointer was moved on."
GONE = "The file is gone."


async def current(ports: Ports, principal: Principal, where: Where) -> list[Watch]:
    """What is or was watched since a pointer's last move that was no switch.

    Raises:
        NotFound: there is no such pointer.
        Invalid: it is a file itself.
    """
    principal.require(Right.READER)

    def work(tx: Transaction) -> list[Watch]:
        last = _standing(tx, gated(tx, where))
        return [] if last is None else tx.gates.watched(move_id=last.id)

    return await read(ports, principal, work)


class Watching:
    """Does this as a job of the worker. Several servers may look; one of them rolls back."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up, plans_ahead=True)

    async def act(self, job: Job) -> None:
        """Look, and roll back, go on watching, or end.

        Raises:
            Unavailable: the store can't be read, or can't keep it.
        """
        ports = self._ports
        crossed = await ports.store.scan(job.account, lambda tx: _crossed(tx, job))

        def work(tx: Transaction) -> None:
            tx.jobs.done(job)
            watch = _watch(tx, job)
            if watch is not None:
                _decide(tx, ports, watch, crossed)

        await commit(ports, job.account, work)

    async def give_up(self, job: Job, reason: str) -> None:
        """Look again later, for as long as it is watched.

        Raises:
            Unavailable: the store can't keep it.
        """

        def work(tx: Transaction) -> None:
            tx.jobs.done(job)
            watch = _watch(tx, job)
            if watch is None:
                return
            if self._ports.clock.now() >= watch.ends_at:
                _end(tx, self._ports, watch, f"It could not be looked at: {reason}")
            else:
                look_again(tx, self._ports, watch)

        await commit(self._ports, job.account, work)


def _watch(tx: Transaction, job: Job) -> Watch | None:
    """What a job is about, while it goes on."""
    found = tx.gates.watched(move_id=job.subject)
    return next((one for one in found if one.version_id == job.object and one.ended_at is None), None)


def _crossed(tx: Transaction, job: Job) -> list[Finding]:
    """The limits that a watched version is beyond."""
    watch = _watch(tx, job)
    if watch is None or tx.files.get(id=watch.file_id) is None:
        return []
    found = []
    for spec in read_watched(watch.rules):
        logs = _logs(tx, watch, spec)
        found += [_finding(tx, rule, watch.version_id, logs) for rule in spec.rules]
    return [finding for finding in found if not finding.is_passed]


def _logs(tx: Transaction, watch: Watch, spec: WatchSpec) -> list[Use]:
    """The newest of the logs that came since the move, while it was watched."""
    end = watch.begun_at + timedelta(seconds=spec.for_s)
    return tx.gates.uses(version_id=watch.version_id, start=watch.begun_at, end=end, take=MAX_LOGS)


def _finding(tx: Transaction, rule: WatchedRule, version_id: str, logs: list[Use]) -> Finding:
    """What is found of too few is within the limit."""
    if not isinstance(rule, WatchedScore):
        failed = sum(one.has_error for one in logs)
        found = gate_rules.errors_found(version_id, rule.max_rate, failed, len(logs))
        return found if len(logs) >= rule.min_logs else msgspec.structs.replace(found, is_passed=True)
    measure = on_logs(tx, logs, rule.evaluator)
    name = path_of(tx, rule.evaluator)
    figures: dict[str, JSON] = {"evaluator": name, **measure.figures()}
    if measure.judgments < rule.min_judgments:
        return Finding(rule="score", is_passed=True, says="", figures=figures)
    problems = gate_rules.limit_problems(rule, measure)
    says = gate_rules.score_told(name, version_id, measure, problems)
    return Finding(rule="score", is_passed=not problems, says=says, figures=figures)


def _standing(tx: Transaction, spot: Spot) -> Move | None:
    """The move since which a pointer targets what it does; switches change nothing of that."""
    return next((move for move in walk(tx, spot) if move.action not in SWITCHING), None)


def _decide(tx: Transaction, ports: Ports, watch: Watch, crossed: list[Finding]) -> None:
    file = tx.files.get(id=watch.file_id)
    if file is None:
        _end(tx, ports, watch, GONE)
        return
    spot = pointers.named(tx, file, watch.kind, watch.pointer_id)
    stands = _standing(tx, spot)
    if stands is None or stands.id != watch.move_id:
        _end(tx, ports, watch, MOVED_ON)
    elif crossed:
        _end(tx, ports, watch, _reverted(tx, ports, spot, stands, watch, crossed))
    elif ports.clock.now() >= watch.ends_at:
        _end(tx, ports, watch, "It stayed within its limits.")
    else:
        look_again(tx, ports, watch)


def _reverted(
    tx: Transaction, ports: Ports, spot: Spot, stands: Move, watch: Watch, crossed: list[Finding]
) -> str:
    """Roll a pointer back to what was there before, and say so."""
    says = " ".join(finding.says for finding in crossed)
    last, user = spot.last(tx), tx.access.user(id=stands.moved_by)
    assert last is not None, "it was moved"
    assert user is not None, "users stay"
    wish = Wish(expected=last.id, reason=f"Rolled back by its watch. {says}"[:MAX_REASON])
    try:
        change = rollouts.undoing(
            tx, spot, to=None, wish=wish, action=Action.REVERT, without=watch.version_id
        )
    except Conflict as error:
        log.warning("a watch can't roll back %s: %s", pointers.title(spot), error.message)
        return f"{says} It could not be rolled back. {error.message}"
    change = msgspec.structs.replace(change, evidence={"watch": _evidence(watch, crossed)})
    principal = Principal(account=tx.account, user=user, right=Right.EDITOR)
    moved = moves.move(tx, ports, principal, change)
    assert moved.move is not None, "it was moved just now"
    log.warning("a watch rolled back %s: %s", pointers.title(spot), says)
    return f"{says} It was rolled back by move {moved.move.id}."


def _evidence(watch: Watch, crossed: list[Finding]) -> dict[str, JSON]:
    return {
        "move_id": watch.move_id,
        "version_id": watch.version_id,
        "rules": [
            {"rule": finding.rule, "says": finding.says, "figures": dict(finding.figures)}
            for finding in crossed
        ],
    }


def _end(tx: Transaction, ports: Ports, watch: Watch, outcome: str) -> None:
    tx.gates.watch(msgspec.structs.replace(watch, ended_at=ports.clock.now(), outcome=outcome))
