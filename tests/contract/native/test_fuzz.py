"""Whatever is sent to our own API: never a server error, and every answer as the document says.

200 requests in the fast run; as many as HEADRACE_TEST_FUZZ_REQUESTS says otherwise.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator
from typing import Any

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

from headrace.apis.native.api import OPERATIONS
from headrace.apis.native.operations import Operation

FAST_REQUESTS = 200
REQUESTS = int(os.environ.get("HEADRACE_TEST_FUZZ_REQUESTS", FAST_REQUESTS))
PER_OPERATION = max(2, REQUESTS // (3 * len(OPERATIONS)))
KEY = {"X-API-KEY": "any"}
PATH, JUDGE, LOG = "fuzz/known", "fuzz/judge", "log_known"
SPEC = {"evaluator_type": "human", "arguments_type": "target_free", "return_type": "boolean"}

pytestmark = [pytest.mark.live, pytest.mark.timeout(300 + REQUESTS)]


def examples(count: int) -> settings:
    """That many examples, however slow a shared machine is at making them, and no more to make one smaller."""
    return settings(
        max_examples=count,
        phases=[Phase.generate],
        deadline=None,
        database=None,
        suppress_health_check=list(HealthCheck),
    )


def send(live: LiveServer, path: str, body: Any) -> None:
    """Make something that is there."""
    requests.post(f"{live.url}/v5/{path}", json=body, headers=KEY, timeout=30).raise_for_status()


@pytest.fixture(scope="module")
def url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    path = tmp_path_factory.mktemp("fuzz") / "headrace.db"
    live = LiveServer(store=f"sqlite:///{path}").start()
    for number in (1, 2, 3):
        send(live, "flows", {"path": PATH, "attributes": {"number": number}})
    send(live, "evaluators", {"path": JUDGE, "spec": SPEC})
    send(live, "flows/log", {"path": PATH, "log_id": LOG, "output": "known"})
    yield live.url
    assert live.stop() == 0


@pytest.fixture(scope="module")
def schema(url: str) -> Any:
    return schemathesis.openapi.from_url(f"{url}/api/openapi.json")


KNOWN = {
    "file": [PATH.replace("/", "%2F")],
    "pointer": ["production", "staging"],
    "environment": ["production", "staging"],
    "version": ["1", "draft", "production"],
    "log": [LOG, "log_none"],
    "evaluator": [JUDGE.replace("/", "%2F"), PATH.replace("/", "%2F")],
    "execution": ["exe_none"],
    "step": ["0", "1", "step_none"],
    "key": ["key_none"],
    "name": ["none"],
    "provider": ["none"],
}
VALUES = {
    "from": ["1", "production", "draft"],
    "to": ["1", "2", "draft"],
    "version": ["1", "3"],
    "evaluator": [JUDGE],
    "log": [LOG],
}


def check_shape(status: int, body: bytes) -> None:
    """What must hold of every answer."""
    assert status < 500, (status, body)
    if status >= 400:
        shown = json.loads(body)
        assert shown.keys() == {"error"}
        assert shown["error"].keys() == {"code", "message", "problems"}
        assert shown["error"]["message"]


@pytest.mark.parametrize("mode", list(GenerationMode), ids=lambda mode: mode.value)
@pytest.mark.parametrize("row", OPERATIONS, ids=lambda row: row.name)
def test_by_the_document(url: str, schema: Any, row: Operation, mode: GenerationMode) -> None:
    """Requests that fit the document, and requests that break it, most of them about a flow that is there."""
    operation = schema[f"/api{row.template}"][row.method]

    @examples(PER_OPERATION)
    @given(
        case=operation.as_strategy(generation_mode=mode),
        known=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in KNOWN.items()}),
        values=st.fixed_dictionaries({name: st.sampled_from(values) for name, values in VALUES.items()}),
        is_known=st.booleans(),
    )
    def send(case: Any, known: dict[str, str], values: dict[str, str], is_known: bool) -> None:
        if isinstance(case.path_parameters, dict):
            case.path_parameters |= {name: known[name] for name in case.path_parameters}
        for part in (case.query, case.body):
            if is_known and isinstance(part, dict):
                part.update({name: values[name] for name in part if name in values})
        for name, value in list((case.headers or {}).items()):
            if not (isinstance(value, str) and value.isascii() and value.isprintable()):
                del case.headers[name]  # no request in the sense of HTTP, so that it does not reach the API
        response = case.call(headers=KEY)
        check_shape(response.status_code, response.content)
        case.validate_response(
            response,
            checks=[content_type_conformance, response_schema_conformance, status_code_conformance],
        )

    send()


JSON_VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=20,
)
WORDS = [
    "to",
    "from",
    "expected",
    "reason",
    "override",
    "dry_run",
    "shares",
    "is_off",
    "rules",
    "watch",
    "by",
]
OBJECTS = st.dictionaries(st.sampled_from(WORDS), JSON_VALUES, max_size=5)
BODIES = st.binary(max_size=50) | OBJECTS.map(lambda value: json.dumps(value).encode())
TARGETS = st.sampled_from([row for row in OPERATIONS if row.body is not None])


def test_any_body(url: str) -> None:
    with requests.Session() as session:
        session.headers.update(KEY)

        @examples(REQUESTS // 2)
        @given(
            row=TARGETS,
            body=BODIES,
            match=st.none()
            | st.text(st.characters(min_codepoint=32, max_codepoint=255, exclude_characters="\x7f")),
        )
        def send(row: Operation, body: bytes, match: str | None) -> None:
            path = row.template
            for name, values in KNOWN.items():
                path = path.replace(f"{{{name}}}", values[0])
            headers = {} if match is None else {"If-Match": match.strip().encode("latin-1")}
            asked = f"{url}/api{path}"
            response = session.request(row.method, asked, data=body, headers=headers, timeout=30)
            check_shape(response.status_code, response.content)

        send()


LETTERS = st.characters(min_codepoint=0x21, max_codepoint=0xFF, exclude_characters="\x7f#")
PARTS = st.sampled_from(
    [
        "files",
        "pointers",
        "production",
        "moves",
        "diff",
        "gate",
        "switch",
        "openapi.json",
        "fuzz%2Fknown",
        "%00",
        "%FF",
    ]
) | st.text(LETTERS, max_size=8)


def test_any_path(url: str) -> None:
    with requests.Session() as session:
        session.headers.update(KEY)

        @examples(REQUESTS // 2)
        @given(
            method=st.sampled_from(["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"]),
            parts=st.lists(PARTS, max_size=6),
            query=st.text(LETTERS, max_size=20),
        )
        def send(method: str, parts: list[str], query: str) -> None:
            asked = f"{url}/api/{'/'.join(parts)}?{query}"
            response = session.request(method, asked, data=b"{}", timeout=30)
            assert response.status_code < 500, (asked, response.text)

        send()
