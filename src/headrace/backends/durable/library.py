"""DBOS, and all that is known of it. Everything in here blocks, and is called in threads.

Imported when the first execution is carried out: that takes two seconds and fifty megabytes. What DBOS has no
public name for is used by its private one, here and nowhere else; the tests that kill processes hold it to
what is expected of it.
"""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Collection
from typing import Any

import sqlalchemy
from dbos import DBOS, DBOSConfig, Serializer, SetWorkflowID
from dbos._context import assert_current_dbos_context
from dbos._core import ActiveWorkflowById, WorkflowHandleFuture
from dbos._queue import _INTERNAL_QUEUE_CONSTRUCTION, Queue
from dbos._utils import INTERNAL_QUEUE_NAME

from headrace.backends.durable.absence import telling
from headrace.backends.durable.databases import open_database
from headrace.backends.durable.page_table import APPLICATION, FORMAT, Attempt, FilePages, ServerPages
from headrace.backends.durable.pages import Pages
from headrace.backends.durable.place import JournalFile, JournalSchema
from headrace.core.errors import Unavailable

APPLICATION_VERSION = "1"
"""Goes up when a journal of the release before would be heard differently: processes only go on with
executions of their own version."""
PROGRAM = "headrace.execution"
SCHEMA = "dbos"  # as in the statements of `ServerPages`
_ENDED = ("SUCCESS", "ERROR", "CANCELLED", "MAX_RECOVERY_ATTEMPTS_EXCEEDED")
_POLL_S = {JournalFile: 1.0, JournalSchema: 0.25}
"""So often what was handed over is taken; to a file, only this process hands over."""
_CONNECTIONS = 10
_SPARE_THREADS = 8

_in_use = threading.Lock()

Carry = Callable[[Attempt], None]
"""Has an execution carried out, and returns once the attempt is over. In a thread of its own."""


class _New(str):
    """The id of an execution that is begun in this very call. Out of a database it comes as any text, so that
    whoever is called with this knows that nobody else has had the execution before."""

    __slots__ = ()


class Left(BaseException):
    """This attempt ends here, and says nothing about the execution. No handler of errors is to see it."""


log = logging.getLogger("headrace.durable")


class JsonSerializer(Serializer):
    """Pages and arguments as JSON: nothing that is read out of a database is ever run."""

    def serialize(self, data: Any) -> str:
        return json.dumps(data, default=repr, ensure_ascii=False)

    def deserialize(self, serialized_data: str) -> Any:
        return json.loads(serialized_data)

    def name(self) -> str:
        return FORMAT


class HandedOver(Queue):
    """The executions that processes which are gone have left: taken as far as there is room beside what was
    begun here.

    Attributes:
        has_any: whether there may be any; where there are none, DBOS does not ask its database.
    """

    def __init__(self, poll_s: float, room: Callable[[], int], active: ActiveWorkflowById) -> None:
        self.has_any = True
        self._room = room
        self._active = active
        super().__init__(INTERNAL_QUEUE_NAME, polling_interval_sec=poll_s, token=_INTERNAL_QUEUE_CONSTRUCTION)

    @property
    def _worker_concurrency(self) -> int:
        if not self.has_any:
            return 0
        # DBOS takes what is left of this beside those that it has taken already.
        return self._room() + self._active.count_for_queue(INTERNAL_QUEUE_NAME)

    @_worker_concurrency.setter
    def _worker_concurrency(self, _: int | None) -> None: ...


class Library:
    """DBOS as this process uses it; there can be one at a time in a process.

    Args:
        process: the id of this process.
        capacity: so many executions it carries out at the same time.
        room: how many more there may be now; asked in any thread.
        loop: on which journals are read and written.

    Attributes:
        pages: the journals.
    """

    def __init__(
        self,
        place: JournalFile | JournalSchema,
        *,
        process: str,
        capacity: int,
        room: Callable[[], int],
        carry: Carry,
        loop: asyncio.AbstractEventLoop,
    ) -> None:
        if not _in_use.acquire(blocking=False):
            raise Unavailable("Another server in this process carries out executions.")
        self._process = process
        self._database = open_database(place, connections=_CONNECTIONS)
        try:
            table = FilePages() if isinstance(place, JournalFile) else ServerPages()
            self.pages = Pages(self._database, table, loop)
            self._dbos = _made(self._config(capacity))
            self._workflow = DBOS.workflow(name=PROGRAM, max_recovery_attempts=None)(self._leaving(carry))
            # In the place of the one that DBOS would make.
            self._handed_over = HandedOver(_POLL_S[type(place)], room, self._dbos._active_workflows_set)
            self._dbos._registry.internal_queue_map[INTERNAL_QUEUE_NAME] = self._handed_over
        except BaseException:
            self._database.dispose()
            _in_use.release()
            raise

    def _config(self, capacity: int) -> DBOSConfig:
        return {
            "name": APPLICATION,
            "system_database_engine": self._database,
            "dbos_system_schema": SCHEMA,
            "application_version": APPLICATION_VERSION,
            "executor_id": self._process,
            "serializer": JsonSerializer(),
            "use_listen_notify": False,
            "max_executor_threads": capacity + _SPARE_THREADS,
            "notification_listener_polling_interval_sec": 0.25,  # how long it takes to end
            "scheduler_polling_interval_sec": 3600.0,
            "enable_otlp": False,
            "log_level": "WARNING",
        }

    def launch(self) -> None:
        """Make the tables, and begin to take what is handed over.

        Raises:
            Unavailable: the database is away.
        """
        self.pages.start()
        with telling():
            DBOS.launch()

    def begin(self, account: str, execution_id: str) -> bool:
        """Carry out an execution here, in a thread; durable on return. False, and nothing, when it was begun
        before.

        Raises:
            Unavailable: the journal can't be written to: its disk is full, its server is gone.
        """
        with telling():
            return self._begin(account, execution_id)

    def _begin(self, account: str, execution_id: str) -> bool:
        if self._is_begun(account, execution_id):
            return True
        known = self._dbos._sys_db.get_workflow_status(execution_id)
        if known is not None and known["status"] not in _ENDED:
            return False
        # It ended in a way that no execution does.
        self._dbos._sys_db.delete_workflows([execution_id])
        return self._is_begun(account, execution_id)

    def _is_begun(self, account: str, execution_id: str) -> bool:
        with SetWorkflowID(execution_id):
            handle = DBOS.start_workflow(self._workflow, account, _New(execution_id))
        return isinstance(handle, WorkflowHandleFuture)

    def holders(self) -> set[str]:
        """The processes that something was begun in and has not ended.

        What was handed over by whomever is found on the same way, for who takes it.

        Raises:
            Unavailable: the database is away; also of the methods below.
        """
        database = self._dbos._sys_db
        table = database.tables.workflow_status
        query = (
            sqlalchemy.select(table.c.status, table.c.executor_id)
            .where(table.c.status.in_(("PENDING", "ENQUEUED")))
            .where(table.c.application_version == APPLICATION_VERSION)
            .distinct()
        )
        with telling(), database.engine.connect() as connection:
            found = connection.execute(query).all()
        self._handed_over.has_any = any(status == "ENQUEUED" for status, _ in found)
        return {str(process) for status, process in found if status == "PENDING"}

    def hand_over(self, processes: Collection[str]) -> int:
        """Let others go on with what some processes carry out; how many executions that were."""
        with telling():
            return sum(
                self.again(one.workflow_id, processes)
                for process in processes
                for one in self._dbos._sys_db.get_pending_workflows(process, APPLICATION_VERSION)
            )

    def idle(self) -> set[str]:
        """The executions that were begun here, or taken, and that no thread has at the moment."""
        database = self._dbos._sys_db
        table = database.tables.workflow_status
        query = (
            sqlalchemy.select(table.c.workflow_uuid)
            .where(table.c.status == "PENDING")
            .where(table.c.executor_id == self._process)
        )
        with telling(), database.engine.connect() as connection:
            begun = {str(row[0]) for row in connection.execute(query)}
        return begun.difference(self._dbos._active_workflows_set.activeList())

    def again(self, execution_id: str, processes: Collection[str] | None = None) -> bool:
        """Let anybody take up an execution anew that one of these carries out (else this one); whether it was
        so."""
        whose = [self._process] if processes is None else list(processes)
        with telling():
            is_handed_over = self._dbos._sys_db.reenqueue_for_recovery(
                execution_id, whose, INTERNAL_QUEUE_NAME
            )
        self._handed_over.has_any |= is_handed_over
        return is_handed_over

    def shut(self, *, hands_over: bool) -> None:
        """End, and let others go on with what has not ended."""
        database = self._dbos._sys_db_field
        if database is not None:
            database._retry_connection_errors = False  # there is no time left to wait for it
        try:
            self.pages.close()
            with telling():
                DBOS.destroy(destroy_registry=True)
                if database is not None and hands_over:
                    for one in database.get_pending_workflows(self._process, APPLICATION_VERSION):
                        database.reenqueue_for_recovery(one.workflow_id, [self._process], INTERNAL_QUEUE_NAME)
        except Unavailable as error:
            log.warning("others will have to find out that this process is gone: %s", error.message)
        finally:
            self._database.dispose()
            _in_use.release()

    def _leaving(self, carry: Carry) -> Callable[[str, str], None]:
        def execution(account: str, execution_id: str) -> None:
            owner, is_first = str(assert_current_dbos_context().owner_xid), isinstance(execution_id, _New)
            carry(Attempt(account=account, execution=str(execution_id), owner=owner, is_first=is_first))
            # How it ended is in the store, and its journal is gone by now: nothing is left for DBOS to write.
            raise Left

        return execution


def _made(config: DBOSConfig) -> DBOS:
    """DBOS, which leaves the log to the server: it would write its own, and add to each line who it is."""
    logger = logging.getLogger("dbos")
    if not logger.handlers:
        logger.addHandler(logging.NullHandler())
    made = DBOS(config=config)
    for added in list(logger.filters):
        logger.removeFilter(added)
    logger.addFilter(_is_news)
    return made


def _is_news(record: logging.LogRecord) -> bool:
    """That an execution which is begun twice was handed over meanwhile is as it should be."""
    return not record.getMessage().startswith("Workflow already exists in queue")
