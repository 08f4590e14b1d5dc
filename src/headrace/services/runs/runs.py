"""What runs in this process: what runs are given, how many there are, and what each may take."""

from __future__ import annotations

from dataclasses import dataclass, field

from headrace.core.changes import Kept
from headrace.core.deployments import Pointer
from headrace.core.effects import Effects
from headrace.core.errors import Conflict, QuotaExceeded
from headrace.engine.plan import Plan, Plans
from headrace.services.records.recorder import Recorder
from headrace.services.runs.targets import Choice, Route, Target

Asked = tuple[str, str, Choice, str]
"""An organisation, a flow as it was named, which of its contents, and by which operation."""
Way = tuple[Route, Target, Plan]
"""What is at the end of a choice, ready to run."""
Running = tuple[str, str, str]
"""The organisation, the flow's id and the execution's name."""
SNAPSHOTS = 10_000
"""So many are remembered."""


@dataclass(frozen=True, slots=True, kw_only=True)
class RunLimits:
    """How long runs may take, and how many there may be.

    Attributes:
        execution_s: how long a run may take, each turn of a conversation by itself.
        node_s: how long one call of a node may take.
        concurrent: how many runs of an organisation this process carries out at the same time.
        answer_s: how long a run waits for an answer.
    """

    execution_s: float = 3600.0
    node_s: float = 300.0
    concurrent: int = 1000
    answer_s: float = 3600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Runs:
    """What runs need besides the ports.

    Attributes:
        waits_for_record: whether a run tells its end only once its record is durable.
        active: the runs that this process carries out.
        snapshots: the prepared snapshots of drafts that it has run.
        ways: where choices lead, as long as that holds; of a split, where each share leads, by its version.
        splits: the pointers of choices that are split.
    """

    effects: Effects
    recorder: Recorder
    limits: RunLimits = field(default_factory=RunLimits)
    plans: Plans = field(default_factory=Plans)
    waits_for_record: bool = False
    active: set[Running] = field(default_factory=set)
    snapshots: set[str] = field(default_factory=set)
    ways: Kept[Asked | tuple[Asked, str], Way] = field(default_factory=Kept)
    splits: Kept[Asked, Pointer] = field(default_factory=Kept)

    def enter(self, run: Running) -> None:
        """Count a run in.

        Raises:
            Conflict: one of that name is running.
            QuotaExceeded: the organisation has as many as it may have.
        """
        if run in self.active:
            raise busy(run[2])
        self.admit(run[0])
        self.active.add(run)

    def admit(self, account: str) -> None:
        """See that there is room for one more run of an organisation.

        Raises:
            QuotaExceeded: it has as many as it may have.
        """
        limit = self.limits.concurrent
        if len(self.active) >= limit and sum(one[0] == account for one in self.active) >= limit:
            raise QuotaExceeded(
                f"The number of running executions would exceed its limit of {limit}.", limit=limit
            )

    def is_new_snapshot(self, version_id: str) -> bool:
        """Whether this process runs a prepared snapshot for the first time, as far as it remembers."""
        if version_id in self.snapshots:
            return False
        if len(self.snapshots) >= SNAPSHOTS:
            self.snapshots.clear()
        self.snapshots.add(version_id)
        return True

    def leave(self, run: Running) -> None:
        """Count a run out."""
        self.active.discard(run)


def busy(name: str) -> Conflict:
    """A turn of that name is being carried out right now."""
    return Conflict(f"Execution {name} is running. Wait until it has ended or asks for input.")
