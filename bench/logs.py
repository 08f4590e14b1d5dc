"""Pages of the logs of a file that has very many, straight from the store: by version, time, words, ids.

`python -m bench.logs [COUNT [STORE]]`: a million logs of one flow, in ten versions, spread over a year, half
in traces. Also what it takes to keep one, and how large the store gets.
"""

from __future__ import annotations

import asyncio
import json
import random
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from fractions import Fraction
from pathlib import Path
from typing import Any

import msgspec

from bench.server import store_directory
from headrace.core.files import File
from headrace.core.ids import LONG_LENGTH, TIME_LENGTH, base62
from headrace.core.log_search import LogFilter, Verdicts
from headrace.core.logs import Log, LogQuery, LogStatus, Payload, write_payload
from headrace.core.monitoring import Total
from headrace.core.ports import Store, Transaction
from headrace.core.versions import Version
from headrace.services.logs.log_search import MOST_LOOKED_AT
from headrace.storage import open_store

ACCOUNT = "000000000000"
COUNT = 1_000_000
GROUP = 500
"""Logs that are kept in one transaction while the store is filled."""
VERSIONS = 10
WORDS = 60
"""Of each log; drawn so that the commonest is in almost every log and most are rare."""
VOCABULARY = 50_000
START = datetime(2026, 1, 1, tzinfo=UTC)
YEAR_S = 365 * 24 * 3600
ROUNDS = 40
FLOW, EVALUATOR = "fl_bench", "ev_bench"


def a_file(id: str, kind: str) -> File:
    return File(
        id=id,
        kind=kind,
        path=id,
        directory_id="dir_root",
        short_id=id,
        short_name=id,
        description=None,
        readme=None,
        tags=(),
        created_by="usr_1",
        created_at=START,
        updated_at=START,
        last_number=0,
    )


def a_version(id: str, file_id: str) -> Version:
    return Version(
        id=id,
        file_id=file_id,
        digest=id,
        content=b"{}",
        name=None,
        description=None,
        created_by="usr_1",
        created_at=START,
        updated_at=START,
        last_used_at=START,
        logs_count=0,
        is_runnable=False,
        is_upserted=True,
    )


class Source:
    """Logs like those of a busy flow: an input, an answer and some metadata of about a kilobyte."""

    def __init__(self, count: int) -> None:
        self._dice = random.Random(1)
        self._count = count
        letters = "abcdefghijklmnopqrstuvwxyz"
        self.words = ["".join(self._dice.choices(letters, k=3 + n % 9)) for n in range(VOCABULARY)]
        self._weights = [1 / (rank + 1) for rank in range(VOCABULARY)]
        self._drawn: list[str] = []

    def _text(self) -> str:
        if len(self._drawn) < WORDS:
            self._drawn = self._dice.choices(self.words, weights=self._weights, k=100 * WORDS)
        drawn, self._drawn = self._drawn[:WORDS], self._drawn[WORDS:]
        return " ".join(drawn)

    def log(self, number: int) -> Log:
        text, dice = self._text(), self._dice
        metadata = {"customer": f"c{dice.randrange(10_000)}", "stage": dice.choice(["production", "staging"])}
        payload = Payload(
            inputs=msgspec.Raw(msgspec.json.encode({"question": text[: len(text) // 3]})),
            output=text[len(text) // 3 :],
            metadata=msgspec.Raw(msgspec.json.encode(metadata)),
        )
        created_at = START + timedelta(seconds=YEAR_S * number / self._count)
        clock = base62(int(created_at.timestamp() * 1_000_000), TIME_LENGTH)
        log_id = f"log_{clock}{base62(dice.getrandbits(64), LONG_LENGTH - TIME_LENGTH)}"
        is_in_trace = number % 2 == 0
        return Log(
            id=log_id,
            kind="flow",
            file_id=FLOW,
            version_id=f"flv_{dice.randrange(VERSIONS)}",
            created_by="usr_1",
            created_at=created_at,
            status=LogStatus.COMPLETE,
            trace_id=log_id,
            trace_flow_id=FLOW if is_in_trace else None,
            is_in_trace=is_in_trace,
            environment=metadata["stage"],
            user=metadata["customer"],
            has_error=number % 200 == 0,
            payload=write_payload(payload),
        )


def judgment(number: int, judged: Log) -> Log:
    return Log(
        id=f"j_{number}",
        kind="evaluator",
        file_id=EVALUATOR,
        version_id=f"evv_{number % 4}",
        created_by="usr_1",
        created_at=judged.created_at,
        trace_id=f"j_{number}",
        judged_id=judged.id,
        judged_version_id=judged.version_id,
        judgment=b"true",
        is_automatic=True,
    )


async def fill(store: Store, count: int) -> dict[str, float]:
    """Keep that many logs, and judgments on some; microseconds for each log, over time."""
    source = Source(count)

    def prepare(tx: Transaction) -> None:
        for file_id, kind in ((FLOW, "flow"), (EVALUATOR, "evaluator")):
            tx.files.add(a_file(file_id, kind))
        for number in range(VERSIONS):
            tx.versions.add(a_version(f"flv_{number}", FLOW))
            for judge in range(4):
                total = Fraction(1)
                tx.logs.put_total(
                    Total(
                        version_id=f"flv_{number}",
                        evaluator_id=EVALUATOR,
                        evaluator_version_id=f"evv_{judge}",
                        judgments=1,
                        numerator=str(total.numerator),
                        denominator=str(total.denominator),
                    )
                )

    await store.write(ACCOUNT, prepare)
    took: list[float] = []
    for start in range(0, count, GROUP):
        logs = [source.log(number) for number in range(start, min(start + GROUP, count))]
        judgments = [judgment(start + n, log) for n, log in enumerate(logs) if n % 20 == 0]
        begun = time.perf_counter()
        await store.write(
            ACCOUNT, lambda tx, logs=logs + judgments: [tx.logs.add(log, at=log.created_at) for log in logs]
        )
        took.append((time.perf_counter() - begun) / len(logs) * 1e6)
        if start // GROUP % 200 == 0:
            print(f"{start} {statistics.fmean(took[-200:]):.0f} µs a log", file=sys.stderr, flush=True)
    tenth = max(1, len(took) // 10)
    return {
        "in_groups_first_tenth_us": statistics.fmean(took[:tenth]),
        "in_groups_last_tenth_us": statistics.fmean(took[-tenth:]),
    }


async def singly(store: Store, source: Source, count: int) -> float:
    """Microseconds for a log in a transaction of its own, one after another; the median."""
    took = []
    for number in range(500):
        log = source.log(count - number - 1)
        begun = time.perf_counter()
        await store.write(ACCOUNT, lambda tx, log=log: tx.logs.add(log, at=log.created_at))
        took.append((time.perf_counter() - begun) * 1e6)
    return statistics.median(took)


async def at_once(store: Store, source: Source, count: int) -> float:
    """Microseconds for each of many logs that sixteen callers keep."""
    numbers = iter(range(2000))

    async def caller() -> None:
        for number in numbers:
            log = source.log(count - number - 1)
            await store.write(ACCOUNT, lambda tx, log=log: tx.logs.add(log, at=log.created_at))

    begun = time.perf_counter()
    await asyncio.gather(*(caller() for _ in range(16)))
    return (time.perf_counter() - begun) / 2000 * 1e6


def queries(
    ids: list[str], words: list[str]
) -> Iterator[tuple[str, Callable[[random.Random], dict[str, Any]]]]:
    """What is asked for, each time with other values."""

    def day(dice: random.Random) -> datetime:
        return START + timedelta(seconds=dice.random() * YEAR_S)

    yield "by version", lambda dice: {"version_id": f"flv_{dice.randrange(VERSIONS)}"}
    yield "deep page", lambda dice: {"skip": dice.random()}
    yield "deep page by version", lambda dice: {"version_id": "flv_3", "skip": dice.random()}
    yield "in traces", lambda dice: {"in_trace": True, "skip": dice.random() / 100}
    yield "in traces, deep page", lambda dice: {"in_trace": True, "skip": dice.random()}
    yield "from some day on", lambda dice: {"start": day(dice)}
    yield "up to some day", lambda dice: {"end": day(dice), "version_id": "flv_2"}
    yield "all days", lambda _: {"start": START}
    yield "part of an id", lambda dice: {"ids": (dice.choice(ids)[dice.randrange(4, 15) :][:6],)}
    yield "beginning of an id", lambda dice: {"ids": (dice.choice(ids)[:8],)}
    yield "two characters of an id", lambda dice: {"ids": (dice.choice(ids)[9:11],)}
    yield "metadata", lambda dice: {"metadata": f"customer c{dice.randrange(10_000)}"}
    yield "common metadata", lambda _: {"metadata": "production"}
    yield "rare word", lambda dice: {"search": words[dice.randrange(1000, VOCABULARY)]}
    yield "common word", lambda dice: {"search": words[dice.randrange(20, 200)]}
    yield "commonest word", lambda _: {"search": words[0]}
    yield "two common words", lambda dice: {"search": f"{words[1]} {words[dice.randrange(5, 50)]}"}
    yield "beginning of a word", lambda dice: {"search": words[dice.randrange(VOCABULARY)][:3]}
    yield "word by version", lambda _: {"search": words[10], "version_id": "flv_1"}
    yield "word by day", lambda dice: {"search": words[10], "start": day(dice)}
    yield "sample", lambda _: {"sample": 100}
    yield "sample by version", lambda _: {"sample": 100, "version_id": "flv_1"}
    yield "sample with word", lambda _: {"sample": 100, "search": words[100]}


async def asked(store: Store, count: int) -> dict[str, Any]:
    """Milliseconds of each query: the median, the 95th percentile, and the most that matched."""
    query = LogQuery(file_id=FLOW, sample=200)
    ids = [log.id for log in (await store.read(ACCOUNT, lambda tx: tx.logs.page(query, skip=0, take=200)))[0]]
    figures: dict[str, Any] = {}
    for name, draw in queries(ids, Source(count).words):
        dice = random.Random(2)
        took, most = [], 0
        for _ in range(ROUNDS):
            values = draw(dice)
            skip = int(values.pop("skip", 0) * count * (0.1 if "version_id" in values else 1))
            wanted = LogQuery(file_id=FLOW, **values)
            begun = time.perf_counter()
            _, total = await store.read(
                ACCOUNT, lambda tx, wanted=wanted, skip=skip: tx.logs.page(wanted, skip=skip, take=10)
            )
            took.append((time.perf_counter() - begun) * 1e3)
            most = max(most, total)
        figures[name] = spread(took) | {"most_matches": most}
    return figures


def searches(words: list[str]) -> Iterator[tuple[str, Callable[[random.Random], dict[str, Any]]]]:
    """What tables of logs are filtered by, in one file and in all."""
    judged = Verdicts(evaluator_id=EVALUATOR)

    def day(dice: random.Random) -> datetime:
        return START + timedelta(seconds=dice.random() * YEAR_S)

    yield "newest", lambda _: {}
    yield "newest of all files", lambda _: {"file_id": None, "is_root": True}
    yield "by environment", lambda dice: {"environment": "staging", "end": day(dice)}
    yield "by version, up to some day", lambda dice: {"version_id": "flv_3", "end": day(dice)}
    yield "with an error (1 of 200)", lambda dice: {"has_error": True, "end": day(dice)}
    yield "by user (1 of 10,000)", lambda dice: {"user": f"c{dice.randrange(10_000)}"}
    yield "by no user there is", lambda dice: {"user": "nobody", "end": day(dice)}
    yield "judged (1 of 20)", lambda dice: {"judged": judged, "end": day(dice)}
    yield "judged false (none)", lambda _: {"judged": Verdicts(evaluator_id=EVALUATOR, value=False)}
    yield "common word", lambda dice: {"search": words[dice.randrange(20, 200)]}
    yield "rare word", lambda dice: {"search": words[dice.randrange(1000, VOCABULARY)]}
    yield "beginning of a word", lambda dice: {"search": words[dice.randrange(VOCABULARY)][:3]}
    yield "word in all files", lambda _: {"search": words[10], "file_id": None}
    yield "word with an error", lambda _: {"search": words[10], "has_error": True}


async def searched(store: Store, count: int) -> dict[str, Any]:
    """Milliseconds of a page of 50 of each, and how many are on it."""
    figures: dict[str, Any] = {}
    for name, draw in searches(Source(count).words):
        dice = random.Random(3)
        took, found = [], []
        for _ in range(ROUNDS):
            wanted = LogFilter(**{"file_id": FLOW} | draw(dice))
            begun = time.perf_counter()
            page = await store.scan(
                ACCOUNT,
                lambda tx, wanted=wanted: tx.logs.find(wanted, before=None, take=50, most=MOST_LOOKED_AT),
            )
            took.append((time.perf_counter() - begun) * 1e3)
            found.append(len(page.logs))
        figures[name] = spread(took) | {"rows": statistics.fmean(found)}
    return figures


def spread(took: list[float]) -> dict[str, float]:
    return {"p50_ms": statistics.median(took), "p95_ms": statistics.quantiles(took, n=20)[-1]}


async def aggregated(store: Store) -> dict[str, float]:
    """Milliseconds of the totals of all versions by all evaluators."""
    took = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        await store.read(
            ACCOUNT, lambda tx: tx.logs.aggregates(version_ids=[f"flv_{n}" for n in range(VERSIONS)])
        )
        took.append((time.perf_counter() - begun) * 1e3)
    return spread(took)


async def measure(path: Path, count: int) -> dict[str, Any]:
    """All figures; a store that is full already is measured as it is."""
    store = open_store(f"sqlite:///{path}")
    figures: dict[str, Any] = {"logs": count}
    if not await store.read(ACCOUNT, lambda tx: tx.files.get(id=FLOW)):
        figures["keep"] = await fill(store, count)
        figures["keep"] |= {
            "singly_us": await singly(store, Source(count), count),
            "sixteen_at_once_us": await at_once(store, Source(count), count),
        }
    await store.close()
    store = open_store(f"sqlite:///{path}")
    figures["pages"] = await asked(store, count)
    figures["searches"] = await searched(store, count)
    figures["aggregates"] = await aggregated(store)
    await store.close()
    return figures


def main() -> None:
    """Print the figures as JSON."""
    count = int(sys.argv[1]) if len(sys.argv) > 1 else COUNT
    with tempfile.TemporaryDirectory(dir=store_directory()) as directory:
        path = Path(sys.argv[2]) if len(sys.argv) > 2 else Path(directory) / "logs.db"
        figures = asyncio.run(measure(path, count))
        print(json.dumps(figures | {"bytes_a_log": path.stat().st_size / count}, indent=1))


if __name__ == "__main__":
    main()
