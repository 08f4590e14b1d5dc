"""Who gets in, and what each may do (the common domain, *Who*; bedrock 6.2; humanloop 0.3)."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import botocore.auth
import httpx
import pytest
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from humanloop.core.api_error import ApiError
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, new_name, refused, send
from tests.contract.conftest import LiveServer, boto_client
from tests.contract.inprocess import InProcess, in_process
from tests.contract.keys import RIGHTS, aws_pair, closed_server, create_key, run, run_json
from tests.stores import about_files, about_finding, about_memory

from headrace.apis.bedrock.api import SERVED
from headrace.apis.bedrock.model import load
from headrace.apis.humanloop.api import OPERATIONS
from headrace.core.access import Right
from headrace.services.server import access
from headrace.settings import Settings

UNKNOWN_FLOW = "ABCDEFGHIJ"


@pytest.fixture(scope="module")
def keyed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[LiveServer, dict[str, Any]]]:
    """A server with one key, which is an admin's, made before it was started."""
    store = f"sqlite:///{tmp_path_factory.mktemp('keyed')}/headrace.db"
    key = create_key(store)
    live = LiveServer(store=store).start()
    yield live, key
    assert live.stop() == 0


# Keys on the command line


def test_keys_of_a_running_server(make_server: Any) -> None:
    live = make_server()
    humanloop = live.humanloop("any")
    humanloop.flows.list()  # open mode: anything will do
    key = create_key(live.store, "admin", "--name", "laptop", "--full-name", "Ann Example")
    assert key["right"] == "admin"
    with pytest.raises(ApiError) as caught:
        humanloop.flows.list()
    assert caught.value.status_code == 401, "the first key ends open mode at once"
    assert list(live.humanloop(key["api_key"]).flows.list()) == []
    checked_client(live.url, **aws_pair(key)).list_flows()

    [listed] = run_json("keys", "list", "--store", live.store)
    assert listed == {k: v for k, v in key.items() if k not in ("api_key", "secret_access_key")}
    assert listed["user"] == {"email": "ann@example.com", "full_name": "Ann Example"}
    assert (listed["name"], listed["account"], listed["revoked_at"]) == ("laptop", "000000000000", None)

    done = run("keys", "revoke", key["id"], "--store", live.store)
    assert (done.returncode, done.stdout) == (0, f"{key['id']} is revoked.\n")
    with pytest.raises(ApiError) as caught:
        live.humanloop(key["api_key"]).flows.list()
    assert caught.value.status_code == 401
    with refused("UnrecognizedClientException", 403):
        checked_client(live.url, **aws_pair(key)).list_flows()
    [listed] = run_json("keys", "list", "--store", live.store)
    assert listed["revoked_at"] is not None
    assert create_key(live.store)["id"] != key["id"], "the command line gets in by its own token"


@pytest.mark.slow
def test_keys_of_a_store_that_no_server_has(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/headrace.db"
    key = create_key(store, "reader")
    assert [one["id"] for one in run_json("keys", "list", "--store", store)] == [key["id"]]
    unknown = run("keys", "revoke", "key_unknown", "--store", store)
    assert (unknown.returncode, "Key `key_unknown` not found" in unknown.stderr) == (1, True)
    assert run("keys", "revoke", key["id"], "--store", store).returncode == 0
    shown = run("keys", "list", "--store", store).stdout
    assert key["id"] in shown
    assert "revoked" in shown
    live = LiveServer(store=store).start()
    try:
        with refused("UnrecognizedClientException", 403):
            checked_client(live.url, **aws_pair(key)).list_flows()
    finally:
        live.stop()


@about_finding
def test_keys_of_a_second_organisation(make_server: Any, tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/headrace.db"
    other = run_json(
        "keys", "create", "--email", "o@example.com", "--store", store, HEADRACE_ACCOUNT="222222222222"
    )
    assert other["account"] == "222222222222"
    first = create_key(store)
    live = make_server(store=store)
    live.humanloop(first["api_key"]).flows.upsert(path="A", attributes={})
    assert list(live.humanloop(other["api_key"]).flows.list()) == []
    done = run("keys", "list", "--store", store, HEADRACE_ACCOUNT="222222222222")
    assert (done.returncode, "for 000000000000, not for 222222222222" in done.stderr) == (1, True)


def test_a_key_is_printed_once_for_people(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/headrace.db"
    made = run("keys", "create", "--email", "ann@example.com", "--store", store, is_forked=False).stdout
    for name in ("HUMANLOOP_API_KEY=hl_sk_", "AWS_ACCESS_KEY_ID=HRAK", "AWS_SECRET_ACCESS_KEY="):
        assert name in made


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (("create", "--email", "nobody"), "Not an e-mail address: 'nobody'"),
        (("create",), "Missing option '--email'"),
        (("create", "--email", "a@b.c", "--right", "owner"), "'owner' is not one of"),
    ],
)
def test_mistakes_on_the_command_line(tmp_path: Path, arguments: tuple[str, ...], words: str) -> None:
    done = run("keys", *arguments, "--store", f"sqlite:///{tmp_path}/headrace.db")
    assert done.returncode != 0
    assert words in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize("command", ["keys list", "keys revoke key_unknown", "export bedrock"])
@about_files
def test_a_misspelt_store_is_not_made(tmp_path: Path, command: str) -> None:
    done = run(*command.split(), "--store", f"sqlite:///{tmp_path}/hedrace.db", is_forked=False)
    assert done.returncode == 1
    assert f"There is no store at {tmp_path}/hedrace.db" in done.stderr
    assert not list(tmp_path.iterdir())


@pytest.mark.slow
def test_keys_of_a_server_elsewhere(keyed: tuple[LiveServer, dict[str, Any]]) -> None:
    live, key = keyed
    there = {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": key["api_key"]}
    made = run_json("keys", "create", "--email", "bob@example.com", "--right", "reader", **there)
    assert made["id"] in {one["id"] for one in run_json("keys", "list", **there)}
    refusal = run("keys", "list", HEADRACE_URL=live.url, HEADRACE_API_KEY=made["api_key"])
    assert refusal.returncode == 1
    assert "'admin'" in refusal.stderr
    wrong = run("keys", "list", HEADRACE_URL=live.url, HEADRACE_API_KEY="wrong")
    assert (wrong.returncode, wrong.stderr) == (1, "Error: Invalid or missing API key.\n")
    keyless = run("keys", "list", HEADRACE_URL=live.url)
    assert (keyless.returncode, "Set HEADRACE_API_KEY" in keyless.stderr) == (1, True)
    nobody = run("keys", "list", HEADRACE_URL="http://127.0.0.1:1")
    assert (nobody.returncode, "No answer from http://127.0.0.1:1" in nobody.stderr) == (1, True)


@pytest.mark.parametrize(
    ("variable", "value", "words"),
    [
        ("URL", "localhost:8321", "such as http://127.0.0.1:8321, not 'localhost:8321'"),
        ("URL", "http://localhost:port", "such as http://127.0.0.1:8321"),
        ("URL", "http://[::1", "such as http://127.0.0.1:8321"),
        ("URL", "ftp://localhost", "such as http://127.0.0.1:8321"),
        ("URL", "http://localhost:8321/v5/", "without the /v5"),
        ("API_KEY", "two\nlines", "characters that no key has"),
    ],
)
def test_no_address_of_a_server_elsewhere(variable: str, value: str, words: str) -> None:
    there = {"HEADRACE_URL": "http://127.0.0.1:1", f"HEADRACE_{variable}": value}
    done = run("keys", "list", **there)
    assert (done.returncode, "Traceback" in done.stderr) == (2, False)
    assert words in done.stderr


def test_what_answers_elsewhere_is_something_else(tmp_path: Path) -> None:
    (tmp_path / "console").mkdir()
    (tmp_path / "console" / "keys").write_text("<p>hello</p>")
    handler = partial(SimpleHTTPRequestHandler, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as other:
        threading.Thread(target=other.serve_forever, daemon=True).start()
        done = run("keys", "list", HEADRACE_URL=f"http://127.0.0.1:{other.server_port}")
        other.shutdown()
    assert (done.returncode, "is not Headrace" in done.stderr) == (1, True)


@about_memory
def test_a_store_in_memory_has_no_keys_from_outside() -> None:
    done = run("keys", "list", "--store", "memory:")
    assert done.returncode == 2
    assert "HEADRACE_URL" in done.stderr


# Rights

BEDROCK_RIGHTS: Mapping[str, str] = {
    "CreateFlow": "editor",
    "GetFlow": "reader",
    "UpdateFlow": "editor",
    "DeleteFlow": "editor",
    "ListFlows": "reader",
    "PrepareFlow": "editor",
    "ValidateFlowDefinition": "reader",
    "CreateFlowVersion": "editor",
    "GetFlowVersion": "reader",
    "ListFlowVersions": "reader",
    "DeleteFlowVersion": "editor",
    "CreateFlowAlias": "editor",
    "GetFlowAlias": "reader",
    "ListFlowAliases": "reader",
    "UpdateFlowAlias": "editor",
    "DeleteFlowAlias": "editor",
    "CreatePrompt": "editor",
    "GetPrompt": "reader",
    "ListPrompts": "reader",
    "UpdatePrompt": "editor",
    "DeletePrompt": "editor",
    "CreatePromptVersion": "editor",
    "TagResource": "editor",
    "UntagResource": "editor",
    "ListTagsForResource": "reader",
    "InvokeFlow": "runner",
    "StartFlowExecution": "runner",
    "StopFlowExecution": "runner",
    "GetFlowExecution": "reader",
    "ListFlowExecutions": "reader",
    "ListFlowExecutionEvents": "reader",
    "GetExecutionFlowSnapshot": "reader",
}
"""The right that each operation needs; an operation without a row here fails the tests."""
HUMANLOOP_RIGHTS: Mapping[str, str] = {
    "GET": "reader",
    "POST": "editor",
    "PATCH": "editor",
    "PUT": "editor",
    "DELETE": "editor",
}
HUMANLOOP_READS_BY_POST = {
    "DeserializeAgent",
    "DeserializePrompt",
    "PopulatePrompt",
    "RetrieveByPath",
    "RetrieveFileByPath",
}
HUMANLOOP_RUNS = {
    "AddLogsToRun",
    "CreateRun",
    "UpdateRun",
    "CallAgent",
    "CallPrompt",
    "CallTool",
    "ContinueAgent",
    "LogAgent",
    "LogFlow",
    "LogPrompt",
    "LogTool",
    "LogEvaluator",
    "UpdateAgentLog",
    "UpdateFlowLog",
    "UpdatePromptLog",
    "UpdateToolLog",
    "ImportSpans",
}
"""Who may run flows may say what happened."""
BODIES_OF_ITS_OWN = {
    "AddToolEnvironmentVariables": b'[{"name": "TOKEN", "value": "a-value"}]',
    "UploadDatasetCsv": (
        b'--edge\r\nContent-Disposition: form-data; name="file"; filename="some.csv"\r\n'
        b"Content-Type: text/csv\r\n\r\nquestion\r\nWhere?\r\n\r\n--edge--\r\n"
    ),
    "AddEvaluators": b'{"evaluators": []}',
    "AddLogsToRun": b'{"log_ids": []}',
    "CreateRun": b'{"orchestrated": false}',
}
"""The bodies of operations that take no JSON object, or one that has to have members."""
PATH_VALUES = {
    "{flowIdentifier}": UNKNOWN_FLOW,
    "{flowVersion}": "1",
    "{aliasIdentifier}": UNKNOWN_FLOW,
    "{flowAliasIdentifier}": "TSTALIASID",
    "{executionIdentifier}": "nobody",
    "{promptIdentifier}": UNKNOWN_FLOW,
    "{resourceArn}": "arn%3Aaws%3Abedrock%3Aus-east-1%3A000000000000%3Aflow%2FABCDEFGHIJ",
}
BODIES: Mapping[str, Any] = {
    "UpdateFlow": {"name": "a", "executionRoleArn": ROLE},
    "ValidateFlowDefinition": {"definition": {}},
    "CreateFlowAlias": {"name": "a", "routingConfiguration": [{"flowVersion": "1"}]},
    "UpdateFlowAlias": {"name": "a", "routingConfiguration": [{"flowVersion": "1"}]},
    "UpdatePrompt": {"name": "a"},
    "TagResource": {"tags": {"a": "b"}},
    "InvokeFlow": {"inputs": [{"nodeName": "FlowInput", "content": {"document": "x"}}]},
    "StartFlowExecution": {"inputs": [{"nodeName": "FlowInput", "content": {"document": "x"}}]},
}
QUERIES: Mapping[str, str] = {
    "UntagResource": "?tagKeys=a",
    "ListFlowExecutionEvents": "?eventType=Node",
}


@pytest.fixture(scope="module")
def guarded() -> Iterator[tuple[InProcess, dict[str, str]]]:
    """A server with a key of each right: the API keys by right."""
    with in_process(Settings(store="memory:")) as running:
        keys = {
            right: running.run(
                access.create_key(
                    running.server.ports,
                    running.server.local,
                    email=f"{right}@example.com",
                    full_name=None,
                    right=Right[right.upper()],
                    name="",
                )
            ).api_key
            for right in RIGHTS
        }
        yield running, keys


def _covers(right: str, needed: str) -> bool:
    return RIGHTS.index(right) >= RIGHTS.index(needed)


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("name", SERVED)
def test_rights_of_bedrock_operations(
    guarded: tuple[InProcess, dict[str, str]], name: str, right: str
) -> None:
    running, keys = guarded
    operation = load().operations[name]
    path = "/" + "/".join(PATH_VALUES.get(segment, segment) for segment in operation.segments)
    body = {"name": new_name(), "executionRoleArn": ROLE} if name.startswith("Create") else None
    answer = send(
        running.url,
        operation.method,
        path + QUERIES.get(name, ""),
        BODIES.get(name, body),
        headers={"x-api-key": keys[right]},
    )
    if _covers(right, BEDROCK_RIGHTS[name]):
        assert answer.status in (operation.status, 404), answer.body
    else:
        assert (answer.status, answer.error) == (403, "AccessDeniedException"), answer.body
        assert f"'{BEDROCK_RIGHTS[name]}'" in answer.json()["message"]
        assert f"'{right}'" in answer.json()["message"]


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize("operation", OPERATIONS, ids=lambda operation: operation.name)
def test_rights_of_humanloop_operations(
    guarded: tuple[InProcess, dict[str, str]], operation: Any, right: str
) -> None:
    running, keys = guarded
    path = "/v5" + operation.template.replace("{", "").replace("}", "")
    headers = {"x-api-key": keys[right]}
    body = BODIES_OF_ITS_OWN.get(operation.name) or {"path": f"no/where/{operation.name}"}
    answer = send(running.url, operation.method, path, body, headers=headers)
    needed = HUMANLOOP_RIGHTS[operation.method]
    if operation.name in HUMANLOOP_READS_BY_POST:
        needed = "reader"
    if operation.name in HUMANLOOP_RUNS:
        needed = "runner"
    if _covers(right, needed):
        assert answer.status in (200, 201, 404, 409, 422), answer.body
    else:
        assert answer.status == 401, answer.body
        assert f"'{needed}'" in answer.json()["detail"]


@pytest.mark.parametrize("right", RIGHTS)
@pytest.mark.parametrize(
    ("method", "path"),
    [("GET", "/console/keys"), ("POST", "/console/keys"), ("DELETE", "/console/keys/key_unknown")],
)
def test_only_admins_manage_keys(
    guarded: tuple[InProcess, dict[str, str]], method: str, path: str, right: str
) -> None:
    running, keys = guarded
    body = {"email": "new@example.com", "right": "reader"}
    answer = send(running.url, method, path, body, headers={"x-api-key": keys[right]})
    assert answer.status in ((200, 201, 404) if right == "admin" else (403,)), answer.body


# Signatures


def _signed(
    url: str,
    key: Mapping[str, Any],
    *,
    method: str = "GET",
    path: str = "/flows/",
    body: bytes = b"",
    auth: type[botocore.auth.BaseSigner] = botocore.auth.SigV4Auth,
) -> Any:
    """A prepared request with botocore's own signature."""
    request = AWSRequest(method, url + path, data=body, headers={"content-type": "application/json"})
    credentials = Credentials(key["access_key_id"], key["secret_access_key"])
    auth(credentials, "bedrock", "us-east-1").add_auth(request)
    return request.prepare()


def _answer(prepared: Any, **changes: Any) -> tuple[int, str | None]:
    sent = {
        "method": prepared.method,
        "url": prepared.url,
        "content": prepared.body or None,
        "headers": dict(prepared.headers),
        **changes,
    }
    answer = httpx.request(**sent)
    return answer.status_code, answer.headers.get("x-amzn-errortype")


def test_a_good_signature(keyed: tuple[LiveServer, dict[str, Any]]) -> None:
    live, key = keyed
    assert _answer(_signed(live.url, key)) == (200, None)
    client = checked_client(live.url, **aws_pair(key))
    flow = client.create_flow(name=new_name(), executionRoleArn=ROLE, description="ünï ✓")
    assert client.get_flow(flowIdentifier=flow["arn"])["description"] == "ünï ✓"
    assert client.list_flows(maxResults=3)["flowSummaries"][0]["id"] == flow["id"]


def test_a_presigned_address(keyed: tuple[LiveServer, dict[str, Any]]) -> None:
    live, key = keyed
    prepared = _signed(live.url, key, auth=botocore.auth.SigV4QueryAuth)
    assert "X-Amz-Signature=" in prepared.url
    assert _answer(prepared) == (200, None)
    assert _answer(prepared, url=prepared.url.replace("/flows/", "/flows/ABCDEFGHIJ/")) == (
        403,
        "InvalidSignatureException",
    )


def test_tampered_requests(keyed: tuple[LiveServer, dict[str, Any]]) -> None:
    live, key = keyed
    body = json.dumps({"name": new_name(), "executionRoleArn": ROLE}).encode()
    prepared = _signed(live.url, key, method="POST", body=body)
    refusal = (403, "InvalidSignatureException")
    assert _answer(prepared, content=body.replace(b"flow-role", b"root-role")) == refusal
    assert _answer(prepared, url=live.url + "/flows/?skip=true") == refusal
    assert _answer(prepared, url=live.url + "/flows/ABCDEFGHIJ/versions") == refusal
    assert _answer(prepared, method="PUT")[1] == "InvalidSignatureException"
    headers = {**prepared.headers, "content-type": "text/plain"}
    assert _answer(prepared, headers=headers) == refusal
    assert _answer(prepared) == (201, None), "only the untouched request is carried out"


def test_credentials_of_nobody(keyed: tuple[LiveServer, dict[str, Any]]) -> None:
    live, key = keyed
    wrong = {**key, "secret_access_key": "x" * 40}
    assert _answer(_signed(live.url, wrong)) == (403, "InvalidSignatureException")
    unknown = {**key, "access_key_id": "HRAKAAAAAAAAAAAAAAAA"}
    assert _answer(_signed(live.url, unknown)) == (403, "UnrecognizedClientException")
    for headers, expected in (
        ({}, (403, "MissingAuthenticationTokenException")),
        ({"authorization": "Bearer token"}, (400, "IncompleteSignatureException")),
        ({"authorization": "AWS4-HMAC-SHA256 Credential=x"}, (400, "IncompleteSignatureException")),
        ({"x-api-key": "hl_sk_unknown"}, (403, "UnrecognizedClientException")),
    ):
        answer = send(live.url, "GET", "/flows/", headers=headers)
        assert (answer.status, answer.error) == expected, headers
    assert httpx.get(f"{live.url}/v5/flows").status_code == 401
    assert httpx.get(f"{live.url}/v5/flows", headers={"x-api-key": "wrong"}).status_code == 401
    assert httpx.get(f"{live.url}/v5/flows", headers={"x-api-key": key["api_key"]}).status_code == 200


@pytest.mark.parametrize("minutes", [-6, 6])
def test_a_signature_of_another_time(
    keyed: tuple[LiveServer, dict[str, Any]], monkeypatch: pytest.MonkeyPatch, minutes: int
) -> None:
    live, key = keyed
    then = datetime.now(UTC) + timedelta(minutes=minutes)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
    status, name = _answer(_signed(live.url, key))
    assert status == 403
    assert name in ("ExpiredTokenException", "InvalidSignatureException")


def test_an_expired_presigned_address(
    keyed: tuple[LiveServer, dict[str, Any]], monkeypatch: pytest.MonkeyPatch
) -> None:
    live, key = keyed
    then = datetime.now(UTC) - timedelta(hours=2)
    monkeypatch.setattr(botocore.auth, "get_current_datetime", lambda *_, **__: then)
    prepared = _signed(live.url, key, auth=botocore.auth.SigV4QueryAuth)
    assert _answer(prepared)[0] == 403


@about_files
def test_a_lost_server_key(make_server: Any) -> None:
    live, key = closed_server(make_server)
    assert _answer(_signed(live.url, key)) == (200, None)
    live.stop()
    Path(live.store.removeprefix("sqlite:///") + ".key").unlink()
    live.start()
    assert _answer(_signed(live.url, key)) == (403, "UnrecognizedClientException")
    assert httpx.get(f"{live.url}/v5/flows", headers={"x-api-key": key["api_key"]}).status_code == 200


# Open mode


def test_open_mode_wants_credentials_all_the_same(server: LiveServer) -> None:
    answer = send(server.url, "GET", "/flows/", headers={})
    assert (answer.status, answer.error) == (403, "MissingAuthenticationTokenException")
    answer = send(server.url, "GET", "/flows/?X-Amz-Signature=any", headers={})
    assert (answer.status, answer.error) == (403, "MissingAuthenticationTokenException"), "only an address"
    assert httpx.get(f"{server.url}/v5/flows").status_code == 401
    assert httpx.get(f"{server.url}/console/keys").status_code == 401


@pytest.mark.parametrize(
    "foreign",
    [
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"origin": "http://127.0.0.1:1"},
        {"host": "evil.example"},
        {"host": "127.0.0.1.evil.example"},
        {"host": ""},
    ],
)
def test_open_mode_refuses_foreign_web_pages(server: LiveServer, foreign: dict[str, str]) -> None:
    bedrock = send(server.url, "GET", "/flows/", headers={"authorization": "any", **foreign})
    assert (bedrock.status, bedrock.error) == (403, "AccessDeniedException")
    for path, status in (("/v5/flows", 401), ("/console/keys", 403)):
        answer = send(server.url, "GET", path, headers={"x-api-key": "any", **foreign})
        assert answer.status == status, answer.body


def test_open_mode_answers_its_own_pages(server: LiveServer) -> None:
    for headers in ({"origin": server.url}, {"host": "localhost:8321"}, {"host": "[::1]:80"}):
        assert send(server.url, "GET", "/flows/", headers={"authorization": "any", **headers}).status == 200


def test_a_browser_is_not_told_that_it_may_ask(server: LiveServer) -> None:
    """Without a preflight's consent no web page can send the headers that credentials travel in."""
    asked = {
        "origin": "https://evil.example",
        "access-control-request-method": "GET",
        "access-control-request-headers": "x-api-key",
    }
    for path in ("/flows/", "/v5/flows", "/console/keys"):
        answer = send(server.url, "OPTIONS", path, headers=asked)
        # An answer that tells the operations is nothing that a browser would go on with.
        assert answer.status in (204, 404)
        assert not [name for name in answer.headers if name.startswith("access-control-")]


def test_no_keys_no_foreign_address(tmp_path: Path) -> None:
    store = f"sqlite:///{tmp_path}/headrace.db"
    done = run("serve", "--host", "0.0.0.0", "--port", "0", "--store", store)
    assert done.returncode == 1
    assert "Refusing to listen on 0.0.0.0 without keys: anybody could use this server." in done.stderr
    assert "headrace keys create" in done.stderr
    assert done.stdout == ""


# Secrets


@about_files
def test_secrets_are_nowhere_in_plain(make_server: Any, tmp_path: Path) -> None:
    log = tmp_path / "log"
    with log.open("w") as errors:
        live, key = closed_server(make_server, log_requests="true", log_level="debug", stderr=errors)
        checked_client(live.url, **aws_pair(key)).list_flows()
        live.humanloop(key["api_key"]).flows.list()
        live.stop()
    kept = {path: path.read_bytes() for path in Path(live.store.removeprefix("sqlite:///")).parent.iterdir()}
    assert len(kept) >= 2
    assert log.stat().st_size > 0
    for path, content in kept.items():
        for secret in (key["api_key"], key["secret_access_key"]):
            assert secret.encode() not in content, path
    key_file = next(path for path in kept if path.name.endswith(".key"))
    assert key_file.stat().st_mode & 0o777 == 0o600


# Organisations


@pytest.fixture(scope="module", params=["memory", "sqlite"])
def two(
    request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[InProcess, dict[str, dict[str, str]]]]:
    """A server with two organisations, and an admin's key of each by its account."""
    folder = tmp_path_factory.mktemp("two")
    store = "memory:" if request.param == "memory" else f"sqlite:///{folder}/headrace.db"
    with in_process(Settings(store=store)) as running:
        ports = running.server.ports
        keys = {}
        for account in ("000000000000", "111111111111"):
            admin = running.run(access.ensure_organisation(ports, account=account, name=account))
            issued = running.run(
                access.create_key(
                    ports, admin, email="ann@example.com", full_name=None, right=Right.ADMIN, name=account
                )
            )
            keys[account] = {
                "id": issued.key.id,
                "api_key": issued.api_key,
                "access_key_id": issued.key.access_key_id,
                "secret_access_key": issued.secret_access_key,
            }
        yield running, keys


def test_nothing_of_one_organisation_is_visible_to_another(
    two: tuple[InProcess, dict[str, dict[str, str]]],
) -> None:
    running, keys = two
    ours = boto_client(running.url, **aws_pair(keys["000000000000"]))
    theirs = boto_client(running.url, **aws_pair(keys["111111111111"]))
    token = "0" * 33
    wanted = {"name": "shared-name", "executionRoleArn": ROLE, "definition": {}, "clientToken": token}
    flow = ours.create_flow(**wanted)
    foreign = theirs.create_flow(**wanted)
    assert foreign["id"] != flow["id"], "neither the name nor the token is known there"
    assert ":111111111111:" in foreign["arn"]
    for one in ("second", "third"):
        ours.create_flow(name=one, executionRoleArn=ROLE)
    page = ours.list_flows(maxResults=1)
    assert [one["id"] for one in theirs.list_flows()["flowSummaries"]] == [foreign["id"]]
    with refused("ValidationException", 400, "nextToken"):
        theirs.list_flows(nextToken=page["nextToken"])

    long = httpx.get(
        f"{running.url}/v5/flows/{flow['id']}", headers={"x-api-key": keys["000000000000"]["api_key"]}
    ).json()["id"]
    for ref in (flow["id"], flow["arn"], long):
        _check_unknown_to_bedrock(running, keys["111111111111"], ref)
    for ref in (flow["id"], long):
        _check_unknown_to_humanloop(running, keys["111111111111"], ref)
    assert ours.get_flow(flowIdentifier=flow["id"])["name"] == "shared-name", "still there, and untouched"


def _check_unknown_to_bedrock(running: InProcess, key: dict[str, str], ref: str) -> None:
    model = load()
    for name in SERVED:
        operation = model.operations[name]
        if "{flowIdentifier}" not in operation.segments:
            continue
        values = {**PATH_VALUES, "{flowIdentifier}": ref.replace(":", "%3A").replace("/", "%2F")}
        path = "/" + "/".join(values.get(segment, segment) for segment in operation.segments)
        path += QUERIES.get(name, "")
        answer = send(
            running.url, operation.method, path, BODIES.get(name), headers={"x-api-key": key["api_key"]}
        )
        assert (answer.status, answer.error) == (404, "ResourceNotFoundException"), (name, answer.body)


def _check_unknown_to_humanloop(running: InProcess, key: dict[str, str], ref: str) -> None:
    headers = {"x-api-key": key["api_key"]}
    for operation in OPERATIONS:
        if "{id}" not in operation.template:
            continue
        path = "/v5" + operation.template.replace("{id}", ref).replace("{", "").replace("}", "")
        body = BODIES_OF_ITS_OWN.get(operation.name) or {"path": "elsewhere"}
        answer = send(running.url, operation.method, path + "?version_id=flv_x", body, headers=headers)
        assert answer.status == 404, (operation.name, answer.body)
    upsert = {"id": ref, "attributes": {"a": 1}}
    assert send(running.url, "POST", "/v5/flows", upsert, headers=headers).status == 404
    listed = send(running.url, "GET", "/v5/flows", headers=headers).json()
    assert ref not in {record["id"] for record in listed["records"]}
    assert listed["total"] == len(listed["records"])


def test_keys_of_another_organisation_are_out_of_reach(
    two: tuple[InProcess, dict[str, dict[str, str]]],
) -> None:
    running, keys = two
    ours, theirs = keys["000000000000"], keys["111111111111"]
    headers = {"x-api-key": theirs["api_key"]}
    listed = httpx.get(f"{running.url}/console/keys", headers=headers).json()["keys"]
    assert [one["id"] for one in listed] == [theirs["id"]]
    answer = httpx.delete(f"{running.url}/console/keys/{ours['id']}", headers=headers)
    assert answer.status_code == 404
    boto_client(running.url, **aws_pair(ours)).list_flows()
