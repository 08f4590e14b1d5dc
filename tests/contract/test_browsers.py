"""What a web page may do, and how long a request may take to arrive (humanloop 8.66)."""

from __future__ import annotations

import socket
import time
from typing import Any
from urllib.parse import urlsplit

import httpx
import pytest
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key, run

pytestmark = pytest.mark.live

PAGE = "https://app.example.com"
ASKS = {"access-control-request-method": "POST", "access-control-request-headers": "x-api-key, content-type"}
PATHS = ("/v5/flows", "/flows/")


def ask(live: LiveServer, path: str, origin: str, **headers: str) -> httpx.Response:
    return httpx.options(live.url + path, headers={"origin": origin, **ASKS, **headers})


def allowed(answer: httpx.Response) -> str | None:
    return answer.headers.get("access-control-allow-origin")


@pytest.fixture
def closed(make_server: Any) -> tuple[LiveServer, str]:
    """A server with a key that lets pages of two origins in, and the key."""
    live = make_server(allowed_origins=f"{PAGE},http://localhost:3000")
    return live, create_key(live.store)["api_key"]


def test_a_page_of_a_configured_origin_is_let_in(closed: tuple[LiveServer, str]) -> None:
    live, key = closed
    for path in PATHS:
        for origin in (PAGE, "http://localhost:3000"):
            answer = ask(live, path, origin)
            assert (answer.status_code, allowed(answer)) == (204, origin)
            assert answer.headers["access-control-allow-methods"] == "POST"
            assert answer.headers["access-control-allow-headers"] == "x-api-key, content-type"
            got = httpx.get(live.url + path, headers={"origin": origin, "x-api-key": key})
            assert (got.status_code, allowed(got), got.headers["vary"]) == (200, origin, "Origin")
    refused = httpx.get(f"{live.url}/v5/flows", headers={"origin": PAGE, "x-api-key": "wrong"})
    assert (refused.status_code, allowed(refused)) == (401, PAGE)
    assert "access-control-allow-credentials" not in refused.headers


def test_a_preflight_is_answered_as_the_fetch_standard_has_it(closed: tuple[LiveServer, str]) -> None:
    live, _ = closed
    answer = ask(live, "/api/files", PAGE, **{"access-control-request-method": "PUT"})
    assert (answer.status_code, allowed(answer), answer.content) == (204, PAGE, b"")
    told = {name: answer.headers.get(f"access-control-{name}") for name in ("allow-methods", "max-age")}
    assert told == {"allow-methods": "PUT", "max-age": "600"}
    vary = {name.strip().lower() for name in answer.headers["vary"].split(",")}
    assert vary >= {"origin", "access-control-request-method", "access-control-request-headers"}
    assert "access-control-allow-private-network" not in answer.headers
    inward = ask(live, "/api/files", PAGE, **{"access-control-request-private-network": "true"})
    assert inward.headers["access-control-allow-private-network"] == "true"
    bare = httpx.options(
        live.url + "/api/files", headers={"origin": PAGE, "access-control-request-method": "GET"}
    )
    assert (bare.status_code, allowed(bare)) == (204, PAGE)
    assert "access-control-allow-headers" not in bare.headers
    no_preflight = httpx.options(live.url + "/api/files", headers={"origin": PAGE})
    assert "access-control-allow-methods" not in no_preflight.headers


def test_a_page_of_another_origin_is_not(closed: tuple[LiveServer, str]) -> None:
    live, key = closed
    for origin in ("https://evil.example.com", "http://app.example.com", f"{PAGE}.evil.com", "null"):
        for path in PATHS:
            answer = ask(live, path, origin)
            assert allowed(answer) is None
            assert "access-control-allow-methods" not in answer.headers
            assert allowed(httpx.get(live.url + path, headers={"origin": origin, "x-api-key": key})) is None


def test_the_console_is_for_no_foreign_page(closed: tuple[LiveServer, str]) -> None:
    live, key = closed
    assert allowed(ask(live, "/console/keys", PAGE)) is None
    got = httpx.get(f"{live.url}/console/keys", headers={"origin": PAGE, "x-api-key": key})
    assert allowed(got) is None


def test_by_default_no_foreign_page_is_let_in(make_server: Any) -> None:
    live = make_server()
    key = create_key(live.store)["api_key"]
    answer = ask(live, "/v5/flows", PAGE)
    assert (answer.status_code, allowed(answer)) == (204, None)
    got = httpx.get(f"{live.url}/v5/flows", headers={"origin": PAGE, "x-api-key": key})
    assert (got.status_code, allowed(got)) == (200, None)


@pytest.mark.parametrize("origins", [PAGE, "*"])
def test_without_keys_no_foreign_page_is_let_in_whatever_is_configured(
    make_server: Any, origins: str
) -> None:
    live = make_server(allowed_origins=origins)
    assert allowed(ask(live, "/v5/flows", PAGE)) is None
    got = httpx.get(f"{live.url}/v5/flows", headers={"origin": PAGE, "x-api-key": "any"})
    assert (got.status_code, allowed(got)) == (401, None)


def test_any_origin_may_be_configured(make_server: Any) -> None:
    live = make_server(allowed_origins="*")
    create_key(live.store)
    assert allowed(ask(live, "/v5/flows", PAGE)) == PAGE


@pytest.mark.parametrize("value", ["app.example.com", "https://a.com/path", "*,https://a.com", "https://a b"])
def test_what_is_no_origin_is_refused_at_the_start(value: str) -> None:
    done = run("settings", HEADRACE_ALLOWED_ORIGINS=value)
    assert done.returncode != 0
    assert "HEADRACE_ALLOWED_ORIGINS must be origins" in done.stderr


@pytest.mark.parametrize(
    ("path", "says"),
    [("/v5/flows", b'{"detail":"The request took too long'), ("/flows/", b"RequestTimeoutException")],
)
def test_a_body_that_trickles_is_given_up(make_server: Any, path: str, says: bytes) -> None:
    live = make_server(body_timeout="1")
    address = urlsplit(live.url)
    with socket.create_connection((address.hostname, address.port), timeout=20) as connection:
        head = f"POST {path} HTTP/1.1\r\nhost: {address.netloc}\r\nx-api-key: any\r\n"
        connection.sendall(f"{head}content-type: application/json\r\ncontent-length: 100\r\n\r\n{{".encode())
        began = time.monotonic()
        answer = b""
        while part := connection.recv(4096):  # until the server closes the connection
            answer += part
    assert answer.startswith(b"HTTP/1.1 408 ")
    assert says in answer
    assert 0.5 < time.monotonic() - began < 15
