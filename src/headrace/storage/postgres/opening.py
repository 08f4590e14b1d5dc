"""Opening a PostgreSQL database as a store: is it one that can be used, and is its schema this code's."""

from __future__ import annotations

import logging
import re
from collections.abc import Iterator
from contextlib import contextmanager

import asyncpg

from headrace.storage.errors import NoSuchStore, StoreDamaged, StoreUnusable
from headrace.storage.limits import StoreLimits
from headrace.storage.migrations import migrate
from headrace.storage.place import shown
from headrace.storage.postgres import greenlets
from headrace.storage.postgres import terms as postgres_terms
from headrace.storage.postgres.connection import PostgresConnection
from headrace.storage.postgres.pool import AWAY, connect
from headrace.storage.postgres.statements import MIGRATIONS, QUERIES

OLDEST = 14
"""The oldest major version of PostgreSQL that is tried."""
_MIGRATING = 0x48454144
"""The advisory lock under which one process at a time brings a database up to date ("HEAD")."""
CREATE = "createdb --owner USER --encoding UTF8 --template template0 DATABASE"
"""How a database for a store is made."""
WHAT_TO_DO: dict[type[Exception], str] = {
    asyncpg.InvalidCatalogNameError: f" Make one with `{CREATE}`.",
    asyncpg.InsufficientPrivilegeError: " The user in the URL has to own the database and what is in it.",
}
"""What helps against some of the things that PostgreSQL says."""
log = logging.getLogger(__name__)


async def prepare(url: str, limits: StoreLimits) -> None:
    """Bring the database up to date.

    Raises:
        NoSuchStore: the URL makes no sense.
        StoreUnusable: the server can't be reached, does not let us in, or is too old.
        StoreOccupied: others use it who can't share it with us.
        StoreTooNew, StoreDamaged: the database is not what this code would have made.
    """
    with opening(url):
        driver = await connect(url, limits, is_patient=True)
        try:
            await _check(driver)
            # Waits for another process that is at it; the end of the connection gives it up.
            await driver.execute(f"SELECT pg_advisory_lock({_MIGRATING})")
            await postgres_terms.be_seen(driver)
            connection = PostgresConnection(driver, is_careful=True)
            if await driver.fetchval("SELECT to_regclass('migrations')") is None:
                await greenlets.run(lambda: connection.script(QUERIES["make_migrations"]))
            await greenlets.run(lambda: migrate(connection, MIGRATIONS))
            if await driver.fetchval("SELECT to_regclass('logs_triples')") is None:
                log.warning("without the extension pg_trgm, parts of ids are searched for without an index")
        finally:
            driver.terminate()


async def _check(driver: asyncpg.Connection) -> None:
    version = driver.get_server_version()
    if version.major < OLDEST:
        raise StoreUnusable(
            f"The store needs PostgreSQL {OLDEST} or later, but the server is PostgreSQL {version.major}."
        )
    encoding = await driver.fetchval("SHOW server_encoding")
    if encoding != "UTF8":
        raise StoreUnusable(
            f"The store needs a database in UTF8, but this one is in {encoding}: create one with `{CREATE}`."
        )
    log.info("the store is in PostgreSQL %s", await driver.fetchval("SHOW server_version"))


@contextmanager
def opening(url: str) -> Iterator[None]:
    """Say of a store that can't be opened which it is, and why, without its password."""
    name = shown(url)
    try:
        yield
    except ValueError as error:
        # What else it says may be a part of a password that is not written as a URL needs it.
        reason = f" {error}." if "parameter" in str(error) else ""
        raise NoSuchStore(
            f"The store URL {name} can't be used.{reason} Its form is "
            "postgresql://USER:PASSWORD@HOST:PORT/DATABASE, with %40, %3A, %2F for @, :, / in a password."
        ) from None
    except (asyncpg.UndefinedColumnError, asyncpg.DuplicateTableError) as error:
        raise StoreDamaged(
            f"{name} has tables that are not Headrace's ({error}). Give it a database of its own."
        ) from error
    except AWAY as error:
        reason = re.sub(r"\s+", " ", str(error)) or type(error).__name__
        what_to_do = WHAT_TO_DO.get(type(error), "")
        raise StoreUnusable(f"{name} can't be opened as a store: {reason}.{what_to_do}") from error
