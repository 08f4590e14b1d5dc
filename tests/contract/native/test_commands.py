"""`headrace diff`, `live`, `deploy`, `promote`, `rollback`, `history`, `split`, `off`, `on` and `gate`."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server, create_key, run
from tests.stores import about_files

pytestmark = pytest.mark.live
FILE = "support/Triage"


@pytest.fixture(scope="module")
def live(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    path = tmp_path_factory.mktemp("commands") / "headrace.db"
    server = LiveServer(store=f"sqlite:///{path}").start()
    yield server
    assert server.stop() == 0


@pytest.fixture
def command(live: LiveServer) -> Any:
    """A command of this server's store, on a flow with three versions, the first of them in production."""
    client = live.humanloop()
    known = next((flow.id for flow in client.flows.list() if flow.path == FILE), None)
    if known is not None:
        client.flows.delete(known)
    for number in (1, 2, 3):
        client.flows.upsert(path=FILE, attributes={"says": f"version {number}"})

    def call(*arguments: str) -> CompletedProcess[str]:
        return run(*arguments, "--store", live.store)

    return call


def told(done: CompletedProcess[str], status: int = 0) -> str:
    """What a command that ended so printed."""
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stdout


def why(done: CompletedProcess[str], status: int = 1) -> str:
    """What a command that ended so complained of."""
    assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
    return done.stderr


def test_diff(command: Any) -> None:
    text = told(command("diff", FILE))
    assert text.startswith("values: 1 changed\n~ says: ")
    assert told(command("diff", FILE, "1", "3")) == text, "what is in production, and the newest version"
    assert "\x1b" not in text, "there is no terminal"
    assert told(command("diff", FILE, "2", "2", "--exit-code")) == "no differences\n"
    told(command("diff", FILE, "2", "production", "--exit-code"), 1)
    assert "nothing called `17`" in why(command("diff", FILE, "1", "17", "--exit-code"), 2)
    assert "nothing called `17`" in why(command("diff", FILE, "1", "17"), 1)
    assert json.loads(told(command("diff", FILE, "--json")))["summary"] == {"values_changed": 1}


def test_live_and_deploy(command: Any) -> None:
    assert told(command("live", FILE)).split()[:2] == ["production", "1"]
    moved = told(command("deploy", FILE, "--to", "staging", "--version", "2", "--reason", "shorter"))
    assert moved.startswith(f"staging of {FILE}: nothing -> 2 (flv_")
    assert "is so already" in told(command("deploy", FILE, "--to", "staging", "--version", "2"))
    shown = json.loads(told(command("live", FILE, "staging", "--json")))
    assert (shown["number"], shown["pointer"]["name"]) == (2, "staging")
    told(command("deploy", FILE, "--to", "production", "--from", "staging", "--expect", "1"))
    stale = why(command("deploy", FILE, "--to", "production", "--version", "3", "--expect", "1"))
    assert "1 was expected" in stale
    assert stale.startswith("Error: The environment `production` of Flow")
    assert len(told(command("live", FILE)).splitlines()) == 2


def test_a_rehearsal_shows_what_differs(command: Any) -> None:
    text = told(command("deploy", FILE, "--to", "production", "--version", "3", "--dry-run"))
    assert "Nothing was changed: this is what would be." in text
    assert "values: 1 changed" in text
    assert told(command("live", FILE)).split()[1] == "1"


def test_promote_roll_back_and_history(command: Any) -> None:
    told(command("deploy", FILE, "--to", "staging", "--version", "3"))
    told(command("promote", FILE, "--from", "staging", "--to", "production", "--reason", "good\x1b[31m"))
    back = told(command("rollback", FILE, "--in", "production", "--reason", "wrong language"))
    assert f"production of {FILE}: 3 (" in back
    nothing = why(command("rollback", FILE, "--in", "production"))
    assert "nothing to roll back to" in nothing
    assert "--override" in why(command("rollback", FILE, "--in", "production", "--override"), 2)
    lines = told(command("history", FILE, "--in", "production")).splitlines()
    assert [line.split()[4] for line in lines] == ["rollback", "promote", "move"]
    assert "good\\x1b[31m" in lines[1], "what somebody wrote does nothing to the terminal"
    promoted = lines[1].split()[0]
    again = told(command("rollback", FILE, "--in", "production", "--to-move", promoted))
    assert "-> 3 (" in again
    whole = json.loads(told(command("history", FILE, "--most", "2", "--json")))
    assert [one["action"] for one in whole] == ["rollback", "rollback"]


def test_split(command: Any) -> None:
    split = told(command("split", FILE, "1=90", "2=10", "--in", "production"))
    assert "split 1 90%, 2 10%" in split
    assert "split 1 90%, 2 10%" in told(command("live", FILE))
    figures = told(command("split", FILE, "--in", "production"))
    assert [line.split()[:3] for line in figures.splitlines()[1:]] == [
        ["1", "weight", "90"],
        ["2", "weight", "10"],
    ]
    assert "split" not in told(command("split", FILE, "--in", "production", "--end")).partition("->")[2]
    assert (
        told(command("history", FILE, "--most", "1")).rstrip().partition("  by ")[0].endswith("split ended")
    )
    assert "There is no split" in told(command("split", FILE, "--in", "production"))
    assert "VERSION=WEIGHT" in why(command("split", FILE, "1=", "--in", "production"), 2)
    assert "either weights or --end" in why(command("split", FILE, "1=1", "--in", "production", "--end"), 2)
    lonely = why(command("split", FILE, "2=1", "3=1", "--in", "production"))
    assert "must have a share too" in lonely


def test_off_and_on(command: Any) -> None:
    assert "Missing option '--reason'" in why(command("off", FILE), 2)
    off = told(command("off", FILE, "--in", "production", "--reason", "the provider is down"))
    assert off == f"production of {FILE} is switched off.\n"
    assert told(command("live", FILE)).rstrip().endswith("off")
    assert "was already switched off" in told(command("off", FILE, "--in", "production", "--reason", "again"))
    assert "would be switched on" in told(command("on", FILE, "--in", "production", "--dry-run"))
    told(command("on", FILE, "--in", "production"))
    assert told(command("off", FILE, "--reason", "private data")) == f"{FILE} is switched off.\n"
    assert "itself is switched off" in told(command("live", FILE))
    told(command("on", FILE))
    actions = [one["action"] for one in json.loads(told(command("history", FILE, "--json")))]
    assert actions == ["switch_on", "switch_off", "switch_on", "switch_off", "move"]


def test_gates(command: Any, tmp_path: Path) -> None:
    rules = tmp_path / "gate.json"
    rules.write_text('{"rules": [{"type": "approval", "by": 1}]}')
    at = (FILE, "--in", "production")
    assert "no gate" in told(command("gate", "show", *at))
    assert "set by Local User" in told(command("gate", "set", *at, "--rules", str(rules)))
    assert '"type": "approval"' in told(command("gate", "show", *at))
    closed = told(command("gate", "check", *at, "--version", "2"), 1)
    assert closed.startswith("The gate is closed:\n  NO  0 of 1")
    assert "does not let" in why(command("deploy", FILE, "--to", "production", "--version", "2"))
    rehearsed = told(command("deploy", FILE, "--to", "production", "--version", "2", "--dry-run"), 1)
    assert "The gate is closed:" in rehearsed
    own = why(command("gate", "approve", *at, "--version", "2"))
    assert "others have to approve it" in own
    told(command("deploy", FILE, "--to", "production", "--version", "2", "--override", "--reason", "urgent"))
    assert "(gate overridden)" in told(command("history", FILE, "--most", "1"))
    assert told(command("gate", "remove", *at)) == "The gate is removed.\n"
    told(command("gate", "check", *at, "--version", "3"))

    everywhere = ("--environment", "staging")
    told(command("gate", "set", *everywhere, "--rules", str(rules)))
    assert "for all files" in told(command("gate", "show", FILE, "--in", "staging"))
    assert json.loads(told(command("gate", "show", *everywhere, "--json")))["is_for_all_files"] is True
    told(command("gate", "remove", *everywhere))
    assert "There is no gate" in why(command("gate", "show", *everywhere))


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("deploy", FILE, "--to", "production"), "either --version or --from"),
        (("deploy", FILE, "--version", "1"), "Missing option '--to'"),
        (("gate", "show", FILE), "either FILE and --in, or --environment"),
        (("gate", "show", FILE, "--in", "a", "--environment", "b"), "either FILE and --in, or --environment"),
        (("live", " "), "it is empty"),
    ],
)
def test_a_command_that_is_not_understood(command: Any, arguments: tuple[str, ...], words: str) -> None:
    assert words in why(command(*arguments), 2)


def test_rules_that_are_no_json(command: Any, tmp_path: Path) -> None:
    rules = tmp_path / "gate.json"
    rules.write_text("rules: []")
    at = ("gate", "set", FILE, "--in", "production", "--rules")
    assert "is not JSON" in why(command(*at, str(rules)), 2)
    rules.write_text('{"rules": []}')
    assert "A gate needs rules" in why(command(*at, str(rules)))


def test_what_is_not_there(command: Any) -> None:
    assert "There is no file with the id `nope`" in why(command("live", "nope"))
    assert "there is no such environment" in why(command("live", FILE, "qa"))


def test_a_server_elsewhere_with_keys(make_server: Any) -> None:
    live, admin = closed_server(make_server)
    made = live.humanloop(admin["api_key"]).flows.upsert(path="a/b", attributes={"x": 1})
    reader = create_key(live.store, "reader")
    elsewhere = {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": reader["api_key"]}
    assert "production" in told(run("live", made.id, **elsewhere))
    refused = why(run("deploy", "a/b", "--to", "staging", "--version", "1", **elsewhere))
    assert "needs the right 'editor'" in refused or "'editor'" in refused


@about_files
def test_a_store_that_no_server_has(tmp_path: Path) -> None:
    live = LiveServer(store=f"sqlite:///{tmp_path}/headrace.db").start()
    for number in (1, 2):
        live.humanloop().flows.upsert(path="a/b", attributes={"x": number})
    live.stop()
    told(run("deploy", "a/b", "--to", "production", "--version", "2", "--store", live.store))
    assert "2 (flv_" in told(run("live", "a/b", "--store", live.store))
    missing = why(run("live", "a/b", "--store", f"sqlite:///{tmp_path}/none.db"))
    assert "There is no store" in missing
