"""What the tests of gates share: a flow with two versions, evaluators, people, and pointers to move."""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from datetime import timedelta
from typing import Any

from tests.unit.services.evaluation_bench import Bench

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import Move
from headrace.core.gates import Watch
from headrace.core.logs import LogStatus, Payload
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.services.deployments import approvals, gates, rollouts, watching
from headrace.services.deployments.gates import GateView, InEnvironment, Verdict
from headrace.services.deployments.moves import Moved, Wish
from headrace.services.deployments.pointers import Where
from headrace.services.deployments.watching import Watching
from headrace.services.logs import logs

STAGING, PRODUCTION = "staging", "production"


@dataclass(kw_only=True)
class GateBench(Bench):
    """The same with gates. The first version is in production since it was made."""

    def __post_init__(self) -> None:
        super().__post_init__()
        limits = replace(self.ports.limits, watch_interval_s=60.0)
        self.ports = replace(self.ports, limits=limits)

    @property
    def first_id(self) -> str:
        return self.flow.version.id

    @property
    def second_id(self) -> str:
        return self.second.version.id

    def at(self, environment: str = PRODUCTION) -> Where:
        return Where(kind="flow", ref="Flow", environment=environment)

    def gate(
        self, *rules: dict[str, Any], where: Any = None, watch: dict[str, Any] | None = None
    ) -> GateView:
        spec = {"rules": rules} | ({} if watch is None else {"watch": watch})
        return self.run(gates.put(self.ports, self.principal, where or self.at(), json.dumps(spec).encode()))

    def everywhere(self, *rules: dict[str, Any]) -> GateView:
        return self.gate(*rules, where=InEnvironment(environment=PRODUCTION))

    def check(self, to: str | None = None, principal: Principal | None = None) -> Verdict:
        call = gates.check(self.ports, principal or self.principal, self.at(), to=to or self.second_id)
        return self.run(call)

    def found(self, verdict: Verdict, to: str | None = None) -> list[dict[str, Any]]:
        """What came of each rule."""
        told: Any = verdict.figures[to or self.second_id]
        return list(told)

    def move(self, to: str | None = None, by: Principal | None = None, **wish: Any) -> Moved:
        call = rollouts.point(
            self.ports, by or self.principal, self.at(), to=to or self.second_id, wish=Wish(**wish)
        )
        return self.run(call)

    def approve(self, by: Principal, version: str | None = None) -> None:
        call = approvals.approve(self.ports, by, self.at(), version=version or self.second_id)
        self.run(call)

    def person(self, name: str, right: Right = Right.EDITOR) -> Principal:
        user = User(
            id=f"usr_{name}", email=f"{name}@example.org", full_name=name, created_at=self.ports.clock.now()
        )
        self.write(lambda tx: tx.access.add_user(user))
        return Principal(account=self.principal.account, user=user, right=right)

    def history(self) -> list[Move]:
        return self.run(rollouts.history(self.ports, self.principal, self.at(), take=100))

    def target(self) -> str | None:
        live = self.run(rollouts.live(self.ports, self.principal, self.at()))
        return None if live.pointer is None else live.pointer.version_id

    def watches(self) -> list[Watch]:
        return self.run(watching.current(self.ports, self.principal, self.at()))

    def look(self) -> int:
        """Do what is due of watching; how much it was."""
        now = self.ports.clock.now()

        def take(tx: Transaction) -> list[Any]:
            return tx.jobs.take(work=Work.WATCH, now=now, until=now + timedelta(minutes=1), most=100)

        jobs = self.write(take)
        for job in jobs:
            self.run(Watching(self.ports).act(job))
        return len(jobs)

    def wait(self, seconds: float) -> None:
        self.ports.clock._moment += timedelta(seconds=seconds)  # type: ignore[attr-defined]

    def failed(self, error: str | None = "boom", version: str | None = None) -> str:
        """Make a log of the second version, or another, that has an error."""
        new = logs.NewLog(
            kind="flow",
            ref=self.flow.file.id,
            version_id=version or self.second_id,
            status=LogStatus.COMPLETE,
            payload=Payload(error=error),
        )
        return self.run(logs.create(self.ports, self.principal, new)).log.id

    def judged(self, *values: Any, name: str = "external", version: str | None = None) -> list[str]:
        """Make a log of the second version, or another, for each judgment."""
        made = [self.log("x", version=version or self.second_id) for _ in values]
        for log_id, value in zip(made, values, strict=True):
            self.judgment(log_id, name, value)
        return made


def score(**members: Any) -> dict[str, Any]:
    return {"type": "score", "evaluator": "external", "on": {"logs": 100}, **members}


def errors(**members: Any) -> dict[str, Any]:
    return {"type": "errors", "logs": 100, **members}


def approval(by: int = 1) -> dict[str, Any]:
    return {"type": "approval", "by": by}
