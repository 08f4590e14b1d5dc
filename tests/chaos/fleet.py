"""Servers and workers on one store, to be killed, stopped in their tracks and started again."""

from __future__ import annotations

import os
import random
import signal
import threading
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from tests.chaos.work import Client, Place, chain, items, rounds
from tests.contract.conftest import LiveServer, boto_client
from tests.contract.nursery import Forked, nursery
from tests.stores import SECRET_KEY

READY_WITHIN_S = 60
STARTERS = 4
DURABLE_MODULES = ("headrace.backends.durable.library", "headrace.backends.durable.reaper")
"""What takes long to import: it would be most of what a process does that is killed soon."""


@dataclass
class Member:
    """A process that carries executions out: a server with workers inside, or a worker.

    Attributes:
        log: the file that its log goes to.
    """

    store: str
    settings: dict[str, str]
    log: Path
    process: Forked | None = None

    def start(self) -> Member:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        settings = {"secret_key": SECRET_KEY, **self.settings}
        environment |= {f"HEADRACE_{name.upper()}": value for name, value in settings.items()}
        with self.log.open("a") as log:
            arguments = ["worker", "--store", self.store]
            self.process = nursery().start(
                arguments, environment=environment, stderr=log, modules=DURABLE_MODULES
            )
        threading.Thread(target=_keep, args=(self.process.stdout, self.log), daemon=True).start()
        return self

    def signal(self, number: signal.Signals) -> None:
        assert self.process is not None
        self.process.send_signal(number)

    def kill(self) -> None:
        """End it as a power cut would."""
        if self.process is not None:
            self.signal(signal.SIGKILL)
            self.process.wait(READY_WITHIN_S)
            self.process = None

    def stop(self) -> int:
        """End it the polite way; its exit status."""
        self.signal(signal.SIGTERM)
        assert self.process is not None
        status = self.process.wait(READY_WITHIN_S)
        self.process = None
        return status


def _keep(said: IO[str] | None, log: Path) -> None:
    """Read what a process says, so that it is never kept waiting."""
    assert said is not None
    with said, log.open("a") as kept:
        for line in said:
            kept.write(line)
            kept.flush()


@dataclass
class Tally:
    """What was done to the processes, and what came of it."""

    executions: int = 0
    steps: int = 0
    repeated: int = 0
    kills: int = 0
    freezes: int = 0
    restarts: int = 0
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0


@dataclass
class Wanted:
    """An execution that was acknowledged, and what has to come out of it."""

    execution: dict[str, str]
    output: Any
    kind: str
    steps: int


class Load:
    """Keeps some executions of every kind going, and remembers what was promised."""

    def __init__(self, client: Client, luck: random.Random) -> None:
        self.client = client
        self.luck = luck
        self._flows = {
            "chain": client.make(chain(8)),
            "items": client.make(items()),
            "few": client.make(items(), concurrency=2),
            "rounds": client.make(rounds(20)),
        }
        self.wanted: list[Wanted] = []
        self._open: list[Wanted] = []

    def start(self, count: int) -> None:
        """Start some more."""
        kinds = self.luck.choices(list(self._flows), k=max(count, 0))
        pauses_s = [round(self.luck.uniform(0.02, 0.4), 3) for _ in kinds]
        with ThreadPoolExecutor(max_workers=STARTERS) as starters:
            begun = list(starters.map(self._start, kinds, range(len(kinds)), pauses_s))
        self.wanted += begun
        self._open += begun

    def _start(self, kind: str, begin: int, pause_s: float) -> Wanted:
        document, output, steps = _work(kind, begin, pause_s)
        execution = self.client.start(self._flows[kind], document)
        return Wanted(execution=execution, output=output, kind=kind, steps=steps)

    def refill(self, count: int) -> None:
        """Have so many go on, once only half of them do."""
        going = len(self.going(self.client))
        if going <= count / 2:
            self.start(count - going)

    def going(self, client: Client) -> list[Wanted]:
        """Those that have not ended."""
        self._open = [one for one in self._open if client.get(one.execution)["status"] == "Running"]
        return list(self._open)


def _work(kind: str, begin: int, pause_s: float) -> tuple[Any, Any, int]:
    """A document, what comes out of it, and how many steps that takes."""
    if kind == "chain":
        return {"n": begin, "pause_s": pause_s}, begin + 8, 8
    if kind == "rounds":
        return {"n": begin, "pause_s": pause_s / 2, "until": begin + 12}, begin + 12, 12
    return [{"n": begin + n, "pause_s": pause_s} for n in range(30)], [begin + n + 1 for n in range(30)], 30


def check(client: Client, load: Load, place: Place, tally: Tally) -> None:
    """Whether each execution came to what was promised, and told it once."""
    begun = place.said("begun")
    per_execution: Counter[str] = Counter()
    for key in begun:
        per_execution[key.partition("/")[0]] += 1
    for one in load.wanted:
        found = client.get(one.execution)
        if found["status"] != "Succeeded":
            tally.wrong.append(f"{one.kind} {one.execution} is {found['status']}: {found.get('errors')}")
            continue
        if (outputs := client.outputs(one.execution)) != [one.output]:
            tally.wrong.append(f"{one.kind} {one.execution} gave {outputs}, not {one.output}")
        told = Counter(
            (next(iter(event)), str(event)) for event in _timeless(client.events(one.execution, "Node"))
        )
        if twice := [event for event, times in told.items() if times > 1]:
            tally.wrong.append(f"{one.kind} {one.execution} tells twice: {twice[0][1][:300]}")
        acted = sum(kind == "nodeActionEvent" for kind, _ in told)
        if acted != one.steps:
            tally.wrong.append(f"{one.kind} {one.execution} tells of {acted} steps, not {one.steps}")
    tally.executions = len(load.wanted)
    tally.steps = sum(one.steps for one in load.wanted)
    tally.repeated = sum(times - 1 for times in begun.values())
    if len(begun) != tally.steps:
        tally.wrong.append(f"{len(begun)} steps were taken, not {tally.steps}")


def _timeless(events: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return [
        {
            kind: {key: value for key, value in told.items() if key != "timestamp"}
            for kind, told in event.items()
        }
        for event in events
    ]


def client_of(live: LiveServer) -> Client:
    """A client that waits out a server that starts again."""
    again = {"retries": {"total_max_attempts": 8, "mode": "standard"}}
    return Client(boto_client(live.url, **again), boto_client(live.url, "bedrock-agent-runtime", **again))


def pause(luck: random.Random, low_s: float, high_s: float) -> None:
    """Let them work for a while."""
    time.sleep(luck.uniform(low_s, high_s))
