"""Kills processes that carry executions out until so many kills are survived, and prints what came of it.

    python -m tests.chaos --on sqlite|postgresql --kills 200 --executions 50

A line at a time while it runs; at the end a row of the table in docs/reference/durability.md.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
from pathlib import Path

from tests.chaos.scenarios import on_postgres, on_sqlite


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], default="postgresql")
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--executions", type=int, default=50, help="that go on at any time")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--folder", help="an empty one that is left as it is at the end, with the logs")
    given = parser.parse_args()
    scenario = on_sqlite if given.on == "sqlite" else on_postgres
    with tempfile.TemporaryDirectory(prefix="headrace-chaos-") as folder:
        tally = scenario(
            Path(given.folder or folder),
            kills=given.kills,
            at_once=given.executions,
            luck=random.Random(given.seed),
            say=lambda line: print(line, flush=True),
        )
    print(
        f"| {given.on} | {tally.executions} | {tally.steps} | {tally.kills} | {tally.freezes} "
        f"| {tally.restarts} | {tally.repeated} | {len(tally.wrong)} | {tally.seconds:.0f} |"
    )
    for wrong in tally.wrong:
        print(wrong, file=sys.stderr)
    return 1 if tally.wrong else 0


if __name__ == "__main__":
    sys.exit(main())
