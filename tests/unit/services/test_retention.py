"""Logs that are too old are removed with all that hangs on them, and nothing else is."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import ExitStack
from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.storage.conftest import new_url
from tests.unit.services.conftest import START
from tests.unit.services.evaluation_bench import Bench

from headrace.core.errors import Invalid, NotFound
from headrace.core.logs import LogQuery, LogStatus, Payload
from headrace.core.monitoring import Work
from headrace.core.ports import Transaction
from headrace.services.logs import clearing, logs, retention, traces
from headrace.services.logs.retention import Expiring
from headrace.storage import open_store

DAY = timedelta(days=1)


@pytest.fixture(params=["memory", "sqlite", "postgres"])
def bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    with ExitStack() as undo:
        runner = undo.enter_context(asyncio.Runner())
        store = open_store(undo.enter_context(new_url(request.param)))
        undo.callback(lambda: runner.run(store.close()))
        yield Bench(runner=runner, store=store)


def ago(days: float) -> datetime:
    return START - days * DAY


def prompt_log(bench: Bench, **members: Any) -> str:
    version = bench.upsert("prompt", "Prompt", {"model": "m"})
    new = logs.NewLog(
        kind="prompt",
        ref=version.file.id,
        version_id=version.version.id,
        payload=Payload(output="x"),
        **members,
    )
    return bench.run(logs.create(bench.ports, bench.principal, new)).log.id


def expire(bench: Bench, days: int = 0) -> int:
    """Have old logs removed as a server does; how many jobs that took."""
    bench.run(retention.ask(bench.ports, bench.principal.account, kept_days=days))
    handlers = {Work.EXPIRE: Expiring(bench.ports, kept_days=days).handler}
    return bench.drain(handlers=handlers)


def left(bench: Bench, *ids: str) -> list[str]:
    found = bench.read(lambda tx: {log.id for log in tx.keeping.some(ids=ids)})
    return [one for one in ids if one in found]


def rule(bench: Bench, file: str, days: int) -> None:
    bench.run(retention.put(bench.ports, bench.principal, file=file, keep_days=days))


def test_only_what_is_too_old_goes(bench: Bench) -> None:
    old, young = bench.log("ant", created_at=ago(31)), bench.log("bee", created_at=ago(29))
    assert expire(bench) == 0, "for ever, and nobody said anything else"
    assert left(bench, old, young) == [old, young]
    assert expire(bench, days=30) == 1
    assert left(bench, old, young) == [young]
    query = LogQuery(file_id=bench.flow.file.id, search="ant")
    assert bench.read(lambda tx: tx.logs.page(query, skip=0, take=9)) == ([], 0)
    usage = bench.read(lambda tx: tx.logs.usage_of_file(file_id=bench.flow.file.id))
    assert usage.logs_count == 1


def test_a_file_may_have_its_own_number_of_days(bench: Bench) -> None:
    flow, prompt = bench.log("ant", created_at=ago(40)), prompt_log(bench, created_at=ago(40))
    rule(bench, "Flow", 50)
    assert expire(bench, days=30) == 1
    assert left(bench, flow, prompt) == [flow]
    rule(bench, "Flow", 0)
    expire(bench, days=30)
    assert left(bench, flow) == [flow], "0 is for ever"
    rule(bench, "Flow", 7)
    assert expire(bench, days=0) == 1, "also where all others are kept for ever"
    assert left(bench, flow) == []
    bench.run(retention.remove(bench.ports, bench.principal, file="Flow"))
    assert not bench.run(retention.list_all(bench.ports, bench.principal))
    with pytest.raises(NotFound, match="HEADRACE_KEEP_LOGS"):
        bench.run(retention.remove(bench.ports, bench.principal, file="Flow"))
    for days in (-1, 10**6):
        with pytest.raises(Invalid, match="keep_days"):
            rule(bench, "Flow", days)


def test_a_log_goes_with_all_that_hangs_on_it(bench: Bench) -> None:
    root = bench.log("ant", created_at=ago(31), status=LogStatus.INCOMPLETE)
    child = prompt_log(bench, parent_id=root, created_at=ago(1))
    grandchild = prompt_log(bench, parent_id=child, created_at=ago(1))
    judgments = [bench.judgment(one, "external", True) for one in (root, grandchild)]
    judged = bench.read(lambda tx: tx.logs.aggregates(version_ids=[bench.flow.version.id]))
    assert [one.total.judgments for one in judged] == [1]
    expire(bench, days=30)
    assert left(bench, root, child, grandchild, *judgments) == []
    assert bench.read(lambda tx: tx.logs.aggregates(version_ids=[bench.flow.version.id])) == []


def test_a_judgment_is_as_old_as_what_it_judges(bench: Bench) -> None:
    log = bench.log("ant", created_at=ago(1))
    judgment = bench.judgment(log, "external", True, created_at=ago(99))
    expire(bench, days=30)
    assert left(bench, log, judgment) == [log, judgment]


def test_what_a_run_of_an_evaluation_refers_to_stays_whole(bench: Bench) -> None:
    run = bench.new_run(bench.evaluation("external").evaluation.id).run
    point = bench.points[0]
    root = bench.log(
        "ant", run_id=run.id, source_datapoint_id=point, created_at=ago(99), status=LogStatus.INCOMPLETE
    )
    child = prompt_log(bench, parent_id=root, created_at=ago(99))
    judgment = bench.judgment(root, "external", True, created_at=ago(99))
    other = bench.log("bee", created_at=ago(99))
    expire(bench, days=30)
    assert left(bench, root, child, judgment, other) == [root, child, judgment]
    assert bench.slots(run.id)[0].log_id == root
    rule(bench, "Prompt", 1)
    expire(bench)
    assert left(bench, child) == [child], "neither does a part of it go by a rule of its own"


def test_logs_of_a_file_that_is_gone_go_too(bench: Bench) -> None:
    log = bench.log("ant", created_at=ago(31))
    bench.write(lambda tx: traces.remove_file(tx, bench.ports, bench.flow.file))
    expire(bench, days=30)
    assert left(bench, log) == []


def test_a_step_that_goes_leaves_the_log_above_as_it_is(bench: Bench) -> None:
    root = prompt_log(bench, created_at=ago(1))
    step = bench.upsert("tool", "Tool", {"function": {"name": "f", "description": "", "parameters": {}}})
    new = logs.NewLog(kind="tool", ref=step.file.id, version_id=step.version.id, parent_id=root)
    below = bench.run(logs.create(bench.ports, bench.principal, new)).log.id
    rule(bench, "Tool", 1)
    bench.ports.clock._moment += 5 * DAY  # type: ignore[attr-defined]
    expire(bench)
    assert left(bench, root, below) == [root]
    assert bench.read(lambda tx: tx.logs.get(id=root)).is_in_trace is False


def test_one_transaction_removes_a_few(bench: Bench, monkeypatch: pytest.MonkeyPatch) -> None:
    ids = [bench.log("ant", created_at=ago(31)) for _ in range(5)]
    monkeypatch.setattr(clearing, "WRITER_S", 0.0)
    sizes = []
    some = clearing._clear_some

    def counted(tx: Transaction, **given: Any) -> tuple[int, int]:
        sizes.append(some(tx, **given))
        return sizes[-1]

    monkeypatch.setattr(clearing, "_clear_some", counted)
    expire(bench, days=30)
    assert left(bench, *ids) == []
    assert sizes == [(1, 1)] * 5


def test_a_round_ends_in_time_and_the_next_goes_on(bench: Bench) -> None:
    ids = [bench.log("ant", created_at=ago(31)) for _ in range(3)]
    bench.run(retention.ask(bench.ports, bench.principal.account, kept_days=30))
    bench.drain(handlers={Work.EXPIRE: Expiring(bench.ports, kept_days=30, round_s=0.0).handler})
    assert left(bench, *ids) == ids
    assert expire(bench, days=30) == 1
    assert left(bench, *ids) == []


def test_it_is_asked_for_once_however_many_processes_ask(bench: Bench) -> None:
    for _ in range(3):
        bench.run(retention.ask(bench.ports, bench.principal.account, kept_days=30))
    (job,) = bench.take(Work.EXPIRE)
    assert job.turn == 1
    bench.run(retention.ask(bench.ports, bench.principal.account, kept_days=30))
    assert bench.take(Work.EXPIRE, most=1)[0].turn == 1, "somebody is at it"
