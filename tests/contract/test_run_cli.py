"""`headrace run` and `headrace executions`, as people call them."""

from __future__ import annotations

import json
import os
import pty
import select
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from tests import stores
from tests.contract.bedrock.running import agent, chain, code, furnished, install, invoke, prompt
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live

ASKS = chain(("AgentsNode_1", "Agent", agent()))


@dataclass
class Place:
    """A server, and the folder it was furnished in."""

    live: LiveServer
    folder: Path

    def run(self, *words: str, stdin: str = "") -> subprocess.CompletedProcess[str]:
        return headrace(*words, folder=self.folder, store=self.live.store, stdin=stdin, **self.address)

    @property
    def address(self) -> dict[str, str]:
        """Where the server is, said to commands that can't find it by a note beside its store."""
        url = {"HEADRACE_URL": self.live.url, "HEADRACE_API_KEY": "any"}
        return url if stores.IS_POSTGRES else {}


def headrace(
    *words: str, folder: Path, store: str = "memory:", stdin: str = "", **variables: str
) -> subprocess.CompletedProcess[str]:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    environment |= {"HEADRACE_STORE": store, "HEADRACE_CONFIG": str(folder / "headrace.toml"), **variables}
    return subprocess.run(
        [sys.executable, "-m", "headrace", *words],
        env=environment,
        cwd=folder,
        input=stdin,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp("cli")
    live = furnished(folder, wait_for_record="true").start()
    yield Place(live, folder)
    assert live.stop() == 0


def named(place: Place, definition: dict[str, Any]) -> str:
    """The name of a new flow."""
    client = place.live.boto()
    return str(client.get_flow(flowIdentifier=install(client, definition))["name"])


def write(folder: Path, definition: Any) -> str:
    (folder / "flow.json").write_text(json.dumps(definition))
    return "flow.json"


def test_a_flow_of_the_server_runs_by_its_name(place: Place) -> None:
    name = named(place, chain(("Ask", "Prompt", prompt())))
    done = place.run("run", name, "--input", "hello")
    assert (done.returncode, done.stdout, done.stderr) == (0, "Said.\n", "")


def test_input_comes_from_where_it_is_said(place: Place) -> None:
    name = named(place, chain(("Work", "InlineCode", code("[value]")), type="Array"))
    (place.folder / "input.json").write_text('["ü"]')
    assert place.run("run", name, "--input", "@input.json").stdout == '[["ü"]]\n'
    assert place.run("run", name, "--input", "-", stdin="[1]").stdout == "[[1]]\n"
    assert place.run("run", name, "--input", "@none.json").returncode == 2


def test_a_choice_says_what_runs(place: Place) -> None:
    client = place.live.boto()
    flow = install(client, chain(("Work", "InlineCode", code("'one'"))))
    name = client.get_flow(flowIdentifier=flow)["name"]
    client.create_flow_version(flowIdentifier=flow)
    client.create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=[{"flowVersion": "1"}])
    second = chain(("Work", "InlineCode", code("'two'")))
    role = client.get_flow(flowIdentifier=flow)["executionRoleArn"]
    client.update_flow(flowIdentifier=flow, name=name, executionRoleArn=role, definition=second)
    client.prepare_flow(flowIdentifier=flow)
    for choice, output in (
        ((), "one"),
        (("--draft",), "two"),
        (("--version", "1"), "one"),
        (("--alias", "live"), "one"),
        (("--alias", "TSTALIASID"), "two"),
    ):
        assert place.run("run", name, "--input", "x", *choice).stdout == f"{output}\n", choice
    assert place.run("run", name, "--input", "x", "--version", "9").returncode == 1
    assert place.run("run", name, "--input", "x", "--draft", "--version", "1").returncode == 1


def test_a_failure_is_told_and_is_the_exit_status(place: Place) -> None:
    name = named(place, chain(("Wrong", "Prompt", prompt())))
    done = place.run("run", name, "--input", "x")
    assert (done.returncode, done.stdout) == (1, "")
    assert done.stderr == "Error: Node Wrong failed: no such model\n"
    found = json.loads(place.run("run", name, "--input", "x", "--json").stdout)
    assert found["error"] == {
        "kind": "dependency",
        "node": "Wrong",
        "message": "Node Wrong failed: no such model",
    }
    unknown = place.run("run", "no/such/flow", "--input", "x")
    assert unknown.returncode == 1
    assert "no/such/flow" in unknown.stderr


def test_a_question_is_answered_in_a_second_command(place: Place) -> None:
    name = named(place, ASKS)
    asked = place.run("run", name, "--input", "ask me", "--json")
    assert asked.returncode == 3
    found = json.loads(asked.stdout)
    assert found["question"] == {"node": "AgentsNode_1", "document": "Which colour?"}
    assert found["execution"] in asked.stderr
    answered = place.run("run", name, "--input", "green", "--answer", found["execution"])
    assert (answered.returncode, answered.stdout) == (0, "Green it is.\n")


def on_terminal(*words: str, folder: Path, store: str, typed: str, **variables: str) -> tuple[int, str, str]:
    """A command whose user types at a terminal: its exit status, its output, and what the terminal shows."""
    keyboard, terminal = pty.openpty()
    place = {"HEADRACE_STORE": store, "HEADRACE_CONFIG": str(folder / "headrace.toml")}
    environment = {**os.environ, **place, **variables}
    command = [sys.executable, "-m", "headrace", *words]
    with subprocess.Popen(
        command,
        env=environment,
        cwd=folder,
        stdin=terminal,
        stdout=subprocess.PIPE,
        stderr=terminal,
        text=True,
    ) as process:
        os.close(terminal)
        os.write(keyboard, typed.encode())
        assert process.stdout is not None
        output = process.stdout.read()
        shown = b""
        while select.select([keyboard], [], [], 0)[0]:
            try:
                part = os.read(keyboard, 65536)
            except OSError:  # the other end is closed
                break
            shown += part
    os.close(keyboard)
    return process.returncode, output, shown.decode()


def test_on_a_terminal_the_user_is_asked(place: Place) -> None:
    name = named(place, ASKS)
    words = ("run", name, "--input", "ask twice")
    store, address = place.live.store, place.address
    done = on_terminal(*words, folder=place.folder, store=store, typed="hm\ngreen\n", **address)
    assert done[:2] == (0, "Green it is.\n"), done
    assert done[2].count("AgentsNode_1 asks: Which colour?") == 2


def test_the_run_of_a_file_asks_on_a_terminal_only(place: Place) -> None:
    write(place.folder, ASKS)
    words = ("run", "flow.json", "--input", "ask me")
    done = on_terminal(*words, folder=place.folder, store="memory:", typed="green\n")
    assert done[:2] == (0, "Green it is.\n"), done
    waits = headrace(*words, folder=place.folder)
    assert (waits.returncode, waits.stdout) == (3, "")
    assert "AgentsNode_1 asks: Which colour?" in waits.stderr
    assert "kept nowhere" in waits.stderr
    assert headrace(*words, "--answer", "x", folder=place.folder).returncode == 2


def test_a_trace_shows_each_node_with_its_values(place: Place) -> None:
    done = place.run("run", named(place, chain(("Ask", "Prompt", prompt()))), "--input", "hello", "--trace")
    lines = done.stderr.splitlines()
    words = [line.split()[0] for line in lines]
    assert words == ["FlowInput", "out", "Ask", "in", "out", "FlowOutput", "in"]
    assert "9 tokens" in lines[2]
    assert lines[4].split() == ["out", "modelCompletion:", '"Said."']


def test_what_ran_can_be_looked_at(place: Place) -> None:
    name = named(place, chain(("Ask", "Prompt", prompt())))
    place.run("run", name, "--input", "hello")
    (one,) = json.loads(place.run("executions", "list", "--flow", name, "--json").stdout)
    assert (one["status"], one["input"], one["output"]) == ("Succeeded", '"hello"', '"Said."')
    listed = place.run("executions", "list", "--flow", name).stdout
    assert one["id"] in listed
    assert f"{name} (draft)" in listed
    shown = place.run("executions", "show", one["id"], "--trace").stdout
    assert "FlowOutput: Said." in shown
    events = json.loads(place.run("executions", "show", one["id"], "--json").stdout)["events"]
    assert len(events) == one["events_count"]
    assert place.run("executions", "show", "exe_none").returncode == 1


def test_an_execution_is_shown_by_what_its_caller_calls_it(place: Place) -> None:
    client, runtime = place.live.boto(), place.live.boto("bedrock-agent-runtime")
    flow, other = (install(client, chain(("Ask", "Prompt", prompt()))) for _ in range(2))
    name = invoke(runtime, flow, "hello").id
    shown = json.loads(place.run("executions", "show", name, "--flow", flow, "--json").stdout)
    assert (shown["name"], shown["flow"]["id"]) == (name, flow)
    assert shown["events"]
    by_id = json.loads(place.run("executions", "show", shown["id"], "--flow", flow, "--json").stdout)
    assert by_id == shown
    for words in ((name,), (name, "--flow", other), (shown["id"], "--flow", other)):
        assert place.run("executions", "show", *words).returncode == 1, words


def test_a_definition_in_a_file_needs_no_server(tmp_path: Path) -> None:
    (tmp_path / "answers.json").write_text(
        json.dumps({"answers": [{"node": "Ask", "text": "^Say hello$", "answer": "Hello!"}]})
    )
    flow = write(tmp_path, {"definition": chain(("Ask", "Prompt", prompt("Say {{text}}")))})
    done = headrace("run", flow, "--input", "hello", "--scripted", "answers.json", folder=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, "Hello!\n", "")
    assert not list(tmp_path.glob("*.db")), "no store was made"
    unmapped = headrace("run", flow, "--input", "hello", folder=tmp_path)
    assert unmapped.returncode == 1
    assert "a-model" in unmapped.stderr


def test_an_unsound_definition_is_refused_with_its_findings(tmp_path: Path) -> None:
    whole = chain(("Ask", "Prompt", prompt()))
    flow = write(tmp_path, {**whole, "connections": whole["connections"][:1]})
    done = headrace("run", flow, "--input", "x", folder=tmp_path)
    assert (done.returncode, done.stdout) == (2, "")
    assert "FlowOutput" in done.stderr
    assert done.stderr.startswith("Error: ")
    misshapen = headrace(
        "run", write(tmp_path, {"nodes": [{"name": "a b"}]}), "--input", "x", folder=tmp_path
    )
    assert misshapen.returncode == 2
    assert "nodes.0" in misshapen.stderr


def test_without_a_server_it_is_said_what_to_do(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/none.db"
    done = headrace("run", "a/flow", "--input", "x", folder=tmp_path, store=store)
    assert done.returncode == 1
    assert "headrace serve" in done.stderr
