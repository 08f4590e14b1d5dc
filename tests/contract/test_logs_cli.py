"""`headrace logs`, as people call it."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import furnished
from tests.contract.keys import run
from tests.contract.test_run_cli import Place

pytestmark = pytest.mark.live

WITHIN_S = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("logs")
    live = furnished(folder).start()
    yield Place(live, folder)
    assert live.stop() == 0


@pytest.fixture(scope="module")
def ids(place: Place) -> dict[str, str]:
    """A log of each sort: by what its output is, or its error."""
    client = place.live.humanloop()
    said: dict[str, dict[str, Any]] = {
        "first": {
            "flow": {"attributes": {"v": 1}},
            "output": "first",
            "inputs": {"said": "my parcel is late"},
        },
        "second": {"flow": {"attributes": {"v": 2}}, "output": "second"},
        "live": {"output": "live", "environment": "production"},
        "broken": {"flow": {"attributes": {"v": 1}}, "error": "out of\x1b[31m luck", "source": "cron"},
        "old": {
            "output": "old",
            "created_at": datetime(2020, 1, 2, 3, 4, 5, tzinfo=UTC),
            "metadata": {"customer": "c17"},
        },
    }
    return {name: client.flows.log(path="support/triage", **log).id for name, log in said.items()}


def logs(place: Place, *words: str) -> subprocess.CompletedProcess[str]:
    return run("logs", *words, HEADRACE_STORE=place.live.store, **place.address)


def listed(place: Place, *options: str) -> list[str]:
    """The ids that a list or a search finds."""
    done = logs(place, *options, "--json")
    assert (done.returncode, done.stderr) == (0, "")
    return [one["id"] for one in json.loads(done.stdout)]


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        ([], ["broken", "live", "second", "first", "old"]),
        (["--most", "1"], ["broken"]),
        (["--file", "support/triage"], ["broken", "live", "second", "first", "old"]),
        (["--file", "support/triage", "--version", "2"], ["second"]),
        (["--environment", "production"], ["live"]),
        (["--since", "1h"], ["broken", "live", "second", "first"]),
        (["--since", "2020-01-02", "--until", "2020-01-03T00:00:00Z"], ["old"]),
        (["--until", "1d"], ["old"]),
        (["--error"], ["broken"]),
        (["--no-error"], ["live", "second", "first", "old"]),
        (["--source", "cron"], ["broken"]),
        (["--user", "nobody"], []),
        (["--roots"], ["broken", "live", "second", "first", "old"]),
    ],
    ids=" ".join,
)
def test_lists(place: Place, ids: dict[str, str], options: list[str], expected: list[str]) -> None:
    assert listed(place, "list", *options) == [ids[name] for name in expected]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        (["second"], ["second"]),
        (["parcel", "lat"], ["first"]),
        (["luck", "--error"], ["broken"]),
        (["luck", "--no-error"], []),
        (["--metadata", "c17"], ["old"]),
    ],
    ids=" ".join,
)
def test_searches(place: Place, ids: dict[str, str], words: list[str], expected: list[str]) -> None:
    assert listed(place, "search", *words) == [ids[name] for name in expected]


def test_lines_for_people(place: Place, ids: dict[str, str]) -> None:
    newest, *others = logs(place, "list").stdout.splitlines()
    assert newest.startswith(ids["broken"])
    assert newest.endswith(r"support/triage (1)  ! out of\x1b[31m luck")
    assert "2020-01-02 03:04:05Z" in others[-1]
    assert logs(place, "list", "--user", "nobody").stdout == "There is none.\n"


def test_one_in_full(place: Place, ids: dict[str, str]) -> None:
    done = logs(place, "show", ids["first"])
    assert (done.returncode, done.stderr) == (0, "")
    assert ids["first"] in done.stdout
    assert '\nInputs:\n  {"said": "my parcel is late"}\nOutput:\n  first\n' in done.stdout
    shown = json.loads(logs(place, "show", ids["broken"], "--json").stdout)
    assert (shown["error_text"], shown["source"]) == ("out of\x1b[31m luck", "cron")


@pytest.mark.parametrize(
    ("words", "status", "message"),
    [
        (["show", "log_nothing"], 1, "log_nothing"),
        (["list", "--file", "no/such"], 1, "no/such"),
        (["list", "--since", "soon"], 2, "'soon' is no time"),
        (["list", "--since", "999999w"], 2, "'999999w' is no time"),
        (["search"], 2, "Say what is looked for"),
        (["list", "--most", "0"], 2, "--most"),
    ],
    ids=lambda one: " ".join(one) if isinstance(one, list) else None,
)
def test_what_can_not_be_done_is_named(place: Place, words: list[str], status: int, message: str) -> None:
    done = logs(place, *words)
    assert done.returncode == status
    assert message in done.stderr
    assert "Traceback" not in done.stderr


def test_those_that_come_are_followed(place: Place, ids: dict[str, str]) -> None:
    """Each is told once, the oldest first; and who interrupts is told nothing."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    command = [sys.executable, "-m", "headrace", "logs", "list", "--file", "support/followed", "--follow"]
    client = place.live.humanloop()

    def log(output: str) -> str:
        return str(client.flows.log(path="support/followed", output=output).id)

    before = [log("one"), log("two")]
    with subprocess.Popen(
        [*command, "--json"],
        env=environment | {"HEADRACE_STORE": place.live.store, **place.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as following:
        assert following.stdout is not None
        assert [_id(following.stdout.readline()) for _ in before] == before
        later = [log("three"), log("four")]
        assert [_id(following.stdout.readline()) for _ in later] == later
        following.send_signal(signal.SIGINT)
        rest, said = following.communicate(timeout=WITHIN_S)
    assert (following.returncode, rest, said.strip()) == (130, "", "")


def _id(line: str) -> Any:
    return json.loads(line)["id"]


def test_they_are_read_from_another_server(place: Place, ids: dict[str, str]) -> None:
    """HEADRACE_URL names it, with whatever store is here."""
    done = run("logs", "search", "second", "--json", HEADRACE_URL=place.live.url, HEADRACE_API_KEY="any")
    assert [one["id"] for one in json.loads(done.stdout)] == [ids["second"]]


def test_a_server_that_is_not_there(tmp_path: Path) -> None:
    done = run("logs", "list", HEADRACE_STORE=f"sqlite:///{tmp_path}/none.db")
    assert done.returncode == 1
    assert "Traceback" not in done.stderr
