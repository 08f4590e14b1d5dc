"""Every public method of both SDKs, against the live server: found by looking at them, tried by one table.

A method that a client has and the table has not fails; so does an answer that is not of the type that the client
declares, and one whose values are not what the call was for.
"""

from __future__ import annotations

import ast
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.methods.calls import write_config
from tests.contract.humanloop.methods.clients import Client, NpmClient, async_client, python_client
from tests.contract.humanloop.methods.table import ROWS
from tests.contract.humanloop.methods.world import ASYNC, CLIENTS, NPM, PYTHON, World
from tests.contract.humanloop.test_javascript import start

pytestmark = [pytest.mark.live, pytest.mark.timeout(300)]

NPM_MARKS = [
    pytest.mark.js,
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """A server whose models answer by a script."""
    folder = tmp_path_factory.mktemp("methods")
    settings = {"config": str(write_config(folder)), "log_level": "error"}
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def clients(server: LiveServer, request: pytest.FixtureRequest) -> Iterator[dict[str, Client]]:
    """The Python clients, by name."""
    with python_client(server.url) as plain, async_client(server.url) as waiting:
        yield {PYTHON: plain, ASYNC: waiting}


@pytest.fixture(scope="module")
def npm(server: LiveServer, installed: Path) -> Iterator[Client]:
    """The client for JavaScript."""
    for sdk in start(installed, server.url):
        yield NpmClient(sdk, server.humanloop())


@pytest.fixture
def one(request: pytest.FixtureRequest, name: str) -> Client:
    """The client that a test is about."""
    found: Client = (
        request.getfixturevalue("npm") if name == NPM else request.getfixturevalue("clients")[name]
    )
    return found


@pytest.mark.parametrize("name", [PYTHON, ASYNC, pytest.param(NPM, marks=NPM_MARKS)])
def test_the_table_has_every_method(one: Client, name: str) -> None:
    assert one.methods() == {row.method for row in ROWS.values() if name in row.clients}


TRIED = [
    pytest.param(name, method, marks=NPM_MARKS if name == NPM else (), id=f"{method} {name}")
    for method, row in ROWS.items()
    for name in CLIENTS
    if name in row.clients and name not in row.elsewhere
]


@pytest.mark.parametrize(("name", "method"), TRIED)
def test_a_method_does_what_it_is_for(one: Client, server: LiveServer, name: str, method: str) -> None:
    row, world = ROWS[method], World(server.humanloop())
    answer = one.answer(row, row.arguments(world))
    assert row.holds(world, answer), answer


@pytest.mark.parametrize("test", sorted({test for row in ROWS.values() for test in row.elsewhere.values()}))
def test_what_is_tried_elsewhere_is_tried(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((Path(__file__).parent / file).read_text())
    assert name in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
