"""Taking up durable executions that nobody has begun, as jobs of the worker."""

from __future__ import annotations

import logging

from headrace.core.durable import Engine
from headrace.core.errors import Unavailable
from headrace.core.monitoring import Job
from headrace.services.base import Ports, commit
from headrace.services.worker import Handler

log = logging.getLogger("headrace.durable")


class Executing:
    """Has an engine carry out what was started, wherever that was."""

    def __init__(self, ports: Ports, engine: Engine) -> None:
        self._ports = ports
        self._engine = engine

    @property
    def handler(self) -> Handler:
        """What the worker is given."""
        return Handler(act=self.act, give_up=self.give_up, room=lambda: self._engine.room)

    async def act(self, job: Job) -> None:
        """Begin to carry out an execution: from then on the engine sees to it.

        Its first attempt marks the job as done. One that was begun before has had that, or is about to.

        Raises:
            Unavailable: it can't be begun here now.
        """
        if not await self._engine.begin(job.account, job.subject):
            await commit(self._ports, job.account, lambda tx: tx.jobs.done(job))

    async def give_up(self, job: Job, reason: str) -> None:
        """Nothing is given up that was acknowledged.

        Raises:
            Unavailable: always; the job waits until its lease is over.
        """
        raise Unavailable(f"Execution {job.subject} can't be begun: {reason}")
