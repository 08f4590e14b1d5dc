"""What `make audit` makes of what the tools say: silence is never taken for good news."""

from __future__ import annotations

import importlib.util
import sys
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parent.parent.parent / "scripts" / "audit.py"


@pytest.fixture(scope="module")
def audit() -> Any:
    spec = importlib.util.spec_from_file_location("headrace_audit", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module
    spec.loader.exec_module(module)
    return module


@pytest.mark.parametrize(
    ("says", "status", "is_bad"),
    [
        ("No known vulnerabilities found", 0, False),
        ("headrace 0.1 Dependency not found on PyPI and could not be audited: headrace (0.1)", 0, False),
        ("httpx Dependency not found on PyPI and could not be audited: httpx (1.0)", 0, None),
        ("Found 1 known vulnerability in 1 package", 1, True),
        ("requests.exceptions.ConnectionError: Max retries exceeded", 1, None),
        ("npm error audit endpoint returned an error", 1, None),
        ("something that nobody foresaw", 3, True),
    ],
)
def test_what_is_said_is_understood(
    audit: Any, capsys: pytest.CaptureFixture[str], says: str, status: int, is_bad: bool | None
) -> None:
    tool = [sys.executable, "-c", f"import sys; print({says!r}); sys.exit({status})"]
    outcome = audit.ask("packages", tool)
    assert outcome.is_bad is is_bad
    assert ("NOT AUDITED" in audit.told(outcome)) is (is_bad is None)


def test_a_tool_that_is_not_there_is_told_loudly(audit: Any) -> None:
    outcome = audit.ask("packages", ["no-such-tool-anywhere"])
    assert outcome.is_bad is None
    assert "NOT AUDITED" in audit.told(outcome)
