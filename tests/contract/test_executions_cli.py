"""`headrace run --background`, `headrace executions` and `headrace processes`, as people call them."""

from __future__ import annotations

import json
import os
import pty
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import chain, furnished, prompt
from tests.contract.conftest import LiveServer
from tests.contract.test_run_cli import Place, headrace, named
from tests.stores import about_finding

pytestmark = pytest.mark.live

WITHIN_S = 60


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("executions")
    live = furnished(folder, wait_for_record="true").start()
    yield Place(live, folder)
    assert live.stop() == 0


@pytest.fixture(scope="module")
def slow(place: Place) -> str:
    """A flow that takes half a minute."""
    return named(place, chain(("Slow", "Prompt", prompt())))


@pytest.fixture(scope="module")
def short(place: Place) -> str:
    """A flow that takes half a second."""
    return named(place, chain(("Short", "Prompt", prompt())))


def started(place: Place, flow: str, *options: str) -> str:
    """The id of an execution that goes on in the background."""
    done = place.run("run", flow, "--input", "x", "--draft", "--background", *options)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.strip()


def listed(place: Place, *options: str) -> list[dict[str, Any]]:
    done = place.run("executions", "list", "--json", *options)
    assert done.returncode == 0, done.stderr
    found: list[dict[str, Any]] = json.loads(done.stdout)
    return found


def opened(place: Place, *words: str) -> subprocess.Popen[str]:
    """A command that goes on."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return subprocess.Popen(
        [sys.executable, "-m", "headrace", *words],
        env=environment | {"HEADRACE_STORE": place.live.store, **place.address},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_it_goes_on_without_the_command_and_is_watched_to_its_end(place: Place, short: str) -> None:
    execution = started(place, short, "--name", "watched-to-its-end")
    done = place.run("executions", "watch", execution)
    assert (done.returncode, done.stderr) == (0, "")
    *nodes, output, ending = done.stdout.splitlines()
    assert [line.split()[:2] for line in nodes] == [
        ["FlowInput", "done"],
        ["Short", "done"],
        ["FlowOutput", "output"],
    ]
    assert output == "FlowOutput: soon"
    assert ending.startswith(execution)
    assert "Succeeded" in ending
    again = place.run("executions", "watch", "watched-to-its-end", "--flow", short, "--json")
    *events, last = map(json.loads, again.stdout.splitlines())
    assert [one["event"] for one in events][:: len(events) - 1] == ["flow_started", "flow_finished"]
    assert last["execution"]["status"] == "Succeeded"


def test_a_name_that_is_taken(place: Place, short: str) -> None:
    started(place, short, "--name", "taken")
    done = place.run("run", short, "--input", "x", "--draft", "--background", "--name", "taken")
    assert done.returncode == 1
    assert "There is an execution taken" in done.stderr


def test_it_is_stopped_while_it_is_watched(place: Place, slow: str) -> None:
    execution = started(place, slow)
    with opened(place, "executions", "watch", execution) as watching:
        assert watching.stdout is not None
        assert watching.stdout.readline().startswith("FlowInput")
        stopped = place.run("executions", "stop", execution)
        assert (stopped.returncode, stopped.stderr) == (0, "")
        assert "Aborted" in stopped.stdout
        assert watching.wait(timeout=WITHIN_S) == 5
        assert "Aborted" in watching.stdout.read()
    assert place.run("executions", "stop", execution).returncode == 0, "it stays stopped"


def test_it_is_named_by_its_arn(place: Place, slow: str) -> None:
    runtime = place.live.boto("bedrock-agent-runtime")
    flow = place.live.boto().list_flows(maxResults=1)["flowSummaries"]
    assert flow
    execution = started(place, slow)
    shown = json.loads(place.run("executions", "show", execution, "--json").stdout)
    arn = runtime.get_flow_execution(
        flowIdentifier=shown["flow"]["id"],
        flowAliasIdentifier="TSTALIASID",
        executionIdentifier=shown["name"],
    )["executionArn"]
    stopped = json.loads(place.run("executions", "stop", arn, "--json").stdout)
    assert (stopped["id"], stopped["status"]) == (execution, "Aborted")
    other = place.run("executions", "stop", arn.replace("000000000000", "000000000001"))
    assert other.returncode == 1
    assert "this server is account 000000000000" in other.stderr


def test_what_has_ended_can_not_be_stopped(place: Place, short: str) -> None:
    execution = started(place, short)
    assert place.run("executions", "watch", execution).returncode == 0
    done = place.run("executions", "stop", execution)
    assert done.returncode == 1
    assert "Succeeded and can't be stopped any more" in done.stderr


def test_what_somebody_waits_for_is_not_stopped(place: Place, short: str) -> None:
    assert place.run("run", short, "--input", "x").returncode == 0
    [newest] = listed(place, "--not-durable", "--most", "1")
    done = place.run("executions", "stop", newest["id"])
    assert done.returncode == 1
    assert "Only executions in the background can be stopped" in done.stderr


def test_a_failure_is_the_exit_status(place: Place) -> None:
    failing = started(place, named(place, chain(("Wrong", "Prompt", prompt()))))
    done = place.run("executions", "watch", failing)
    assert (done.returncode, done.stderr) == (1, "Error: Node Wrong failed: no such model\n")
    assert place.run("executions", "watch", "exe_none").returncode == 1


def test_lists_are_narrowed_down(place: Place, slow: str, short: str) -> None:
    background = started(place, slow)
    ended = started(place, short)
    assert place.run("executions", "watch", ended).returncode == 0
    assert place.run("run", short, "--input", "x").returncode == 0
    running = listed(place, "--status", "running", "--durable", "--flow", slow)
    assert [one["id"] for one in running] == [background]
    waited_for = listed(place, "--flow", short, "--not-durable", "--status", "Succeeded")
    assert waited_for
    assert not any(one["is_durable"] for one in waited_for)
    assert ended in [one["id"] for one in listed(place, "--flow", short, "--durable")]
    assert listed(place, "--flow", short, "--status", "Aborted") == []
    assert place.run("executions", "list", "--status", "odd").returncode == 2
    assert place.run("executions", "stop", background).returncode == 0


def test_a_list_goes_on_past_one_look(place: Place, short: str) -> None:
    for _ in range(3):
        assert place.run("run", short, "--input", "x").returncode == 0
    few = listed(place, "--flow", short, "--not-durable", "--most", "2")
    more = listed(place, "--flow", short, "--not-durable", "--most", "3")
    assert [one["id"] for one in more][:2] == [one["id"] for one in few]
    assert len(more) == 3


def test_all_that_runs_is_watched_until_nothing_does(place: Place, short: str, slow: str) -> None:
    execution = started(place, short)
    done = place.run("executions", "watch", "--until-idle", "--flow", short)
    assert (done.returncode, done.stderr) == (0, "")
    lines = [line for line in done.stdout.splitlines() if line.startswith(execution)]
    assert "Succeeded" in lines[-1] if lines else not listed(place, "--flow", short, "--status", "running")


def test_a_terminal_shows_what_runs(place: Place, slow: str) -> None:
    execution = started(place, slow)
    assert f"{execution}" in _screen(place, "executions", "watch", until=execution)
    assert "running: Slow" in _screen(place, "executions", "watch", execution, until="running: Slow")
    assert place.run("executions", "stop", execution).returncode == 0


def _screen(place: Place, *words: str, until: str) -> str:
    """What a terminal shows by the time that it shows some words; then the user stops looking."""
    keyboard, terminal = pty.openpty()
    command = [sys.executable, "-m", "headrace", *words]
    environment = {**os.environ, "HEADRACE_STORE": place.live.store, "COLUMNS": "200", **place.address}
    with subprocess.Popen(
        command,
        env=environment,
        stdout=terminal,
        stderr=terminal,
        stdin=terminal,
        # Tests that were started in the background are deaf to it, and so is what they start.
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL),
    ) as process:
        os.close(terminal)
        shown, deadline = "", time.monotonic() + WITHIN_S
        while until not in shown:
            assert select.select([keyboard], [], [], max(deadline - time.monotonic(), 0))[0], shown
            shown += os.read(keyboard, 65536).decode()
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=WITHIN_S) == 130
    os.close(keyboard)
    assert "Abort" not in shown.replace("Aborted by", "")
    return shown


@about_finding
def test_watching_outlasts_a_restart(tmp_path: Path) -> None:
    live: LiveServer = furnished(tmp_path, wait_for_record="true", drain_timeout="1").start()
    place = Place(live, tmp_path)
    try:
        execution = started(place, named(place, chain(("Short", "Prompt", prompt()))))
        with opened(place, "executions", "watch", "--json") as watching:
            assert watching.stdout is not None
            assert watching.stdout.readline()
            assert live.stop() == 0
            live.start()
            later = started(place, named(place, chain(("Slow", "Prompt", prompt()))))
            ids = [json.loads(watching.stdout.readline())["id"]]
            while ids[-1] != later:
                ids.append(json.loads(watching.stdout.readline())["id"])
            watching.terminate()
        assert set(ids) <= {execution, later}
    finally:
        live.stop()


def test_processes_are_shown_with_what_they_do(place: Place, slow: str) -> None:
    execution = started(place, slow)
    assert "running: Slow" in _screen(place, "executions", "watch", execution, until="running: Slow")
    [found] = json.loads(place.run("processes", "--json").stdout)
    assert place.live.process is not None
    assert (found["role"], found["pid"]) == ("server", place.live.process.pid)
    assert [one["id"] for one in found["executions"]] == [execution]
    assert found["durable_count"] == 1
    assert found["capacity"] >= 1
    text = place.run("processes").stdout
    assert f"process {found['pid']} on" in text
    assert execution in text
    assert place.run("executions", "stop", execution).returncode == 0


def test_what_can_not_go_to_the_background(place: Place, short: str, tmp_path: Path) -> None:
    for options in (("--version", "1"), ("--trace",), ("--answer", "x")):
        done = place.run("run", short, "--input", "x", "--background", *options)
        assert done.returncode == 2, options
    assert place.run("run", short, "--input", "x", "--name", "n").returncode == 2
    undeployed = place.run("run", short, "--input", "x", "--background", "--alias", "nowhere")
    assert undeployed.returncode == 1
    assert "nowhere" in undeployed.stderr
    gone = headrace("executions", "list", folder=tmp_path, store=f"sqlite:///{tmp_path}/none.db")
    assert gone.returncode == 1
    assert "no store" in gone.stderr
