"""What is written with the end of a run: the log of a short one, else that the worker is to make it.

Most runs are over between two writes of the recorder, all that happened in them is at hand, and nothing in
them is a log of its own. Their log goes into the transaction of their record: no job, nothing read back, no
second wait for the disk.
"""

from __future__ import annotations

from collections.abc import Sequence

from headrace.core.execution import Event, NodeStarted, kinds, only
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports
from headrace.services.records import run_logs, run_roots
from headrace.services.records.run_steps import STEPS, TELLING, Story

VERSIONS = 10_000
"""Of so many versions it is remembered that their content is kept."""

STEP_STARTS = frozenset((NodeStarted, one) for one in STEPS)


class Endings:
    """Written by the recorder when a run has ended or waits for an answer."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._kept: set[tuple[str, str]] = set()

    def __call__(self, tx: Transaction, execution: Execution, events: Sequence[Event] | None) -> None:
        """Have a run shown as a log: at once or by the worker.

        Args:
            events: all that is recorded of it; None where that is more than is at hand.
        """
        if events is None or not execution.status.is_final or not STEP_STARTS.isdisjoint(kinds(events)):
            run_logs.ask(tx, self._ports, execution)
        elif execution.run_id is None:  # else who makes it says whether it counts
            self._show(tx, execution, events)

    def _show(self, tx: Transaction, execution: Execution, events: Sequence[Event]) -> None:
        file = tx.files.get(id=execution.file_id)
        if file is None or not self._is_kept(tx, execution.version_id):
            return  # nobody would find it
        story = Story(most=0)
        story.hear(only(TELLING, events))
        environment = run_logs.environment_of(tx, execution)
        subject = run_roots.Subject(execution=execution, file=file, environment=environment)
        run_roots.write(tx, self._ports, subject, story)

    def _is_kept(self, tx: Transaction, version_id: str) -> bool:
        key = (tx.account, version_id)
        if key not in self._kept:
            if tx.versions.kept(id=version_id) is None:
                return False
            if len(self._kept) >= VERSIONS:
                self._kept.clear()
            self._kept.add(key)
        return True
