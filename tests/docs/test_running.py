"""The pages that run flows do what they say: the second tutorial, and the tests in CI."""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import subprocess
import sys
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
import yaml
from tests.contract.conftest import LiveServer
from tests.docs.pages import ADDRESS, ROOT, Block, blocks

pytestmark = pytest.mark.live

TUTORIAL = ROOT / "docs" / "tutorials" / "run-it.md"
CI = ROOT / "docs" / "how-to" / "test-in-ci.md"
OLLAMA = "http://127.0.0.1:11434"


class ChatServer(BaseHTTPRequestHandler):
    """Says of every ticket that it is a problem, as OpenAI would, and keeps the model's name."""

    asked: list[str] = []  # noqa: RUF012 - the server makes an instance for each request

    def do_POST(self) -> None:
        body = json.loads(self.rfile.read(int(self.headers["content-length"])))
        self.asked.append(body["model"])
        message = {"role": "assistant", "content": "problem"}
        answer = {
            "choices": [{"message": message, "finish_reason": "stop"}],
            "usage": {"prompt_tokens": 1, "completion_tokens": 1},
        }
        content = json.dumps(answer).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def chat_address() -> Iterator[str]:
    """Where something speaks OpenAI's chat completions."""
    ChatServer.asked.clear()
    server = ThreadingHTTPServer(("127.0.0.1", 0), ChatServer)
    thread = Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture
def checkout(tmp_path: Path, chat_address: str) -> Path:
    """A folder with the examples, and with every file that the tutorial lets one save."""
    (tmp_path / "examples").symlink_to(ROOT / "examples")
    (tmp_path / "build" / "tutorial").mkdir(parents=True)
    saved = [block for block in blocks(TUTORIAL) if block.language in ("json", "toml")]
    for name, block in zip(("shares.json", "answers.json", "headrace.toml"), saved, strict=True):
        assert f"`build/tutorial/{name}`" in TUTORIAL.read_text()
        text = block.text.replace(OLLAMA, chat_address)
        (tmp_path / "build" / "tutorial" / name).write_text(text)
    return tmp_path


def test_the_tutorial_runs_from_top_to_bottom(
    checkout: Path, fresh_server: LiveServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(checkout)
    variables: dict[str, Any] = {}
    printed, compared = "", 0
    for block in blocks(TUTORIAL):
        if block.language == "sh" and "pip install" not in block.text and "headrace serve" not in block.text:
            printed = _shell(block.text, checkout, fresh_server.store)
        elif block.language == "python":
            printed = _python(block, fresh_server.url, variables)
            last_invoke = printed or "queue: none"
        elif block.language == "text":
            assert _timeless(printed) == _timeless(block.text)
            compared += 1
    assert compared == 5
    assert last_invoke.endswith("queue: duty-officer\n")
    assert ChatServer.asked == ["qwen2.5:7b"] * 2
    assert "Hello Ben" in printed
    assert printed.count("Succeeded") == 2


def test_the_how_to_invokes_a_flow(fresh_server: LiveServer) -> None:
    start = {"name": "Start", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}
    taken = [{"name": "document", "type": "String", "expression": "$.data"}]
    data = {"data": {"sourceOutput": "document", "targetInput": "document"}}
    definition = {
        "nodes": [start, {"name": "End", "type": "Output", "inputs": taken}],
        "connections": [
            {"name": "all", "type": "Data", "source": "Start", "target": "End", "configuration": data}
        ],
    }
    agent = fresh_server.boto()
    role = "arn:aws:iam::000000000000:role/flows"
    flow = agent.create_flow(name="Echo", executionRoleArn=role, definition=definition)["id"]
    agent.prepare_flow(flowIdentifier=flow)
    block = blocks(ROOT / "docs" / "how-to" / "run-flows.md", "python")[0]
    events = _python(block, fresh_server.url, {"flow": flow}).splitlines()
    assert "flowTraceEvent" in events[0]
    assert "'document': 'My parcel is late'" in events[-2]
    assert "SUCCESS" in events[-1]


def _shell(text: str, folder: Path, store: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", text],
        cwd=folder,
        env={**os.environ, "PATH": path, "HEADRACE_STORE": store, "NO_PROXY": "127.0.0.1"},
        capture_output=True,
        text=True,
        timeout=60,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


def _python(block: Block, url: str, variables: dict[str, Any]) -> str:
    source = "\n" * block.line + block.text.replace(ADDRESS, url)
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        exec(compile(source, TUTORIAL, "exec"), variables)
    return printed.getvalue()


def _timeless(text: str) -> str:
    return re.sub(r" +[\d.]+ ms", " … ms", text)


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A repository with the files of the page."""
    tests = tmp_path / "tests"
    tests.mkdir()
    (tmp_path / "flow.json").write_text((ROOT / "examples" / "support_triage.json").read_text())
    (tmp_path / "pytest.ini").write_text(blocks(CI, "ini")[0].text)
    (tests / "answers.json").write_text(blocks(CI, "json")[0].text)
    for name, block in zip(("flow", "more", "clients"), blocks(CI, "python"), strict=True):
        (tests / f"test_{name}.py").write_text(block.text)
    return tmp_path


def _pytest(project: Path) -> str:
    workflow = yaml.safe_load(blocks(CI, "yaml")[0].text)
    command = workflow["jobs"]["test"]["steps"][-1]["run"].split()
    assert command[0] == "pytest"
    # By its name: an installation may be older than the entry point.
    done = subprocess.run(
        [sys.executable, "-m", *command, "-q", "-p", "no:cacheprovider", "-p", "headrace.pytest_plugin"],
        cwd=project,
        env={**os.environ, "PYTEST_DISABLE_PLUGIN_AUTOLOAD": "1"},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )
    return done.stdout.splitlines()[-1]


def test_the_tests_in_ci_pass(project: Path) -> None:
    assert _pytest(project).startswith("5 passed")


def test_the_tests_in_ci_see_a_change_of_the_flow(project: Path) -> None:
    flow = project / "flow.json"
    flow.write_text(flow.read_text().replace("on-call", "nobody"))
    assert _pytest(project).startswith("1 failed, 4 passed")
