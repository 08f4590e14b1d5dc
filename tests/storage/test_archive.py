"""Everything of an organisation comes out of one store as lines and into another: exactly, once, and nothing else."""

from __future__ import annotations

import asyncio
import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import ExitStack
from functools import partial
from typing import Any

import msgspec
import pytest
from tests.storage.conftest import new_desk
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
    directory,
    draft,
    environment,
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

from headrace.core.access import Organisation
from headrace.core.archives import FORMAT, VERSION, Fate, Head, Line, Refused
from headrace.core.canonical import digest
from headrace.core.datasets import pack
from headrace.core.deployments import EnvironmentTag, PointerKind
from headrace.core.errors import Conflict
from headrace.core.evaluations import Awaited
from headrace.core.execution import Status
from headrace.core.kinds import KINDS
from headrace.core.kinds.dataset import DatasetContent, write_dataset
from headrace.core.logs import LogQuery
from headrace.core.monitoring import Total
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.storage.copies.archive_columns import columns_of_all
from headrace.storage.copies.archive_tables import ARCHIVED, LEFT_OUT, MADE
from headrace.storage.copies.copying import MADE_ANEW, TABLES

KINDS_OF_STORES = ("sqlite", "postgres")
ODD = "nul \0, one \x01, two \x01\x02, ü, 🙂, ' \\ \" %"
WEIGHTLESS = '[{"version_id": "flv_1", "target": null, "weight": 0}]'
OTHER_WAYS = [(one, other) for one in KINDS_OF_STORES for other in KINDS_OF_STORES]


@pytest.fixture
def desks(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, Desk]]:
    """A store with something in every table, and a new one."""
    source, target = request.param
    with ExitStack() as stack:
        runner = stack.enter_context(asyncio.Runner())
        one, other = (stack.enter_context(new_desk(kind, runner)) for kind in (source, target))
        fill(one)
        yield one, other


def of_content(id: str, content: bytes, kind: str = "flow", **changes: Any) -> Version:
    return version(id, content=content, digest=digest(KINDS[kind].identity(content)), **changes)


def fill(desk: Desk) -> None:
    desk.write(_registry)
    desk.write(_moves)
    desk.write(_runs)
    desk.write(_logs)
    desk.write(lambda tx: tx.environments.add(environment("env_abroad", "abroad")), ABROAD)


def _registry(tx: Transaction) -> None:
    tx.access.add_organisation(Organisation(account=HOME, name="Häuser", created_at=START))
    tx.access.add_user(user())
    tx.access.add_key(key())
    tx.environments.add(environment(tag=EnvironmentTag.DEFAULT))
    tx.environments.add(environment("env_2", "elsewhere"))
    tx.files.add_directory(directory("dir_root", path=""))
    tx.files.add_directory(directory("dir_1", path="folder", parent_id="dir_root"))
    tx.files.add(file(directory_id="dir_1", description=ODD))
    tx.files.add(file("fl_hidden", directory_id="dir_1", owner_id="fl_1", short_name="hidden"))
    tx.files.add(file("ev_1", kind="evaluator", directory_id="dir_1"))
    tx.files.add(file("ds_1", kind="dataset", directory_id="dir_1"))
    tx.files.add(file("fl_gone", directory_id="dir_1"))
    tx.files.remove(id="fl_gone", at=at(9))
    for number in (1, 2):
        tx.versions.add(of_content(f"flv_{number}", b'{"n": %d, "big": 12345678901234567890}' % number))
        tx.releases.add(release(number, f"flv_{number}", content=None if number == 1 else b'{"z": 1.10}'))
    tx.versions.update(of_content("flv_2", b'{"n": 2, "big": 12345678901234567890}', deleted_at=at(3)))
    tx.releases.remove(file_id="fl_1", number=2)
    tx.versions.add(
        of_content(
            "evv_1",
            b'{"arguments_type": "target_free", "return_type": "boolean"}',
            "evaluator",
            file_id="ev_1",
        )
    )
    tx.drafts.put(draft())
    tx.aliases.add(alias())
    tx.tags.put(resource="flow/FL_1", tags={"a": ODD})
    tx.keeping.put_rule(retention())
    tx.providers.put(provider_account())
    tx.secrets.put(file_id="fl_1", secrets={"TOKEN": "sealed token"})
    tx.datasets.add(file_id="ds_1", datapoints=[datapoint(body=json.dumps(ODD))])
    tx.datasets.add_parts(file_id="ds_1", parts={"d" * 64: json.dumps(ODD)})
    tx.receipts.add(receipt())
    tx.monitors.put(monitor(evaluator_id="ev_1"))


def _moves(tx: Transaction) -> None:
    for number, target in enumerate(("flv_1", "flv_2", "flv_1")):
        tx.pointers.move(move(f"mv_{9 - number}", version_id=target, moved_at=at(number), reason=ODD))
    tx.pointers.move(
        move("mv_alias", kind=PointerKind.ALIAS, pointer_id="ALIAS00001", version_id="flv_1", target="1")
    )
    tx.pointers.move(move("mv_gone", version_id="flv_1", pointer_id="env_2"))
    tx.pointers.move(move("mv_here", version_id=None, pointer_id="env_2"))
    tx.pointers.move(move("mv_off", kind=PointerKind.FLOW, pointer_id="fl_1", version_id=None, is_off=True))
    tx.gates.put(gate())
    tx.gates.approve(approved(reason=ODD))
    tx.gates.watch(watch("mv_9", ended_at=at(4), outcome=ODD))
    tx.gates.watch(watch("mv_7"))


def _runs(tx: Transaction) -> None:
    done = execution("exe_2", status=Status.SUCCEEDED, ended_at=at(5), cost_usd=0.1 + 0.2, holder="prc_1")
    tx.executions.put(done)
    tx.executions.append(batch("exe_2"))
    tx.executions.put(execution("exe_going"))
    tx.executions.append(batch("exe_going"))
    tx.sessions.put(session(execution_id="exe_going"))
    tx.jobs.put(job())


def _logs(tx: Transaction) -> None:
    for number in range(40):
        words = payload(output=f"word{number} common {ODD}", inputs={"price": 1.10})
        tx.logs.add(log(f"log_{number}abc", created_at=at(number // 3), payload=words), at=at(7))
    tx.logs.add(judgment("log_judged", "log_1abc"), at=START)
    tx.logs.note_use(file_id="fl_1", version_id="flv_2", at=at(8))
    total = Total(
        version_id="flv_1",
        evaluator_id="ev_1",
        evaluator_version_id="evv_1",
        judgments=1,
        numerator="3",
        denominator="1",
    )
    tx.logs.put_total(total)
    tx.evaluations.add(evaluation(name="name"))
    tx.evaluations.put_seat(seat())
    tx.runs.add(run(size=2), slots=[slot(0, log_id="log_1abc", is_done=True), slot(1)])
    tx.evaluations.put_link(link(is_control=True))
    tx.runs.awaiting([Awaited(run_id="rn_1", place=0, version_id="evv_1")])


def head(desk: Desk, **changes: Any) -> Head:
    root, environments = desk.read(lambda tx: tx.archive.head())
    schema = desk.read(lambda tx: tx.archive.schema)
    said = {
        "format": FORMAT,
        "version": VERSION,
        "schema": schema,
        "root": root,
        "environments": environments,
    }
    return msgspec.convert(said | changes, Head)


def lines(desk: Desk, account: str = HOME) -> list[Line]:
    """An archive, read three rows at a time."""

    def work(tx: Transaction) -> list[Line]:
        found = []
        for table in tx.archive.tables:
            after: tuple[Any, ...] | None = None
            while True:
                page, after = tx.archive.page(table=table, after=after, take=3)
                found += [Line(table=table, row=dict(row)) for row in page]
                if after is None:
                    break
        return found

    return [msgspec.json.decode(msgspec.json.encode(line), type=Line) for line in desk.read(work, account)]


def put(desk: Desk, some: list[Line], said: Head, account: str = HOME) -> list[Fate | str]:
    def work(tx: Transaction) -> list[Fate | str]:
        fates: list[Fate | str] = []
        for nth, line in enumerate(some):
            try:
                fates.append(tx.archive.put(line, head=said, at=START, spare_id=f"usr_new_{nth}"))
            except Refused as refused:
                fates.append(str(refused))
        return fates

    return desk.write(work, account)


def found(some: list[Line], table: str, **wanted: Any) -> Line:
    (one,) = [line for line in some if line.table == table and wanted.items() <= line.row.items()]
    return one


def changed(line: Line, **changes: Any) -> Line:
    return Line(table=line.table, row={**line.row, **changes})


def test_every_table_is_in_an_archive_or_left_out_for_a_reason() -> None:
    archived = {table.name for table in ARCHIVED}
    assert archived | MADE | set(LEFT_OUT) | MADE_ANEW == {*TABLES, *MADE_ANEW}
    assert set(columns_of_all()) - {"new_words"} == set(TABLES)
    assert not archived & (MADE | set(LEFT_OUT))


@pytest.mark.parametrize("desks", [("sqlite", "sqlite")], indirect=True)
def test_the_archive_has_rows_of_every_table(desks: tuple[Desk, Desk]) -> None:
    some = lines(desks[0])
    assert {line.table for line in some} == {table.name for table in ARCHIVED}
    text = b"".join(map(msgspec.json.encode, some))
    for secret in (b"sealed", b"hash key_1", b"AKIA", b"exe_going", b"env_abroad"):
        assert secret not in text


@pytest.mark.parametrize("desks", OTHER_WAYS, indirect=True)
def test_what_goes_in_comes_out(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    some, said = lines(one), head(one)
    assert set(put(other, some, said)) == {Fate.ADDED}
    assert lines(other) == some
    assert set(put(other, some, said)) == {Fate.UNCHANGED}
    assert lines(other) == some
    for ask in (
        lambda tx: tx.pointers.of_file(file_id="fl_1"),
        lambda tx: tx.pointers.get(file_id="fl_1", kind=PointerKind.FLOW, pointer_id="fl_1"),
        lambda tx: [tx.files.count(kind=kind) for kind in KINDS],
        lambda tx: [tx.versions.count(file_id="fl_1"), tx.releases.count_runnable(file_id="fl_1")],
        lambda tx: tx.logs.usage(version_ids=["flv_1", "flv_2", "evv_1"]),
        lambda tx: tx.logs.page(LogQuery(file_id="fl_1"), skip=5, take=10)[1],
        lambda tx: [row.id for row in tx.logs.page(LogQuery(file_id="fl_1"), skip=0, take=99)[0]],
        lambda tx: [
            row.id for row in tx.logs.page(LogQuery(file_id="fl_1", search="word7"), skip=0, take=9)[0]
        ],
        lambda tx: [row.id for row in tx.logs.page(LogQuery(file_id="fl_1", sample=7), skip=0, take=9)[0]],
        lambda tx: [one.id for one in tx.logs.judgments(judged_ids=["log_1abc"])],
    ):
        assert one.read(ask) == other.read(ask)


@pytest.mark.parametrize("desks", [("sqlite", "sqlite"), ("postgres", "postgres")], indirect=True)
def test_an_archive_goes_in_beside_another_organisation(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    fill(other)
    said, before = head(one), lines(other)
    assert set(put(other, lines(one), said, "222222222222")) == {Fate.ADDED}
    assert lines(other, "222222222222") == lines(one)
    assert lines(other) == before


@pytest.mark.parametrize("desks", OTHER_WAYS, indirect=True)
def test_what_is_left_of_a_removed_file_goes_in(desks: tuple[Desk, Desk]) -> None:
    """What its versions were deployed and approved for is told no more once they were cleaned away."""
    one, other = desks
    before = lines(one)

    def use(tx: Transaction) -> None:
        tx.files.add(file("fl_3", directory_id="dir_1"))
        tx.versions.add(of_content("flv_3", b'{"n": 3}', file_id="fl_3"))
        tx.releases.add(release(1, "flv_3", "fl_3"))
        tx.pointers.move(move("mv_3", "fl_3", version_id="flv_3"))
        tx.gates.approve(approved(file_id="fl_3", version_id="flv_3"))
        tx.logs.add(log("log_3", "flv_3", "fl_3"), at=START)
        tx.logs.remove(id="log_3")

    one.write(use)
    one.write(lambda tx: tx.files.remove(id="fl_3", at=at(9)))
    one.write(lambda tx: tx.cleaning.remove_versions(file_id="fl_3", ids=["flv_3"]))
    some = lines(one)
    assert [line.row["id"] for line in some if line not in before] == ["fl_3"]
    assert set(put(other, some, head(one))) == {Fate.ADDED}
    assert lines(other) == some


@pytest.mark.parametrize("desks", [("sqlite", "sqlite"), ("postgres", "postgres")], indirect=True)
def test_it_can_be_broken_off_after_every_row(desks: tuple[Desk, Desk]) -> None:
    one, other = desks
    some, said = lines(one), head(one)
    for start in range(0, len(some), 7):
        put(other, some[: start + 7][-10:], said)  # some of them again
    assert lines(other) == some


@pytest.fixture
def taken(request: pytest.FixtureRequest) -> Iterator[tuple[Desk, list[Line], Head]]:
    """A store that has taken in an archive."""
    with asyncio.Runner() as runner, ExitStack() as stack:
        one, other = (stack.enter_context(new_desk(request.param, runner)) for _ in range(2))
        fill(one)
        some, said = lines(one), head(one)
        put(other, some, said)
        yield other, some, said


both = pytest.mark.parametrize("taken", KINDS_OF_STORES, indirect=True)


@both
def test_what_differs_is_told_and_stays(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    before = lines(desk)
    for table, key_of, change, reason in (
        ("entries", {"id": "fl_1"}, {"description": "x"}, "is here and differs in description"),
        (
            "versions",
            {"id": "flv_1"},
            {"name": "x", "created_at": 5},
            "is here and differs in created_at, name",
        ),
        ("moves", {"id": "mv_7"}, {"reason": "x"}, "is here and differs in reason"),
        ("logs", {"id": "log_1abc"}, {"payload": "e30="}, "is here and differs in payload"),
        ("users", {}, {"full_name": "x"}, "is here and differs in full_name"),
        ("tags", {}, {"value": "x"}, "is here and differs in value"),
    ):
        assert put(desk, [changed(found(some, table, **key_of), **change)], said) == [reason]
    assert lines(desk) == before


@both
def test_what_clashes_or_hangs_in_the_air_is_refused(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    before = lines(desk)
    for line, reason in (
        (changed(found(some, "entries", id="fl_1"), id="fl_new"), "clashes with another one here: the same"),
        (changed(found(some, "environments", id="env_1"), id="env_9"), "clashes with another one here"),
        (changed(found(some, "versions", id="flv_1"), id="flv_9"), "clashes with another one here"),
        (changed(found(some, "aliases"), file_id="fl_nowhere"), "targets nothing: its moves are not here"),
        (changed(found(some, "aliases"), id="ALIAS00002", name="x"), "targets nothing: its moves are not"),
        (
            changed(found(some, "releases", number=1), number=7, version_id="flv_x"),
            "version_id names what is not",
        ),
        (
            changed(found(some, "releases", number=1), number=7, created_by="a@b"),
            "created_by names a user who",
        ),
        (
            changed(found(some, "entries", id="dir_1"), id="d", directory_id="no", path="p"),
            "directory_id names",
        ),
        (changed(found(some, "moves", id="mv_7"), id="mv_x"), "follows another move than the last one here"),
        (changed(found(some, "event_batches"), execution_id="exe_x"), "execution_id names what is not here"),
    ):
        (fate,) = put(desk, [line], said)
        assert str(fate).startswith(reason), (line, fate)
    assert lines(desk) == before


@both
def test_what_is_no_row_is_refused(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    before = lines(desk)
    made = {"id": "new_1"}
    for line, reason in (
        (Line(table="keys", row={}), "is of a table that no archive has"),
        (Line(table="migrations", row={}), "is of a table that no archive has"),
        (changed(found(some, "versions", id="flv_1"), **made, account="x"), "has a column that is not known"),
        (changed(found(some, "versions", id="flv_1"), **made, is_runnable="yes"), "is_runnable is no number"),
        (changed(found(some, "versions", id="flv_1"), **made, is_runnable=True), "is_runnable is no number"),
        (changed(found(some, "versions", id="flv_1"), **made, created_at=2**63), "created_at is no number"),
        (changed(found(some, "versions", id="flv_1"), **made, created_at=2**62), "can't be read"),
        (changed(found(some, "versions", id="flv_1"), **made, content="!"), "content is no base64"),
        (
            changed(found(some, "versions", id="flv_1"), **made, content="e30="),
            "its digest is not that of its",
        ),
        (
            changed(found(some, "versions", id="flv_1"), **made, content="W10="),
            "its content is no JSON object",
        ),
        (
            changed(found(some, "versions", id="flv_1"), **made, file_id="dir_1"),
            "is a version of what is no file",
        ),
        (changed(found(some, "versions", id="flv_1"), **made, file_id=None), "file_id is null"),
        (
            changed(found(some, "entries", id="ds_1"), **made, kind="virus"),
            "is of a kind that is not known here",
        ),
        (changed(found(some, "entries", id="ds_1"), **made, path="a//b"), ""),
        (changed(found(some, "entries", id="ds_1"), **made, path="a/b"), "has another name than its path"),
        (changed(found(some, "executions", id="exe_2"), **made, status="Odd"), "can't be read"),
        (changed(found(some, "logs", id="log_1abc"), **made, payload="W10="), "can't be read"),
        (changed(found(some, "moves", id="mv_7"), **made, after="mv_7", shares="{"), "can't be read"),
        (changed(found(some, "moves", id="mv_7"), **made, evidence="zzz"), "can't be read"),
        (changed(found(some, "moves", id="mv_7"), **made, evidence="[]"), "its evidence is no JSON object"),
        (changed(found(some, "moves", id="mv_7"), **made, target="1"), "targets what no environment can"),
        (changed(found(some, "moves", id="mv_7"), **made, kind="alias", target="x"), "targets what no alias"),
        (changed(found(some, "moves", id="mv_7"), **made, kind="flow"), "targets what no flow can"),
        (changed(found(some, "moves", id="mv_7"), **made, shares=WEIGHTLESS), "its shares have no weights"),
        (
            changed(found(some, "moves", id="mv_7"), **made, version_id="flv_9"),
            "version_id names what is not",
        ),
        (
            changed(found(some, "moves", id="mv_7"), **made, version_id="evv_1"),
            "version_id names a version of",
        ),
        (changed(found(some, "gates"), pointer_id="env_9", spec="zzz"), "No gate looks like this"),
        (changed(found(some, "gates"), pointer_id="env_9", spec="{}"), "A gate needs rules"),
        (changed(found(some, "watches"), move_id="mv_8", rules="{}"), "can't be read"),
        (changed(found(some, "drafts"), file_id="ev_1", content="W10="), "its content is no JSON object"),
        (changed(found(some, "drafts"), file_id="ev_1", findings="e30="), "can't be read"),
        (changed(found(some, "totals"), version_id="flv_9", numerator="zzz"), "can't be read"),
        (changed(found(some, "totals"), version_id="flv_9", denominator="0"), "can't be read"),
        (changed(found(some, "totals"), version_id="flv_9", judgments=0), "adds up no judgment"),
        (
            changed(found(some, "usage", version_id="flv_1"), version_id="flv_9"),
            "version_id names what is not",
        ),
        (changed(found(some, "logs", id="log_1abc"), **made, version_id="flv_9"), "version_id names what is"),
        (
            changed(found(some, "logs", id="log_1abc"), **made, version_id="evv_1"),
            "version_id names a version",
        ),
    ):
        (fate,) = put(desk, [line], said)
        assert fate not in set(Fate), line
        assert str(fate).startswith(reason), (line, fate)
    assert lines(desk) == before


@both
def test_an_alias_is_there_with_its_target_or_not_at_all(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    last = found(some, "moves", id="mv_alias")
    gone = changed(last, id="mv_end", after="mv_alias", version_id=None, target=None)
    assert put(desk, [gone], said) == ["takes away what an alias targets that is here"]
    other = changed(found(some, "aliases"), id="ALIAS00002", name="other")
    brought = changed(last, id="mv_other", pointer_id="ALIAS00002", after=None)
    away = changed(gone, id="mv_away", pointer_id="ALIAS00002", after="mv_other")
    assert put(desk, [brought, away, other], said) == [
        Fate.ADDED,
        Fate.ADDED,
        "targets nothing: its moves are not here",
    ]
    again = changed(last, id="mv_again", pointer_id="ALIAS00002", after="mv_away", target="1")
    assert put(desk, [again, other], said) == [Fate.ADDED, Fate.ADDED]
    alias_of = {"file_id": "fl_1", "kind": PointerKind.ALIAS}
    pointer = desk.read(lambda tx: tx.pointers.get(pointer_id="ALIAS00002", **alias_of))
    assert pointer is not None
    assert (pointer.move_id, pointer.target) == ("mv_again", "1")


@both
def test_a_version_of_a_dataset_has_its_datapoints_or_is_not_there(
    taken: tuple[Desk, list[Line], Head],
) -> None:
    desk, _, said = taken
    desk.write(
        lambda tx: tx.datasets.add(
            file_id="ds_1", datapoints=[datapoint("dp_3", body="3"), datapoint("dp_4", body="4")]
        )
    )
    for ids, fate in (
        (["dp_3", "dp_4"], Fate.ADDED),
        (["dp_4", "dp_9"], "some of its datapoints are not here"),
    ):
        packed = pack(ids)
        content = write_dataset(
            DatasetContent(datapoints=packed.digest, count=2, membership=packed.membership)
        )
        kept = of_content("", content, "dataset", file_id="ds_1")
        row = {
            **found(lines(desk), "versions", id="evv_1").row,
            "id": f"dsv_{ids[1]}",
            "file_id": "ds_1",
            "digest": kept.digest,
            "content": base64.b64encode(content).decode(),
        }
        version_line = Line(table="versions", row=row)
        assert put(desk, [version_line], said) == ["some of the lists of its datapoints are not here"]
        parts = packed.parts
        desk.write(partial(_add_parts, parts))
        assert put(desk, [version_line], said) == [fate]


def _add_parts(parts: Mapping[str, str], tx: Transaction) -> None:
    tx.datasets.add_parts(file_id="ds_1", parts=parts)


@both
def test_a_pointer_that_was_moved_here_too_stays(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    desk.write(lambda tx: tx.pointers.move(move("mv_mine", version_id="flv_2")))
    last = found(some, "moves", id="mv_7")
    (fate,) = put(desk, [changed(last, id="mv_later", after="mv_7")], said)
    assert str(fate).startswith("follows another move")
    pointer = desk.read(
        lambda tx: tx.pointers.get(file_id="fl_1", kind=PointerKind.ENVIRONMENT, pointer_id="env_1")
    )
    assert pointer is not None
    assert pointer.move_id == "mv_mine"
    assert put(desk, [changed(last, id="mv_later", after="mv_mine")], said) == [Fate.ADDED]


@both
def test_an_archive_of_an_older_schema_has_fewer_columns(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    row = dict(found(some, "executions", id="exe_2").row)
    for name in ("source", "run_id", "datapoint_id", "is_durable", "attempt"):
        del row[name]
    old = Line(table="executions", row={**row, "id": "exe_old", "name": "old"})
    assert put(desk, [old], said) == [Fate.ADDED]
    kept = desk.read(lambda tx: tx.executions.get(id="exe_old"))
    assert kept is not None
    assert (kept.source, kept.is_durable, kept.attempt) == (None, False, 0)
    assert put(desk, [old], said) == [Fate.UNCHANGED]
    del row["file_id"]
    assert put(desk, [Line(table="executions", row={**row, "id": "exe_x"})], said) == ["has no file_id"]


@pytest.mark.parametrize("kind", KINDS_OF_STORES)
def test_what_an_organisation_is_born_with_gives_way(kind: str) -> None:
    with asyncio.Runner() as runner, ExitStack() as stack:
        one, other = (stack.enter_context(new_desk(kind, runner)) for _ in range(2))
        fill(one)

        def bear(tx: Transaction) -> None:
            tx.access.add_organisation(Organisation(account=HOME, name="New", created_at=at(99)))
            tx.files.add_directory(directory("dir_born", path="", created_at=at(99), updated_at=at(99)))
            born = environment("env_born", tag=EnvironmentTag.DEFAULT, created_at=at(99))
            tx.environments.add(born)
            tx.environments.add(environment("env_born_too", "staging", created_at=at(99)))
            tx.access.add_user(user("usr_local", email="usr_1@example.com"))

        other.write(bear)
        some, said = lines(one), head(one)
        fates = put(other, some, said)
        assert set(fates) == set(Fate)
        assert fates.count(Fate.UNCHANGED) == 2  # the root, which is another now, and the user
        assert lines(other) == some
        kept = other.read(lambda tx: tx.versions.get(id="flv_1"))
        assert kept is not None
        assert kept.created_by == "usr_local"


@both
def test_what_is_used_keeps_its_root_and_environments(taken: tuple[Desk, list[Line], Head]) -> None:
    desk, some, said = taken
    root = changed(found(some, "entries", id="dir_root"), id="dir_other")
    inside = changed(
        found(some, "entries", id="ds_1"),
        id="ds_2",
        short_id="DS_2",
        short_name="two",
        path="ds_2",
        name="ds_2",
        name_folded="ds_2",
        directory_id="dir_other",
    )
    moved = msgspec.structs.replace(said, root="dir_other")
    assert put(desk, [root, inside], moved) == [Fate.UNCHANGED, Fate.ADDED]
    there = desk.read(lambda tx: tx.files.get(id="ds_2"))
    assert there is not None
    assert there.directory_id == "dir_root"


def test_a_store_in_memory_has_no_archive() -> None:
    with (
        asyncio.Runner() as runner,
        new_desk("memory", runner) as desk,
        pytest.raises(Conflict, match="memory"),
    ):
        desk.read(lambda tx: tx.archive)
