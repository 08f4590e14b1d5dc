"""Calls of models are let through with the newest key, and never more of them than a limit says."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from tests.storage.conftest import new_url
from tests.unit.services.conftest import CountingIds, DefinitionIsRunnable

from headrace.core.access import Principal
from headrace.core.effects import NO_KEYS, CallerKeys, EffectFailed, Fault, Usage
from headrace.core.errors import Unavailable
from headrace.core.providers import Span
from headrace.services.base import Ports
from headrace.services.calls.provider_desk import ProviderDesk
from headrace.services.server import access, provider_keys
from headrace.services.server.provider_keys import NewLimits
from headrace.storage import open_store
from headrace.vault import KeyVault, new_key

NOON = datetime(2026, 3, 31, 12, 0, 30, tzinfo=UTC)
KINDS = {"house": "openai"}


class StandingClock:
    def __init__(self) -> None:
        self.moment = NOON

    def now(self) -> datetime:
        return self.moment


@dataclass(kw_only=True)
class Bench:
    """Two processes that share a store."""

    ports: Ports
    principal: Principal
    runner: asyncio.Runner
    clock: StandingClock

    def __post_init__(self) -> None:
        self.desks = [ProviderDesk(self.ports) for _ in range(2)]

    def put(self, key: str | None = None, **limits: Any) -> None:
        put = provider_keys.put(
            self.ports, self.principal, provider="house", kinds=KINDS, key=key, limits=NewLimits(**limits)
        )
        self.runner.run(put)

    def admit(self, desk: int = 0, keys: CallerKeys = NO_KEYS) -> str:
        """The key that a call is made with."""
        admitted = self.runner.run(self.desks[desk].admit(self.principal.account, "house", keys))
        return admitted.get("house")

    def refused(self, desk: int = 0) -> EffectFailed:
        with pytest.raises(EffectFailed) as caught:
            self.admit(desk)
        return caught.value

    def used(self, desk: int = 0, **used: Any) -> None:
        async def use() -> None:
            self.desks[desk].used(self.principal.account, "house", Usage(**used))
            await self.desks[desk].close()

        self.runner.run(use())


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ExitStack() as undo:
        runner = undo.enter_context(asyncio.Runner())
        store = open_store(undo.enter_context(new_url(request.param)))
        undo.callback(lambda: runner.run(store.close()))
        clock = StandingClock()
        ports = Ports(
            store=store,
            ids=CountingIds(),
            clock=clock,
            rules=DefinitionIsRunnable(),
            vault=KeyVault(new_key()),
        )
        made = access.ensure_organisation(ports, account="111122223333", name="Test")
        yield Bench(ports=ports, principal=runner.run(made), runner=runner, clock=clock)


def test_the_newest_key_is_used_by_every_process(bench: Bench) -> None:
    assert [bench.admit(0), bench.admit(1)] == ["", ""]
    for key in ("first-key", "second-key"):
        bench.put(key)
        assert [bench.admit(0), bench.admit(1)] == [key, key]
    assert bench.admit(keys=CallerKeys({"house": "own"})) == "own"
    bench.runner.run(provider_keys.remove(bench.ports, bench.principal, provider="house"))
    assert [bench.admit(0), bench.admit(1)] == ["", ""]


@pytest.mark.parametrize("limit", [7, 50])
def test_two_processes_together_never_pass_a_limit_of_requests(bench: Bench, limit: int) -> None:
    bench.put(requests_a_minute=limit)

    async def rush() -> int:
        async def one(desk: ProviderDesk) -> bool:
            try:
                await desk.admit(bench.principal.account, "house", NO_KEYS)
            except EffectFailed:
                return False
            return True

        return sum(await asyncio.gather(*(one(desk) for desk in bench.desks for _ in range(limit))))

    assert bench.runner.run(rush()) == limit
    refused = bench.refused()
    assert (refused.fault, refused.retry_after_s) == (Fault.THROTTLED, 30)
    bench.clock.moment += timedelta(seconds=30)
    assert bench.runner.run(rush()) == limit, "a minute later there are as many again"


def test_what_one_process_used_the_other_knows(bench: Bench) -> None:
    bench.put(tokens_a_day=100)
    bench.admit(0)
    bench.used(0, input_tokens=60, output_tokens=39)
    bench.admit(0)
    bench.used(0, output_tokens=1)
    for desk in (0, 1):
        refused = bench.refused(desk)
        assert refused.fault is Fault.QUOTA
        assert "100 tokens a day" in refused.message
        assert "2026-04-01T00:00:00Z" in refused.message
    bench.clock.moment += timedelta(hours=12)
    assert bench.admit(1) == ""


def test_a_cost_is_of_a_month(bench: Bench) -> None:
    bench.put(cost_a_month_usd=1.0)
    bench.admit()
    bench.used(cost_usd=None)
    bench.admit()
    bench.used(cost_usd=1.0)
    assert bench.refused().retry_after_s == 12 * 3600 - 30
    (view,) = bench.runner.run(provider_keys.list_all(bench.ports, bench.principal))
    assert (view.uses[Span.MONTH].cost_usd, view.uses[Span.MONTH].requests) == (1.0, 2)
    bench.clock.moment += timedelta(hours=12)
    assert bench.admit() == ""


def test_a_limit_that_is_raised_holds_at_once(bench: Bench) -> None:
    bench.put(requests_a_minute=0)
    bench.refused()
    bench.put(requests_a_minute=1)
    bench.admit()
    bench.refused()
    bench.put(requests_a_minute=None)
    assert bench.admit() == ""


def test_a_key_that_can_not_be_opened_is_told_of(bench: Bench) -> None:
    bench.put("a-key")
    stranger = replace(bench.ports, vault=KeyVault(new_key()))
    bench.desks[0] = ProviderDesk(stranger)
    refused = bench.refused()
    assert (refused.fault, "set it again" in refused.message) == (Fault.DEPENDENCY, True)


def test_a_store_that_is_away_is_told_of(bench: Bench) -> None:
    bench.put(requests_a_minute=1)

    async def away(*_: Any) -> Any:
        raise Unavailable("gone")

    class Away:
        changes, read, write = bench.ports.store.changes, away, away

    bench.desks[0] = ProviderDesk(replace(bench.ports, store=Away()))  # type: ignore[arg-type]
    assert bench.refused().fault is Fault.GATEWAY
