"""What is watched after a pointer was moved: begun with the move, looked at again when judgments come in.

Parts of use cases, run inside their transaction. Looking, and rolling back, is in `watching`.
"""

from __future__ import annotations

from datetime import timedelta

from headrace.core.deployments import Aim, Move
from headrace.core.gates import Watch, read_spec, write
from headrace.core.monitoring import Job, Work
from headrace.core.ports import Transaction
from headrace.services.base import Ports

SOON = timedelta(seconds=1)
"""So long after a judgment it is looked at, with all that come until then."""


def begin(tx: Transaction, ports: Ports, move: Move, before: Aim) -> None:
    """Watch the versions that a move brought behind a pointer, if gates there want it."""
    gates = tx.gates.holding(file_id=move.file_id, kind=move.kind, pointer_id=move.pointer_id)
    specs = tuple(wanted for gate in gates if (wanted := read_spec(gate.spec).watch) is not None)
    if not specs:
        return
    ends_at = move.moved_at + timedelta(seconds=max(spec.for_s for spec in specs))
    brought = (move.version_id, *(share.version_id for share in move.shares))
    for version_id in dict.fromkeys(brought):
        if version_id is None or version_id == before.version_id:
            continue
        watch = Watch(
            move_id=move.id,
            version_id=version_id,
            file_id=move.file_id,
            kind=move.kind,
            pointer_id=move.pointer_id,
            rules=write(specs),
            begun_at=move.moved_at,
            ends_at=ends_at,
        )
        tx.gates.watch(watch)
        look_again(tx, ports, watch)


def look_again(tx: Transaction, ports: Ports, watch: Watch) -> None:
    """Have a watch looked at when it is time, and when it is over."""
    in_turn = ports.clock.now() + timedelta(seconds=ports.limits.watch_interval_s)
    job = Job(
        account=tx.account,
        work=Work.WATCH,
        subject=watch.move_id,
        object=watch.version_id,
        due_at=min(in_turn, watch.ends_at),
    )
    tx.jobs.put(job)


def look_soon(tx: Transaction, ports: Ports, version_id: str) -> None:
    """Have the watches of a version looked at because one of its logs was judged.

    What is looked at right now, or will be soon anyway, is left alone: many judgments lead to one look.
    """
    for watch in tx.gates.watching(version_id=version_id):
        soon = ports.clock.now() + SOON
        for job in tx.jobs.of_subject(subject=watch.move_id):
            waits = (job.work, job.object, job.leased_until) == (Work.WATCH, version_id, None)
            if waits and job.due_at > soon:
                tx.jobs.put(
                    Job(
                        account=tx.account, work=job.work, subject=job.subject, object=version_id, due_at=soon
                    )
                )
