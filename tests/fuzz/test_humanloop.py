"""Whatever is sent to the Humanloop API: never a server error, and every refusal in the contract's shape.

300 requests in the fast run; as many as HEADRACE_TEST_FUZZ_REQUESTS says otherwise.
"""

from __future__ import annotations

import http.client
import json
import os
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from schemathesis import GenerationMode
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    response_schema_conformance,
    status_code_conformance,
)
from tests.contract.conftest import LiveServer

from headrace.apis.humanloop.api import OPERATIONS

FAST_REQUESTS = 300
REQUESTS = int(os.environ.get("HEADRACE_TEST_FUZZ_REQUESTS", FAST_REQUESTS))
PER_OPERATION = max(1, REQUESTS // (4 * len(OPERATIONS)))
PER_RAW_TEST = max(1, REQUESTS // 4)
KEY = {"X-API-KEY": "any"}
PATH = "fuzz/known"

pytestmark = [pytest.mark.live, pytest.mark.timeout(300 + REQUESTS)]
if REQUESTS > FAST_REQUESTS:
    pytestmark.append(pytest.mark.slow)


def examples(count: int) -> settings:
    """That many examples, however slow a shared machine is at making them, and no more to make one smaller."""
    return settings(
        max_examples=count,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=[
            HealthCheck.too_slow,
            HealthCheck.filter_too_much,
            HealthCheck.data_too_large,
            HealthCheck.function_scoped_fixture,
        ],
    )


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("fuzz") / "headrace.db"
    live = LiveServer(store=f"sqlite:///{path}").start()
    yield live.url
    assert live.stop() == 0


@pytest.fixture(scope="module")
def schema(url: str) -> Any:
    return schemathesis.openapi.from_url(f"{url}/v5/openapi.json")


def known(url: str) -> dict[str, str]:
    """The ids of a flow that is there, as the path's parameters name them."""
    body = {"path": PATH, "attributes": {"known": True}}
    made = requests.post(f"{url}/v5/flows", json=body, headers=KEY, timeout=30).json()
    return {"id": made["id"], "version_id": made["version_id"], "environment_id": "staging"}


def check_shape(status: int, headers: Any, body: bytes) -> None:
    """What must hold of every answer (humanloop 0.4, 0.5)."""
    assert status < 500, (status, body)
    if status == 204:
        assert body == b""
        return
    if status == 200 and headers["content-type"] == "text/plain; charset=utf-8":
        assert body.startswith(b"---\n")
        return
    assert headers["content-type"] == "application/json"
    shown = json.loads(body)
    if status >= 400 and isinstance(shown["detail"], dict):  # of a model, which answers no call here
        assert shown["detail"].keys() == {"type", "message", "code", "origin"}
        assert shown["detail"]["code"] == status
        return
    if status == 422:
        assert shown["detail"]
        for item in shown["detail"]:
            assert item.keys() == {"loc", "msg", "type"}
            assert item["loc"][0] in ("body", "query", "path")
            assert isinstance(item["msg"], str)
    elif status >= 400:
        assert shown.keys() == {"detail"}
        assert isinstance(shown["detail"], str)
        assert shown["detail"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_by_the_document(url: str, schema: Any, row: Any, mode: GenerationMode) -> None:
    """Requests that fit the document, and requests that break it, half of them about a flow that is there."""
    operation = schema[f"/v5{row.template}"][row.method]
    ids = known(url)

    @examples(PER_OPERATION)
    @given(case=operation.as_strategy(generation_mode=mode), is_known=st.booleans())
    def send(case: Any, is_known: bool) -> None:
        if is_known and isinstance(case.path_parameters, dict):
            case.path_parameters |= {name: ids[name] for name in case.path_parameters if name in ids}
        response = case.call(headers=KEY)
        headers = {name: ", ".join(values) for name, values in response.headers.items()}
        check_shape(response.status_code, headers, response.content)
        case.validate_response(
            response,
            checks=[content_type_conformance, response_schema_conformance, status_code_conformance],
        )
        if response.status_code == 204:
            ids.update(known(url))

    send()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
WORDS = ["attributes", "path", "id", "version_name", "version_description", "name", "description"]
OBJECTS = st.dictionaries(st.sampled_from([*WORDS, "directory_id", "other"]), JSON_VALUES, max_size=5)
MAPS = st.dictionaries(st.text(), JSON_VALUES, max_size=5)


@st.composite
def broken(draw: st.DrawFn) -> bytes:
    """JSON with something cut out, put in or turned over."""
    text = json.dumps(draw(OBJECTS), ensure_ascii=draw(st.booleans())).encode(errors="surrogatepass")
    start = draw(st.integers(0, len(text)))
    end = draw(st.integers(start, min(len(text), start + 5)))
    return text[:start] + draw(st.binary(max_size=5)) + text[end:]


BODIES = st.one_of(st.binary(max_size=50), broken(), OBJECTS.map(lambda value: json.dumps(value).encode()))
TARGETS = st.sampled_from(
    [
        ("POST", "/flows"),
        ("PATCH", "/flows/{id}"),
        ("PATCH", "/flows/{id}/versions/{version_id}"),
        ("POST", "/files/retrieve-by-path"),
        ("POST", "/flows/{id}/environments/{environment_id}"),
    ]
)


def test_any_body(url: str) -> None:
    ids = known(url)
    with requests.Session() as session:
        session.headers.update(KEY)

        @examples(PER_RAW_TEST)
        @given(target=TARGETS, body=BODIES)
        def send(target: tuple[str, str], body: bytes) -> None:
            method, template = target
            response = session.request(method, f"{url}/v5{template.format(**ids)}", data=body, timeout=30)
            check_shape(response.status_code, response.headers, response.content)

        send()


def test_any_attributes_come_back(url: str) -> None:
    """What JSON can say is kept, and answered as it was sent."""
    with requests.Session() as session:
        session.headers.update(KEY)

        @examples(PER_RAW_TEST)
        @given(attributes=MAPS)
        def send(attributes: dict[str, Any]) -> None:
            text = json.dumps(attributes).encode()
            body = b'{"path":"fuzz/attributes","attributes":' + text + b"}"
            response = session.post(f"{url}/v5/flows", data=body, timeout=30)
            check_shape(response.status_code, response.headers, response.content)
            if response.status_code == 200:
                assert response.json()["attributes"] == json.loads(text)
            else:
                assert any(word in text for word in (b"NaN", b"Infinity", b"\\ud"))

        send()


LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f#")
PARTS = st.sampled_from(["v5", "flows", "versions", "environments", "files", "openapi.json"]) | st.text(
    LETTERS, max_size=8
)
METHODS = st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"])


def test_any_path_and_query(url: str) -> None:
    """Bytes that no client library would send."""
    connection = http.client.HTTPConnection(urlsplit(url).netloc, timeout=30)

    @examples(PER_RAW_TEST)
    @given(method=METHODS, parts=st.lists(PARTS, max_size=6), query=st.text(LETTERS, max_size=30))
    def send(method: str, parts: list[str], query: str) -> None:
        target = "/".join(["/v5", *parts]) + ("?" + query if query else "")
        connection.putrequest(method, "/", skip_accept_encoding=True)
        # The library refuses to send some of these targets, so the line it wrote is put right.
        connection._buffer[0] = f"{method} {target} HTTP/1.1".encode("latin-1")  # type: ignore[attr-defined]
        connection.putheader("X-API-KEY", "any")
        connection.putheader("Content-Length", "0")
        connection.endheaders()
        response = connection.getresponse()
        body = response.read()
        if method == "HEAD" or (response.status == 400 and body == b"Invalid HTTP request received."):
            assert response.status < 500  # the HTTP parser refused it before any API saw it
        else:
            check_shape(response.status, response.headers, body)

    send()
    connection.close()
