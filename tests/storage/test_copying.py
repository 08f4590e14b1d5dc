"""Everything of a store is in its copy, whatever kinds they are; what was not copied to its end is no store."""

from __future__ import annotations

import asyncio
import json
import os
import re
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import apsw
import msgspec
import pytest
from click.testing import CliRunner
from tests.postgres import cluster
from tests.prepared import store_file
from tests.storage.test_datasets import datapoint
from tests.storage.things import (
    ABROAD,
    HOME,
    START,
    Desk,
    alias,
    approved,
    at,
    batch,
    draft,
    environment,
    erasure,
    evaluation,
    execution,
    file,
    gate,
    job,
    judgment,
    key,
    link,
    log,
    monitor,
    move,
    payload,
    provider_account,
    provider_use,
    receipt,
    release,
    retention,
    run,
    seat,
    session,
    slot,
    user,
    version,
    watch,
)

from headrace.cli import main
from headrace.core.access import Organisation
from headrace.core.deployments import PointerKind
from headrace.core.durable import Ticket
from headrace.core.evaluations import Awaited
from headrace.core.execution import Status
from headrace.core.logs import LogQuery
from headrace.core.monitoring import Total
from headrace.core.ports import Transaction
from headrace.core.processes import Process, Role
from headrace.storage import open_store
from headrace.storage.copies import copying
from headrace.storage.copies.copying import MADE_ANEW, TABLES, Sum
from headrace.storage.errors import StoreUnfinished
from headrace.vault import KeyVault, new_key

KINDS = ["sqlite", "postgres"]
SECRET_KEY = new_key()
ODD = "nul \0, one \x01, two \x01\x02, ü, 🙂, ' \\ \" %"


@pytest.fixture(params=KINDS)
def source(request: pytest.FixtureRequest) -> Iterator[str]:
    """A store with something in every table."""
    with own_url(request.param) as url:
        fill(url)
        yield url


@pytest.fixture(params=KINDS)
def target(request: pytest.FixtureRequest) -> Iterator[str]:
    with own_url(request.param) as url:
        yield url


@contextmanager
def own_url(kind: str) -> Iterator[str]:
    """Where a new store is that nobody uses after it: an unfinished copy may be left there."""
    if kind == "sqlite":
        with tempfile.TemporaryDirectory() as folder:
            yield store_file(Path(folder) / "store.db")
    else:
        url = cluster().new()
        yield url
        cluster().drop(url)


def inside(url: str, work: Callable[[Desk], Any]) -> Any:
    with asyncio.Runner() as runner:
        store = open_store(url)
        try:
            return work(Desk(store, runner))
        finally:
            runner.run(store.close())


def fill(url: str) -> None:
    inside(url, _fill)


def _fill(desk: Desk) -> None:
    desk.write(_registry)
    desk.write(lambda tx: (tx.files.add(file()), tx.environments.add(environment())), ABROAD)
    desk.write(_runs)
    desk.write(_logs)


def _registry(tx: Transaction) -> None:
    tx.access.add_organisation(Organisation(account=HOME, name=ODD, created_at=START))
    tx.access.add_user(user())
    tx.access.add_key(key(secret_sealed=KeyVault(SECRET_KEY).seal(b"secret")))
    tx.files.add(file(description=ODD))
    tx.files.add(file("ev_1", kind="evaluator"))
    for number in (1, 2):
        tx.versions.add(version(f"flv_{number}", content=b'{"n": %d}' % number))
        tx.releases.add(release(number, f"flv_{number}"))
    tx.versions.add(version("evv_1", "ev_1"))
    tx.drafts.put(draft())
    tx.environments.add(environment())
    for number in range(3):
        tx.pointers.move(move(f"mv_{number}", moved_at=at(number)))
    tx.aliases.add(alias())
    tx.gates.put(gate(spec=json.dumps(ODD)))
    tx.gates.approve(approved(reason=ODD))
    tx.gates.watch(watch(outcome=ODD))
    tx.keeping.put_rule(retention())
    tx.keeping.add_erasure(erasure())
    tx.providers.put(provider_account())
    tx.providers.add_use(provider_use())
    tx.tags.put(resource="flow/FL_1", tags={"a": ODD})
    tx.secrets.put(file_id="fl_1", secrets={"TOKEN": KeyVault(SECRET_KEY).seal(b"token")})
    tx.datasets.add(file_id="ds_1", datapoints=[datapoint(body=json.dumps(ODD))])
    tx.datasets.add_parts(file_id="ds_1", parts={"d" * 64: json.dumps(ODD)})
    tx.receipts.add(receipt())
    tx.monitors.put(monitor(evaluator_id="ev_1"))


def _runs(tx: Transaction) -> None:
    tx.executions.put(execution("exe_1", cost_usd=0.1 + 0.2, holder="prc_1"))
    done = execution("exe_2", is_durable=True, status=Status.SUCCEEDED, ended_at=at(5), attempt=3)
    tx.executions.put(done)
    tx.executions.append(batch("exe_1", body=msgspec.json.encode([ODD])))
    tx.tickets.add(
        Ticket(execution_id="exe_2", content=b"{}", digest="d", node="In", output="o", document=b'"x"')
    )
    tx.sessions.put(session(state=bytes(range(256))))
    tx.jobs.put(job())
    process = Process(
        id="prc_1",
        role=Role.SERVER,
        host="h",
        pid=1,
        release="1",
        capacity=2,
        started_at=START,
        seen_at=START,
    )
    tx.processes.put(process)


def _logs(tx: Transaction) -> None:
    for number in range(100):
        words = payload(output=f"word{number} common {ODD}")
        tx.logs.add(log(f"log_{number}abc", created_at=at(number), payload=words), at=START)
    tx.logs.add(judgment("log_judged", "log_1abc"), at=START)
    total = Total(
        version_id="flv_1",
        evaluator_id="ev_1",
        evaluator_version_id="evv_1",
        judgments=1,
        numerator="3",
        denominator="1",
    )
    tx.logs.put_total(total)
    tx.evaluations.add(evaluation(name=ODD))
    tx.evaluations.put_seat(seat())
    tx.runs.add(run(size=2), slots=[slot(0, log_id="log_1abc", is_done=True), slot(1)])
    tx.evaluations.put_link(link(is_control=True))
    tx.runs.awaiting([Awaited(run_id="rn_1", place=0, version_id="evv_1")])


def copied(source: str, target: str, *options: str, **environment: str) -> Any:
    variables = {"HEADRACE_SECRET_KEY": SECRET_KEY, **environment}
    return CliRunner(env=variables).invoke(main, ["store", "copy", source, target, *options])


def rows(url: str) -> dict[str, int]:
    """How many rows there are in each table that is copied."""
    if not url.startswith("sqlite"):
        return {
            one: cluster().ask(f"SELECT count(*) FROM {one}", database=url.rpartition("/")[2])[0][0]
            for one in TABLES
        }
    with apsw.Connection(url.removeprefix("sqlite:///")) as one:
        return {table: one.execute(f"SELECT count(*) FROM {table}").fetchall()[0][0] for table in TABLES}


def found(desk: Desk) -> list[Any]:
    """What a store answers about itself."""

    def look(tx: Transaction) -> list[Any]:
        queries = [LogQuery(file_id="fl_1", search=text) for text in ("common", "word7", "word", "none")]
        queries.append(LogQuery(file_id="fl_1", ids=("37ab",)))
        pages = [tx.logs.page(query, skip=0, take=7) for query in queries]
        return [
            *pages,
            tx.files.get(id="fl_1"),
            tx.versions.of_file(file_id="fl_1"),
            tx.pointers.history(file_id="fl_1"),
            tx.executions.page(file_id=None, before=None, take=9),
            tx.executions.events(execution_id="exe_1", first=0, take=9),
            tx.sessions.get(file_id="fl_1", name="talk"),
            tx.processes.all(),
            tx.tickets.get(execution_id="exe_2"),
            tx.tags.of(resource="flow/FL_1"),
            tx.gates.holding(file_id="fl_1", kind=PointerKind.ENVIRONMENT, pointer_id="env_1"),
            tx.gates.watched(move_id="mv_1"),
            tx.evaluations.page(file_id="fl_1", skip=0, take=9),
            tx.runs.slots(run_id="rn_1", take=9),
            tx.runs.judged(run_id="rn_1", evaluator_ids=["ev_1"]),
            tx.access.keys(),
        ]

    return desk.read(look)


def test_every_table_is_copied_or_made_anew(tmp_path: Path) -> None:
    asyncio.run(open_store(f"sqlite:///{tmp_path}/s.db").close())
    with apsw.Connection(str(tmp_path / "s.db")) as one:
        query = "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        names = {name for (name,) in one.execute(query)}
    shadows = {name for name in names for index in ("log_words", "log_ids") if name.startswith(f"{index}_")}
    assert names - shadows == set(TABLES) | MADE_ANEW
    assert len(TABLES) == len(set(TABLES))


def test_a_copy_answers_as_the_store_does(source: str, target: str) -> None:
    before = rows(source)
    assert min(before.values()) > 0, f"each table has to be tried: {before}"
    done = copied(source, target, "--json")
    assert done.exit_code == 0, done.output
    report = json.loads(done.stdout)
    assert report["is_same"] is True
    assert {one["table"]: one["rows"] for one in report["tables"]} == before == rows(target)
    assert inside(target, found) == inside(source, found)
    inside(target, _goes_on)


def _goes_on(desk: Desk) -> None:
    """What numbers itself goes on behind what was copied."""
    desk.write(lambda tx: tx.pointers.move(move("mv_9", moved_at=at(9))))
    desk.write(lambda tx: tx.versions.add(version("flv_3")))
    desk.write(lambda tx: tx.logs.add(log("log_new", "flv_3", payload=payload(output="fresh")), at=START))
    query = LogQuery(file_id="fl_1", search="fresh")
    assert desk.read(lambda tx: tx.logs.page(query, skip=0, take=9))[1] == 1
    assert [one.id for one in desk.read(lambda tx: tx.pointers.history(file_id="fl_1"))][-1] == "mv_9"


def test_both_kinds_of_store_have_the_same_digests() -> None:
    digests = []
    for kind in KINDS:
        with own_url(kind) as url, own_url("sqlite") as target:
            fill(url)
            report = json.loads(copied(url, target, "--json", HEADRACE_SECRET_KEY=SECRET_KEY).stdout)
            digests.append(
                {
                    one["table"]: one["digest"]
                    for one in report["tables"]
                    if one["table"] not in ("keys", "secrets")
                }
            )
    assert digests[0] == digests[1]


def test_a_digest_tells_every_difference_and_no_order() -> None:
    def digest(*rows: tuple[Any, ...]) -> str:
        told = Sum()
        told.add(list(rows))
        return told.digest

    assert digest((1, "a"), (2, "b")) == digest((2, "b"), (1, "a"))
    others = {
        digest(),
        digest((1,)),
        digest((1.0,)),
        digest(("1",)),
        digest((b"1",)),
        digest((None,)),
        digest((1,), (1,)),
    }
    assert len(others) == 7


def test_a_target_that_holds_something_is_refused_and_kept(source: str, target: str) -> None:
    inside(target, lambda desk: desk.write(lambda tx: tx.files.add(file("fl_mine"))))
    for options in ((), ("--again",)):
        done = copied(source, target, *options)
        assert done.exit_code == 1
        assert "holds something already" in done.output
    assert inside(target, lambda desk: desk.read(lambda tx: tx.files.get(id="fl_mine"))) is not None


def test_an_unfinished_copy_is_no_store_until_it_is_started_over(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with monkeypatch.context() as broken:
        broken.setattr(copying, "_checked", _interrupted)
        assert copied(source, target).exit_code == 1
    with pytest.raises(StoreUnfinished, match="--again"):
        open_store(target)
    done = copied(source, target)
    assert done.exit_code == 1
    assert "--again" in done.output
    assert copied(source, target, "--again").exit_code == 0
    assert rows(target) == rows(source)
    assert inside(target, found) == inside(source, found)


async def _interrupted(*_: Any) -> Any:
    raise OSError("the power went")


def test_a_copy_that_another_one_has_finished_meanwhile_is_not_removed(
    source: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace.storage.copies import copying_postgres
    from headrace.storage.postgres.pool import connect

    with own_url("postgres") as target:
        with monkeypatch.context() as broken:
            broken.setattr(copying_postgres.PostgresCopy, "finish", _interrupted)
            assert copied(source, target).exit_code == 1

        async def late(*given: Any, **named: Any) -> Any:
            driver = await connect(*given, **named)
            await driver.execute("DELETE FROM migrations WHERE number = 0")
            return driver

        with monkeypatch.context() as slow:
            slow.setattr(copying_postgres, "connect", late)
            done = copied(source, target, "--again")
        assert (done.exit_code, "holds something already" in done.output) == (1, True)
        assert inside(target, found) == inside(source, found)


@pytest.mark.slow
@pytest.mark.parametrize("after", ["users: ", "logs: 101 copied", "logs: 101 indexed", "usage: "])
def test_a_copy_that_is_killed_leaves_no_half_store(tmp_path: Path, target: str, after: str) -> None:
    source = f"sqlite:///{tmp_path}/s.db"
    fill(source)
    command = [sys.executable, "-m", "headrace", "store", "copy", source, target]
    environment = {**os.environ, "HEADRACE_SECRET_KEY": SECRET_KEY}
    with subprocess.Popen(command, env=environment, stderr=subprocess.PIPE, text=True) as process:
        assert process.stderr is not None
        told = any(line.startswith(after) for line in process.stderr)
        process.kill()
    assert told
    try:
        asyncio.run(open_store(target).close())  # it was faster
    except StoreUnfinished:
        assert copied(source, target, "--again").exit_code == 0
    assert inside(target, found) == inside(source, found)


def test_a_difference_is_told_and_leaves_the_target_unfinished(
    source: str, target: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headrace.storage.copies.copying_postgres import PostgresCopy
    from headrace.storage.copies.copying_sqlite import SqliteCopy

    async def forgetful(self: Any, table: str, columns: Any, rows: Any) -> None:
        await real[type(self)](self, table, columns, rows[1:] if table == "moves" else rows)

    real: dict[Any, Any] = {one: one.add for one in (PostgresCopy, SqliteCopy)}
    with monkeypatch.context() as broken:
        for one in real:
            broken.setattr(one, "add", forgetful)
        done = copied(source, target)
    assert done.exit_code == 1
    assert re.search(r"moves +3 .* DIFFERENT", done.stdout)
    assert done.stdout.count("DIFFERENT") == 1
    with pytest.raises(StoreUnfinished):
        open_store(target)


def test_executions_that_go_on_are_not_left_behind(source: str, target: str) -> None:
    going = execution("exe_3", is_durable=True, name="going")
    inside(source, lambda desk: desk.write(lambda tx: tx.executions.put(going)))
    done = copied(source, target)
    assert (done.exit_code, "1 executions in the background" in done.output) == (1, True)
    ended = msgspec.structs.replace(going, status=Status.ABORTED, ended_at=going.started_at)
    inside(source, lambda desk: desk.write(lambda tx: tx.executions.put(ended)))
    assert copied(source, target).exit_code == 0, "what was refused has left nothing in the target"


@pytest.mark.parametrize("secret_key", ["", new_key()], ids=["none", "another"])
def test_secrets_that_nobody_could_open_are_not_copied(source: str, target: str, secret_key: str) -> None:
    done = copied(source, target, HEADRACE_SECRET_KEY=secret_key)
    assert (done.exit_code, "HEADRACE_SECRET_KEY" in done.output) == (1, True)
    open_target = inside(target, lambda desk: desk.read(lambda tx: tx.files.get(id="fl_1")))
    assert open_target is None


def test_a_store_that_a_server_has_open_is_refused(tmp_path: Path) -> None:
    store = open_store(f"sqlite:///{tmp_path}/s.db")
    done = copied(f"{tmp_path}/s.db", f"{tmp_path}/t.db")
    assert (done.exit_code, "is open in process" in done.output) == (1, True)
    asyncio.run(store.close())


def test_what_is_no_store_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("no database, but long enough to be looked at" * 100)
    asyncio.run(open_store(f"sqlite:///{tmp_path}/s.db").close())
    for source, words in (("none.db", "There is no store"), ("text.db", "not a readable database")):
        done = copied(str(tmp_path / source), f"{tmp_path}/t.db")
        assert (done.exit_code, words in done.output) == (1, True), done.output
    done = copied(cluster().empty(), f"{tmp_path}/t.db")
    assert (done.exit_code, "There is no store at postgresql://headrace:***@" in done.output) == (1, True)
    done = copied(f"{tmp_path}/s.db", "memory:")
    assert (done.exit_code, "neither a file nor" in done.output) == (1, True)


def test_a_store_of_an_earlier_release_is_refused_and_not_changed(tmp_path: Path) -> None:
    asyncio.run(open_store(f"sqlite:///{tmp_path}/s.db").close())
    with apsw.Connection(str(tmp_path / "s.db")) as one:
        one.execute("DELETE FROM migrations WHERE number = (SELECT max(number) FROM migrations)")
        before = one.execute("SELECT count(*) FROM migrations").fetchall()
    done = copied(f"{tmp_path}/s.db", f"{tmp_path}/t.db")
    assert (done.exit_code, "headrace serve" in done.output) == (1, True)
    with apsw.Connection(str(tmp_path / "s.db")) as one:
        assert one.execute("SELECT count(*) FROM migrations").fetchall() == before


def test_a_person_is_told_what_was_copied(tmp_path: Path) -> None:
    fill(f"sqlite:///{tmp_path}/s.db")
    done = copied(f"{tmp_path}/s.db", f"{tmp_path}/t.db")
    assert done.exit_code == 0, done.output
    assert "logs                      101  " in done.stdout
    assert "a second)." in done.stdout
    assert "logs: 101 indexed" in done.stderr
    assert inside(f"sqlite:///{tmp_path}/t.db", found) == inside(f"sqlite:///{tmp_path}/s.db", found)


def test_there_and_back_again_nothing_is_lost_or_changed(tmp_path: Path) -> None:
    """SQLite, PostgreSQL, SQLite: the same rows in each table, and what is found by words is found."""
    first, last = f"sqlite:///{tmp_path}/first.db", f"sqlite:///{tmp_path}/last.db"
    fill(first)
    with own_url("postgres") as between:
        legs = [json.loads(copied(*leg, "--json").stdout) for leg in ((first, between), (between, last))]
    digests = [{one["table"]: (one["rows"], one["digest"]) for one in leg["tables"]} for leg in legs]
    assert digests[0] == digests[1]
    assert set(digests[0]) == set(TABLES)
    assert min(count for count, _ in digests[0].values()) > 0
    assert _everything(tmp_path / "last.db") == _everything(tmp_path / "first.db")
    assert inside(last, found) == inside(first, found)
    inside(last, _goes_on)


def _everything(path: Path) -> dict[str, list[str]]:
    """All rows of the tables that are copied, value by value and type by type."""
    with apsw.Connection(str(path)) as one:
        return {
            table: sorted(map(repr, one.execute(f"SELECT * FROM {table}").fetchall())) for table in TABLES
        }
