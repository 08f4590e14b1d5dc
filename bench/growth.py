"""What pages cost as the store grows: of the versions of one flow, and of its logs.

Each page is asked for many times, with other values each time; so one round has medians and percentiles.
Times of logs are of the store alone, those of versions of the whole request without HTTP.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import tempfile
from pathlib import Path
from typing import Any

from bench.control_plane import pages
from bench.logs import asked, fill, searched
from bench.server import store_directory
from headrace.app import build
from headrace.settings import Settings
from headrace.storage import open_store


def _sizes(name: str, default: str) -> list[int]:
    return [int(size) for size in os.environ.get(name, default).split(",")]


async def versions(sizes: list[int], times: int) -> dict[str, Any]:
    """A page of ListFlowVersions, whole."""
    with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
        server = await build(Settings(store=f"sqlite:///{directory}/bench.db"))
        gc.collect()  # as `headrace serve` does when it is ready
        gc.freeze()
        try:
            return {"rows": await pages(server, times, sizes)}
        finally:
            await server.ports.store.close()


async def logs(sizes: list[int]) -> dict[str, Any]:
    """Each kind of page by the number of logs, in a new store for each number."""
    found: dict[str, Any] = {}
    for size in sizes:
        with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
            path = Path(directory) / "logs.db"
            store = open_store(f"sqlite:///{path}")
            kept = await fill(store, size)
            await store.close()
            store = open_store(f"sqlite:///{path}")
            try:
                figures = {**await asked(store, size), **await searched(store, size)}
            finally:
                await store.close()
            for name, page in figures.items():
                times = {key: value for key, value in page.items() if key.endswith("_ms")}
                found.setdefault(name, {})[str(size)] = times
            keeping = {"us_a_log": kept["in_groups_last_tenth_us"], "bytes_a_log": path.stat().st_size / size}
            found.setdefault("keeping", {})[str(size)] = keeping
            print(f"{size} logs are measured", file=sys.stderr, flush=True)
    return found


async def measure() -> dict[str, Any]:
    """All figures."""
    times = int(os.environ.get("BENCH_TIMES", "1000"))
    return {
        "versions": await versions(_sizes("BENCH_VERSIONS", "10,100,1000,10000,99999"), times),
        "logs": await logs(_sizes("BENCH_LOGS", "1000,10000,100000,1000000")),
    }


def main() -> None:
    """Print the figures as JSON."""
    print(json.dumps(asyncio.run(measure()), indent=1))


if __name__ == "__main__":
    main()
