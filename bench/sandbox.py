"""A call of the sandbox, beside forking and ending a bare interpreter, which no call can be faster than.

Prints one JSON object. ``spaced`` calls come when the fork server is at rest and a process waits for them;
``back_to_back`` ones come as soon as the last has ended, and wait for their own process.
"""

from __future__ import annotations

import asyncio
import json
import os
import platform
import statistics
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.native import NativeSandbox
from headrace.core.effects import EffectContext

CALLS = 300
REST_S = 0.02
CONTEXT = EffectContext(
    account="000000000000",
    flow_arn="f",
    alias_arn="a",
    execution_id="e",
    node="n",
    step="e/n/0",
    timeout_s=30,
)
CODE = """
import re
words = re.findall(r"[a-z]+", text.lower())
{word: words.count(word) for word in sorted(set(words))}
"""
FORKS = """
import json, os, time
spans = []
for _ in range(300):
    start = time.perf_counter()
    pid = os.fork()
    if pid == 0:
        os._exit(0)
    os.waitpid(pid, 0)
    spans.append(time.perf_counter() - start)
print(json.dumps(spans))
"""


def summary(spans_s: Sequence[float]) -> dict[str, float]:
    """Percentiles in milliseconds."""
    cuts = statistics.quantiles(spans_s, n=100)
    return {f"p{at}_ms": round(cuts[at - 1] * 1000, 2) for at in (50, 90, 99)} | {
        "min_ms": round(min(spans_s) * 1000, 2)
    }


def fork_floor() -> list[float]:
    """Seconds that it takes to fork a bare interpreter, and for the fork to end."""
    done = subprocess.run([sys.executable, "-IS", "-c", FORKS], capture_output=True, check=True, timeout=60)
    spans: list[float] = json.loads(done.stdout)
    return spans


async def timed(sandbox: NativeSandbox, code: str, *, rest_s: float) -> list[float]:
    """Seconds of each call, with a rest before it."""
    spans = []
    for _ in range(CALLS):
        await asyncio.sleep(rest_s)
        start = time.perf_counter()
        await sandbox.run(code, {"text": "the quick brown fox and the lazy dog"}, CONTEXT)
        spans.append(time.perf_counter() - start)
    return spans


async def together(sandbox: NativeSandbox, fork_server: int) -> dict[str, float]:
    """Calls a second with all places taken, and what one costs however long it has to wait for it."""
    cpu_s = processor_s(fork_server)
    start = time.perf_counter()
    await asyncio.gather(*(sandbox.run("1", {}, CONTEXT) for _ in range(CALLS)))
    span_s = time.perf_counter() - start
    return {
        "calls_per_s": round(CALLS / span_s, 1),
        "cpu_ms_a_call": round((processor_s(fork_server) - cpu_s) / CALLS * 1000, 2),
    }


def processor_s(fork_server: int) -> float:
    """Processor seconds of this process, the fork server, and its calls that have ended."""
    fields = Path(f"/proc/{fork_server}/stat").read_text().rpartition(")")[2].split()
    return time.process_time() + sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")


def memory_mib(pid: int) -> dict[str, float]:
    """What a process has, and what of it is its own."""
    fields = dict(
        line.split(":", 1) for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    )
    return {name.lower() + "_mib": round(int(fields[name].split()[0]) / 1024, 1) for name in ("Rss", "Pss")}


async def measure() -> dict[str, Any]:
    """All figures."""
    sandbox = NativeSandbox(SandboxLimits(concurrent=2), bwrap=None)
    start = time.perf_counter()
    await sandbox.run("1", {}, CONTEXT)
    first_ms = round((time.perf_counter() - start) * 1000, 1)
    assert sandbox.server is not None
    try:
        return {
            "python": platform.python_version(),
            "locks": dict(sandbox.server.locks),
            "first_call_ms": first_ms,
            "floor_fork_and_exit": summary(fork_floor()),
            "spaced": summary(await timed(sandbox, "1", rest_s=REST_S)),
            "spaced_counting_words": summary(await timed(sandbox, CODE, rest_s=REST_S)),
            "back_to_back": summary(await timed(sandbox, "1", rest_s=0)),
            "two_at_once": await together(sandbox, sandbox.server.pid),
            "fork_server": memory_mib(sandbox.server.pid),
        }
    finally:
        await sandbox.close()


if __name__ == "__main__":
    print(json.dumps(asyncio.run(measure()), indent=2))
