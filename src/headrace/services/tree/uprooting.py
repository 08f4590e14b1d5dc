"""Sets the logs of other files free that stood below those of a file that is gone (humanloop 2.9)."""

from __future__ import annotations

from functools import partial

from headrace.core.monitoring import Job
from headrace.core.ports import Transaction
from headrace.services.base import Ports, commit
from headrace.services.logs.traces import set_free, uproot
from headrace.services.worker import Handler


class Uprooting:
    """Does this as a job of the worker, some logs at a time, so that others can write in between."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up)

    async def act(self, job: Job) -> None:
        """Set all of them free.

        Raises:
            Unavailable: the store can't keep it.
        """

        after: str | None = None
        while True:
            after = await commit(self._ports, job.account, partial(_set_free, job, after))
            if after is None:
                break

        def some(tx: Transaction) -> bool:
            is_more = uproot(tx, file_id=job.subject)
            if not is_more:
                tx.jobs.done(job)
            return is_more

        while await commit(self._ports, job.account, some):
            pass

    async def give_up(self, job: Job, reason: str) -> None:
        """Leave them in a trace whose root nobody can see.

        Raises:
            Unavailable: the store can't keep it.
        """
        await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))


def _set_free(job: Job, after: str | None, tx: Transaction) -> str | None:
    return set_free(tx, file_id=job.subject, after=after)
