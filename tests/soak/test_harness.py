"""The soak finds what is wrong: facts that can't be so together, what is lost, what is there twice, what grows."""

from __future__ import annotations

import asyncio
import os
import random
import time
from collections.abc import Awaitable, Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.soak import faults
from tests.soak.bedrock_clients import AliasUser, FlowKeeper
from tests.soak.checks import everything, export_is_whole, lists_are_whole, log_exports_are_whole, read_back
from tests.soak.gauges import Reading, growth
from tests.soak.humanloop_clients import Tracer, Upserter, traced_flow
from tests.soak.journal import Journal, facts_in
from tests.soak.machine import Machine, own_s, processes
from tests.soak.model import Model, Register
from tests.soak.requests import write_world
from tests.soak.site import Refused, Site, client_of
from tests.soak.weather import DOWN, SICK, Weather
from tests.soak.wire import Answer, NoAnswer

FLOW = {"is": "flow", "id": "F", "name": "f"}


def test_a_read_gives_what_was_written_last_or_is_being_written() -> None:
    register = Register()
    register.begin("1", "first", 0)
    register.end("1", 1)
    assert register.may_be(2, 3) == {"first"}
    register.begin("2", "second", 2.5)
    assert register.may_be(2, 3) == {"first", "second"}
    register.end("2", 4)
    assert register.may_be(5, 6) == {"second"}
    assert register.may_be(3, 6) == {"first", "second"}, "the read began before the second was surely there"


def test_a_write_without_an_answer_may_have_been_done_and_replaces_nothing() -> None:
    register = Register()
    register.begin("1", "first", 0)
    register.end("1", 1)
    register.begin("2", "lost", 2)
    assert register.may_be(50, 51) == {"first", "lost"}


def test_what_others_hold_up_is_told_from_what_servers_do() -> None:
    machine, processors = Machine(), os.cpu_count() or 1
    machine.add(0, 10, others_s=4 * processors)
    assert not machine.was_taken(0, 10)
    machine.add(10, 20, others_s=6 * processors)
    machine.add(20, 30, others_s=6 * processors)
    assert machine.taken_s == 20
    assert machine.was_taken(5, 25)
    assert not machine.was_taken(0, 20), "half of the time it was not"
    assert not machine.was_taken(40, 50)


def test_processor_time_is_that_of_a_process_and_all_below_it() -> None:
    found = {1: (0, 100.0), 2: (1, 1.0), 3: (2, 2.0), 4: (3, 4.0), 5: (1, 50.0)}
    assert own_s(found, 2) == 7.0
    mine = processes()
    assert mine[os.getpid()][0] == os.getppid()
    assert 0 < own_s(mine, os.getpid()) <= own_s(mine, os.getppid())


def test_what_nobody_of_ours_used_was_used_by_others(monkeypatch: pytest.MonkeyPatch) -> None:
    machine, busy_s = Machine(), iter([0.0, 0.0, 1e6])
    monkeypatch.setattr("tests.soak.machine._busy_s", lambda: next(busy_s))
    machine.look()
    machine.look()
    assert machine.times == []
    machine.look()
    assert len(machine.times) == 1


def test_a_refusal_is_excused_where_nobody_could_have_done_better(tmp_path: Path) -> None:
    journal = Journal(tmp_path / "journal.jsonl")
    site = Site(ports=[1], journal=journal, luck=random.Random(1))
    client = site.client()
    site.machine.add(100, 200, others_s=1e6)
    for began_s, ended_s, wrong in ((110, 120, 1), (110, 141, 1), (210, 241, 2)):
        answer = Answer(status=503, headers={}, body=b"Try again.", began_s=began_s, ended_s=ended_s)
        client.judge_failure("X", "POST", "/x", answer)
        assert len(site.wrong) == wrong, "too early, in time, and without an excuse"
    journal.close()


@pytest.mark.parametrize(
    "facts",
    [
        [FLOW, {"is": "flow", "id": "G", "name": "f"}],
        [
            FLOW,
            {"is": "version", "flow": "F", "number": 1, "token": "a", "mark": "m"},
            {"is": "version", "flow": "F", "number": 1, "token": "b", "mark": "m"},
        ],
        [
            {"is": "upsert", "operations": "flows", "id": "x", "path": "p", "content": "c", "version": v}
            for v in ("v1", "v2")
        ],
        [
            {"is": "upsert", "operations": "flows", "id": x, "path": "p", "content": "c", "version": "v"}
            for x in ("x", "y")
        ],
    ],
    ids=["a name twice", "a number twice", "equal content twice", "a path twice"],
)
def test_facts_that_can_not_be_so_together(facts: list[dict[str, Any]]) -> None:
    model = Model()
    for fact in facts[:-1]:
        model.apply(fact)
    assert model.wrong == []
    model.apply(facts[-1])
    assert len(model.wrong) == 1


def test_a_journal_is_read_up_to_a_line_that_was_cut_off(tmp_path: Path) -> None:
    async def write() -> None:
        journal = Journal(tmp_path / "journal")
        await asyncio.gather(*(journal.add({"is": "begin", "n": n}) for n in range(20)))
        journal.close()

    asyncio.run(write())
    with (tmp_path / "journal").open("ab") as file:
        file.write(b'{"is": "beg')
    assert [fact["n"] for fact in facts_in(tmp_path / "journal")] == list(range(20))


def test_faults_are_the_same_for_the_same_seed() -> None:
    names = {name: one for name, one in faults.FAULTS.items() if faults.SQLITE in one.stores}
    drawn = [faults.schedule(random.Random(5), names, 600, 8) for _ in range(2)]
    assert drawn[0] == drawn[1]
    assert {name for _, name in drawn[0]} == set(names), "each of them happens"
    assert drawn[0] != faults.schedule(random.Random(6), names, 600, 8)


def test_what_may_fail_when() -> None:
    weather = Weather()
    before_s = time.monotonic()
    with weather.bad(SICK):
        during_s = time.monotonic()
    assert weather.was(SICK, during_s, during_s)
    assert not weather.was(DOWN, during_s, during_s)
    assert not weather.was_fine(before_s - 1, during_s)
    assert weather.was_fine(before_s - 2, before_s - 1)


def _readings(
    memory: Callable[[int], float], files: Callable[[int], int], threads: Callable[[int], int] = lambda _: 9
) -> list[Reading]:
    return [
        Reading(
            at_s=second,
            server=0,
            pid=1,
            memory_mib=memory(second),
            resident_mib=0,
            threads=threads(second),
            files=files(second),
            sockets=5,
        )
        for second in range(100)
    ]


def test_what_grows_is_told() -> None:
    (flat,) = growth(_readings(lambda s: 80 + s % 3, lambda s: 20 + s % 2), since_s=0)
    assert flat.wrong() == []
    (leak,) = growth(_readings(lambda s: 80.0 + s, lambda s: 20), since_s=0)
    assert leak.slope_mib_min == pytest.approx(60)
    assert ["memory" in one for one in leak.wrong()] == [True]
    (files,) = growth(_readings(lambda s: 80.0, lambda s: 20 + s), since_s=0)
    assert ["open files" in one for one in files.wrong()] == [True]
    (pools,) = growth(_readings(lambda s: 80.0, lambda s: 20, lambda s: 60 + s), since_s=0)
    assert pools.wrong() == [], "as many as its pools may have"
    (threads,) = growth(_readings(lambda s: 80.0, lambda s: 20, lambda s: 60 + 3 * s), since_s=0)
    assert ["threads" in one for one in threads.wrong()] == [True]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    write_world(tmp_path)
    settings = {"config": str(tmp_path / "headrace.toml"), "log_level": "error"}
    running = LiveServer(store=f"sqlite:///{tmp_path}/store.db", settings=settings).start()
    yield running
    assert running.stop() == 0


def _on_site(live: LiveServer, folder: Path, act: Callable[[Site], Awaitable[None]]) -> Site:
    async def whole() -> Site:
        port = int(live.url.rpartition(":")[2])
        site = Site(ports=[port], journal=Journal(folder / "journal"), luck=random.Random(3))
        await act(site)
        site.journal.close()
        return site

    return asyncio.run(whole())


async def _work(site: Site) -> None:
    keeper, upserter = FlowKeeper(site, 0), Upserter(site, 0)
    tracer = Tracer(site, 0, *await traced_flow(site))
    for _ in range(3):
        await keeper.act()
        await upserter.act()
        await tracer.act()


@pytest.mark.live
def test_what_is_lost_is_found(live: LiveServer, tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        await _work(site)
        await read_back(site, everything(site))
        assert site.wrong == []
        (flow,), (file,), (trace, *_) = site.model.flows, site.model.files, site.model.traces
        number = max(site.model.flows[flow].versions) + 1
        await site.keep("version", flow=flow, number=number, token="never", mark="never")
        path = site.model.files[file].path
        lost = {"operations": "flows", "id": file, "path": path, "content": "lost", "version": "flv_lost"}
        await site.keep("upsert", **lost)
        await site.keep("child", trace=trace, id="log_lost", output="lost")
        await site.keep("judgment", trace=trace, id="log_lost_judgment", value=1)
        await read_back(site, everything(site))

    wrong = "\n".join(_on_site(live, tmp_path, act).wrong)
    for words in ("versions {", "flv_lost", "log_lost was", "log_lost_judgment was"):
        assert words in wrong
    assert "Humanloop API does not show {'never'}" in wrong


@pytest.mark.live
def test_what_nobody_asked_for_is_found(live: LiveServer, tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        await _work(site)
        (flow,), (trace, *_) = site.model.flows, site.model.traces
        site.model.flows[flow].asked.clear()
        site.model.traces[trace].asked.clear()
        site.model.flows[flow].aliases[next(iter(site.model.flows[flow].aliases))] = Register()
        await read_back(site, {"flows": [flow], "traces": [trace]})
        await AliasUser(site, 0).act()

    wrong = "\n".join(_on_site(live, tmp_path, act).wrong)
    for words in ("that nobody asked for", "nobody asked for some of", "where nobody can have left it"):
        assert words in wrong


@pytest.mark.live
def test_what_is_missing_in_lists_and_exports_is_found(live: LiveServer, tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        await _work(site)
        async with client_of(site) as client:
            for look in (lists_are_whole, export_is_whole, log_exports_are_whole):
                await look(site, client)
            assert site.wrong == []
            await site.keep("flow", id="NOTTHERE00", name="not there")
            flow = next(iter(site.model.traces.values())).flow
            await site.keep("trace", id="log_lost", flow=flow)
            for look in (lists_are_whole, export_is_whole, log_exports_are_whole):
                await look(site, client)

    wrong = _on_site(live, tmp_path, act).wrong
    assert [
        words in told for words, told in zip(("NOTTHERE00", "not there", "log_lost"), wrong, strict=True)
    ] == [True] * 3


@pytest.mark.live
def test_a_silence_or_a_refusal_without_a_fault_is_wrong(live: LiveServer, tmp_path: Path) -> None:
    async def act(site: Site) -> None:
        async with client_of(site) as client:
            with pytest.raises(Refused):
                await client.done("GetFlow", "GET", "/flows/NOTTHERE00/")
        site.ports[0] = 1  # where nobody listens
        async with client_of(site) as client:
            with pytest.raises(NoAnswer):
                await client.once("GetFlow", "GET", "/flows/NOTTHERE00/")
            with site.weather.bad(DOWN), pytest.raises(NoAnswer):
                await client.once("GetFlow", "GET", "/flows/NOTTHERE00/")

    wrong = _on_site(live, tmp_path, act).wrong
    assert len(wrong) == 2
    assert "was refused: 404" in wrong[0]
    assert "no answer while nothing was broken" in wrong[1]
