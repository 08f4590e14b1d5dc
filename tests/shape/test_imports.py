"""Importing costs only what is needed."""

from __future__ import annotations

import subprocess
import sys

import pytest

ALWAYS_HEAVY = ["boto3", "botocore", "pydantic", "sqlalchemy", "starlette"]


def _loaded(statement: str) -> set[str]:
    """The top-level modules in memory after a statement, in a process of its own."""
    script = f"import sys\n{statement}\nprint(*{{one.partition('.')[0] for one in sys.modules}})"
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    return set(done.stdout.split())


def test_the_package_imports_nothing_but_itself() -> None:
    extra = _loaded("import headrace") - _loaded("pass")
    assert extra == {"headrace"}


@pytest.mark.parametrize("module", ["headrace.cli", "headrace.settings"])
def test_the_help_comes_without_the_server(module: str) -> None:
    heavy = {"uvicorn", "apsw", "msgspec", "jsonschema_rs", "cryptography", *ALWAYS_HEAVY}
    assert not heavy & _loaded(f"import {module}")


def test_the_server_starts_without_what_open_mode_never_needs() -> None:
    asked_for = {"cryptography", "prometheus_client", "opentelemetry"}
    assert not {*asked_for, *ALWAYS_HEAVY} & _loaded("import headrace.cli.serve")


def test_the_core_needs_no_input_or_output() -> None:
    modules = "canonical, condition, definition, errors, expression, files, ports, validate, versions"
    assert not {"apsw", "uvicorn", "click", "asyncio", "sqlite3"} & _loaded(
        f"from headrace.core import {modules}"
    )
