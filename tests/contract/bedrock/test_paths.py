"""Paths as clients write them, and paths that lead nowhere (bedrock 0, 1.2; sent by hand)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from tests.contract.bedrock.conformance import REQUEST_ID
from tests.contract.bedrock.things import ROLE, new_name, send
from tests.contract.conftest import LiveServer

Make = Callable[..., Mapping[str, Any]]


@pytest.mark.parametrize(
    "path",
    ["/flows/{id}/", "/flows/{id}", "/flows/{arn}/", "/flows/{arn}", "/flows/{lower}/", "/%66lows/{id}/"],
)
def test_ways_to_write_one_path(server: LiveServer, make_flow: Make, path: str) -> None:
    flow = make_flow()
    encoded = quote(flow["arn"], safe="")
    path = path.format(id=flow["id"], arn=encoded, lower=encoded.replace("%3A", "%3a").replace("%2F", "%2f"))
    answer = send(server.url, "GET", path)
    assert (answer.status, answer.json()["id"]) == (200, flow["id"])


@pytest.mark.parametrize("slash", ["", "/"])
def test_both_slash_forms_of_every_path(server: LiveServer, prepared: str, slash: str) -> None:
    made = send(server.url, "POST", f"/flows{slash}", {"name": new_name(), "executionRoleArn": ROLE})
    assert made.status == 201
    assert send(server.url, "GET", f"/flows{slash}").status == 200
    assert send(server.url, "POST", f"/flows/{prepared}{slash}").status == 202
    assert send(server.url, "POST", f"/flows/{prepared}/versions{slash}", {}).json()["version"] == "1"
    assert send(server.url, "GET", f"/flows/{prepared}/versions{slash}").status == 200
    assert send(server.url, "GET", f"/flows/{prepared}/versions/1{slash}").status == 200
    assert send(server.url, "DELETE", f"/flows/{prepared}/versions/1{slash}").status == 200
    update = {"name": new_name(), "executionRoleArn": ROLE}
    assert send(server.url, "PUT", f"/flows/{prepared}{slash}", update).status == 200
    assert send(server.url, "DELETE", f"/flows/{prepared}{slash}").status == 200


@pytest.mark.parametrize("body", [None, b"", {}, {"description": None, "unknown": 1}])
def test_bodies_that_say_nothing(server: LiveServer, prepared: str, body: Any) -> None:
    assert send(server.url, "POST", f"/flows/{prepared}/", body).status == 202
    made = send(server.url, "POST", f"/flows/{prepared}/versions", body)
    assert (made.status, "description" in made.json()) == (201, False)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/flows//"),
        ("PUT", "/flows//"),
        ("DELETE", "/flows//"),
        ("POST", "/flows//"),
        ("GET", "/flows//versions"),
        ("POST", "/flows//versions"),
        ("GET", "/flows//versions/1/"),
        ("GET", "/flows/short/"),
        ("GET", "/flows/way-too-long-an-id/"),
        ("GET", "/flows/%00%00%00%00%00%00%00%00%00%00/"),
        ("GET", "/flows/%ff%fe/"),
        ("GET", "/flows/arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000000%3Aprompt%2FABCDEFGHIJ/"),
        ("GET", "/flows/validate-definition"),
        ("DELETE", "/flows/validate-definition"),
        ("GET", "/flows/ABCDEFGHIJ/versions//"),
    ],
)
def test_identifiers_that_are_none(server: LiveServer, method: str, path: str) -> None:
    body = {"name": "valid", "executionRoleArn": ROLE} if method == "PUT" else None
    answer = send(server.url, method, path, body)
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.body
    assert [field["name"] for field in answer.json()["fieldList"]] in (["flowIdentifier"], ["flowVersion"])


@pytest.mark.parametrize(
    ("method", "path", "status", "name"),
    [
        ("GET", "//", 404, "UnknownOperationException"),
        ("GET", "/nothing", 404, "UnknownOperationException"),
        ("GET", "/flows/ABCDEFGHIJ/nothing", 404, "UnknownOperationException"),
        ("GET", "/flows/ABCDEFGHIJ/versions/1/more", 404, "UnknownOperationException"),
        ("GET", "/Flows/", 404, "UnknownOperationException"),
        ("PUT", "/flows/", 405, "MethodNotAllowedException"),
        ("DELETE", "/flows", 405, "MethodNotAllowedException"),
        ("PATCH", "/flows/ABCDEFGHIJ/", 405, "MethodNotAllowedException"),
        ("PUT", "/flows/ABCDEFGHIJ/versions", 405, "MethodNotAllowedException"),
        ("PUT", "/flows/ABCDEFGHIJ/versions/1/", 405, "MethodNotAllowedException"),
        ("TRACE", "/flows/", 405, "MethodNotAllowedException"),
    ],
)
def test_operations_that_are_none(server: LiveServer, method: str, path: str, status: int, name: str) -> None:
    answer = send(server.url, method, path)
    assert (answer.status, answer.error) == (status, name)
    assert list(answer.json()) == ["message"]
    assert REQUEST_ID.fullmatch(answer.headers["x-amzn-requestid"])
    assert ("allow" in answer.headers) == (status == 405)


def test_which_methods_a_path_takes(server: LiveServer) -> None:
    assert send(server.url, "PUT", "/flows/").headers["allow"] == "GET, HEAD, OPTIONS, POST"
    options = send(server.url, "OPTIONS", "/flows/ABCDEFGHIJ/")
    assert (options.status, options.body) == (204, b"")
    assert options.headers["allow"] == "DELETE, GET, HEAD, OPTIONS, POST, PUT"
    assert send(server.url, "OPTIONS", "/nope").error == "UnknownOperationException"


def test_head_is_get_without_a_body(server: LiveServer, make_flow: Make) -> None:
    path = f"/flows/{make_flow()['id']}/"
    head, get = send(server.url, "HEAD", path), send(server.url, "GET", path)
    assert (head.status, head.body) == (get.status, b"") == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.body))


def test_an_unencoded_arn_is_torn_apart(server: LiveServer, make_flow: Make) -> None:
    answer = send(server.url, "GET", f"/flows/{make_flow()['arn']}/")
    assert (answer.status, answer.error) == (404, "UnknownOperationException")


def test_the_last_of_a_repeated_query_parameter_counts(server: LiveServer, prepared: str) -> None:
    answer = send(server.url, "GET", f"/flows/{prepared}/?includedData=ALL_DATA&includedData=METADATA_ONLY")
    assert "definition" not in answer.json()


@pytest.mark.parametrize("value", ["TRUE", "1", "yes", ""])
def test_booleans_are_written_in_one_way(server: LiveServer, prepared: str, value: str) -> None:
    answer = send(server.url, "DELETE", f"/flows/{prepared}/?skipResourceInUseCheck={value}")
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert send(server.url, "DELETE", f"/flows/{prepared}/?skipResourceInUseCheck=true").status == 200
