"""A backup of a PostgreSQL store, taken while an execution goes on, is one that can be gone on with."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path

import pytest
from tests.contract.bedrock.running import chain, prompt
from tests.contract.conftest import LiveServer
from tests.deploy.fleet import ROOT, WITHIN_S, Fleet, ended
from tests.deploy.test_worker import start
from tests.postgres import binaries, cluster

pytestmark = [pytest.mark.live, pytest.mark.slow]

PAGE = ROOT / "docs" / "how-to" / "back-up-sqlite.md"
STEPS = chain(("Short", "Prompt", prompt()), ("Slow", "Prompt", prompt()))


def line_of_page(program: str) -> str:
    """The command of the page that begins so."""
    found = re.search(rf"(?m)^{program} .*$", PAGE.read_text())
    assert found is not None
    return found[0]


def shell(line: str, folder: Path, **variables: str) -> None:
    programs = binaries()
    assert programs is not None
    done = subprocess.run(
        ["bash", "-euc", line],
        cwd=folder,
        env={"PATH": f"{programs}:/usr/bin:/bin", **variables},
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def test_what_was_under_way_goes_on_in_the_restored_database(fleet: Fleet, tmp_path: Path) -> None:
    programs = binaries()
    if programs is None or not (programs / "pg_dump").exists():
        pytest.skip("pg_dump is not installed, so nothing is known about backups with it.")
    live, worker = fleet.server(), fleet.worker()
    execution = start(live, STEPS)
    begun = worker.told("begun")
    store = fleet.settings["store"]
    shell(line_of_page("pg_dump"), tmp_path, HEADRACE_STORE=store)
    assert worker.process is not None
    worker.process.kill()
    live.kill()
    restored = cluster().empty()
    line = line_of_page("pg_restore").replace("--dbname headrace_restored", f"--dbname '{restored}'")
    assert restored in line
    shell(line, tmp_path)
    fleet.settings["store"] = restored
    again: LiveServer = fleet.server()
    second = fleet.worker()
    assert second.told("begun")["execution"] == begun["execution"]
    found = ended(again.boto("bedrock-agent-runtime"), **execution)
    assert found["status"] == "Succeeded"
