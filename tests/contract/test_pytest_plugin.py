"""The fixture for the tests of a team's flows, in a pytest of its own; and the server that it gives."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.docs.pages import ROOT
from tests.unit.engine.flows import end, level, node, start

from headrace.testing import FlowAsked, FlowFailed, FlowRefused, Headrace, NoServer
from headrace.testing.answers import BadAnswers

pytestmark = [pytest.mark.live, pytest.mark.slow]

WITHIN_S = 120
TICKET = {"customer": "Ben", "subject": "Export", "body": "It does not start."}
FIVE_LINES = f"""
def test_a_problem_gets_a_draft(headrace):
    headrace.answers({{"Classify": "Problem.", "DraftReply": "Try again."}})
    triage = headrace.flow("flow.json")
    assert triage({TICKET}) == {{"DraftOutput": "Try again."}}
"""
AGENTS = """
[[agents.route]]
type = "local"
match = "*"
model = "an-agent"
instructions = "Help."
"""
ASKS = {
    "content": [{"toolUse": {"toolUseId": "t", "name": "ask_user", "input": {"question": "Which colour?"}}}],
    "stop_reason": "tool_use",
}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "flow.json").write_text((ROOT / "examples" / "support_triage.json").read_text())
    (tmp_path / "pytest.ini").write_text("[pytest]\n")
    return tmp_path


def call(folder: Path, *options: str, **files: str) -> str:
    """What pytest prints about tests in a process that knows nothing of this one."""
    for name, text in files.items():
        (folder / f"{name}.py").write_text(text)
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(("HEADRACE", "PYTEST"))
    }
    # Not by the entry point, which an installation before this one may not have.
    plugin = ["-p", "headrace.pytest_plugin", "-p", "no:cacheprovider"]
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-rA", *plugin, *options],
        cwd=folder,
        env={**environment, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    return done.stdout + done.stderr


def test_five_lines_test_a_flow(folder: Path) -> None:
    said = call(folder, test_flow=FIVE_LINES)
    assert "1 passed" in said, said
    assert len(FIVE_LINES.strip().splitlines()) <= 5


def test_answers_are_those_of_their_test_and_of_the_file(folder: Path) -> None:
    (folder / "answers.json").write_text(
        json.dumps(
            {"answers": [{"node": "Classify", "answer": "Problem."}, {"node": "*", "answer": "By file."}]}
        )
    )
    tests = f"""
TICKET = {TICKET}

def test_one(headrace):
    headrace.answers({{"DraftReply": "By test."}})
    assert headrace.flow("flow.json")(TICKET) == {{"DraftOutput": "By test."}}
    headrace.answers({{"DraftReply": ["Once.", "Twice."]}})
    assert headrace.flow("flow.json")(TICKET) == {{"DraftOutput": "Once."}}

def test_another(headrace):
    assert headrace.flow("flow.json")(TICKET) == {{"DraftOutput": "By file."}}
"""
    assert "2 passed" in call(folder, "--headrace-answers", "answers.json", test_flow=tests)
    (folder / "pytest.ini").write_text("[pytest]\nheadrace_answers = answers.json\n")
    assert "2 passed" in call(folder, test_flow=tests)


def test_a_failure_says_which_node_and_why(folder: Path) -> None:
    tests = f"""
def test_nobody_answers(headrace):
    headrace.flow("flow.json")({TICKET})

def test_of_something_else():
    assert 1 == 2

def test_no_definition(headrace):
    headrace.flow({{"nodes": [], "connections": []}})

def test_no_file(headrace):
    headrace.flow("flew.json")
"""
    said = call(folder, test_flow=tests)
    assert "4 failed" in said
    lines = [line[1:].strip() for line in said.splitlines() if line.startswith("E ")]
    first = "headrace.testing.failures.FlowFailed: flow.json failed: Node Classify failed: The script answers.json"
    assert lines[0].startswith(first)
    assert any(re.match(r"Ticket +done", line) for line in lines), "the trace is there"
    assert any(re.match(r"Classify +failed", line) for line in lines)
    assert 'in  body: "It does not start."' in lines
    assert "Error: The flow has no output node." in lines
    assert "flew.json" in said
    assert "src/headrace" not in said.replace(str(ROOT), ""), "the traceback ends in the test"


def test_clients_are_there(folder: Path) -> None:
    said = call(
        folder,
        test_flow=f"""
def test_clients(headrace):
    headrace.answers({{"Classify": "Problem.", "DraftReply": "Try again."}})
    flow = headrace.flow("flow.json")
    assert [one["id"] for one in headrace.bedrock.list_flows()["flowSummaries"]] == [flow.id]
    answer = headrace.runtime.invoke_flow(
        flowIdentifier=flow.id, flowAliasIdentifier="TSTALIASID",
        inputs=[{{"nodeName": "Ticket", "nodeOutputName": "document", "content": {{"document": {TICKET}}}}}],
    )
    outputs = [one["flowOutputEvent"] for one in answer["responseStream"] if "flowOutputEvent" in one]
    assert [one["content"]["document"] for one in outputs] == ["Try again."]
    assert headrace.humanloop.flows.upsert(path="a/b", attributes={{"x": 1}}).path == "a/b"
    assert headrace.url.startswith("http://127.0.0.1:")
""",
    )
    assert "1 passed" in said, said


def test_settings_are_a_fixture_and_the_configuration_a_line(folder: Path) -> None:
    (folder / "pytest.ini").write_text("[pytest]\nheadrace_config = flows.toml\n")
    (folder / "flows.toml").write_text(AGENTS)
    (folder / "headrace.toml").write_text("this is no TOML, and not read")
    (folder / "asks.json").write_text(json.dumps(asking()))
    settings = """
import pytest

@pytest.fixture(scope="session")
def headrace_settings(tmp_path_factory):
    return {"store": tmp_path_factory.mktemp("store") / "flows.db", "region": "eu-west-1"}
"""
    tests = f"""
def test_settings(headrace):
    headrace.answers({{"Ask": [{ASKS}, "Green it is."]}})
    flow = headrace.flow("asks.json")
    assert flow.run("hello").question == "Which colour?"
    assert "eu-west-1" in headrace.bedrock.get_flow(flowIdentifier=flow.id)["arn"]
"""
    said = call(folder, conftest=settings, test_flow=tests)
    assert "1 passed" in said, said


@pytest.mark.parametrize(
    ("line", "why"),
    [
        ("headrace_answers = none.json", "none.json: No such file or directory"),
        ("headrace_config = none.toml", "none.toml"),
        ("headrace_models = mine", "headrace_models is scripted or config, not 'mine'"),
    ],
)
def test_what_can_not_be_started_is_said_once(folder: Path, line: str, why: str) -> None:
    (folder / "pytest.ini").write_text(f"[pytest]\n{line}\n")
    said = call(folder, test_flow=FIVE_LINES)
    assert "1 error" in said
    assert why in said
    assert "Traceback" not in said


def test_a_run_of_pytest_that_does_not_use_it_imports_nothing_for_it(folder: Path) -> None:
    said = call(
        folder,
        test_other="""
import sys

def test_other():
    assert {one for one in sys.modules if one.startswith("headrace")} == {"headrace", "headrace.pytest_plugin"}
    assert not {"msgspec", "boto3", "apsw", "uvicorn"} & set(sys.modules)
""",
    )
    assert "1 passed" in said, said


def test_the_entry_point_is_declared() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    assert project["entry-points"]["pytest11"] == {"headrace": "headrace.pytest_plugin"}


# The server without pytest.


def asking() -> dict[str, Any]:
    arn = "arn:aws:bedrock:us-east-1:000000000000:agent-alias/AGENT00001/ALIAS00001"
    agent = node("Ask", "Agent", {"agentInputText": "String"}, {"agentResponse": "String"}, agentAliasArn=arn)
    return level(
        [start("String"), agent, end(type="String")],
        "Start.document > Ask.agentInputText",
        "Ask.agentResponse > End.document",
    )


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Headrace]:
    config = tmp_path_factory.mktemp("config") / "headrace.toml"
    config.write_text(AGENTS)
    with Headrace(settings={"config": config}, root=ROOT / "examples") as server:
        yield server


@pytest.fixture(autouse=True)
def forget(request: pytest.FixtureRequest) -> Iterator[None]:
    yield
    if "server" in request.fixturenames:
        request.getfixturevalue("server").forget_answers()


def test_a_flow_that_asks_is_answered(server: Headrace) -> None:
    server.answers({"Ask": [ASKS, ASKS, "Green it is."]})
    flow = server.flow(asking())
    first = flow.run("hello")
    assert (first.question, first.outputs) == ("Which colour?", {})
    last = first.answer("blue").answer("green")
    assert (last.id, last.question, last.outputs) == (first.id, None, {"End": "Green it is."})
    with pytest.raises(FlowAsked, match="asks: Which colour"):
        flow("hello")


def test_a_run_tells_its_path_and_its_trace(server: Headrace) -> None:
    server.answers({"Classify": "Problem.", "DraftReply": "Try again."})
    run = server.flow(Path("support_triage.json")).run(TICKET)
    assert run.path[:2] == ("Ticket", "Classify")
    assert run.path[-2:] == ("DraftReply", "DraftOutput")
    assert "SearchHandbook" not in run.path
    assert '"Problem."' in run.trace


def test_the_node_that_failed_is_known(server: Headrace) -> None:
    server.answers({"Classify": {"error": {"fault": "throttled", "message": "slow down"}}})
    with pytest.raises(FlowFailed, match="slow down") as failed:
        server.flow("support_triage.json")(TICKET)
    assert failed.value.node == "Classify"


def test_a_flow_is_made_once(server: Headrace) -> None:
    content = json.loads((ROOT / "examples" / "support_triage.json").read_text())
    assert server.flow("support_triage.json") is server.flow({"definition": content})
    assert server.flow(asking()) is not server.flow(content)


def test_answers_are_heard_however_fast_they_change(server: Headrace) -> None:
    flow = server.flow(asking())
    for number in range(30):
        server.answers({"Ask": f"{number:02}"})
        assert flow("x") == {"End": f"{number:02}"}


@pytest.mark.parametrize("answers", [{"Ask": 1}, [{"nod": "Ask", "answer": "x"}], {"Ask": {"txt": "x"}}, [1]])
def test_answers_that_are_none_are_refused(server: Headrace, answers: Any) -> None:
    with pytest.raises(BadAnswers, match="answers: "):
        server.answers(answers)


def test_a_definition_that_is_none_is_refused(server: Headrace, tmp_path: Path) -> None:
    broken = tmp_path / "broken.json"
    broken.write_text("{")
    with pytest.raises(FlowRefused, match=r"broken\.json"):
        server.flow(broken)
    with pytest.raises(FlowRefused, match="is refused"):
        server.flow({"nodes": [{"name": "x"}]})


def test_models_of_the_configuration_take_no_answers(tmp_path: Path) -> None:
    config = tmp_path / "headrace.toml"
    config.write_text('[[models.route]]\nmatch = "*"\nprovider = "echo"\n' + AGENTS)
    with Headrace(settings={"config": config, "scripted": ""}) as server:
        assert server.flow(asking())("hello")["End"]
        with pytest.raises(ValueError, match="as the configuration says"):
            server.answers({"Ask": "x"})


def test_a_server_that_does_not_start_says_why() -> None:
    with pytest.raises(NoServer, match="HEADRACE_PROT"):
        Headrace(settings={"prot": 1})
