"""The alerts of the documentation are rules that Prometheus takes, about metrics that there are."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from headrace.apis.metrics.table import METRICS

PAGE = Path(__file__).parents[2] / "docs/how-to/watch-the-server.md"


def _rules() -> str:
    """The block of the page that has them."""
    (found,) = [
        one for one in re.findall(r"```yaml\n(.*?)```", PAGE.read_text(), re.DOTALL) if "alert:" in one
    ]
    return str(found)


def test_they_ask_for_metrics_that_there_are() -> None:
    asked = set(re.findall(r"headrace_\w+", _rules()))
    known = {one.name + ending for one in METRICS for ending in ("", "_total", "_count", "_sum", "_bucket")}
    assert len(asked) > 5
    assert asked <= known


@pytest.mark.skipif(
    not shutil.which("promtool"), reason="NOT TESTED: promtool (of Prometheus) is not installed"
)
def test_prometheus_takes_them(tmp_path: Path) -> None:
    file = tmp_path / "rules.yml"
    file.write_text(_rules())
    done = subprocess.run(
        ["promtool", "check", "rules", str(file)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr + done.stdout
    assert f"{_rules().count('alert:')} rules found" in done.stdout
