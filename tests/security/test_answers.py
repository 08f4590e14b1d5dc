"""What answers say of themselves to browsers and to caches."""

from __future__ import annotations

import pytest
from tests.security.asking import Sent, ask_all
from tests.security.conftest import Two
from tests.security.doors import as_bytes
from tests.security.references import path_values

from headrace.apis.gate import PAGE, SESSION

pytestmark = pytest.mark.live
TYPES = frozenset(
    {
        "application/json",
        "application/x-ndjson",
        "application/x-protobuf",
        "application/vnd.amazon.eventstream",
        "text/plain; charset=utf-8",
        "text/csv; charset=utf-8",
        "text/plain; version=1.0.0; charset=utf-8",
    }
)
"""What the APIs answer in: nothing that a browser carries out."""


def test_no_answer_is_guessed_at_or_kept(two: Two) -> None:
    """Also of refusals, which repeat what was asked for."""
    named = "%3Cimg%20src=x%20onerror=alert(1)%3E"
    sent = []
    for door in two.doors:
        if door.api == "PagesApi":
            continue
        kind = {"content-type": "application/json"} if door.api == "OtlpApi" else {}
        for key in (two.theirs.keys["admin"], "none"):
            headers = {"x-api-key": key, **kind}
            body = as_bytes(door.body) or b""
            values = dict.fromkeys(door.parameters, named)
            sent.append(Sent(method=door.method, target=door.path(**values), headers=headers, body=body))
            if door.method == "GET":
                own = path_values(two.theirs, door)
                sent.append(Sent(method="GET", target=door.path(**own), headers=headers))
    answers = ask_all(two.running, sent)
    assert len(answers) > 600
    for one, answer in zip(sent, answers, strict=True):
        assert answer.headers["x-content-type-options"] == "nosniff", one
        assert answer.headers["cache-control"] in ("no-store", "no-cache"), one
        kind = answer.headers.get("content-type", "application/json").split("; version")[0]
        assert not answer.body or kind.startswith(tuple(TYPES)), (one, kind)


def test_keys_are_shown_once_to_nobody_else(two: Two) -> None:
    made = two.theirs.send("POST", "/api/keys", {"email": "once@example.com", "right": "reader"})
    assert made.status_code == 201
    assert made.headers["cache-control"] == "no-store"
    again = two.theirs.send("GET", "/api/keys")
    for secret in (made.json()["api_key"], made.json()["secret_access_key"]):
        assert secret not in again.text


@pytest.mark.parametrize("proto", ["http", "https"])
def test_the_cookie_of_a_session_is_for_no_script_and_no_other_site(two: Two, proto: str) -> None:
    """And it is a new one each time, whatever cookie the browser had."""
    planted = f"{SESSION}=planted"
    headers = {PAGE: "1", "x-forwarded-proto": proto, "cookie": planted}
    body = as_bytes({"key": two.theirs.keys["reader"]}) or b""
    (answer,) = ask_all(two.running, [Sent(method="POST", target="/api/session", headers=headers, body=body)])
    assert answer.status == 200
    first, *flags = answer.headers["set-cookie"].split("; ")
    assert first != planted
    assert {"HttpOnly", "SameSite=Strict", "Path=/"} <= set(flags)
    assert ("Secure" in flags) == (proto == "https")
    assert two.theirs.keys["reader"] not in str(answer)


def test_no_answer_leads_elsewhere(two: Two) -> None:
    """There is no redirect to be led astray by, whatever the path, the host and the query say."""
    targets = ["//evil.example/", "//evil.example/%2e%2e", "/\\evil.example", "/?next=//evil.example", "/ui"]
    targets += ["/api/session?next=https://evil.example", "/v5/flows/", "/flows", "/console/"]
    answers = ask_all(
        two.running,
        [Sent(method=method, target=one) for one in targets for method in ("GET", "POST", "HEAD")],
    )
    assert not [answer for answer in answers if 300 <= answer.status < 400 or "location" in answer.headers]
