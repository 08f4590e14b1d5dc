"""The page itself: how it is served, and who gets in."""

from __future__ import annotations

from typing import Any

import httpx
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key
from tests.ui.conftest import Screen

PAGE = {"x-headrace-page": "1"}


def test_the_page_is_served_with_what_guards_it(server: LiveServer) -> None:
    answer = httpx.get(server.url)
    assert answer.status_code == 200
    assert answer.headers["cache-control"] == "no-cache"
    assert "default-src 'self'" in answer.headers["content-security-policy"]
    assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
    assert answer.headers["x-content-type-options"] == "nosniff"
    script = answer.text.partition('src="./')[2].partition('"')[0]
    asset = httpx.get(f"{server.url}/{script}", headers={"accept-encoding": "gzip"})
    assert (asset.status_code, asset.headers["content-encoding"]) == (200, "gzip")
    assert "immutable" in asset.headers["cache-control"]
    plain = httpx.get(f"{server.url}/{script}", headers={"accept-encoding": "identity"})
    assert plain.content == asset.content
    for path in ("/ui/no.js", "/ui/%2e%2e/app.py", "/ui/..%2f..%2fapp.py", "/ui"):
        assert httpx.get(server.url + path).status_code == 404
    assert httpx.post(server.url).status_code == 405


def test_who_has_no_key_signs_in_with_one(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    key = create_key(live.store, right="reader")["api_key"]
    screen: Screen = open_screen(live)
    screen.allowed.append("401")  # the browser tells of it by itself
    screen.open("#/settings")
    screen.axe()
    screen.shot("sign-in")
    screen.page.get_by_label("API key").fill("hl_sk_wrong")
    screen.page.get_by_role("button", name="Sign in").click()
    screen.page.get_by_role("alert").filter(has_text="API key").wait_for()
    screen.page.get_by_label("API key").fill(key)
    screen.page.keyboard.press("Enter")
    screen.page.get_by_role("button", name="Sign out").wait_for()
    assert screen.page.url.endswith("#/settings")
    (cookie,) = screen.page.context.cookies()
    assert cookie["httpOnly"]
    assert cookie["sameSite"] == "Strict"
    assert key not in cookie["value"]
    assert screen.page.evaluate("document.cookie") == ""
    screen.page.reload()
    screen.page.get_by_role("button", name="Sign out").click()
    screen.page.get_by_label("API key").wait_for()
    assert not screen.page.context.cookies()


def test_a_session_counts_only_for_the_servers_own_pages(make_server: Any) -> None:
    live = make_server(session_lifetime="3600")
    key = create_key(live.store, right="admin")["api_key"]
    with httpx.Client(base_url=live.url) as client:
        assert client.post("/api/session", json={"key": key}).status_code == 403
        foreign = {**PAGE, "sec-fetch-site": "cross-site"}
        assert client.post("/api/session", json={"key": key}, headers=foreign).status_code == 403
        signed = client.post("/api/session", json={"key": key}, headers=PAGE)
        assert (signed.status_code, signed.json()["right"]) == (200, "admin")
        assert signed.json()["id"].startswith("usr_")
        assert "Max-Age=3600; HttpOnly; SameSite=Strict" in signed.headers["set-cookie"]
        assert client.get("/api/session", headers=PAGE).status_code == 200
        assert client.get("/api/session").status_code == 401
        assert client.get("/api/session", headers=foreign).status_code == 403
        assert client.get("/api/environments/x/gate").status_code == 401
        assert client.get("/api/environments/x/gate", headers=PAGE).status_code == 404
        told = client.cookies["headrace_session"]
        secure = client.post(
            "/api/session", json={"key": key}, headers={**PAGE, "x-forwarded-proto": "https"}
        )
        assert secure.headers["set-cookie"].endswith("; Secure")
        for broken in ("", "x", "é", told[:-8] + "AAAAAAA=", told[:20], "A" * 5000):
            headers = {**PAGE, "cookie": f"headrace_session={broken}".encode()}
            with httpx.Client(base_url=live.url) as other:
                assert other.get("/api/session", headers=headers).status_code == 401


def test_a_session_ends_with_its_key_and_with_its_time(make_server: Any) -> None:
    live = make_server(session_lifetime="1")
    made = create_key(live.store, right="admin")
    with httpx.Client(base_url=live.url, headers=PAGE) as client:
        client.post("/api/session", json={"key": made["api_key"]})
        cookie = f"headrace_session={client.cookies['headrace_session']}"
        revoked = client.delete(f"/console/keys/{made['id']}", headers={"x-api-key": made["api_key"]})
        assert revoked.status_code == 204
        answer = client.get("/api/session", headers={"cookie": cookie})
        assert answer.status_code == 401
