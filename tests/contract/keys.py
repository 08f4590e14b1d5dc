"""The command line, as a person uses it, and the keys it makes."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests import stores
from tests.contract.conftest import LiveServer
from tests.contract.nursery import nursery

TIMEOUT_S = 60
RIGHTS = ("reader", "runner", "editor", "admin")


def run(*arguments: str, is_forked: bool = True, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run ``headrace`` with these arguments, and with no setting from outside but ``environment``.

    Args:
        is_forked: whether it is forked from a process that has imported all it needs, or is the real command.
    """
    clean = {name: value for name, value in os.environ.items() if not name.startswith("HEADRACE_")}
    environment = {**clean, **stores.variables(), **environment}
    arguments = tuple(map(stores.url_of, arguments))
    if is_forked:
        return nursery().run(arguments, environment=environment, timeout_s=TIMEOUT_S)
    return subprocess.run(
        [sys.executable, "-m", "headrace", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=TIMEOUT_S,
        check=False,
    )


def run_json(*arguments: str, **environment: str) -> Any:
    """What the command prints with ``--json``."""
    done = run(*arguments, "--json", **environment)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def create_key(store: str, right: str = "admin", *options: str) -> dict[str, Any]:
    """A new key of ann@example.com."""
    email = ("--email", "ann@example.com", "--right", right)
    made: dict[str, Any] = run_json("keys", "create", *email, "--store", store, *options)
    return made


def aws_pair(key: dict[str, Any]) -> dict[str, str]:
    """The key as a boto3 client takes it."""
    return {"access_key": key["access_key_id"], "secret_key": key["secret_access_key"]}


def closed_server(make_server: Any, **settings: Any) -> tuple[LiveServer, dict[str, Any]]:
    """A server that has a key, and the key, which is an admin's."""
    live: LiveServer = make_server(**settings)
    return live, create_key(live.store)
