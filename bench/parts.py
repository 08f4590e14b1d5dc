"""The benchmarks as a table: what each is, how often it is repeated, how large it is when time is short."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from bench.figures import ROUNDS_WITHIN, SKIPPED, Figures, gathered
from bench.machine import load

FOLDER = Path("build/bench")
ERROR_CHARACTERS = 600
ROUNDS = 3
LIMIT_S = 1800.0
"""For a part, of a whole run."""
END_LIMIT_S = 60.0
"""For a part that is interrupted, to end its servers."""
QUICK_LIMIT_S = 600.0
"""For all of a quick run."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A benchmark: a module of this package that prints its figures as one JSON object.

    Attributes:
        about: what is measured, in words.
        rounds: how often the whole of it is done, with floors and peers each time. What starts slow servers
            has rounds of its own within.
        why_once: what is repeated inside of it, where that is once.
        full: settings of a whole run, as environment variables.
        quick: settings when time is short; None leaves it out then.
    """

    name: str
    about: str
    rounds: int = ROUNDS
    why_once: str = ""
    full: Mapping[str, str] = field(default_factory=dict)
    quick: Mapping[str, str] | None = None


def _seconds(full: float, quick: float) -> dict[str, Mapping[str, str]]:
    return {"full": {"BENCH_SECONDS": f"{full:g}"}, "quick": {"BENCH_SECONDS": f"{quick:g}"}}


ONCE = "done once, with the repetitions inside"

PARTS = (
    Part(name="registry", about="durable creates and reads by id, beside their floors", **_seconds(3, 0.4)),
    Part(name="clients", about="the SDKs beside raw HTTP", **_seconds(3, 0.7)),
    Part(name="invoke", about="InvokeFlow over HTTP, beside hello", **_seconds(3, 0.5)),
    Part(
        name="engine",
        about="the engine in the process, beside other engines and plain asyncio",
        quick={"BENCH_ROUNDS": "3"},
    ),
    Part(
        name="durable",
        about="executions in the background, beside DBOS alone",
        quick={"BENCH_EXECUTIONS": "60", "BENCH_LATENCIES": "20", "BENCH_STORES": "sqlite"},
    ),
    Part(name="log_creates", about="logs made over HTTP", **_seconds(4, 0.5)),
    Part(name="startup", about="until it is ready, imports, memory", quick={"BENCH_ROUNDS": "2"}),
    Part(
        name="growth",
        about="pages as the store grows",
        rounds=1,
        why_once=ONCE,
        full={"BENCH_VERSIONS": "10,100,1000,10000,99999", "BENCH_LOGS": "1000,10000,100000,1000000"},
        quick={"BENCH_VERSIONS": "10,1000,10000", "BENCH_LOGS": "1000,10000", "BENCH_TIMES": "300"},
    ),
    Part(
        name="pages",
        about="pages of the web UI in a browser",
        rounds=1,
        why_once=ONCE,
        quick={"BENCH_ROUNDS": "3", "BENCH_FILES": "200"},
    ),
    Part(
        name="registry_peers", about="creates and reads beside other registries", rounds=1, **_seconds(4, 0.7)
    ),
    Part(name="trace_peers", about="traces over OTLP, beside other servers", rounds=1, **_seconds(5, 1)),
    Part(name="control_plane", about="validation, and pages of versions", quick={"BENCH_TIMES": "200"}),
    Part(name="otel", about="spans over OTLP in both encodings", **_seconds(3, 0.3)),
    Part(name="sandbox", about="a call of InlineCode"),
    Part(name="evaluations", about="a run of an evaluation", rounds=1, why_once=ONCE),
    Part(name="postgres", about="creates on PostgreSQL", rounds=1, why_once=ONCE),
    Part(name="sizes", about="bytes that things take", rounds=1, why_once="nothing of it is a time"),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Outcome:
    """What came of a part.

    Attributes:
        failed: why it broke off; empty when it did not.
        skipped: peers that were left out, and why.
        rounds: how many there were.
        load_before, load_after: processes that wanted a processor, over 1, 5 and 15 minutes.
    """

    part: Part
    figures: Figures
    rounds: int
    failed: str
    skipped: Mapping[str, str]
    load_before: list[float]
    load_after: list[float]
    took_s: float


class Failed(Exception):
    """A benchmark broke off; the message is the end of what it said."""


def command(part: Part) -> list[str]:
    """What measures a part; it runs in a process of its own, so that none warms up another."""
    return [sys.executable, "-m", f"bench.{part.name}"]


def once(part: Part, settings: Mapping[str, str], number: int, *, limit_s: float) -> dict[str, Any]:
    """What a benchmark printed.

    Raises:
        Failed: it broke off, took too long or printed something else.
    """
    process = subprocess.Popen(
        command(part), stdout=subprocess.PIPE, stderr=subprocess.PIPE, env={**os.environ, **settings}
    )
    try:
        printed, complained = process.communicate(timeout=limit_s)
    except subprocess.TimeoutExpired as late:
        _end(process)
        raise Failed(f"not done within {limit_s:.0f} s") from late
    except KeyboardInterrupt:
        _end(process)
        raise
    if process.returncode:
        said = complained.decode(errors="replace").strip()
        raise Failed(f"status {process.returncode}: {said[-ERROR_CHARACTERS:]}")
    FOLDER.mkdir(parents=True, exist_ok=True)
    (FOLDER / f"{part.name}.{number}.json").write_bytes(printed)
    try:
        found: dict[str, Any] = json.loads(printed)
    except ValueError as error:
        raise Failed(f"it printed no JSON: {error}") from error
    return found


def _end(process: subprocess.Popen[bytes]) -> None:
    """Interrupt a benchmark, so that it ends the servers that it has started."""
    process.send_signal(signal.SIGINT)
    try:
        process.communicate(timeout=END_LIMIT_S)
    except subprocess.TimeoutExpired:
        process.kill()
        process.communicate()


def refused(figures: Figures) -> str:
    """In words, the loads of which some answers were errors: what they measured is not what they were for."""
    failures = {place: max(one.rounds) for place, one in figures.items() if place.endswith("/failures")}
    return "; ".join(f"{place}: {most:.0f} answers were errors" for place, most in failures.items() if most)


def measured(part: Part, *, quick: bool, limit_s: float = LIMIT_S) -> Outcome:
    """Every round of a part; what the rounds before a failure found is kept."""
    before, started = load(), time.perf_counter()
    settings = {**((part.quick or {}) if quick else part.full), **({"BENCH_INSTALL": "0"} if quick else {})}
    rounds: list[dict[str, Any]] = []
    skipped: dict[str, str] = {}
    failed = ""
    for number in range(1, part.rounds + 1):
        try:
            left_s = limit_s - (time.perf_counter() - started)
            if left_s <= 0:
                raise Failed("the time was over")
            found = once(part, settings, number, limit_s=left_s)
        except Failed as error:
            failed = f"round {number} of {part.rounds}: {error}"
            break
        skipped |= found.get(SKIPPED, {})
        rounds += found.get(ROUNDS_WITHIN, [found])
    figures = gathered(rounds)
    return Outcome(
        part=part,
        figures=figures,
        rounds=len(rounds),
        failed=failed or refused(figures),
        skipped=skipped,
        load_before=before,
        load_after=load(),
        took_s=time.perf_counter() - started,
    )
