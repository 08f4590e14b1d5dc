"""Checks are run apart from each other, and what they made is removed whatever happens."""

from __future__ import annotations

import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from headrace.conformance.checks import CannotTell, Check, Differs, Standing
from headrace.conformance.ledger import Entry, Ledger, Origin
from headrace.conformance.runner import Outcome, Result, Runner
from headrace.conformance.shared import Shared
from headrace.conformance.wire import Answer, NoAnswer


class Client:
    """What a check is given."""

    last: Answer | None = None

    def __init__(self, service: Service, owner: str) -> None:
        self.service = service
        self.owner = owner

    def make(self, path: str) -> None:
        self.service.ledger.add(Entry(api="x", path=path, owner=self.owner))
        self.service.there.append(path)


class Service:
    """Keeps what is made, and holds on to some of it."""

    def __init__(self, ledger: Ledger, held: tuple[str, ...] = ()) -> None:
        self.ledger = ledger
        self.there: list[str] = []
        self.held = held
        self.is_stopped = False

    def client(self, owner: str) -> Client:
        return Client(self, owner)

    def stop(self) -> None:
        self.is_stopped = True

    def ping(self) -> None: ...

    def remove(self, entry: Entry) -> str | None:
        if entry.path in self.held:
            return f"{entry.path} is held"
        self.there.remove(entry.path)
        return None

    def sweep(self) -> list[str]:
        return []


@pytest.fixture
def ledger(tmp_path: Path) -> Ledger:
    return Ledger.create(tmp_path / "ledger", Origin(endpoint="x", prefix="p"))


def check(name: str, run: Callable[[Any], None], standing: Standing = Standing.DOCUMENTED) -> Check:
    return Check(api="x", area="a", name=name, title="A rule.", section="1", standing=standing, run=run)


def raising(error: Exception) -> Callable[[Any], None]:
    def run(client: Any) -> None:
        client.make(f"/{client.owner}")  # two checks never make the same
        raise error

    return run


def test_each_outcome(ledger: Ledger) -> None:
    service = Service(ledger)
    differs = Differs("it", expected=1, got=2)
    checks = [
        check("good", lambda client: client.make("/a")),
        check("bad", raising(differs)),
        check("odd", raising(differs), Standing.PRESUMED),
        check("left-out", raising(CannotTell("no way"))),
        check("dead", raising(NoAnswer("gone"))),
        check("unread", raising(KeyError("id"))),
    ]
    told: list[Result] = []
    runner = Runner({"x": service}, ledger)
    results = runner.run(checks, parallel=3, seen=told.append)
    assert [one.check.name for one in results] == [one.name for one in checks]
    assert [one.outcome for one in results] == [
        Outcome.PASSED,
        Outcome.FAILED,
        Outcome.DIFFERS,
        Outcome.SKIPPED,
        Outcome.FAILED,
        Outcome.FAILED,
    ]
    assert (results[1].expected, results[1].got) == (1, 2)
    assert len(told) == len(checks)
    assert service.there == []
    assert runner.clean() == []
    assert not ledger.path.exists()


def test_what_several_use_is_removed_at_the_end(ledger: Ledger) -> None:
    service = Service(ledger)
    runner = Runner({"x": service}, ledger)
    runner.run(
        [check("good", lambda client: service.client("").make("/shared"))], parallel=1, seen=lambda _: None
    )
    assert service.there == ["/shared"]
    assert runner.clean() == []
    assert service.there == []


def test_what_can_t_be_removed_is_told_and_the_ledger_stays(ledger: Ledger) -> None:
    service = Service(ledger, held=("/b",))
    runner = Runner({"x": service}, ledger)

    def make(client: Any) -> None:
        client.make("/a")
        client.make("/b")

    runner.run([check("good", make)], parallel=1, seen=lambda _: None)
    assert runner.clean() == ["/b is held"]
    assert ledger.path.exists()


def test_an_interrupt_ends_it_and_what_was_made_can_be_removed(ledger: Ledger) -> None:
    service = Service(ledger)
    runner = Runner({"x": service}, ledger)
    begun: list[str] = []

    def make(client: Any) -> None:
        begun.append(client.owner)
        client.make(f"/{client.owner}")

    def interrupt(_: Result) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        runner.run([check(f"c{n}", make) for n in range(500)], parallel=2, seen=interrupt)
    assert service.is_stopped
    assert len(begun) < 500
    assert runner.clean() == []
    assert service.there == []


def test_what_is_shared_is_made_once() -> None:
    shared, made = Shared(), []
    threads = [
        threading.Thread(target=lambda: shared.get("it", lambda: made.append(shared.get("part", lambda: 1))))
        for _ in range(4)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert made == [1]


def test_what_could_not_be_made_is_not_tried_again() -> None:
    shared, tried = Shared(), []

    def fail() -> None:
        tried.append(1)
        raise Differs("it", expected=1, got=2)

    for _ in range(3):
        with pytest.raises(Differs):
            shared.get("it", fail)
    assert tried == [1]
