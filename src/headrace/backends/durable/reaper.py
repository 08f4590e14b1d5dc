"""Notices which processes that share a PostgreSQL database are gone, and lets others go on with their work.

Each process holds a lock for as long as its connection lives: when the process dies, the server lets go of it
at once. One that stands still keeps its connection; then the store says that it was not seen for too long.
"""

from __future__ import annotations

import hashlib
import logging
import time
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import psycopg

from headrace.backends.durable.absence import telling
from headrace.backends.durable.databases import CONNECT_TIMEOUT_S, KEEPALIVES
from headrace.backends.durable.place import JournalSchema

if TYPE_CHECKING:
    from headrace.backends.durable.library import Library

GRACE_S = 5.0
"""After the database was away all have to take their locks again: for so long nobody is missed."""
_HELD = """
SELECT (classid::bigint << 32) | objid::bigint FROM pg_locks
WHERE locktype = 'advisory' AND objsubid = 1 AND granted
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

log = logging.getLogger("headrace.durable")


class Reaper:
    """Everything blocks, and is called in one thread at a time.

    Args:
        process: the id of this process.
    """

    def __init__(self, place: JournalSchema, library: Library, *, process: str) -> None:
        self._url = place.url
        self._library = library
        self._process = process
        self._connection: psycopg.Connection | None = None
        self._patient_until_s: float | None = None

    def look(self, alive: set[str]) -> None:
        """See who is gone, and hand over what they carried out.

        Args:
            alive: the processes that are there, as far as the store knows.

        Raises:
            Unavailable: the database can't be reached.
        """
        try:
            self.hold()
            with telling():
                held = self._held()
        except Exception:
            self.close()
            raise
        self._hand_over(alive, held)

    def _hand_over(self, alive: set[str], held: set[int]) -> None:
        is_patient = self._patient_until_s is not None and time.monotonic() < self._patient_until_s
        gone = {
            process
            for process in self._library.holders() - {self._process}
            if process not in alive or (key_of(process) not in held and not is_patient)
        }
        taken = self._library.hand_over(gone) if gone else 0
        if taken:
            log.warning("%d executions of processes that are gone go on: %s", taken, ", ".join(sorted(gone)))

    def close(self) -> None:
        """Let go of the lock: this process carries out nothing any more."""
        if self._connection is not None:
            with suppress(psycopg.Error):
                self._connection.close()
            self._connection = None
            self._patient_until_s = 0.0

    def hold(self) -> None:
        """Have the lock of this process, also after the connection was lost.

        Raises:
            Unavailable: the database can't be reached.
        """
        if self._connection is not None:
            return
        options: dict[str, Any] = {"connect_timeout": CONNECT_TIMEOUT_S, **KEEPALIVES}
        with telling():
            connection = psycopg.connect(
                self._url, autocommit=True, application_name="headrace-alive", **options
            )
            try:
                # Shared, so that what the server still has of a connection that is gone is not waited for.
                connection.execute("SELECT pg_advisory_lock_shared(%s)", (key_of(self._process),))
            except BaseException:
                connection.close()
                raise
        self._connection = connection
        if self._patient_until_s is not None:
            self._patient_until_s = time.monotonic() + GRACE_S

    def _held(self) -> set[int]:
        assert self._connection is not None
        return {_signed(row[0]) for row in self._connection.execute(_HELD)}


def key_of(process: str) -> int:
    """The lock of a process: 64 bits, with a sign."""
    return int.from_bytes(hashlib.sha256(process.encode()).digest()[:8], signed=True)


def _signed(key: int) -> int:
    return key - 2**64 if key >= 2**63 else key
