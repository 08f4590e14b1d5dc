"""Clients of the live server: the real SDK, and a plain one for what the SDK can't send or doesn't show."""

from __future__ import annotations

import fcntl
import itertools
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import NO_CERTIFICATES, LiveServer, finish_models
from tests.contract.keys import run_json

JS = Path(__file__).parent / "js"
_numbers = itertools.count(1)


@pytest.fixture(scope="session", autouse=True)
def _finished_models() -> None:
    """Answers are read with the SDK's types here, with and without a client of it."""
    finish_models()


@pytest.fixture
def client(server: LiveServer) -> Any:
    """The real SDK."""
    return server.humanloop()


@pytest.fixture
def raw(server: LiveServer) -> Iterator[httpx.Client]:
    """Plain HTTP."""
    with httpx.Client(
        base_url=f"{server.url}/v5", headers={"X-API-KEY": "any"}, timeout=30, verify=NO_CERTIFICATES
    ) as plain:
        yield plain


@pytest.fixture
def home() -> str:
    """A directory of the test's own."""
    return f"test {next(_numbers)}"


@pytest.fixture
def path(home: str) -> str:
    """The path of a flow of the test's own."""
    return f"{home}/Triage"


@pytest.fixture
def environments(client: Any, home: str) -> dict[str, str]:
    """Each environment's id by its name."""
    flow = client.flows.upsert(path=f"{home}/only to see the environments", attributes={})
    return {one.name: one.id for one in client.flows.list_environments(flow.id)}


@pytest.fixture(scope="session")
def installed(request: pytest.FixtureRequest) -> Path:
    """A folder with the programs and the client, installed once for each lock file."""
    folder: Path = request.config.cache.mkdir("humanloop-for-typescript")  # type: ignore[union-attr]
    with (folder / "lock").open("w") as lock:  # tests may run in several processes
        fcntl.flock(lock, fcntl.LOCK_EX)
        mark, wanted = folder / "installed.json", (JS / "package-lock.json").read_text()
        is_installed = mark.exists() and mark.read_text() == wanted
        for file in JS.glob("*.*"):
            shutil.copy(file, folder)
        if not is_installed:
            command = ["npm", "ci", "--no-audit", "--no-fund", "--ignore-scripts"]
            done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
            assert done.returncode == 0, done.stderr
            mark.write_text(wanted)
    return folder


def issue_key(server: LiveServer, **options: str) -> str:
    """An API key made by the command line, which finds the running server by its store."""
    command = ["keys", "create", "--store", server.store]
    for name, value in options.items():
        command += ["--" + name.replace("_", "-"), value]
    return str(run_json(*command)["api_key"])
