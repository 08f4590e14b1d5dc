"""Who may use a PostgreSQL store at the same time: those whose transactions exclude each other alike.

Each connection bears the number of the terms that its process keeps to, and is taken into use only where the
database knows none with another number. Who is looked for is seen before it looks itself, so of two that come
at the same time at least one finds the other.
"""

from __future__ import annotations

import asyncio
import time

import asyncpg

from headrace.storage.errors import StoreOccupied

TERMS = 1
"""Goes up when transactions exclude each other in another way, or when a migration takes away what the
release before uses. Releases that did not say theirs are at none."""
PATIENCE_S = 5.0
"""How long others are waited for: the server learns a while later that a process has ended."""
LOOK_EVERY_S = 0.1
_OTHERS = """
SELECT application_name, coalesce(host(client_addr), 'this machine'), count(*) FROM pg_stat_activity
WHERE datname = current_database() AND application_name ~ '^headrace(/[0-9]+)?$' AND application_name <> $1
GROUP BY 1, 2 ORDER BY 1, 2
"""


def name() -> str:
    """What connections of this process are called."""
    return f"headrace/{TERMS}"


async def check(driver: asyncpg.Connection) -> None:
    """Look who else is there.

    Raises:
        StoreOccupied: processes that keep to other terms.
    """
    others = [f"{count} from {where} (`{one}`)" for one, where, count in await driver.fetch(_OTHERS, name())]
    if others:
        raise StoreOccupied(
            "The store is in use by processes of a release that can't share it with this one, whose "
            f"connections are called `{name()}`: {', '.join(others)}. Stop all of those first, then start "
            "this one."
        )


async def be_seen(driver: asyncpg.Connection) -> None:
    """Let others find this connection, once none of them is there.

    Raises:
        StoreOccupied: processes that keep to other terms, and have not just ended.
    """
    end = time.monotonic() + PATIENCE_S
    while True:
        try:
            await check(driver)
            break
        except StoreOccupied:
            if time.monotonic() > end:
                raise
        await asyncio.sleep(LOOK_EVERY_S)
    await driver.execute(f"SET application_name = '{name()}'")
    await check(driver)
