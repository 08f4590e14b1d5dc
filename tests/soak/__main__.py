"""Clients of all kinds on servers that are broken again and again, for some minutes; a report in build/soak/.

    SOAK_MINUTES=30 SOAK_SEED=1 python -m tests.soak --on sqlite|postgresql

A line at a time while it runs; it fails when an invariant did not hold.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import secrets
import shutil
import signal
import sys
import tempfile
from pathlib import Path

from tests.soak import report
from tests.soak.run import Plan, soak

REPORTS = Path("build/soak")


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--on", choices=["sqlite", "postgresql"], default="sqlite")
    parser.add_argument("--minutes", type=float, default=float(os.environ.get("SOAK_MINUTES") or 30))
    drawn = os.environ.get("SOAK_SEED") or secrets.randbelow(1_000_000)
    parser.add_argument(
        "--seed", type=int, default=int(drawn), help="repeats the faults and what clients draw"
    )
    parser.add_argument("--folder", help="an empty one that is left as it is at the end")
    given = parser.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that nothing stays behind
    with tempfile.TemporaryDirectory(prefix="headrace-soak-") as folder:
        plan = Plan(
            store=given.on, seed=given.seed, seconds=given.minutes * 60, folder=Path(given.folder or folder)
        )
        told = asyncio.run(soak(plan))
        where = report.write(told, REPORTS)
        if told["wrong_count"]:  # what the servers said of it goes with the report
            for log in sorted(plan.folder.glob("server-*.log")):
                shutil.copy(log, REPORTS / f"{given.on}-{given.seed}-{log.name}")
    print(f"{told['wrong_count']} broken invariants; the report is {where}")
    return 1 if told["wrong_count"] else 0


if __name__ == "__main__":
    sys.exit(main())
