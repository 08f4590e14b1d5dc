"""Backups of a store that is in use: one moment of it, with all that was acknowledged before, and to go on from."""

from __future__ import annotations

import http.client
import itertools
import json
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import apsw
import pytest
from tests.chaos.fleet import DURABLE_MODULES, client_of
from tests.chaos.work import Place, chain, until
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key, run, run_json
from tests.storage.test_backing_up import files_beside
from tests.stores import about_files

from headrace.storage.copies import backing_up

pytestmark = [pytest.mark.live, about_files]

CLIENTS = 16
BEFORE = 96
"""So many answers there are before the backup begins."""
WITHIN_S = 60


@dataclass(frozen=True, kw_only=True)
class Kept:
    """What a server said that it keeps.

    Attributes:
        asked, answered: places in the order of all that clients did.
    """

    table: str
    id: str
    asked: int
    answered: int


@dataclass
class Load:
    """Clients that write until they are told to stop."""

    url: str
    kept: list[Kept] = field(default_factory=list)
    is_over: threading.Event = field(default_factory=threading.Event)
    _order: Iterator[int] = field(default_factory=itertools.count)

    def write(self, number: int) -> None:
        """Versions and logs of a flow of one's own."""
        parts = urlsplit(self.url)
        connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=WITHIN_S)
        for round_ in itertools.count():
            if self.is_over.is_set():
                break
            asked = next(self._order)
            if round_ % 2:
                said = _post(connection, "/v5/flows/log", {"path": f"flow-{number}", "output": "x" * 500})
                table, id_ = "logs", said["id"]
            else:
                said = _post(
                    connection, "/v5/flows", {"path": f"flow-{number}", "attributes": {"at": round_}}
                )
                table, id_ = "versions", said["version_id"]
            self.kept.append(Kept(table=table, id=id_, asked=asked, answered=next(self._order)))
        connection.close()


def _post(connection: http.client.HTTPConnection, path: str, body: dict[str, Any]) -> Any:
    headers = {"x-api-key": "any", "content-type": "application/json"}
    connection.request("POST", path, json.dumps(body), headers)
    response = connection.getresponse()
    text = response.read()
    assert response.status in (200, 201), text
    return json.loads(text)


def ids_in(path: Path, table: str) -> set[str]:
    connection = apsw.Connection(str(path), flags=apsw.SQLITE_OPEN_READONLY)
    try:
        return {str(id_) for (id_,) in connection.execute(f"SELECT id FROM {table}")}
    finally:
        connection.close()


def test_while_sixteen_clients_write(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    load = Load(live.url)
    archive, place = tmp_path / "backup.tar.gz", tmp_path / "restored.db"
    with ThreadPoolExecutor(CLIENTS) as pool:
        work = [pool.submit(load.write, number) for number in range(CLIENTS)]
        try:
            until(lambda: len(load.kept) >= BEFORE or None, within_s=WITHIN_S, what="answers")
            before = list(load.kept)
            made = run_json("backup", str(archive), "--store", live.store)
            until(lambda: len(load.kept) >= len(before) + CLIENTS or None, within_s=WITHIN_S, what="more")
        finally:
            load.is_over.set()
        for one in work:
            one.result(timeout=WITHIN_S)
    assert run("restore", str(archive), "--store", str(place)).returncode == 0
    there = {table: ids_in(place, table) for table in ("versions", "logs")}
    assert [one for one in before if one.id not in there[one.table]] == []
    # One moment: if something is there, so is all that was acknowledged before it was asked for.
    last = max(one.asked for one in load.kept if one.id in there[one.table])
    earlier = [one for one in load.kept if one.answered < last]
    assert len(earlier) >= len(before)
    assert [one for one in earlier if one.id not in there[one.table]] == []
    assert made["rows"]["logs"] == len(there["logs"])
    assert len(there["logs"]) < len(ids_in(Path(live.store.removeprefix("sqlite:///")), "logs"))
    check_it_is_a_store(make_server(store=f"sqlite:///{place}"), there)


def check_it_is_a_store(live: LiveServer, there: dict[str, set[str]]) -> None:
    """Its server finds what is in it, and takes more."""
    flows = live.humanloop().flows
    assert len(list(flows.list(size=50))) == CLIENTS
    first = flows.upsert(path="flow-0", attributes={"at": 0})
    versions = {version.version_id for version in flows.list_versions(first.id).records}
    assert first.version_id in versions <= there["versions"]
    assert {log.id for log in live.humanloop().logs.list(file_id=first.id)} <= there["logs"]
    later = flows.upsert(path="flow-0", attributes={"at": "later"})
    assert later.version_id not in there["versions"]


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_executions_go_on_from_the_moment_of_the_backup(tmp_path: Path) -> None:
    """Ten of them, at different steps, and some that end just then: none fails, and what was done stays so."""
    place = Place(tmp_path, {"drain_timeout": "0"})
    live = LiveServer(
        store=f"sqlite:///{tmp_path}/headrace.db", settings=place.settings, modules=DURABLE_MODULES
    ).start()
    client = client_of(live)
    flow = client.make(chain(6))
    executions = [client.start(flow, {"n": 0, "pause_s": 0.05 * (1 + number % 5)}) for number in range(15)]
    until(lambda: len(place.said("done")) >= 25 or None, within_s=WITHIN_S, what="steps")
    done = set(place.said("done"))
    archive = tmp_path / "backup.tar"
    made = run_json("backup", str(archive), "--store", live.store)
    assert made["going"] > 0
    assert made["begun_anew"] == 0
    assert "executions.db" in made["files"]
    live.kill()
    (tmp_path / "word").unlink()
    restored = tmp_path / "restored.db"
    assert run("restore", str(archive), "--store", str(restored)).returncode == 0
    again = LiveServer(
        store=f"sqlite:///{restored}", settings=place.settings, modules=DURABLE_MODULES
    ).start()
    try:
        client = client_of(again)
        assert {client.ended(one) for one in executions} == {"Succeeded"}
        assert [client.outputs(one) for one in executions] == [[6]] * len(executions)
    finally:
        assert again.stop() == 0
    repeated = set(place.said("begun")) & done
    # A step that had said "done" but whose reply was not yet on its page; one an execution, at most.
    assert len(repeated) <= len(executions)
    assert len({one.partition("/")[0] for one in repeated}) == len(repeated)


def test_what_was_restored_has_its_secrets(make_server: Any, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/headrace.db"
    key = create_key(store)
    whole, keyless = tmp_path / "whole.tgz", tmp_path / "keyless.tgz"
    assert "as you would a password" in run("backup", str(whole), "--store", store).stdout
    said = run("backup", str(keyless), "--store", store, "--without-key").stdout
    assert "No key is in it" in said
    for archive, is_known in ((whole, True), (keyless, False)):
        place = f"sqlite:///{tmp_path}/{archive.stem}.db"
        assert run("restore", str(archive), "--store", place).returncode == 0
        live = make_server(store=place)
        pair = {"access_key": key["access_key_id"], "secret_key": key["secret_access_key"]}
        agent = live.boto("bedrock-agent", **pair)
        if is_known:
            assert agent.list_flows()["flowSummaries"] == []
        else:
            with pytest.raises(agent.exceptions.ClientError):
                agent.list_flows()
        assert list(live.humanloop(key["api_key"]).flows.list()) == []


def test_a_restore_leaves_a_store_alone_that_is_in_use(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    archive = tmp_path / "backup.tar.gz"
    assert run("backup", str(archive), "--store", live.store).returncode == 0
    refused = run("restore", str(archive), "--store", live.store, "--force")
    assert refused.returncode == 1
    assert "is open in process" in refused.stderr
    live.humanloop().flows.upsert(path="still there", attributes={"a": 1})


def test_after_a_kill_there_is_a_backup_without_a_server(make_server: Any, tmp_path: Path) -> None:
    live = make_server()
    made = live.humanloop().flows.upsert(path="kept", attributes={"a": 1})
    live.kill()
    archive, place = tmp_path / "backup.tar.gz", tmp_path / "restored.db"
    assert run("backup", str(archive), "--store", live.store).returncode == 0
    assert run("restore", str(archive), "--store", str(place)).returncode == 0
    assert ids_in(place, "versions") == {made.version_id}


def test_a_writer_does_not_wait_for_a_backup(
    make_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """While one is held up in the middle, which no clock decides, writes are answered."""
    monkeypatch.setattr(backing_up, "PAGES_AT_ONCE", 16)
    live = make_server()
    flows = live.humanloop().flows
    for number in range(20):
        flows.upsert(path=f"flow-{number}", attributes={"text": "x" * 20_000})
    written: list[str] = []

    def tell(doing: str, done: int, of: int) -> None:
        if doing == "copying store.db" and not written:
            assert done < of, "the copy takes more than one step"
            written.append(flows.upsert(path="meanwhile", attributes={"a": 1}).version_id)

    path = Path(live.store.removeprefix("sqlite:///"))
    archive = tmp_path / "backup.tar"
    made = backing_up.back_up(files_beside(path), archive, release="test", has_key=True, tell=tell)
    assert written
    assert made.rows["versions"] == 20


def test_a_server_can_be_stopped_while_a_backup_is_made(
    make_server: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(backing_up, "PAGES_AT_ONCE", 16)
    live = make_server()
    made = live.humanloop().flows.upsert(path="kept", attributes={"text": "x" * 200_000})
    ended: list[int] = []

    def tell(doing: str, done: int, of: int) -> None:
        if doing == "copying store.db" and not ended:
            live.humanloop().flows.upsert(path="later", attributes={"a": 1})
            ended.append(live.stop())

    path = Path(live.store.removeprefix("sqlite:///"))
    archive, place = tmp_path / "backup.tar", tmp_path / "restored.db"
    backing_up.back_up(files_beside(path), archive, release="test", has_key=True, tell=tell)
    assert ended == [0]
    assert run("restore", str(archive), "--store", str(place)).returncode == 0
    assert ids_in(place, "versions") == {made.version_id}
    live.start()
    assert len(list(live.humanloop().flows.list())) == 2
