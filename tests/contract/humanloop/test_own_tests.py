"""The Python client's own acceptance tests, against the live server (humanloop 5.7).

They are not part of this repository: HEADRACE_TEST_HUMANLOOP_REPOSITORY names a checkout of theirs.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ElementTree
from pathlib import Path

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.newer import CLIENT, capitals, install, write_config

VARIABLE = "HEADRACE_TEST_HUMANLOOP_REPOSITORY"
REPOSITORY = os.environ.get(VARIABLE, "")
PACKAGES = (
    *CLIENT,
    "click<8.2",  # its runner of commands had an argument that they use
    *("pytest", "pytest-asyncio", "pytest-xdist"),
    *("anthropic", "cohere", "groq", "openai", "replicate"),
)
WITHIN_S = 900
PLUGIN = """
import os
from humanloop.environment import HumanloopEnvironment

HumanloopEnvironment.DEFAULT._value_ = os.environ["SERVER_URL"]
"""
"""Sends the client to the server: the tests make it without an address."""

pytestmark = [
    pytest.mark.live,
    pytest.mark.slow,
    pytest.mark.timeout(WITHIN_S + 700),
    pytest.mark.skipif(not REPOSITORY, reason=f"{VARIABLE} names no checkout of the client's repository"),
]


@pytest.fixture(scope="module")
def report(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """What became of each of their tests."""
    python = install(request.config.cache.mkdir("humanloop-own-tests"), PACKAGES)  # type: ignore[union-attr]
    folder = tmp_path_factory.mktemp("own")
    shutil.copytree(Path(REPOSITORY), folder / "repository")
    (folder / "send_to_headrace.py").write_text(PLUGIN)
    with capitals() as model_url:
        settings = {"config": str(write_config(folder, model_url)), "log_level": "error"}
        live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
        environment = {
            "PATH": os.environ["PATH"],
            "HOME": str(folder),
            "PYTHONPATH": f"{folder / 'repository' / 'src'}:{folder}",
            "SERVER_URL": f"{live.url}/v5",
            "HUMANLOOP_API_KEY": "any",
            "OPENAI_API_KEY": "any",
            "OPENAI_BASE_URL": model_url,
        }
        command = [str(python), "-m", "pytest", "-p", "send_to_headrace", "-n", "2", "tests/custom"]
        with (folder / "output.txt").open("w") as output:
            subprocess.run(
                [*command, f"--junitxml={folder / 'report.xml'}"],
                cwd=folder / "repository",
                env=environment,
                stdout=output,
                stderr=subprocess.STDOUT,
                check=False,  # the report tells
                timeout=WITHIN_S,
            )
        assert live.stop() == 0
    return folder / "report.xml"


def test_all_of_them_pass(report: Path) -> None:
    cases = list(ElementTree.parse(report).iter("testcase"))
    assert len(cases) >= 70
    unsuccessful = {
        f"{case.get('classname')}::{case.get('name')}": child.get("message")
        for case in cases
        for child in case
        if child.tag in ("failure", "error", "skipped")
    }
    assert unsuccessful == {}
