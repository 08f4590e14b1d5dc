"""A PostgreSQL connection that runs statements by name, and what its errors mean.

Statements that write and of which no answer is needed wait, and go along with the next one that does not
touch what they write: as one statement, which is one way to the server and back. A constraint that refuses
one spoils the transaction, so the use case is then run again with care: one statement after the other, a
savepoint before each that writes. That costs nothing where nothing is refused.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import asyncpg
import msgspec

from headrace.core.errors import Unavailable
from headrace.core.ports import Clash
from headrace.storage.errors import ReadOnly
from headrace.storage.postgres import dialect, greenlets
from headrace.storage.postgres.dialect import Statement
from headrace.storage.postgres.joining import Waiting, joined
from headrace.storage.postgres.log_words import PostgresLogWords
from headrace.storage.postgres.statements import RACES, RULES, STATEMENTS, UNIQUE, WRITTEN
from headrace.storage.sql.collection import Step
from headrace.storage.sql.rows import Row
from headrace.storage.sql.transaction import SqlTransaction

T = TypeVar("T")
log = logging.getLogger(__name__)

READ = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
WRITE = "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE migrations IN SHARE MODE"
WRITE_BESIDE = "BEGIN ISOLATION LEVEL READ COMMITTED; LOCK TABLE migrations IN ROW EXCLUSIVE MODE"
"""Of use cases of single files; it excludes the one before, and that it, but neither excludes its like."""
WRITE_ALONE = "BEGIN ISOLATION LEVEL SERIALIZABLE; LOCK TABLE migrations IN EXCLUSIVE MODE"
"""When nobody else writes: what lost a race can't lose it again."""
CLOSE_TIMEOUT_S = 2.0
_NULL, _ESCAPE = "\0", "\x01"

_LOST_RACES = frozenset({"40001", "40P01"})
_READ_ONLY = "25006"
_NOT_NOW = "0A000"
"""Another release changed a table, or the server only follows another one."""
_TOO_LONG = ("57014", "55P03")
_OUT_OF_ORDER = ("08", "53", "57", "58", "25P03")
"""Codes, or what they begin with, that tell of the server and not of the statement."""


_BROKEN = (OSError, asyncpg.InternalClientError)
"""The second when the server hung up while nobody looked."""


class LostRace(Exception):
    """Others changed what the transaction read; run again, it sees what they did."""


class LostConnection(Exception):
    """The connection broke before the end of the transaction, so that nothing was kept."""


class NeedsCare(Exception):
    """A constraint refused a statement and so the transaction; with savepoints it can go on."""


class NeedsSnapshot(Exception):
    """A read asks for more than one statement, which have to see the same."""


def encoded(value: Any) -> Any:
    """A value as it is kept: PostgreSQL's texts can't hold U+0000, so that U+0001 stands before it.

    The order of texts stays what it was.
    """
    if isinstance(value, str) and (_NULL in value or _ESCAPE in value):
        return value.replace(_ESCAPE, _ESCAPE + "\x02").replace(_NULL, _ESCAPE + _ESCAPE)
    return value


def decoded(value: Any) -> Any:
    """What was kept by `encoded`."""
    if isinstance(value, str) and _ESCAPE in value:
        return value.replace(_ESCAPE + _ESCAPE, _NULL).replace(_ESCAPE + "\x02", _ESCAPE)
    return value


class PostgresConnection:
    """One connection. It serves one transaction at a time, of one event loop.

    Attributes:
        writes: how many statements that write were sent since the transaction began.
    """

    def __init__(self, driver: asyncpg.Connection, *, is_careful: bool = False) -> None:
        """Use a connection of the driver.

        Args:
            is_careful: whether statements tell the driver's errors, outside of `begin`.
        """
        self._driver = driver
        self._prepared: dict[str | tuple[str, ...], Any] = {}
        self._transactions: dict[str, SqlTransaction] = {}
        self._failure: Exception | None = None
        self._is_careful = is_careful
        self._is_reading = False
        self._left: int | None = None
        self._waiting = Waiting()
        self.writes = 0

    @property
    def is_closed(self) -> bool:
        return bool(self._driver.is_closed())

    def _transaction_of(self, account: str) -> SqlTransaction:
        """An organisation's collections on this connection."""
        found = self._transactions.get(account)
        if found is None:
            found = self._transactions[account] = SqlTransaction(self, account, PostgresLogWords)
        return found

    def one(self, statement: str, **values: Any) -> Row | None:
        rows, _ = greenlets.wait(self._execute(statement, values))
        return rows[0] if rows else None

    def all(self, statement: str, **values: Any) -> list[Row]:
        rows, _ = greenlets.wait(self._execute(statement, values))
        return rows

    def run(self, statement: str, **values: Any) -> int:
        _, status = greenlets.wait(self._execute(statement, values))
        return int(status.rpartition(" ")[2])

    def together(self, *steps: Step) -> None:
        if self._is_careful:
            for name, values in steps:
                greenlets.wait(self._execute(name, values))
            return
        for step in steps:
            if not self._waiting.goes_with(step[0]):
                greenlets.wait(self._flush())
            self._waiting.add(step)

    async def ask(self, statement: str, **values: Any) -> list[Row]:
        """The same as `all`, for who is no use case."""
        rows, _ = await self._execute(statement, values)
        return rows

    def script(self, text: str) -> None:
        """Run many statements of the common words."""
        greenlets.wait(self._driver.execute(dialect.script(text)))

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """For migrations: errors are the driver's."""
        self.script("BEGIN")
        try:
            yield
        except BaseException:
            self.script("ROLLBACK")
            raise
        self.script("COMMIT")

    async def begin(self, how: str, *, is_careful: bool = False) -> None:
        """Begin a transaction with one of the commands above.

        Raises:
            LostConnection, Unavailable: the server can't.
        """
        self._be_ready(is_reading=how == READ, is_careful=is_careful)
        await self._command(how)

    def begin_glance(self) -> None:
        """Begin a read of one statement, which is a snapshot as it is and needs no transaction around it."""
        self._be_ready(is_reading=True, is_careful=False)
        self._left = 1

    def _be_ready(self, *, is_reading: bool, is_careful: bool) -> None:
        self._failure, self._is_careful, self._is_reading = None, is_careful, is_reading
        self._left = None
        self._waiting.clear()
        self.writes = 0

    async def carry_out(self, account: str, work: Callable[[Any], T]) -> T:
        """Run ``work`` in the transaction.

        Raises:
            LostRace, LostConnection, NeedsCare, NeedsSnapshot: this transaction can't be kept.
            Exception: what ``work`` raised.
        """
        transaction = self._transaction_of(account)
        try:
            result = await greenlets.run(lambda: work(transaction))
        except Exception:
            # With care it is told whether one of those that wait would have been refused before.
            self.writes += len(self._waiting.steps)
            self._waiting.clear()
            self._raise_failure()  # whatever the use case made of it
            raise
        await self._flush()
        self._raise_failure()
        return result

    async def commit(self) -> None:
        """End the transaction, so that it is durable when this returns.

        Raises:
            LostRace: nothing was kept.
            Unavailable: it is not known what was kept.
        """
        try:
            status = await self._driver.execute("COMMIT")
        except asyncpg.PostgresError as error:
            if error.sqlstate in _LOST_RACES:
                raise LostRace from error
            self._driver.terminate()
            raise Unavailable(_UNKNOWN_OUTCOME) from error
        except (asyncpg.InterfaceError, *_BROKEN) as error:  # a timeout is an OSError
            self._driver.terminate()
            raise Unavailable(_UNKNOWN_OUTCOME) from error
        if status != "COMMIT":
            raise RuntimeError(f"PostgreSQL answered COMMIT with {status}.")

    async def roll_back(self) -> None:
        """Undo the transaction; hang up when that can't be said, for then the server undoes it."""
        if self.is_closed:
            return
        try:
            await self._driver.execute("ROLLBACK")
        except (asyncpg.PostgresError, asyncpg.InterfaceError, *_BROKEN):
            self._driver.terminate()

    async def _command(self, text: str) -> None:
        try:
            await self._driver.execute(text)
        except Exception as error:
            raise self._meaning(error) from error

    async def _execute(self, name: str, values: dict[str, Any]) -> tuple[list[Row], str]:
        """The rows of a statement, and what it says that it did."""
        self._raise_failure()
        self._count_glance(name)
        if self._waiting.steps:
            if self._waiting.goes_with(name):
                return await self._execute_joined((name, values))
            await self._flush()
        arguments = _arguments(STATEMENTS[name], values)
        writes = name in WRITTEN
        is_careful = self._is_careful and writes
        self.writes += writes
        if is_careful:
            await self._command("SAVEPOINT careful")
        try:
            prepared = self._prepared.get(name) or await self._prepare(name, STATEMENTS[name])
            records = await prepared.fetch(*arguments)
        except asyncpg.IntegrityConstraintViolationError as error:
            if not is_careful:
                raise self._fail(NeedsCare()) from error
            await self._command("ROLLBACK TO careful")
            raise Clash(await self._broken_rule(name, arguments, error)) from error
        except Exception as error:
            raise self._meaning(error) from error
        if is_careful:
            await self._command("RELEASE careful")
        return [_row(record) for record in records], prepared.get_statusmsg()

    def _count_glance(self, name: str) -> None:
        """Let nothing but one statement that reads go without a transaction."""
        if self._left is not None:
            if not self._left or name in WRITTEN:
                raise self._fail(NeedsSnapshot())
            self._left -= 1

    async def _flush(self) -> None:
        """Have done what waits."""
        if self._waiting.steps:
            await self._execute_joined(None)

    async def _execute_joined(self, last: Step | None) -> tuple[list[Row], str]:
        """What waits, and ``last``, as one; without care, so that it need not be known which was refused."""
        self._raise_failure()
        if self._left is not None:
            raise self._fail(NeedsSnapshot())
        key, values = self._waiting.taken(last)
        statement = joined(key)
        self.writes += 1
        try:
            prepared = self._prepared.get(key) or await self._prepare(key, statement)
            records = await prepared.fetch(*_arguments(statement, values))
        except Exception as error:
            raise self._meaning(error) from error
        return [_row(record) for record in records], prepared.get_statusmsg()

    async def _prepare(self, name: str | tuple[str, ...], statement: Statement) -> Any:
        prepared = self._prepared[name] = await self._driver.prepare(statement.text)
        return prepared

    async def _broken_rule(self, name: str, arguments: list[Any], error: asyncpg.PostgresError) -> str:
        """The most telling of the rules that a statement breaks."""
        if isinstance(error, asyncpg.ForeignKeyViolationError | asyncpg.NotNullViolationError):
            return "reference"
        index = str(error.constraint_name)
        if index in RACES:
            raise self._fail(LostRace()) from error
        table, sort = WRITTEN[name]
        if sort == "insert":
            for unique in UNIQUE[table]:
                if await self._is_broken(STATEMENTS[name].text, unique.columns, arguments):
                    return RULES[unique.index]
        return RULES[index]

    async def _is_broken(self, text: str, columns: str, arguments: list[Any]) -> bool:
        """Whether it is this that keeps a row from being added."""
        before, returning, after = text.partition(" RETURNING ")
        probe = f"{before} ON CONFLICT {columns} DO NOTHING{returning}{after}"
        await self._command("SAVEPOINT probe")
        try:
            return str(await self._driver.execute(probe, *arguments)).endswith(" 0")
        except asyncpg.IntegrityConstraintViolationError:
            return False  # it is another
        except Exception as error:
            raise self._meaning(error) from error
        finally:
            if self._failure is None:
                await self._command("ROLLBACK TO probe")

    def _raise_failure(self) -> None:
        if self._failure is not None:
            raise self._failure

    def _fail(self, failure: Exception) -> Exception:
        """The transaction can't go on, whatever the use case makes of it."""
        self._failure = failure
        return failure

    def _meaning(self, error: Exception) -> Exception:
        """What an error of the driver is to a use case; one that is nothing to it is a bug."""
        failure = self._told(error)
        if failure is not None:
            return self._fail(failure)
        shares = not self._is_careful and not self._is_reading
        if isinstance(error, asyncpg.PostgresError) and shares:
            return self._fail(NeedsCare())  # others are in the same transaction
        return error

    def _told(self, error: Exception) -> Exception | None:
        if isinstance(error, asyncpg.PostgresError):
            code = str(error.sqlstate)
            if code in _LOST_RACES:
                return LostRace()
            if code == _READ_ONLY and self._is_reading:
                return ReadOnly("This use case writes; give it to `write`.")
            is_late = code in _TOO_LONG
            is_lost = code in (_READ_ONLY, _NOT_NOW) or code.startswith(_OUT_OF_ORDER)
        else:
            is_late = isinstance(error, TimeoutError)
            is_broken = isinstance(error, asyncpg.InterfaceError) and self.is_closed
            is_lost = is_broken or isinstance(error, _BROKEN)
        if not is_late and not is_lost:
            return None
        self._driver.terminate()
        return Unavailable("The store takes too long. Try again.") if is_late else LostConnection()

    async def close(self) -> None:
        """Say good-bye; hang up when nobody listens."""
        try:
            await self._driver.close(timeout=CLOSE_TIMEOUT_S)
        except (asyncpg.PostgresError, asyncpg.InterfaceError, *_BROKEN):
            self._driver.terminate()

    def terminate(self) -> None:
        """Hang up."""
        self._driver.terminate()


_UNKNOWN_OUTCOME = (
    "The store could not be reached when this was to be kept, so it may or may not have been. "
    "Look before you try again."
)


def _arguments(statement: Statement, values: dict[str, Any]) -> list[Any]:
    return [
        _array(values[parameter]) if parameter in statement.lists else encoded(values[parameter])
        for parameter in statement.parameters
    ]


def _array(text: str) -> list[Any]:
    return [encoded(value) for value in msgspec.json.decode(text)]


def _row(record: Any) -> Row:
    row = tuple(record)
    for value in row:
        if type(value) is str and _ESCAPE in value:
            return tuple(map(decoded, row))
    return row
