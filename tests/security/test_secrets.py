"""Secrets put wherever there is a place for one are in no file, log, answer, export or span in plain."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.conftest import NO_CERTIFICATES, LiveServer
from tests.contract.keys import create_key
from tests.security.organisations import furnish
from tests.stores import about_files

from headrace.apis.gate import PAGE

pytestmark = pytest.mark.live
PROVIDER, CALLER, VARIABLE, WRONG = (f"canary-{name}-0123456789abcdef" for name in ("p", "c", "v", "w"))


@dataclass
class Collected:
    """What the server sent to whoever collects spans."""

    bodies: list[bytes] = field(default_factory=list)


@pytest.fixture
def collector() -> Iterator[tuple[str, Collected]]:
    """Takes spans by OTLP."""
    collected = Collected()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            collected.bodies.append(self.rfile.read(int(self.headers["content-length"])))
            self.send_response(200)
            self.send_header("content-length", "0")
            self.end_headers()

        def log_message(self, *_: Any) -> None:
            """Nothing."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}", collected
        server.shutdown()
        thread.join(10)


def _use(client: httpx.Client, key: dict[str, Any]) -> list[httpx.Response]:
    """Put secrets everywhere, make mistakes with them, and read all that there is to read."""
    tool = {"path": "t", "function": {"name": "f", "description": "d", "parameters": {}}, "source_code": "x"}
    made = client.post("/v5/tools", json=tool).json()
    variables = f"/v5/tools/{made['id']}/environment-variables"
    prompt = {"path": "p", "model": "a-model", "template": "Hello"}
    call = {"path": "p", "provider_api_keys": {"openai": CALLER}}
    done = [
        client.post("/v5/prompts", json=prompt),
        client.put("/api/provider-keys/script", json={"key": PROVIDER}),
        client.post("/api/provider-keys/script/rotation", json={"key": PROVIDER + "2"}),
        client.put("/api/provider-keys/none", json={"key": PROVIDER}),
        client.put("/api/provider-keys/script", json={"key": [PROVIDER]}),
        client.put("/api/provider-keys/script", json={"key": PROVIDER + "\0"}),
        client.post(variables, json=[{"name": "TOKEN", "value": VARIABLE}]),
        client.post(variables, json=[{"name": "not a name", "value": VARIABLE}]),
        client.post(variables, json=[{"name": "TOKEN", "value": [VARIABLE]}]),
        client.post("/v5/tools/call", json={"path": "t", "inputs": {}}),
        client.post("/v5/prompts/call", json=call),
        client.post("/v5/prompts/call", json={**call, "provider_api_keys": {"openai": [CALLER]}}),
        client.post("/v5/prompts/call", json={**call, "provider_api_keys": CALLER}),
        client.post("/v5/prompts/call", json={**call, "model": 5}),
        client.post("/api/session", json={"key": key["api_key"]}, headers={PAGE: "1"}),
        client.post("/api/session", json={"key": WRONG}, headers={PAGE: "1"}),
        client.post("/api/session", json={"key": [WRONG]}, headers={PAGE: "1"}),
        client.get("/v5/flows", headers={"x-api-key": WRONG}),
        client.get("/v1/traces", headers={"authorization": f"Bearer {WRONG}"}),
        client.post("/v1/traces", headers={"x-api-key": "", "authorization": f"Bearer {WRONG}"}),
        client.get("/flows/", headers={"x-api-key": "", "authorization": f"AWS4-HMAC-SHA256 {WRONG}"}),
        client.get(f"/metrics?key={WRONG}", headers={"x-api-key": WRONG}),
    ]
    reads = [
        "/v5/logs?file_id=" + made["id"],
        "/api/logs",
        "/api/exports/logs",
        "/api/archive",
        "/api/settings",
    ]
    reads += ["/api/provider-keys", "/api/keys", variables, "/v5/tools", "/v5/prompts", "/console/keys"]
    reads += ["/metrics", "/api/files/p/diff", "/api/workspace", "/console/processes"]
    return [*done, *(client.get(path) for path in reads)]


@about_files
def test_no_secret_is_anywhere_in_plain(tmp_path: Path, collector: tuple[str, Collected]) -> None:
    endpoint, collected = collector
    folder = tmp_path / "server"
    folder.mkdir()
    store = f"sqlite:///{folder}/headrace.db"
    key = create_key(store)
    secrets = [key["api_key"], key["secret_access_key"], PROVIDER, CALLER, VARIABLE]
    settings = {
        "config": furnish(tmp_path),
        "log_level": "debug",
        "log_requests": "true",
        "otlp_endpoint": endpoint,
    }
    log = tmp_path / "log"
    with log.open("w") as errors:
        live = LiveServer(store=store, settings=settings, stderr=errors).start()
        headers = {"x-api-key": key["api_key"]}
        with httpx.Client(base_url=live.url, headers=headers, verify=NO_CERTIFICATES, timeout=30) as client:
            answers = _use(client, key)
        assert live.stop() == 0
    assert sum(answer.status_code < 300 for answer in answers) > 15, [
        (answer.request.url.path, answer.status_code) for answer in answers
    ]
    assert not [answer for answer in answers if answer.status_code >= 500]
    places = {str(path): path.read_bytes() for path in [*folder.rglob("*"), log] if path.is_file()}
    places |= {f"{nth} {one.request.url.path}": one.content for nth, one in enumerate(answers)}
    places |= {f"headers {nth}": str(one.headers).encode() for nth, one in enumerate(answers)}
    places |= {f"span {nth}": body for nth, body in enumerate(collected.bodies)}
    assert log.stat().st_size > 0
    assert collected.bodies, "spans were exported"
    found = {
        (place, secret[:12])
        for place, content in places.items()
        for secret in secrets
        if secret.encode() in content or json.dumps(secret)[1:-1].encode() in content
    }
    assert not found
    assert not [place for place in (str(log), *places) if WRONG.encode() in places.get(place, b"")]
