"""What works where Linux is not, as far as that can be tried on Linux: each missing part is said to be missing.

A process is made to lack what Windows lacks. Nothing here was run on Windows or macOS.
"""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from tests.unit.engine.flows import end, level, node, start

import headrace
from headrace.storage.sqlite.connection import SqliteConnection, make_file
from headrace.testing.failures import FlowFailed
from headrace.testing.flows import Flow
from headrace.testing.wire import Wire

WINDOWS = """
import asyncio, importlib.abc, importlib.util, multiprocessing, os, signal, socket, subprocess, sys, tempfile, uvicorn, click
import concurrent.futures, http.client, urllib.request, webbrowser, ssl, logging.handlers, zoneinfo

MISSING = {"fcntl", "resource", "uvloop", "httptools", "pwd", "grp", "termios"}

class Missing(importlib.abc.MetaPathFinder):
    def find_spec(self, name, path, target=None):
        if name in MISSING:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)

for name in MISSING:
    sys.modules.pop(name, None)
sys.meta_path.insert(0, Missing())
find_spec = importlib.util.find_spec
importlib.util.find_spec = lambda name, package=None: None if name in MISSING else find_spec(name, package)
for name in ("fork", "geteuid", "getuid", "getgid", "pwrite", "pread", "O_DIRECTORY", "O_NOFOLLOW", "O_CLOEXEC",
             "O_NONBLOCK", "O_PATH", "fchmod", "killpg", "setsid"):
    delattr(os, name)
for name in ("SIGKILL", "SIGXCPU", "SIGHUP", "SIGCHLD"):
    delattr(signal, name)
os.supports_dir_fd.clear()
sys.platform = "win32"
"""


def environment() -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    return {**clean, "PYTHONPATH": str(Path(headrace.__file__).parent.parent)}


def as_windows(script: str, folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", WINDOWS + script, *arguments],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


CALL = "from headrace.cli import main; main(prog_name='headrace')"


def test_every_command_shows_its_help(tmp_path: Path) -> None:
    script = """
from click.testing import CliRunner
from headrace.cli import COMMANDS, main
for name in COMMANDS:
    done = CliRunner().invoke(main, [name, "--help"])
    assert done.exit_code == 0, (name, done.output, done.exception)
"""
    done = as_windows(script, tmp_path)
    assert done.returncode == 0, done.stderr


def test_every_module_can_be_imported_but_those_that_are_the_locks(tmp_path: Path) -> None:
    script = """
import headrace, importlib, pkgutil
for module in pkgutil.walk_packages(headrace.__path__, "headrace."):
    if "sandbox.jail" in module.name or module.name in ("headrace.__main__", "headrace.backends.templates.jinja_process"):
        continue
    try:
        importlib.import_module(module.name)
    except ModuleNotFoundError as error:
        known = ("headrace.cli.answering", "headrace.cli.connection")
        assert error.name == "httptools" and module.name in known, (module.name, error)
"""
    done = as_windows(script, tmp_path)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize(
    "arguments",
    [
        ("serve", "--port", "0"),
        ("keys", "list"),
        ("restore", "b.tar"),
        ("files", "list", "--store", "there.db"),
    ],
    ids=" ".join,
)
def test_a_store_in_a_file_is_refused_with_what_to_do(tmp_path: Path, arguments: tuple[str, ...]) -> None:
    (tmp_path / "b.tar").touch()
    (tmp_path / "there.db").touch()
    (tmp_path / "headrace.db").touch()
    done = as_windows(CALL, tmp_path, *arguments)
    assert done.returncode == 1
    assert "Linux and macOS" in done.stderr
    assert "WSL 2" in done.stderr
    assert "Traceback" not in done.stderr
    assert {path.name for path in tmp_path.iterdir()} == {"b.tar", "there.db", "headrace.db"}


def flow(*more: Any, path: list[str]) -> dict[str, Any]:
    return level([start("String"), *more, end(type="String")], *path)


PLAIN = flow(path=["Start.document > End.document"])
CODED = flow(
    node("Code", "InlineCode", {"word": "String"}, {"response": "String"}, code="word", language="Python_3"),
    path=["Start.document > Code.word", "Code.response > End.document"],
)


def made(wire: Wire, name: str, definition: dict[str, Any]) -> Flow:
    body = {"name": name, "executionRoleArn": "arn:aws:iam::111122223333:role/r", "definition": definition}
    id_ = wire.call("POST", "/flows/", body)["id"]
    wire.call("POST", f"/flows/{id_}/", {})
    return Flow(wire, id=id_, name=name)


@pytest.mark.live
def test_a_server_in_memory_runs_flows_and_refuses_code(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WINDOWS + CALL, "serve", "--port", "0", "--store", "memory:"]
    with subprocess.Popen(
        command, cwd=tmp_path, env=environment(), stdout=subprocess.PIPE, text=True
    ) as server:
        try:
            assert server.stdout is not None
            line = server.stdout.readline()
            assert "listening on" in line
            wire = Wire(line.split()[-1])
            assert made(wire, "plain", PLAIN)("hello") == {"End": "hello"}
            with pytest.raises(FlowFailed, match="Missing: Linux"):
                made(wire, "coded", CODED)("hello")
        finally:
            server.terminate()
    assert server.returncode == 0


def test_a_directory_of_files_is_refused_with_why(tmp_path: Path) -> None:
    script = """
from pathlib import Path
from headrace.workspace.folder import BadName, Folder
for work in (lambda: Folder(Path("x")).write("a/b", b""), lambda: Folder(Path(".")).read("a"),
             lambda: list(Folder(Path(".")).names(""))):
    try:
        work()
    except BadName as error:
        assert "never leaves a directory" in str(error)
    else:
        raise SystemExit("it was done")
"""
    done = as_windows(script, tmp_path)
    assert done.returncode == 0, done.stderr


def test_objects_in_folders_and_jinja_are_refused_with_why(tmp_path: Path) -> None:
    script = """
from pathlib import Path
from headrace.backends.objects.folder import Folder
from headrace.backends.templates.jinja import JinjaLanguage
from headrace.core.effects import EffectFailed
from headrace.core.prompt_filling import Unfillable
try:
    Folder(Path("."), max_bytes=10).put("bucket", "key", b"x")
except EffectFailed as error:
    assert "never leaves a folder" in error.message
else:
    raise SystemExit("it was written")
try:
    asyncio.run(JinjaLanguage().fill(["{{ a }}"], {"a": 1}))
except Unfillable as error:
    assert "Linux or macOS" in str(error)
else:
    raise SystemExit("it was filled")
"""
    done = as_windows(script, tmp_path)
    assert done.returncode == 0, done.stderr


def test_a_write_waits_for_the_drive_where_a_plain_one_would_not(tmp_path: Path) -> None:
    """macOS keeps in the drive's own cache what is only synchronised; elsewhere this changes nothing."""
    make_file(tmp_path / "store.db")
    connection = SqliteConnection(tmp_path / "store.db")
    assert connection._sqlite.pragma("fullfsync") == 1
    assert connection._sqlite.pragma("checkpoint_fullfsync") == 1
    connection.close()
