"""Keys, rights, methods, encodings, broken bodies (humanloop 0.3-0.5, 8.42-8.66)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.conftest import issue_key

pytestmark = pytest.mark.live


def detail(response: httpx.Response) -> str:
    body = response.json()
    assert list(body) == ["detail"]
    assert isinstance(body["detail"], str)
    return str(body["detail"])


def test_without_a_key(server: LiveServer) -> None:
    """0.5, 8.42."""
    response = httpx.get(f"{server.url}/v5/flows")
    assert (response.status_code, detail(response)) == (401, "Invalid or missing API key.")


def test_an_unknown_key_comes_before_a_broken_request(server: LiveServer) -> None:
    response = httpx.post(f"{server.url}/v5/flows", content=b"{")
    assert response.status_code == 401


@pytest.mark.slow
def test_keys_and_rights(make_server: Any) -> None:
    """Appendix B 5, 8.42, 2.11: one status for no key, a wrong one, and one without the right."""
    live: LiveServer = make_server()
    made = {}
    for right in ("admin", "editor", "runner", "reader"):
        made[right] = issue_key(live, email=f"{right}@example.org", right=right)
    clients = {right: live.humanloop(key) for right, key in made.items()}
    flow = clients["editor"].flows.upsert(path="f", attributes={})
    assert flow.created_by["email_address"] == "editor@example.org"
    assert clients["reader"].flows.get(flow.id) == flow
    for right in ("reader", "runner"):
        for call in (
            lambda c: c.flows.upsert(path="f", attributes={}),
            lambda c: c.flows.delete(flow.id),
            lambda c: c.flows.move(flow.id, name="g"),
            lambda c: c.flows.set_deployment(flow.id, "staging", version_id=flow.version_id),
            lambda c: c.flows.remove_deployment(flow.id, "production"),
            lambda c: c.flows.update_flow_version(flow.id, flow.version_id, name="n"),
            lambda c: c.flows.delete_flow_version(flow.id, flow.version_id),
        ):
            with pytest.raises(ApiError, match="'editor'") as caught:
                call(clients[right])
            assert caught.value.status_code == 401
    for wrong in ("hl_sk_" + "0" * 48, "any", made["admin"].upper()):
        with pytest.raises(ApiError) as caught:
            live.humanloop(wrong).flows.get(flow.id)
        assert (caught.value.status_code, caught.value.body) == (
            401,
            {"detail": "Invalid or missing API key."},
        )


@pytest.mark.slow
def test_the_user_filter_finds_authors(make_server: Any) -> None:
    """1.7."""
    live: LiveServer = make_server()
    for name in ("ann", "bob"):
        key = issue_key(live, email=f"{name}@example.org", full_name=f"{name} Smith", right="editor")
        mine = live.humanloop(key)
        mine.flows.upsert(path=f"by {name}", attributes={})
    assert [flow.path for flow in mine.flows.list(user_filter="ANN@")] == ["by ann"]
    assert len(list(mine.flows.list(user_filter="smith"))) == 2


@pytest.mark.parametrize(
    "path", ["", "/nope", "/flow", "/flows/a/b/c/d", "/files/x", "/flows/x/versions/y/z"]
)
def test_unknown_paths(raw: httpx.Client, path: str) -> None:
    response = raw.get(path)
    assert response.status_code == 404
    assert detail(response)


@pytest.mark.parametrize(
    ("method", "path", "allowed"),
    [
        ("PUT", "/flows", "GET, HEAD, OPTIONS, POST"),
        ("PUT", "/flows/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("POST", "/flows/x/versions", "GET, HEAD, OPTIONS"),
        ("GET", "/files/retrieve-by-path", "OPTIONS, POST"),
    ],
)
def test_wrong_methods(raw: httpx.Client, method: str, path: str, allowed: str) -> None:
    response = raw.request(method, path)
    assert response.status_code == 405
    assert response.headers["allow"] == allowed
    assert detail(response)


def test_options_tell_the_methods_and_need_no_key(server: LiveServer) -> None:
    """8.66."""
    for path, allowed in (
        ("/flows", "GET, HEAD, OPTIONS, POST"),
        ("/flows/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/directories/x", "DELETE, GET, HEAD, OPTIONS, PATCH"),
        ("/files/retrieve-by-path", "OPTIONS, POST"),
    ):
        answer = httpx.options(f"{server.url}/v5{path}")
        assert (answer.status_code, answer.content, answer.headers["allow"]) == (204, b"", allowed)
    assert httpx.options(f"{server.url}/v5/nope").status_code == 404


def test_head_is_get_without_a_body(raw: httpx.Client, path: str) -> None:
    """8.66."""
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    head, get = raw.head(f"/flows/{made['id']}"), raw.get(f"/flows/{made['id']}")
    assert (head.status_code, head.content) == (200, b"")
    assert head.headers["content-length"] == get.headers["content-length"] == str(len(get.content))
    assert raw.head("/flows/x").status_code == 404


@pytest.mark.parametrize("content_type", ["application/json", "text/plain", "", "nonsense", None])
def test_the_content_type_is_not_looked_at(server: LiveServer, path: str, content_type: str | None) -> None:
    """0.3."""
    headers = {"X-API-KEY": "any"} | ({} if content_type is None else {"content-type": content_type})
    body = json.dumps({"path": path, "attributes": {}}).encode()
    assert httpx.post(f"{server.url}/v5/flows", content=body, headers=headers).status_code == 200


@pytest.mark.parametrize("encoding", ["gzip", "br", "identity, gzip", "\xff"])
def test_encoded_bodies_are_refused(raw: httpx.Client, path: str, encoding: str) -> None:
    response = raw.post(
        "/flows", content=b"\x1f\x8b", headers={"content-encoding": encoding.encode("latin-1")}
    )
    assert response.status_code == 415
    assert "content encoding" in detail(response)
    plain = {"path": path, "attributes": {}}
    assert raw.post("/flows", json=plain, headers={"content-encoding": "identity"}).status_code == 200


@pytest.mark.parametrize(
    "body",
    [
        b"{",
        b"nonsense",
        b"\xff",
        b'\xef\xbb\xbf{"attributes":{}}',
        b'{"attributes":{"a":NaN}}',
        b'{"attributes":{"a":Infinity}}',
        b'{"attributes":{"a":"\\ud800"}}',
        b'{"attributes":{"a":"\xed\xa0\x80"}}',
        b'{"attributes":{"a":"\xff"}}',
        b'{"attributes":{},"unknown":"\xff"}',
        b'{"attributes":{"a":01}}',
        b'{"attributes":{"a":1,}}',
        b"{'attributes':{}}",
        b'{"attributes":{"a":"\n"}}',
        b'{"attributes":{}} {}',
    ],
)
def test_what_is_not_json(raw: httpx.Client, body: bytes) -> None:
    """0.4."""
    response = raw.post("/flows", content=body)
    assert response.status_code == 400
    assert "not valid JSON" in detail(response)


@pytest.mark.parametrize(
    "body",
    [
        b"[]",
        b"null",
        b'"text"',
        b"1",
        b'{"attributes":{"a":1e999}}',
        b'{"attributes":{"a":' + b"9" * 5000 + b"}}",
        b'{"attributes":' + b'{"a":' * 100_000 + b"1" + b"}" * 100_000 + b"}",
        b'{"path":"a","attributes":{"a":' + b"[" * 2_000 + b"]" * 2_000 + b"}}",
        b'{"attributes":{},"path":"a\\u0000b"}',
        b'{"attributes":{},"path":"nul","version_name":"a\\u0000b"}',
        b'{"attributes":{},"path":"nul","version_description":"\\u0000"}',
    ],
)
def test_json_that_no_flow_is_made_of(raw: httpx.Client, body: bytes) -> None:
    """0.4."""
    response = raw.post("/flows", content=body)
    assert response.status_code == 422
    for item in response.json()["detail"]:
        assert item["loc"][0] == "body"
        assert set(item) == {"loc", "msg", "type"}


@pytest.mark.parametrize("id", ["%00", "a%2Fb", "%ff", "%F0%9F%98%80", "..", "x" * 5000, "%", "fl_%00"])
def test_strange_ids_are_not_found(raw: httpx.Client, id: str) -> None:
    """8.65."""
    assert raw.get(f"/flows/{id}/versions").status_code == 404
    assert raw.delete(f"/flows/{id}/environments/{id}").status_code == 404


@pytest.mark.parametrize(
    "query", ["name=%00", "user_filter=a%00", "name=%ff", "name=%ED%A0%80", "%00=x", "&&="]
)
def test_strange_queries_are_no_bug(raw: httpx.Client, query: str) -> None:
    assert raw.get(f"/flows?{query}").status_code in (200, 422)


def test_a_short_id_names_the_flow_too(client: Any, server: LiveServer, path: str) -> None:
    """The common domain: each API shows its own id and accepts both."""
    flow = server.boto().create_flow(
        name=path.replace("/", "-").replace(" ", "-"), executionRoleArn="arn:aws:iam::000000000000:role/r"
    )
    shown = client.flows.get(flow["id"])
    assert shown.path == flow["name"]
    assert client.flows.get(shown.id) == shown
    assert shown.attributes == {"executionRoleArn": "arn:aws:iam::000000000000:role/r"}
    assert client.flows.list_versions(shown.id).records == []


def test_rates_are_limited_when_configured(make_server: Any) -> None:
    """8.52."""
    live: LiveServer = make_server(rate_limit="0.01", rate_burst="2", store="memory:")
    with httpx.Client(base_url=f"{live.url}/v5", headers={"X-API-KEY": "any"}) as plain:
        statuses = [plain.get("/flows").status_code for _ in range(3)]
        assert statuses == [200, 200, 429]
        refused = plain.get("/flows")
        assert 1 <= int(refused.headers["retry-after"]) <= 100
        assert detail(refused)
        assert plain.post("/flows", json={}).status_code == 422


def test_every_answer_has_a_request_id(raw: httpx.Client) -> None:
    ids = {raw.get(path).headers["x-request-id"] for path in ("/flows", "/flows/x", "/nope")}
    assert len(ids) == 3


def test_the_document_needs_no_key_and_names_every_operation(server: LiveServer) -> None:
    response = httpx.get(f"{server.url}/v5/openapi.json")
    assert response.status_code == 200
    described = response.json()
    assert described["openapi"].startswith("3.1")
    assert {(method.upper(), path) for path, methods in described["paths"].items() for method in methods} >= {
        ("POST", "/v5/flows"),
        ("GET", "/v5/flows"),
        ("GET", "/v5/flows/{id}"),
        ("DELETE", "/v5/flows/{id}"),
        ("PATCH", "/v5/flows/{id}"),
        ("GET", "/v5/flows/{id}/versions"),
        ("PATCH", "/v5/flows/{id}/versions/{version_id}"),
        ("DELETE", "/v5/flows/{id}/versions/{version_id}"),
        ("POST", "/v5/flows/{id}/environments/{environment_id}"),
        ("DELETE", "/v5/flows/{id}/environments/{environment_id}"),
        ("GET", "/v5/flows/{id}/environments"),
        ("POST", "/v5/files/retrieve-by-path"),
    }


def test_what_nobody_serves_is_not_there(raw: httpx.Client) -> None:
    answer = raw.get("/nothing/here")
    assert (answer.status_code, answer.json()) == (404, {"detail": "There is nothing at `/v5/nothing/here`."})
    assert raw.put("/prompts/pr_1", json={}).status_code == 405
