"""Which errors say that the journals' database, or DBOS itself, is not there just now, and which are bugs.

The one place that knows: whoever calls DBOS, SQLAlchemy or a driver has what they raise told here. What is
not there just now is `Unavailable`, and tried again. Everything else is as it was, for a log that says so.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

import psycopg
import sqlalchemy
from dbos._error import DBOSBaseException, DBOSException, DBOSQueryTimeoutError
from dbos._utils import retriable_postgres_exception, retriable_sqlite_exception
from sqlalchemy.exc import DBAPIError, InvalidRequestError, SQLAlchemyError

from headrace.core.errors import Unavailable

_BUGS: Final = (
    sqlalchemy.exc.DataError,
    sqlalchemy.exc.IntegrityError,
    sqlalchemy.exc.ProgrammingError,
    psycopg.DataError,
    psycopg.IntegrityError,
    psycopg.ProgrammingError,
)
"""What a database says to statements that it understands no better at any other time."""
_FORBIDDEN: Final = "42501"
"""Somebody took a right away, and may give it back."""
_LOST: Final = (InvalidRequestError, sqlalchemy.exc.PendingRollbackError, sqlalchemy.exc.ResourceClosedError)
"""What is said when a connection that was lost is asked once more, or none could be had."""
_NO_THREADS: Final = ("cannot schedule new futures", "can't start new thread")
"""What Python says when threads are ending, or the system gives no more: it has no class of its own."""


def told(error: BaseException) -> BaseException:
    """What an error is to who waits: `Unavailable`, or itself when it is a bug."""
    if not is_away(error):
        return error
    return (
        error if isinstance(error, Unavailable) else Unavailable(f"The journal of executions: {_name(error)}")
    )


@contextmanager
def telling() -> Iterator[None]:
    """Have what is raised inside be what `told` makes of it.

    Raises:
        Unavailable: the database, or DBOS, is not there just now.
    """
    try:
        yield
    except (Exception, DBOSBaseException) as error:
        meaning = told(error)
        if meaning is error:
            raise
        raise meaning from error


def is_away(error: BaseException) -> bool:
    """Whether an error is none of this program's making, and may be gone the next time."""
    if isinstance(error, DBAPIError | psycopg.Error):
        is_lost = isinstance(error, DBAPIError) and error.connection_invalidated
        return is_lost or _state(error) == _FORBIDDEN or not isinstance(error, _BUGS)
    if isinstance(error, SQLAlchemyError):
        return isinstance(error, sqlalchemy.exc.TimeoutError) or type(error) in _LOST
    if isinstance(error, DBOSException):
        # The base class itself: DBOS was ended, or is not there yet.
        return type(error) in (DBOSException, DBOSQueryTimeoutError)
    if isinstance(error, RuntimeError):
        return str(error).startswith(_NO_THREADS)
    # DBOS ends attempts that do not count any more with what is no `Exception`.
    return isinstance(error, Unavailable | OSError | DBOSBaseException)


def may_pass(error: SQLAlchemyError) -> bool:
    """Whether a database was only away, or busy: who waits for it does so here, and soon asks again."""
    cause = error.orig if isinstance(error, DBAPIError) else None
    if isinstance(cause, psycopg.OperationalError) and cause.sqlstate is None:
        return (
            True  # it could not say a thing: the connection is lost, whatever words the client has for that
        )
    return (
        isinstance(error, sqlalchemy.exc.TimeoutError)
        or retriable_postgres_exception(error)
        or retriable_sqlite_exception(error)
    )


def _state(error: BaseException) -> str | None:
    """PostgreSQL's code of an error."""
    state: str | None = getattr(getattr(error, "orig", error), "sqlstate", None)
    return state


def _name(error: BaseException) -> str:
    """What may be said of an error: its message may tell of values, or of a password."""
    state = _state(error)
    return f"{type(error).__name__} {state}" if state else type(error).__name__
