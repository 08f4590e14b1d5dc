"""Prompts and agents as local files, with the newer line of the Python client (humanloop 5.6)."""

from __future__ import annotations

import json
import subprocess
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.newer import capitals, install, write_config

PROGRAM = Path(__file__).parent / "programs" / "files.py"
WITHIN_S = 120
MANY = 230
"""More than two of the pages that the client asks for."""
COMING = 300
"""As many as come meanwhile, at most: the client asks for pages until one is empty."""

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(900)]


@pytest.fixture(scope="module")
def python(request: pytest.FixtureRequest) -> Path:
    """The interpreter of the newer client."""
    return install(request.config.cache.mkdir("humanloop-newer"))  # type: ignore[union-attr]


@pytest.fixture
def server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server with a model, and with no files but the test's."""
    with capitals() as model_url:
        settings = {"config": str(write_config(tmp_path, model_url)), "log_level": "error"}
        live = LiveServer(store=f"sqlite:///{tmp_path}/headrace.db", settings=settings).start()
        yield live
        assert live.stop() == 0


def run(python: Path, *words: object) -> subprocess.CompletedProcess[str]:
    """A program of the newer client's environment, over."""
    command = [str(python), *map(str, words)]
    return subprocess.run(command, capture_output=True, text=True, timeout=WITHIN_S, check=False)


def pulled(python: Path, server: LiveServer, folder: Path, *path: str) -> tuple[list[str], list[str]]:
    """The paths of what was pulled, and of what could not be."""
    done = run(python, PROGRAM, server.url, folder, "pull", *path)
    assert done.returncode == 0, done.stderr
    successful, failed = json.loads(done.stdout)
    return successful, failed


def local(folder: Path) -> dict[str, str]:
    """The texts of the files in a folder, by their paths."""
    return {str(file.relative_to(folder)): file.read_text() for file in folder.rglob("*.*")}


def remote(raw: httpx.Client, kinds: tuple[str, ...] = ("prompt", "agent")) -> dict[str, str]:
    """The texts of the server's files, by what their paths are locally."""
    found: dict[str, str] = {}
    for kind in kinds:
        for page in range(1, 10):
            asked: dict[str, Any] = {"page": page, "size": 100, "sort_by": "name", "order": "asc"}
            for one in raw.get(f"/{kind}s", params=asked).json()["records"]:
                found[f"{one['path']}.{kind}"] = raw.get(f"/{kind}s/{one['id']}/serialize").text
    return found


def nested(raw: httpx.Client, count: int) -> None:
    """Prompts and agents, one after another, in folders up to four deep; and a flow and a tool among them."""
    for number in range(count):
        kind, folder = ("agents", "prompts")[number % 2], "/".join("abcd"[: number % 5])
        body = {"path": f"{folder}/File {number}".lstrip("/"), "model": "gpt-4o", "seed": number}
        body["template"] = [{"role": "system", "content": f"You are {{{{who}}}} {number}."}]
        raw.post(f"/{kind}", json=body).raise_for_status()
    raw.post("/flows", json={"path": "a/Flow", "attributes": {}}).raise_for_status()
    raw.post("/tools", json={"path": "a/b/Tool", "source_code": "#"}).raise_for_status()


def test_all_files_are_pulled(python: Path, server: LiveServer, raw: httpx.Client, tmp_path: Path) -> None:
    nested(raw, MANY)
    successful, failed = pulled(python, server, tmp_path / "all")
    assert (len(successful), failed) == (MANY, [])
    assert local(tmp_path / "all") == remote(raw)
    successful, failed = pulled(python, server, tmp_path / "below", "a/b")
    expected = {path: text for path, text in remote(raw).items() if path.startswith("a/b/")}
    assert local(tmp_path / "below") == expected
    assert (len(successful), failed) == (len(expected), [])
    assert pulled(python, server, tmp_path / "one", "a/b/c/d/File 4.agent") == (["a/b/c/d/File 4"], [])
    assert local(tmp_path / "one") == {"a/b/c/d/File 4.agent": remote(raw)["a/b/c/d/File 4.agent"]}
    assert pulled(python, server, tmp_path / "none", "a/Nothing.prompt") == ([], ["a/Nothing"])


@contextmanager
def churn(url: str, *, is_deleting: bool) -> Iterator[list[str]]:
    """The paths of files that are made, and perhaps deleted at once, until it is left or there are COMING."""
    made: list[str] = []
    is_over = threading.Event()

    def come_and_go(client: httpx.Client, number: int) -> None:
        path = f"{'abcd'[number % 4]}/coming {number}"
        answer = client.post("/prompts", json={"path": path, "model": "gpt-4o"}).raise_for_status()
        made.append(path)
        if is_deleting:
            client.delete(f"/prompts/{answer.json()['id']}").raise_for_status()

    def go_on() -> None:
        with httpx.Client(base_url=f"{url}/v5", headers={"X-API-KEY": "any"}, timeout=30) as client:
            for number in range(COMING):
                if not is_over.is_set():
                    come_and_go(client, number)

    with ThreadPoolExecutor(1) as pool:
        going = pool.submit(go_on)
        try:
            yield made
        finally:
            is_over.set()
        going.result(timeout=WITHIN_S)


def test_files_that_come_meanwhile_hide_none(
    python: Path, server: LiveServer, raw: httpx.Client, tmp_path: Path
) -> None:
    nested(raw, MANY)
    there = remote(raw)
    with churn(server.url, is_deleting=False) as made:
        _, failed = pulled(python, server, tmp_path / "pulled")
    assert made
    assert failed == []
    assert local(tmp_path / "pulled").items() >= there.items()


def test_files_that_go_meanwhile_break_nothing(
    python: Path, server: LiveServer, raw: httpx.Client, tmp_path: Path
) -> None:
    """A page by its number may pass over a file when one before it goes; the next pull has it."""
    nested(raw, MANY)
    there = remote(raw)
    with churn(server.url, is_deleting=True) as made:
        _, failed = pulled(python, server, tmp_path / "pulled")
    assert made
    assert failed == []
    found = {path: text for path, text in local(tmp_path / "pulled").items() if path in there}
    assert found.items() <= there.items()
    assert len(there) - len(found) <= len(made)
    assert pulled(python, server, tmp_path / "pulled")[1] == []
    assert local(tmp_path / "pulled").items() >= there.items()


def test_local_files_are_called_and_logged(
    python: Path, server: LiveServer, raw: httpx.Client, tmp_path: Path
) -> None:
    """Their texts are sent, and make a version when they are changed."""
    home = "local"
    for kind, name in (("prompts", "Prompt"), ("agents", "Agent")):
        raw.post(f"/{kind}", json={"path": f"{home}/{name}", "model": "gpt-4o"}).raise_for_status()
    folder = tmp_path / "files"
    assert pulled(python, server, folder) == ([f"{home}/Agent", f"{home}/Prompt"], [])
    same = _used(python, server, folder, home)
    versions = {kind: raw.get(f"/logs/{same[kind][2]}").json()[kind] for kind in ("prompt", "agent")}
    assert [one["environments"][0]["name"] for one in versions.values()] == ["production"] * 2
    for file in folder.rglob("*.*"):
        file.write_text(file.read_text().replace("model: gpt-4o", "model: gpt-4o\ntemperature: 0.25"))
    changed = _used(python, server, folder, home)
    for kind in ("prompt", "agent"):
        answer, version_id, log_id = changed[kind]
        assert answer == "Paris"
        assert version_id not in (same[kind][1], None)
        log, logged = (raw.get(f"/logs/{one}").json() for one in (log_id, changed[f"{kind} log"]))
        assert log[kind]["version_id"] == logged[kind]["version_id"] == version_id
        assert (log[kind]["temperature"], logged["output"]) == (0.25, "logged")


def _used(python: Path, server: LiveServer, folder: Path, home: str) -> dict[str, Any]:
    done = run(python, PROGRAM, server.url, folder, "use", home)
    assert done.returncode == 0, done.stderr
    used: dict[str, Any] = json.loads(done.stdout)
    return used


def test_the_command_pulls(python: Path, server: LiveServer, raw: httpx.Client, tmp_path: Path) -> None:
    nested(raw, 12)
    command = python.parent / "humanloop"
    options = ("--api-key", "any", "--base-url", f"{server.url}/v5", "--local-files-directory")
    done = run(python, command, "pull", *options, tmp_path / "all")
    assert (done.returncode, "Pull completed" in done.stdout) == (0, True), done.stdout + done.stderr
    assert local(tmp_path / "all") == remote(raw)
    done = run(python, command, "pull", "--path", "a/b", *options, tmp_path / "below")
    assert done.returncode == 0, done.stdout
    assert set(local(tmp_path / "below")) == {path for path in remote(raw) if path.startswith("a/b/")}
    done = run(python, command, "pull", "--environment", "staging", *options, tmp_path / "staged")
    assert (done.returncode, (tmp_path / "staged").exists()) == (0, False), done.stdout
    for wrong, words in (
        (("--path", "no/such"), "Directory `no/such` does not exist"),
        (("--environment", "moon"), "Environment moon does not exist"),
    ):
        done = run(python, command, "pull", *wrong, *options, tmp_path / "wrong")
        assert (done.returncode, words in done.stdout) == (1, True), done.stdout
