"""What nothing refers to any more is taken away, and nothing else is, whoever writes meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import replace
from datetime import timedelta
from typing import Any, TypeVar

import pytest
from tests.storage.conftest import new_url
from tests.unit.services.conftest import START, SteppingClock
from tests.unit.services.evaluation_bench import Bench

from headrace.core.errors import Invalid, Unavailable
from headrace.core.kinds.dataset import read_dataset
from headrace.core.logs import LogStatus
from headrace.core.ports import Transaction
from headrace.services import datasets
from headrace.services.base import Ports
from headrace.services.deployments import deployments
from headrace.services.logs import logs
from headrace.services.server import cleaning, dataset_sweeps
from headrace.services.versions import version_changes, versions
from headrace.services.versions.views import VersionView
from headrace.storage import open_store

T = TypeVar("T")
DAYS = 30
NOTHING = {"logs": 0, "drafts": 0, "versions": 0, "datapoints": 0, "lists of datapoints": 0}


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ExitStack() as undo:
        runner = undo.enter_context(asyncio.Runner())
        store = open_store(undo.enter_context(new_url(request.param)))
        undo.callback(lambda: runner.run(store.close()))
        yield Bench(runner=runner, store=store)


def days_later(bench: Bench, days: float) -> Ports:
    clock = SteppingClock()
    clock._moment = START + timedelta(days=days)
    return replace(bench.ports, clock=clock)


def clean(bench: Bench, *, days: float = DAYS + 1, rehearse: bool = True) -> dict[str, int]:
    """Clean so many days later; what it takes is what was foretold."""
    ports = days_later(bench, days)
    if rehearse:
        foretold = bench.run(cleaning.clean(ports, bench.principal, older_than_days=DAYS, is_rehearsal=True))
    done = bench.run(cleaning.clean(ports, bench.principal, older_than_days=DAYS))
    if rehearse:
        assert foretold.counts == done.counts
    return dict(done.counts)


def delete(bench: Bench, view: VersionView) -> None:
    bench.run(
        version_changes.delete_version(
            bench.ports,
            bench.principal,
            kind=view.file.kind,
            ref=view.file.id,
            version_id=view.version.id,
        )
    )


def delete_file(bench: Bench, view: VersionView) -> None:
    bench.run(versions.delete_file(bench.ports, bench.principal, kind=view.file.kind, ref=view.file.id))


def words(bench: Bench, view: VersionView) -> list[str]:
    """What a version of a dataset has: all of it can be read."""

    async def read() -> list[str]:
        found = datasets.datapoints(bench.ports, bench.principal, view.version)
        return [one.body for some in [page async for page in found] for one in some]

    return bench.run(read())


def kept(bench: Bench, *views: VersionView) -> list[bool]:
    return [
        bench.read(lambda tx, version=one.version.id: tx.versions.kept(id=version) is not None)
        for one in views
    ]


def points(bench: Bench, view: VersionView) -> int:
    return len(bench.read(lambda tx: tx.cleaning.datapoints(file_id=view.file.id, after="", take=10_000)))


def test_nothing_goes_while_everything_is_in_its_place(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation("external").evaluation.id).run
    bench.judgment(bench.log("ant", run_id=run.id), "external", True)
    assert clean(bench, days=1_000) == NOTHING
    assert len(words(bench, bench.dataset)) == 4


def test_only_what_no_version_has_goes_of_a_dataset(bench: Bench) -> None:
    other = bench.data("Words", ["bee", "cow", "elk"])
    assert clean(bench) == NOTHING, "the version is there"
    delete(bench, other)
    assert clean(bench, days=DAYS) == NOTHING, "it was not deleted long enough ago"
    assert clean(bench) == {**NOTHING, "versions": 1, "datapoints": 2, "lists of datapoints": 2}
    assert len(words(bench, bench.dataset)) == 4
    assert clean(bench) == NOTHING
    again = bench.data("Words", ["bee", "cow", "elk"])
    assert again.version.id != other.version.id
    assert len(words(bench, again)) == 3


def test_a_version_that_is_made_again_is_kept(bench: Bench) -> None:
    other = bench.data("Words", ["bee", "cow"])
    delete(bench, other)
    assert bench.data("Words", ["bee", "cow"]).version.id == other.version.id
    assert clean(bench) == NOTHING
    assert len(words(bench, other)) == 2


def test_a_removed_file_leaves_only_its_name(bench: Bench) -> None:
    old = [bench.log(word, created_at=START - timedelta(days=nth)) for nth, word in enumerate(bench.words)]
    bench.judgment(old[0], "external", True)
    child = bench.log("egg", parent_id=bench.log("fox", status=LogStatus.INCOMPLETE))
    for one in (bench.flow, bench.dataset):
        delete_file(bench, one)
    assert clean(bench, days=DAYS) == NOTHING
    found = clean(bench)
    assert found == {**NOTHING, "logs": 7, "versions": 3, "datapoints": 4, "lists of datapoints": 2}
    assert kept(bench, bench.flow, bench.second, bench.dataset) == [False, False, False]
    assert bench.read(lambda tx: tx.keeping.some(ids=[*old, child])) == []
    assert bench.upsert("flow", "Flow", {"attributes": {"is": 1}}).file.id != bench.flow.file.id
    assert clean(bench) == NOTHING


def test_what_an_evaluation_refers_to_stays(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation("external").evaluation.id).run
    held, free = (
        bench.log("ant", run_id=run.id, source_datapoint_id=bench.points[0]),
        bench.log("bee", version=bench.second.version.id),
    )
    for one in (bench.flow, bench.dataset, bench.evaluators["external"]):
        delete_file(bench, one)
    assert clean(bench) == {**NOTHING, "logs": 1, "versions": 1}
    assert kept(bench, bench.flow, bench.second, bench.dataset) == [True, False, True]
    assert kept(bench, bench.evaluators["external"]) == [True]
    assert [one.id for one in bench.read(lambda tx: tx.keeping.some(ids=[held, free]))] == [held]
    assert len(words(bench, bench.dataset)) == 4


def test_what_was_deployed_stays_while_its_file_is_there(bench: Bench) -> None:
    environment = bench.read(lambda tx: tx.environments.all())[0]
    for view in (bench.second, bench.flow):
        bench.run(
            deployments.deploy(
                bench.ports,
                bench.principal,
                kind="flow",
                ref=view.file.id,
                environment=environment.id,
                version_id=view.version.id,
            )
        )
    delete(bench, bench.second)
    assert clean(bench) == NOTHING
    delete_file(bench, bench.flow)
    assert clean(bench) == {**NOTHING, "versions": 2}


def test_what_another_version_refers_to_stays(bench: Bench) -> None:
    first, tool = (bench.upsert("tool", "Tool", {"attributes": {"is": n}}) for n in (1, 2))
    link = {"file_id": tool.file.id, "version_id": tool.version.id}
    tools = [{"type": "file", "link": link, "on_agent_call": "continue"}]
    agent = bench.upsert("agent", "Agent", {"model": "m", "tools": tools})
    delete(bench, tool)
    assert clean(bench) == NOTHING
    delete_file(bench, agent)
    assert clean(bench)["versions"] == 1, "the agent's, which referred to the other"
    assert clean(bench)["versions"] == 1
    assert kept(bench, first, tool, agent) == [True, False, False]


def test_logs_of_others_below_those_of_a_removed_file_stay(bench: Bench) -> None:
    """Until a server has set them free (humanloop 2.9)."""
    root = bench.log("ant", status=LogStatus.INCOMPLETE)
    other = bench.upsert("flow", "Other", {"attributes": {}})
    new = logs.NewLog(kind="flow", ref=other.file.id, version_id=other.version.id, parent_id=root)
    child = bench.run(logs.create(bench.ports, bench.principal, new)).log.id
    delete_file(bench, bench.flow)
    assert clean(bench)["logs"] == 0
    assert len(bench.read(lambda tx: tx.keeping.some(ids=[root, child]))) == 2


def test_a_log_keeps_the_datapoint_that_it_names(bench: Bench) -> None:
    other = bench.data("Words", ["cow", "elk"])
    ids = bench.run(
        datasets.all_ids(bench.ports, bench.principal, other.file.id, read_dataset(other.version.content))
    )
    bench.log("ant", source_datapoint_id=ids[1])
    delete(bench, other)
    assert clean(bench)["datapoints"] == 1
    assert [*bench.read(lambda tx: tx.datasets.some(ids=ids))] == [ids[1]]


def test_what_never_came_to_be_goes_and_what_may_come_stays(bench: Bench) -> None:
    old, new = "ds_0NWTcnPUK000000000000", "ds_zzzzzzzzz000000000000"

    def begin(tx: Transaction) -> None:
        for file_id in (old, new, "ds_of_others"):
            tx.datasets.add_parts(file_id=file_id, parts={"a" * 64: "[]"})

    bench.write(begin)
    assert clean(bench) == {**NOTHING, "lists of datapoints": 1}
    assert bench.read(lambda tx: new in tx.cleaning.files_with_datapoints())


def test_a_change_that_is_under_way_has_all_its_datapoints_in_the_end(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those that it found are taken away before it makes its version: it is carried out again."""
    delete(bench, bench.data("Words", ["cow", "elk"]))
    keep_parts, rounds = datasets.keep_parts, []

    async def interrupted(*args: Any) -> None:
        await keep_parts(*args)
        if not rounds:
            ports = days_later(bench, DAYS + 1)
            rounds.append(await cleaning.clean(ports, bench.principal, older_than_days=DAYS))

    monkeypatch.setattr(datasets, "keep_parts", interrupted)
    made = bench.data("Words", ["cow", "elk", "fox"])
    assert rounds[0].counts["datapoints"] == 3
    assert len(words(bench, made)) == 3


def test_nothing_more_goes_once_somebody_has_made_a_version(bench: Bench) -> None:
    other = bench.data("Words", ["cow", "elk"])
    delete(bench, other)
    account = bench.principal.account
    later = days_later(bench, DAYS + 1)
    (found,) = bench.run(
        dataset_sweeps.unused(
            later,
            account,
            before=START,
            removed=(),
            without={other.version.id},
        )
    )
    made = bench.data("Words", ["cow", "elk", "fox"])
    assert bench.run(dataset_sweeps.take_away(later, account, found)) == (0, 0)
    assert len(words(bench, made)) == 3


class Dying:
    """A store that is gone after some writes."""

    def __init__(self, bench: Bench, writes: int) -> None:
        self._store = bench.store
        self.left = writes
        self.is_shared = bench.store.is_shared

    def __getattr__(self, name: str) -> Any:
        return getattr(self._store, name)

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        self.left -= 1
        if self.left < 0:
            raise Unavailable("gone")
        return await self._store.write(account, work)


def test_who_stops_in_the_middle_loses_nothing(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dataset_sweeps, "BATCH", 1)
    monkeypatch.setattr(dataset_sweeps, "LISTS", 1)
    monkeypatch.setattr(cleaning, "CANDIDATES", 1)
    now = bench.dataset
    bench.log("ant")
    delete(bench, bench.data("Words", ["bee", "cow", "elk"]))
    delete_file(bench, bench.flow)
    writes = 0
    while True:
        dying = Dying(bench, 1)
        ports = replace(days_later(bench, DAYS + 1), store=dying)  # type: ignore[arg-type]
        try:
            bench.run(cleaning.clean(ports, bench.principal, older_than_days=DAYS))
        except Unavailable:
            writes += 1
            assert len(words(bench, now)) == 4
            continue
        break
    assert writes == 7, "a log, three versions, two datapoints and two lists, of which the last is the end"
    assert (points(bench, now), len(words(bench, now))) == (4, 4)
    assert clean(bench) == NOTHING


def test_the_number_of_days_has_bounds(bench: Bench) -> None:
    for days in (0, -1, 36_501):
        with pytest.raises(Invalid, match="older_than_days must be 1 to 36500"):
            bench.run(cleaning.clean(bench.ports, bench.principal, older_than_days=days))
