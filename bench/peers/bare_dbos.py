"""DBOS alone, with the steps that Headrace's durable executions have: prints its figures as JSON.

Arguments: the URL of its database, how many workflows, how many steps each, how many at the same time.
"""

from __future__ import annotations

import asyncio
import json
import sys
import time

import sqlalchemy
from dbos import DBOS, DBOSConfig, SetWorkflowID


def _engine(url: str) -> sqlalchemy.Engine:
    if not url.startswith("sqlite"):
        return sqlalchemy.create_engine(url.replace("postgresql://", "postgresql+psycopg://"), pool_size=20)
    engine = sqlalchemy.create_engine(url)

    @sqlalchemy.event.listens_for(engine, "connect")
    def _durable(connection: object, _: object) -> None:
        cursor = connection.cursor()  # type: ignore[attr-defined]
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "busy_timeout=10000"):
            cursor.execute(f"PRAGMA {pragma}")

    return engine


async def act(text: str) -> str:
    """What a handler does."""
    return text.upper()


@DBOS.workflow()
async def chain(text: str, steps: int) -> str:
    """One step after another."""
    for _ in range(steps):
        text = await DBOS.run_step_async(None, act, text)
    return text


async def _measure(url: str, workflows: int, steps: int, at_once: int) -> dict[str, float]:
    config = DBOSConfig(
        name="bare",
        system_database_engine=_engine(url),
        system_database_url=url,
        application_version="bench",
        executor_id="bench",
        log_level="WARNING",
    )
    DBOS(config=config)
    DBOS.launch()
    gate = asyncio.Semaphore(at_once)
    warm = await DBOS.start_workflow_async(chain, "warm", steps)
    await warm.get_result()

    async def one(number: int) -> None:
        async with gate:
            with SetWorkflowID(f"bench-{number}"):
                handle = await DBOS.start_workflow_async(chain, "rain", steps)
            await handle.get_result()

    started = time.perf_counter()
    await asyncio.gather(*(one(number) for number in range(workflows)))
    elapsed = time.perf_counter() - started
    DBOS.destroy()
    return {"executions_per_s": workflows / elapsed, "steps_per_s": workflows * steps / elapsed}


if __name__ == "__main__":
    place, *counts = sys.argv[1:]
    print(json.dumps(asyncio.run(_measure(place, *map(int, counts)))))
