"""The OpenAPI document: valid, whole, and there for everybody."""

from __future__ import annotations

import json
from typing import Any

import httpx
import openapi_spec_validator
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker, described

from headrace.apis.native import openapi
from headrace.apis.native.api import OPERATIONS

pytestmark = pytest.mark.live


def test_it_is_valid() -> None:
    openapi_spec_validator.validate(described())


def test_it_has_every_operation_and_its_parameters() -> None:
    found = {
        (method.upper(), path): told
        for path, methods in described()["paths"].items()
        for method, told in methods.items()
    }
    assert found.keys() == {(one.method, "/api" + one.template) for one in OPERATIONS}
    for one in OPERATIONS:
        told = found[(one.method, "/api" + one.template)]
        assert told["operationId"] == one.name
        assert told["summary"], one.name
        assert ("requestBody" in told) == (one.body is not None)
        assert one.template.count("{") == sum(parameter["in"] == "path" for parameter in told["parameters"])
    assert len({one.name for one in OPERATIONS}) == len(OPERATIONS)


def test_limits_are_numbers() -> None:
    text = json.dumps(described())
    assert '"format": "decimal"' in text
    assert '{"type": "string", "format": "decimal"}' not in text


def test_it_needs_no_key(make_server: Any) -> None:
    live = make_server()
    answer = httpx.get(f"{live.url}/api/openapi.json")
    assert (answer.status_code, answer.content) == (200, openapi.document(OPERATIONS))


def test_what_is_not_there(server: LiveServer, asker: Asker) -> None:
    headers = {"x-api-key": asker.key}
    nothing = httpx.get(f"{server.url}/api/nothing", headers=headers)
    assert (nothing.status_code, nothing.json()["error"]["code"]) == (404, "not_found")
    wrong = httpx.post(f"{server.url}/api/files/a/diff", headers=headers)
    assert (wrong.status_code, wrong.headers["allow"]) == (405, "GET, HEAD, OPTIONS")
    options = httpx.options(f"{server.url}/api/files/a/pointers/b")
    assert (options.status_code, options.headers["allow"]) == (204, "DELETE, GET, HEAD, OPTIONS")
    nul = httpx.get(f"{server.url}/api/files/a%00/pointers", headers=headers)
    assert nul.status_code == 404
    assert httpx.get(f"{server.url}/api/files/a/pointers").json()["error"]["code"] == "unauthenticated"


def test_each_shape_has_a_name_of_its_own() -> None:
    """Two of one name would be told apart by the modules they are in."""
    assert not [name for name in described()["components"]["schemas"] if "." in name]
