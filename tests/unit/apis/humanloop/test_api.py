"""The frame: routing, rights, limits, and the document, without a server."""

from __future__ import annotations

import asyncio
import inspect
import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest

from headrace.apis.gate import Gate, Throttle
from headrace.apis.http import Request, Response, split_path, split_query
from headrace.apis.humanloop import openapi
from headrace.apis.humanloop.api import OPERATIONS, HumanloopApi
from headrace.apis.humanloop.errors import MethodNotAllowed, UnsupportedEncoding
from headrace.apis.humanloop.operations import Operation
from headrace.backends.models.echo import EchoModels
from headrace.core.access import Right
from headrace.core.clock import SystemClock
from headrace.core.effects import ToolOutcome
from headrace.core.errors import Forbidden, Invalid, Malformed, NotFound, Throttled, Unauthenticated
from headrace.core.ids import RandomIds
from headrace.core.validate import Finding, PromptVariables, TypeLimits
from headrace.services.base import Ports
from headrace.services.calls.calls import CallLimits, Calls
from headrace.services.server import access
from headrace.storage.memory.store import MemoryStore


class NothingRuns:
    """No content is runnable here."""

    def runnable_form(self, content: Any, text: bytes) -> bytes | None:
        return None

    def findings(
        self, definition: Any, *, prompt_variables: PromptVariables, limits: TypeLimits
    ) -> tuple[Finding, ...]:
        return ()


class NoTools:
    """For tests in which none is run."""

    async def use(self, *arguments: Any, **more: Any) -> ToolOutcome:
        raise NotImplementedError


class Caller:
    """Calls an API without a server."""

    def __init__(self, runner: asyncio.Runner, *, right: Right = Right.ADMIN, rate_per_s: float = 0) -> None:
        self._runner = runner
        ports = Ports(
            store=MemoryStore(),
            ids=RandomIds(),
            clock=SystemClock(),
            rules=NothingRuns(),
            vault=None,  # type: ignore[arg-type]
        )
        local = runner.run(access.ensure_organisation(ports, account="111122223333", name="Test"))
        local = msgspec.structs.replace(local, right=right)
        calls = Calls(models=EchoModels(), languages={}, tools=NoTools(), limits=CallLimits())
        self.api = HumanloopApi(ports, Gate(ports, local), Throttle(rate_per_s, 1), calls, max_page=20)

    def send(self, method: str, target: str, body: bytes = b"", **headers: str) -> Response:
        path, _, query = target.encode().partition(b"?")
        named = {"x-api-key": "any", "host": "localhost"} | headers
        request = Request(
            id="request-1",
            method=method,
            raw_path=path,
            raw_query=query,
            segments=split_path(path),
            query=split_query(query),
            headers={k.replace("_", "-").encode(): v.encode() for k, v in named.items()},
            body=body,
        )
        assert self.api.owns(request.segments)
        return self._runner.run(self.api.answer(request))


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as one:
        yield one


@pytest.fixture
def caller(runner: asyncio.Runner) -> Caller:
    return Caller(runner)


def test_it_owns_what_is_under_v5(caller: Caller) -> None:
    assert caller.api.owns(("v5",))
    assert caller.api.owns(("v5", "x"))
    for other in ((), ("flows",), ("v50",), ("V5",)):
        assert not caller.api.owns(other)


def test_unknown_paths_and_methods(caller: Caller) -> None:
    for path in ("/v5", "/v5/", "/v5/x", "/v5/flows/a/b", "/v5/flows/%00"):
        with pytest.raises(NotFound):
            caller.send("GET", path)
    with pytest.raises(MethodNotAllowed) as caught:
        caller.send("PUT", "/v5/flows")
    assert caught.value.allowed == ("GET", "HEAD", "OPTIONS", "POST")


def test_credentials_come_before_everything_but_the_route(caller: Caller) -> None:
    with pytest.raises(Unauthenticated):
        caller.send("POST", "/v5/flows", b"{", x_api_key="")
    with pytest.raises(NotFound):
        caller.send("POST", "/v5/nope", x_api_key="")


@pytest.mark.parametrize(
    "row", [row for row in OPERATIONS if row.right > Right.READER], ids=lambda row: row.name
)
def test_a_key_needs_the_right_of_the_row(runner: asyncio.Runner, row: Operation) -> None:
    with pytest.raises(Forbidden):
        Caller(runner, right=Right(row.right - 1)).send(row.method, "/v5" + row.template)


def test_rates_are_counted_by_operation(runner: asyncio.Runner) -> None:
    caller = Caller(runner, rate_per_s=0.001)
    assert caller.send("GET", "/v5/flows").status == 200
    with pytest.raises(Throttled):
        caller.send("HEAD", "/v5/flows")
    with pytest.raises(NotFound):
        caller.send("GET", "/v5/flows/fl_x")


def test_the_problems_of_query_and_body_are_told_together(caller: Caller) -> None:
    with pytest.raises(Invalid) as caught:
        caller.send("POST", "/v5/files/retrieve-by-path?include_raw_file_content=x", b'{"path":1}')
    assert [(p.where, *p.path) for p in caught.value.problems] == [
        ("query", "include_raw_file_content"),
        ("body", "path"),
    ]
    with pytest.raises(Malformed):
        caller.send("POST", "/v5/files/retrieve-by-path?include_raw_file_content=x", b"{")


def test_encoded_bodies(caller: Caller) -> None:
    body = b'{"path":"p","attributes":{}}'
    assert caller.send("POST", "/v5/flows", body, content_encoding="Identity").status == 200
    with pytest.raises(UnsupportedEncoding):
        caller.send("POST", "/v5/flows", body, content_encoding="gzip")


def test_the_size_of_a_page_is_limited(caller: Caller) -> None:
    assert caller.send("GET", "/v5/flows?size=20").status == 200
    with pytest.raises(Invalid, match="less than or equal to 20"):
        caller.send("GET", "/v5/flows?size=21")


def test_names_are_unique_and_summaries_said() -> None:
    names = [row.name for row in OPERATIONS]
    assert len(set(names)) == len(names)
    for row in OPERATIONS:
        assert inspect.getdoc(row.handler)


def references(value: Any) -> Iterator[str]:
    if isinstance(value, dict):
        yield from [value["$ref"]] if isinstance(value.get("$ref"), str) else []
        value = list(value.values())
    if isinstance(value, list):
        for one in value:
            yield from references(one)


def test_the_document_is_whole() -> None:
    described = json.loads(openapi.document(OPERATIONS))
    for reference in references(described):
        assert reference.removeprefix("#/components/schemas/") in described["components"]["schemas"]
    rows = {(row.method.lower(), "/v5" + row.template): row for row in OPERATIONS}
    assert rows.keys() == {
        (method, path) for path, methods in described["paths"].items() for method in methods
    }
    for (method, path), row in rows.items():
        shown = described["paths"][path][method]
        assert set(shown["responses"]) >= {str(row.status), "401", "422", "500"}
        in_path = [p["name"] for p in shown["parameters"] if p["in"] == "path"]
        assert in_path == re.findall(r"{(\w+)}", path)
        assert all("null" not in json.dumps(p) for p in shown["parameters"])


@pytest.mark.parametrize("kind", ["Flow", "Prompt", "Tool", "Evaluator"])
def test_every_key_of_a_file_is_promised(kind: str) -> None:
    """Humanloop 0.6."""
    schemas = json.loads(openapi.document(OPERATIONS))["components"]["schemas"]
    shown = schemas[f"{kind}Response"]
    assert sorted(shown["required"]) == sorted(shown["properties"])
    assert shown["properties"]["type"] == {"enum": [kind.lower()]}


def test_what_an_upsert_needs() -> None:
    schemas = json.loads(openapi.document(OPERATIONS))["components"]["schemas"]
    assert schemas["FlowResponse"]["properties"]["attributes"] == {"type": "object"}
    needed = {name: schemas[f"Upsert{name}"].get("required", []) for name in KINDS_OF_FILES}
    assert needed == KINDS_OF_FILES


KINDS_OF_FILES = {"Flow": ["attributes"], "Prompt": ["model"], "Tool": [], "Evaluator": ["spec"]}
