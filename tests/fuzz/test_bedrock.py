"""Requests that no client would send: whatever comes, the answer is one that the contract knows.

Requests are made from the shapes of botocore's model, valid ones and broken ones, for every operation.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Callable, Iterator, Mapping
from typing import Any
from urllib.parse import quote, urlsplit

import pytest
from botocore.eventstream import EventStreamBuffer
from botocore.model import ListShape, MapShape, OperationModel, Shape, StructureShape
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy
from tests.contract.bedrock.conformance import check_response, checked_client
from tests.contract.bedrock.things import CREDENTIALS, KEY, ROLE, definition, new_name, new_token
from tests.contract.conftest import LiveServer

from headrace.apis.bedrock.api import SERVED, STREAMERS

OPERATIONS = tuple(SERVED)
FEW = 300
MANY = int(os.environ.get("HEADRACE_TEST_FUZZ_REQUESTS", "0"))
MAX_DEPTH = 7

pytestmark = pytest.mark.timeout(3000 if MANY else 120)


class Target:
    """The server, over one connection, with things in it that requests can find."""

    def __init__(self, live: LiveServer) -> None:
        self._parts = urlsplit(live.url)
        self._connection = self._connect()
        client = checked_client(live.url)
        models = [live.boto("bedrock-agent-runtime").meta.service_model, client.meta.service_model]
        self.operations = {
            name: model.operation_model(name) for model in models for name in model.operation_names
        }
        self.known: list[str] = []
        for _ in range(3):
            flow = client.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())
            client.prepare_flow(flowIdentifier=flow["id"])
            client.create_flow_version(flowIdentifier=flow["id"])
            self.known += [flow["id"], flow["arn"], flow["name"]]

    def _connect(self) -> http.client.HTTPConnection:
        return http.client.HTTPConnection(self._parts.hostname or "", self._parts.port, timeout=30)

    def send(self, method: str, path: str, body: bytes) -> tuple[int, Mapping[str, str], bytes]:
        """One request; the server may have closed the connection after the one before."""
        for is_last in (False, True):
            try:
                self._connection.request(
                    method, path, body, {**CREDENTIALS, "content-type": "application/json"}
                )
                response = self._connection.getresponse()
            except (http.client.RemoteDisconnected, ConnectionResetError, BrokenPipeError):
                self._connection.close()
                self._connection = self._connect()
                if is_last:
                    raise
                continue
            headers = {name.lower(): value for name, value in response.getheaders()}
            return response.status, headers, response.read()
        raise AssertionError("unreachable")


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Target]:
    live = LiveServer(store=f"sqlite:///{tmp_path_factory.mktemp('fuzz')}/headrace.db").start()
    yield Target(live)
    assert live.stop() == 0


# Values

names = st.from_regex("[a-zA-Z][0-9a-zA-Z]{0,6}", fullmatch=True)
_scalars = st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=8)
_flat = st.lists(_scalars, max_size=3) | st.dictionaries(st.text(max_size=5), _scalars, max_size=3)
junk = (
    _scalars | _flat | st.lists(_flat, max_size=2) | st.dictionaries(st.text(max_size=5), _flat, max_size=2)
)
GOOD = [ROLE, KEY, "1", "2", "99999", "DRAFT", "TSTALIASID", "$.data", "x", "In", new_token()]


def _members(shape: StructureShape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    required = {
        name: _valid(member, depth, known)
        for name, member in shape.members.items()
        if name in shape.required_members and _travels_in_body(member)
    }
    optional = {
        name: _valid(member, depth, known)
        for name, member in shape.members.items()
        if name not in required and _travels_in_body(member)
    }
    if getattr(shape, "is_tagged_union", False) and optional:
        return st.one_of([value.map(lambda v, n=name: {n: v}) for name, value in optional.items()])
    return st.fixed_dictionaries(required, optional=optional)


def _travels_in_body(member: Shape) -> bool:
    return "location" not in member.serialization


def _structure(shape: StructureShape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    if getattr(shape, "is_document_type", False):
        return junk
    return st.just({}) if depth > MAX_DEPTH else _members(shape, depth + 1, known)


def _list(shape: ListShape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    low = shape.metadata.get("min", 0)
    return st.lists(_valid(shape.member, depth + 1, known), min_size=low, max_size=max(low, 2))


def _map(shape: MapShape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    return st.dictionaries(names, _valid(shape.value, depth + 1, known), max_size=2)


def _string(shape: Shape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    allowed = shape.metadata.get("enum")
    if allowed:
        return st.sampled_from(allowed)
    if "Role" in shape.name:
        return st.just(ROLE)
    if "KmsKey" in shape.name:
        return st.just(KEY)
    if shape.name == "ClientToken":
        return st.uuids().map(str)
    return names | st.sampled_from(GOOD + known)


def _number(shape: Shape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    low, high = shape.metadata.get("min", 0), shape.metadata.get("max", 1000)
    if shape.type_name in ("integer", "long"):
        return st.integers(int(low), int(high))
    return st.floats(low, high)


KINDS: Mapping[str, Callable[[Any, int, list[str]], SearchStrategy[Any]]] = {
    "structure": _structure,
    "list": _list,
    "map": _map,
    "string": _string,
    "integer": _number,
    "long": _number,
    "float": _number,
    "double": _number,
    "boolean": lambda *_: st.booleans(),
}


def _valid(shape: Shape, depth: int, known: list[str]) -> SearchStrategy[Any]:
    """Values that are nearly of a shape."""
    return st.deferred(lambda: KINDS[shape.type_name](shape, depth, known))


@st.composite
def _broken(draw: st.DrawFn, value: Any) -> Any:
    """The value with something in it replaced."""
    if isinstance(value, dict) and value and draw(st.integers(0, 3)):
        key = draw(st.sampled_from(sorted(value)))
        return {**value, key: draw(_broken(value[key]))}
    if isinstance(value, list) and value and draw(st.integers(0, 3)):
        index = draw(st.integers(0, len(value) - 1))
        return [*value[:index], draw(_broken(value[index])), *value[index + 1 :]]
    if isinstance(value, dict) and draw(st.booleans()):
        return {**value, draw(st.text(max_size=6)): draw(junk)}
    return draw(junk)


@st.composite
def _body(draw: st.DrawFn, shape: StructureShape | None, known: list[str]) -> bytes:
    value = draw(_members(shape, 0, known)) if shape else {}
    damage = draw(st.integers(0, 9))
    if damage in (7, 8):
        value = draw(_broken(value))
    text = json.dumps(value, ensure_ascii=draw(st.booleans())).encode("utf-8", "surrogatepass")
    if damage < 9 or not text:
        return text
    cut = draw(st.integers(0, len(text)))
    return draw(st.sampled_from([text[:cut], text[:cut] + draw(st.binary(max_size=3)) + text[cut:]]))


# Requests


@st.composite
def _request(draw: st.DrawFn, target: Target, operation: OperationModel) -> tuple[str, bytes]:
    """A path with its query, and a body."""
    shape = operation.input_shape
    path, query = operation.http["requestUri"].partition("?")[0], []
    anything = st.sampled_from(target.known + GOOD) | names | st.text(min_size=1, max_size=12)
    for name, member in shape.members.items():
        place = member.serialization.get("location")
        wire_name = member.serialization.get("name", name)
        if place == "uri":
            path = path.replace(f"{{{wire_name}}}", quote(draw(anything), safe=""))
        elif place == "querystring" and draw(st.booleans()):
            value = draw(
                anything | st.sampled_from(["true", "false", "1", "10", *(member.metadata.get("enum") or [])])
            )
            query.append(f"{quote(wire_name)}={quote(value, safe='')}")
    if draw(st.booleans()):
        path = path.rstrip("/")
    return path + ("?" + "&".join(query) if query else ""), draw(_body(shape, target.known))


def _check(operation: OperationModel, status: int, headers: Mapping[str, str], body: bytes) -> None:
    assert status < 500, body
    if status == 200 and operation.name in STREAMERS:
        _check_stream(headers, body)
        return
    parsed = json.loads(body)
    if headers.get("x-amzn-errortype") in ("UnknownOperationException", "MethodNotAllowedException"):
        assert set(parsed) == {"message"}  # an identifier made the path another one
    else:
        check_response(operation, status, headers, body, parsed)


def _check_stream(headers: Mapping[str, str], body: bytes) -> None:
    """Whole frames, of which only the last is an end; and nothing that went wrong is our own fault."""
    assert headers["content-type"] == "application/vnd.amazon.eventstream"
    assert headers["x-amz-bedrock-flow-execution-id"]
    buffer = EventStreamBuffer()
    buffer.add_data(body)
    frames = [frame.headers for frame in buffer]
    ends = [":exception-type" in frame or frame[":event-type"] == "flowCompletionEvent" for frame in frames]
    assert ends == [False] * (len(ends) - 1) + [True]
    assert frames[-1].get(":exception-type") != "internalServerException"


def _fuzz(target: Target, requests: int) -> None:
    kinds = {kind for name in sorted(OPERATIONS) for kind in _fuzz_operation(target, name, requests)}
    assert kinds == {2, 4}, "some requests were carried out, some refused"


def _fuzz_operation(target: Target, name: str, requests: int) -> set[int]:
    """The first digits of the statuses that were seen."""
    operation = target.operations[name]
    seen: set[int] = set()

    @settings(
        max_examples=requests // len(OPERATIONS) + 1,
        deadline=None,
        database=None,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
    )
    @given(_request(target, operation))
    def run(request: tuple[str, bytes]) -> None:
        path, body = request
        status, headers, answer = target.send(operation.http["method"], path, body)
        _check(operation, status, headers, answer)
        seen.add(status // 100)

    run()
    return seen


def test_few_requests(target: Target) -> None:
    _fuzz(target, FEW)


@pytest.mark.slow
@pytest.mark.skipif(not MANY, reason="HEADRACE_TEST_FUZZ_REQUESTS does not say how many requests to send")
def test_many_requests(target: Target) -> None:
    _fuzz(target, MANY)
