"""The databases that DBOS is given: opened here, so that they are what it needs."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from typing import Any, Protocol

import psycopg
import sqlalchemy
from sqlalchemy import event

from headrace.backends.durable.place import JournalFile, JournalSchema

_BUSY_MS = 30_000
_IDLE_MS = 10_000
"""A process that stands still in the middle of a transaction holds up others for no longer."""
KEEPALIVES = {"keepalives": 1, "keepalives_idle": 5, "keepalives_interval": 2, "keepalives_count": 3}
"""A server that is gone without a word is noticed within about ten seconds."""
CONNECT_TIMEOUT_S = 5


def open_database(place: JournalFile | JournalSchema, *, connections: int) -> sqlalchemy.Engine:
    """The database of a place. Values never stand in the messages of its errors."""
    if isinstance(place, JournalFile):
        return _file(place)
    return _server(place, connections)


class Journal(Protocol):
    """Lends the connection that journals are written on, to one thread."""

    def lent(self) -> AbstractContextManager[sqlalchemy.Connection]:
        """A connection, whose statements are durable once it is given back."""

    def close(self) -> None:
        """Hang up."""


class Shared:
    """On SQLite: the only connection that there is, for a transaction."""

    def __init__(self, database: sqlalchemy.Engine) -> None:
        self.lent = database.begin

    def close(self) -> None:
        """Nothing: it is the database's."""


class Kept:
    """On PostgreSQL: a connection that is kept for it, on which each statement is a transaction by itself.

    That is one way to the server and back, where a transaction of its own is three, and a fourth to ask
    whether it is still there. Journals can be written so because whatever is done again changes nothing.
    """

    def __init__(self, database: sqlalchemy.Engine) -> None:
        self._database = database.execution_options(isolation_level="AUTOCOMMIT")
        self._connection: sqlalchemy.Connection | None = None

    @contextmanager
    def lent(self) -> Iterator[sqlalchemy.Connection]:
        """See `Journal.lent`."""
        connection, self._connection = self._connection or self._database.connect(), None
        try:
            yield connection
            connection.commit()  # of which the server hears nothing
        except BaseException:
            connection.close()
            raise
        self._connection = connection

    def close(self) -> None:
        """See `Journal.close`."""
        if self._connection is not None:
            self._connection.close()


def journal_on(database: sqlalchemy.Engine) -> Journal:
    """How journals are written in a database."""
    return Shared(database) if database.dialect.name == "sqlite" else Kept(database)


def _file(place: JournalFile) -> sqlalchemy.Engine:
    # One connection only: SQLite writes one after another anyway, and several connections of one process
    # can break a file in WAL mode before SQLite 3.51.3, which Python may well come with.
    engine = sqlalchemy.create_engine(
        sqlalchemy.URL.create("sqlite", database=str(place.path)),
        poolclass=sqlalchemy.QueuePool,
        pool_size=1,
        max_overflow=0,
        pool_timeout=60,
        connect_args={"check_same_thread": False},
        hide_parameters=True,
    )

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        connection.isolation_level = "IMMEDIATE"
        connection.execute(f"PRAGMA busy_timeout = {_BUSY_MS}")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA secure_delete = ON")  # a journal that is dropped holds what a run was told

    return engine


def _server(place: JournalSchema, connections: int) -> sqlalchemy.Engine:
    engine = sqlalchemy.create_engine(
        "postgresql+psycopg://",
        pool_size=connections,
        max_overflow=0,
        pool_timeout=30,
        pool_pre_ping=True,
        connect_args={
            "application_name": "headrace-executions",
            "connect_timeout": CONNECT_TIMEOUT_S,
            **KEEPALIVES,
        },
        hide_parameters=True,
    )

    @event.listens_for(engine, "do_connect")
    def connect(_dialect: Any, _record: Any, _given: Any, options: dict[str, Any]) -> psycopg.Connection:
        # PostgreSQL's own client reads the URL, which may name several servers.
        return psycopg.connect(place.url, **options)

    @event.listens_for(engine, "connect")
    def set_up(connection: Any, _record: Any) -> None:
        # Not at its start: poolers refuse what they do not know there.
        connection.execute(f"SET idle_in_transaction_session_timeout = {_IDLE_MS}")
        connection.commit()  # or it would be undone

    return engine
