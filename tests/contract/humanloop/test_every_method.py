"""Every public method of both SDKs, against the live server: found by looking at them, tried by one table.

A method that a client has and the table has not fails; so does an answer that is not of the type that the client
declares, and one whose values are not what the call was for.
"""

from __future__ import annotations

import ast
import json
import shutil
import threading
from collections.abc import Iterator, Mapping
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.methods import arguments
from tests.contract.humanloop.methods.calls import write_config
from tests.contract.humanloop.methods.clients import Client, NpmClient, async_client, python_client
from tests.contract.humanloop.methods.table import ROWS
from tests.contract.humanloop.methods.world import ASYNC, CLIENTS, NPM, PYTHON, Row, World
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
def clients(server: LiveServer) -> Iterator[dict[str, Client]]:
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


WITH_ARGUMENTS = [
    method for method, row in ROWS.items() if {PYTHON, ASYNC} <= {*row.clients} - {*row.elsewhere}
]


@pytest.mark.parametrize("method", WITH_ARGUMENTS)
def test_every_argument_is_taken(clients: dict[str, Client], server: LiveServer, method: str) -> None:
    """What the method's own try leaves out: all that get along together, then each of the others."""
    row, client = ROWS[method], server.humanloop()
    names = arguments.parameters(clients[ASYNC].client, row)
    for trial in arguments.trials(names, row.arguments(World(client))):
        world = World(client)
        given = arguments.given_with(row, names, trial, world)
        answer = clients[PYTHON].answer(row, given)
        arguments.check_shown(row, trial, given, _shown(world, method, answer))


def _shown(world: World, method: str, answer: Any) -> Mapping[str, Any]:
    """Where what was sent can be seen: the answer, or the log that it is about."""
    if method.endswith(".log"):
        return world.log(answer.id)
    if method.endswith("call_stream"):
        first = min(
            answer, key=lambda piece: getattr(piece, "index", None) or 0
        )  # samples may speak in any order
        return world.log(first.log_id or first.id)
    return answer if isinstance(answer, dict) else {}


class Careless(BaseHTTPRequestHandler):
    """Answers with a flow that has no description, or one whose version has a number for an id."""

    def do_GET(self) -> None:
        is_short = self.path.endswith("fl_short")
        body = json.dumps(FLOW if is_short else {**FLOW, "version_id": 7}).encode()
        self.send_response(200)
        self.send_header("content-type", "application/json")
        self.send_header("content-length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *args: Any) -> None:
        """Nothing."""


@pytest.fixture(scope="module")
def careless() -> Iterator[str]:
    """The address of such a server."""
    with ThreadingHTTPServer(("127.0.0.1", 0), Careless) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


GET = Row(method="flows.get", operation="GetFlow", arguments=lambda w: {"id": "fl_1"})
FLOW = {
    "id": "fl_1",
    "path": "a/b",
    "name": "b",
    "type": "flow",
    "attributes": {},
    "version_id": "flv_1",
    "version_logs_count": 0,
    **dict.fromkeys(("created_at", "updated_at", "last_used_at"), "2026-01-02T03:04:05"),
    **dict.fromkeys(("environments", "evaluators", "tags"), ()),
}


@pytest.mark.parametrize("make", [python_client, async_client])
def test_the_python_clients_see_an_answer_of_another_type(careless: str, make: Any) -> None:
    with make(careless) as client, pytest.raises(ValidationError, match="version_id"):
        client.answer(GET, GET.arguments(World(None)))


@pytest.mark.parametrize("make", [python_client, async_client])
def test_a_member_that_is_not_there_is_seen(careless: str, make: Any) -> None:
    with make(careless) as client, pytest.raises(AssertionError, match="FlowResponse has no directory_id"):
        client.answer(GET, {"id": "fl_short"})


@pytest.mark.js
@pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed")
def test_the_npm_client_sees_an_answer_of_another_type(
    careless: str, installed: Path, server: LiveServer
) -> None:
    for sdk in start(installed, careless):
        with pytest.raises(AssertionError, match="version_id: Expected string"):
            NpmClient(sdk, server.humanloop()).answer(GET, GET.arguments(World(None)))


@pytest.mark.parametrize("test", sorted({test for row in ROWS.values() for test in row.elsewhere.values()}))
def test_what_is_tried_elsewhere_is_tried(test: str) -> None:
    file, _, name = test.partition("::")
    tree = ast.parse((Path(__file__).parent / file).read_text())
    assert name in {item.name for item in tree.body if isinstance(item, ast.FunctionDef)}
