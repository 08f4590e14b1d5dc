"""What all clients of a run share: where the servers are, the journal and its model, and what was counted."""

from __future__ import annotations

import asyncio
import random
import time
from collections import Counter, defaultdict
from collections.abc import Callable
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from typing import Any

from tests.soak.journal import Fact, Journal
from tests.soak.machine import Machine
from tests.soak.model import Model
from tests.soak.weather import DOWN, SICK, Weather
from tests.soak.wire import Answer, Connection, NoAnswer

ANSWER_TIMEOUT_S = 120.0
"""No answer may take longer, whatever is broken."""
CALM_ANSWER_S = 45.0
"""No answer may take longer while nothing is broken."""
STORE_TIMEOUT_S = 29.0
"""A server gives up what it could not keep within HEADRACE_STORE_TIMEOUT, which is a little more than this."""
TRY_AGAIN_S = 0.15
MOST_WRONG = 200
"""So much that is wrong is told; more is counted."""


class Over(Exception):
    """The run is at its end; what has no answer yet gets none."""


@dataclass
class Site:
    """What all clients share.

    Attributes:
        ports: where servers listen; each client keeps to one of them.
        is_over: whether clients are to stop.
        calls: requests by operation and status; 0 is no answer.
        times_ms: how long those took that met no fault.
        wrong: each invariant that was broken.
    """

    ports: list[int]
    journal: Journal
    luck: random.Random
    model: Model = field(default_factory=Model)
    weather: Weather = field(default_factory=Weather)
    machine: Machine = field(default_factory=Machine)
    is_over: bool = False
    calls: Counter[tuple[str, int]] = field(default_factory=Counter)
    times_ms: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    wrong: list[str] = field(default_factory=list)
    _wrong_in_model: int = 0

    async def keep(self, what: str, **members: Any) -> None:
        """Write a fact down, then believe it."""
        fact: Fact = {"is": what, **members}
        await self.journal.add(fact)
        self.model.apply(fact)
        for wrong in self.model.wrong[self._wrong_in_model :]:
            self.complain(wrong)
        self._wrong_in_model = len(self.model.wrong)

    def complain(self, wrong: str) -> None:
        """Note a broken invariant."""
        self.wrong.append(wrong)
        if len(self.wrong) <= MOST_WRONG:
            print(f"WRONG: {wrong}", flush=True)

    def judge_broken_stream(self, name: str, answer: Answer) -> None:
        """What is wrong with a run that did not end well: as with a 5xx, there has to be a reason."""
        is_sick = self.weather.was(SICK, answer.began_s, answer.ended_s)
        if not is_sick or b"Internal error" in answer.body or b"xception" not in answer.body:
            self.complain(f"{name} did not end well: {answer.text}")

    def client(self, number: int = 0) -> Client:
        """A client of one of the servers."""
        port = self.ports[number % len(self.ports)]
        return Client(self, Connection(port, timeout_s=ANSWER_TIMEOUT_S))


@dataclass(frozen=True, slots=True, kw_only=True)
class Told:
    """What came of a request that was sent until it was answered.

    Attributes:
        began_s: when it was first sent.
        tries: how often it was.
    """

    answer: Answer
    began_s: float
    tries: int

    @property
    def status(self) -> int:
        return self.answer.status

    def json(self) -> Any:
        """The body's value."""
        return self.answer.json()


class Client:
    """One client, which holds the server to what may be answered when."""

    def __init__(self, site: Site, connection: Connection) -> None:
        self.site = site
        self._connection = connection

    async def once(self, name: str, method: str, path: str, body: Any = None) -> Answer:
        """One request; an answer that says that the server could not is `NoAnswer`, like none.

        Raises:
            NoAnswer: nobody knows what came of it.
        """
        began_s = time.monotonic()
        try:
            answer = await self._connection.ask(method, path, body)
        except NoAnswer as error:
            self._count_none(name, error, began_s)
            raise
        self.site.calls[name, answer.status] += 1
        if answer.status < 500:
            self._time(name, answer)
            return answer
        raise NoAnswer(self.judge_failure(name, method, path, answer), was_sent=True)

    def _count_none(self, name: str, error: NoAnswer, began_s: float) -> None:
        self.site.calls[name, 0] += 1
        if not self.site.weather.was(DOWN, began_s, time.monotonic()):
            self.site.complain(f"{name} got no answer while nothing was broken: {error}")

    def _time(self, name: str, answer: Answer) -> None:
        took_s = answer.ended_s - answer.began_s
        if not self.site.weather.was_fine(answer.began_s, answer.ended_s):
            return
        self.site.times_ms[name].append(took_s * 1000)
        if took_s > CALM_ANSWER_S and not self.site.machine.was_taken(answer.began_s, answer.ended_s):
            self.site.complain(f"{name} took {took_s:.1f} s while nothing was broken")

    def judge_failure(self, name: str, method: str, path: str, answer: Answer) -> str:
        """What is wrong with a 5xx: it has to have a reason, and there has to be one."""
        told = f"{name} ({method} {path}) was answered {answer.status}: {answer.text}"
        is_reasoned = (
            answer.status == 503 or answer.headers.get("x-amzn-errortype") == "InternalServerException"
        )
        if "Internal error" in answer.text or not is_reasoned or not answer.body:
            self.site.complain(f"a bug: {told}")
        elif not self._may_be_given_up(answer):
            self.site.complain(f"refused while nothing was broken: {told}")
        return told

    def _may_be_given_up(self, answer: Answer) -> bool:
        """Whether the store can't be used, or nobody could have kept this in time."""
        when = (answer.began_s, answer.ended_s)
        is_late = answer.ended_s - answer.began_s > STORE_TIMEOUT_S
        return self.site.weather.was(SICK, *when) or (is_late and self.site.machine.was_taken(*when))

    async def until_told(self, name: str, method: str, path: str, body: Any = None) -> Told:
        """What came of a request that may be repeated: it is, until it is answered.

        Raises:
            Over: the run came to its end first.
        """
        began_s, tries = time.monotonic(), 0
        while True:
            tries += 1
            try:
                answer = await self.once(name, method, path, body)
            except NoAnswer:
                if self.site.is_over:
                    raise Over from None
                await asyncio.sleep(TRY_AGAIN_S)
                continue
            return Told(answer=answer, began_s=began_s, tries=tries)

    async def done(self, name: str, method: str, path: str, body: Any = None) -> Told:
        """The same for a request that can't be refused.

        Raises:
            Over: the run came to its end first, or it was refused, which is noted.
        """
        told = await self.until_told(name, method, path, body)
        if told.status >= 400:
            self.site.complain(f"{name} ({method} {path}) was refused: {told.status} {told.answer.text}")
            raise Refused
        return told

    async def rest(self) -> None:
        """Let some time go by before the next look."""
        await asyncio.sleep(TRY_AGAIN_S)

    async def close(self) -> None:
        """Hang up."""
        await self._connection.close()


class Refused(Exception):
    """What can't be refused was; it is noted already."""


@asynccontextmanager
async def client_of(site: Site, number: int = 0) -> Any:
    """A client for a block."""
    client = site.client(number)
    try:
        yield client
    finally:
        await client.close()


async def forever(site: Site, act: Callable[[], Any], *, pause_s: float) -> None:
    """Do something again and again until the run is over."""
    while not site.is_over:
        with suppress(Over, Refused):
            await act()
        await asyncio.sleep(site.luck.uniform(0, 2 * pause_s))
