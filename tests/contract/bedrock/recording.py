"""A pytest plugin that records which members of which operations a real client used in tests that passed.

Loaded by ``scripts/compatibility_matrix.py`` with ``-p``; it writes the file that HEADRACE_TEST_RECORDING names.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
from botocore.client import BaseClient

Use = tuple[str, str, str]
"""Operation, ``input`` or ``output``, and the member."""

_now: set[Use] = set()
_proofs: dict[Use, str] = {}


def _record(client: Any, operation: str, way: str, members: Mapping[str, Any]) -> None:
    if client.meta.service_model.service_name in ("bedrock-agent", "bedrock-agent-runtime"):
        _now.update((operation, way, name) for name in members if name != "ResponseMetadata")


def pytest_configure() -> None:
    """Listen to every call of every boto3 client of this process."""
    call = BaseClient._make_api_call

    def listened(client: Any, operation: str, parameters: Mapping[str, Any]) -> Any:
        answer = call(client, operation, parameters)
        _record(client, operation, "input", parameters)
        _record(client, operation, "output", answer)
        return answer

    BaseClient._make_api_call = listened


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item: pytest.Item) -> Iterator[None]:
    """Keep what a test used, when it passes. What its fixtures used is proven by nobody."""
    _now.clear()
    outcome: Any = yield
    if outcome.excinfo is None:
        test = item.nodeid.partition("[")[0]
        for use in sorted(_now):
            _proofs.setdefault(use, test)


def pytest_sessionfinish() -> None:
    """Write what was recorded."""
    rows = [[*use, test] for use, test in sorted(_proofs.items())]
    Path(os.environ["HEADRACE_TEST_RECORDING"]).write_text(json.dumps(rows, indent=0))
