"""Nobody gets in without credentials, with such that are of no use, or with too small a right; by any door."""

from __future__ import annotations

import base64
import struct
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.contract import test_access as spoken
from tests.contract.bedrock.things import CREDENTIALS
from tests.contract.keys import RIGHTS
from tests.security.asking import Answer, Sent, ask_all
from tests.security.conftest import Two
from tests.security.doors import OPEN, Door, as_bytes

from headrace.apis.bedrock.api import SERVED
from headrace.apis.gate import PAGE, SESSION

pytestmark = pytest.mark.live
CONSOLE_RIGHTS: Mapping[str, str] = {
    "GET /console/keys": "admin",
    "POST /console/keys": "admin",
    "DELETE /console/keys/{key}": "admin",
    "GET /console/bedrock/place": "reader",
    "POST /console/bedrock/import": "editor",
    "GET /console/bedrock/export": "reader",
    "GET /console/environments": "reader",
    "POST /console/environments": "admin",
    "PATCH /console/environments/{environment}": "admin",
    "DELETE /console/environments/{environment}": "admin",
    "GET /console/files": "reader",
    "GET /console/files/{file}": "reader",
    "PATCH /console/files/{file}": "editor",
    "GET /console/executions": "reader",
    "POST /console/executions": "runner",
    "GET /console/executions/{execution}": "reader",
    "GET /console/executions/{execution}/events": "reader",
    "POST /console/executions/{execution}/stop": "runner",
    "GET /console/processes": "admin",
    "POST /console/runs": "runner",
    "POST /console/humanloop/import": "admin",
    "POST /console/humanloop/export": "reader",
}
"""The right that each of the console's operations needs; one without a row here fails the tests."""
FORGED = base64.urlsafe_b64encode(struct.pack(">Q32s", 2**40, b"h" * 32) + b"s" * 32).decode()
REFUSED: Mapping[str, Callable[[Answer], bool]] = {
    "BedrockApi": lambda answer: "x-amzn-errortype" in answer.headers and bool(answer.json()["message"]),
    "HumanloopApi": lambda answer: isinstance(answer.json()["detail"], str),
    "NativeApi": lambda answer: answer.json()["error"]["code"] in ("unauthenticated", "forbidden", "denied"),
    "SessionsApi": lambda answer: answer.json()["error"]["code"] in ("unauthenticated", "forbidden"),
    "ConsoleApi": lambda answer: isinstance(answer.json()["error"], str),
    "OtlpApi": lambda answer: isinstance(answer.json()["message"], str),
    "MetricsApi": lambda answer: isinstance(answer.json()["error"], str),
}
"""How each API says that it refuses somebody."""


def _sent(door: Door, headers: Mapping[str, str]) -> Sent:
    values = {name: spoken.PATH_VALUES.get(f"{{{name}}}", "none") for name in door.parameters}
    kind = {"content-type": "application/json"} if door.api == "OtlpApi" else {}
    return Sent(
        method=door.method,
        target=door.path(**values),
        headers={**kind, **headers},
        body=as_bytes(door.body) or b"",
    )


def _signed(two: Two, door: Door, secret: str, access_key: str) -> dict[str, str]:
    """Headers of AWS with a signature over this door's request."""
    sent = _sent(door, {})
    request = AWSRequest(sent.method, two.running.url + sent.target, data=sent.body)
    SigV4Auth(Credentials(access_key, secret), "bedrock", "us-east-1").add_auth(request)
    return {name: str(value) for name, value in request.headers.items()}


def _of_no_use(two: Two, door: Door) -> dict[str, dict[str, str]]:
    """Credentials of all kinds that open nothing."""
    found = {
        "none": {},
        "an empty key": {"x-api-key": ""},
        "a wrong key": {"x-api-key": "hl_sk_" + "0" * 48},
        "letters that no key has": {"x-api-key": "\xff\xfe' OR 1=1 --"},
        "a revoked key": {"x-api-key": two.ours.keys["revoked"]},
        "a key's beginning": {"x-api-key": two.ours.keys["admin"][:-1]},
        "a key twice": {"x-api-key": ",".join([two.ours.keys["admin"]] * 2)},
        "a bearer": {"authorization": "Bearer hl_sk_none"},
        "what open mode takes": dict(CREDENTIALS),
        "a wrong token of this machine": {"x-headrace-local": "none"},
        "a forged session": {PAGE: "1", "cookie": f"{SESSION}={FORGED}"},
        "no session": {PAGE: "1", "cookie": f"{SESSION}="},
    }
    if door.api == "BedrockApi":
        pair = two.ours.pair
        found["a wrong secret"] = _signed(two, door, "none", pair["access_key_id"])
        found["a wrong key id"] = _signed(two, door, pair["secret_access_key"], "HRAKAAAAAAAAAAAAAAAA")
    return found


def _is_refused(door: Door, answer: Answer) -> bool:
    # An incomplete signature is told by AWS with 400.
    is_incomplete = answer.headers.get("x-amzn-errortype") == "IncompleteSignatureException"
    if answer.status not in (401, 403) and not (answer.status == 400 and is_incomplete):
        return False
    return REFUSED[door.api](answer)


def test_every_door_is_closed_without_credentials(two: Two) -> None:
    before = two.ours.kept()
    tried = [
        (door, name, _sent(door, headers))
        for door in two.doors
        if not door.is_open
        for name, headers in _of_no_use(two, door).items()
    ]
    assert len(tried) > 3_000
    answers = ask_all(two.running, [sent for _, _, sent in tried])
    opened = [
        (door.name, name, answer.status, answer.text[:200])
        for (door, name, _), answer in zip(tried, answers, strict=True)
        if not _is_refused(door, answer)
    ]
    assert not opened
    assert two.ours.kept() == before


def test_heads_are_closed_as_gets_are(two: Two) -> None:
    """A HEAD is carried out as a GET; its answer has no body to hold to a wire format."""
    tried = [door for door in two.doors if not door.is_open and door.method == "GET"]
    answers = ask_all(two.running, [replace(_sent(door, {}), method="HEAD") for door in tried])
    assert [door.name for door, answer in zip(tried, answers, strict=True) if answer.status < 400] == []
    assert {answer.status for answer in answers} == {401, 403}


def test_the_open_doors_are_those_that_are_listed(two: Two) -> None:
    """Each of them answers who shows nothing, and tells nothing of what anybody keeps."""
    shown = [door for door in two.doors if door.is_open]
    assert {(door.method, door.template) for door in shown} == OPEN
    ids = two.ours.ids()
    answers = ask_all(two.running, [_sent(door, {PAGE: "1"}) for door in shown])
    for door, answer in zip(shown, answers, strict=True):
        assert answer.status in (200, 204, 401, 404), (door.name, answer.text)
        assert not [one for one in ids if one in answer.text]


def test_a_key_opens_no_page_cookie_and_a_cookie_no_api(two: Two) -> None:
    """A cookie counts with the header that no foreign page can send, and only for the server's own pages."""
    url, client = two.running.url, two.theirs.client
    signed_in = client.post(f"{url}/api/session", json={"key": two.ours.keys["reader"]}, headers={PAGE: "1"})
    assert signed_in.status_code == 200
    cookie = signed_in.headers["set-cookie"].partition(";")[0]
    client.cookies.clear()
    assert client.get(f"{url}/api/files", headers={"cookie": cookie, PAGE: "1"}).status_code == 200
    assert client.get(f"{url}/api/files", headers={"cookie": cookie}).status_code == 401
    for path in ("/v5/flows", "/flows/", "/console/keys"):
        answer = client.get(url + path, headers={"cookie": cookie, PAGE: "1"})
        assert answer.status_code in (401, 403), path
    client.cookies.clear()


def _needed(door: Door) -> str:
    if door.api == "BedrockApi":
        return spoken.BEDROCK_RIGHTS[door.name]
    if door.api == "ConsoleApi":
        return CONSOLE_RIGHTS[door.name]
    if door.api == "OtlpApi":
        return "runner"
    if door.api in ("SessionsApi", "MetricsApi"):
        return "reader"
    name: str = door.row.right.name.lower()
    return name


@pytest.mark.parametrize("right", RIGHTS[:-1])
def test_every_door_is_closed_to_too_small_a_right(two: Two, right: str) -> None:
    before = two.ours.kept()
    tried = [
        door for door in two.doors if not door.is_open and RIGHTS.index(_needed(door)) > RIGHTS.index(right)
    ]
    assert len(tried) > 10
    answers = ask_all(two.running, [_sent(door, {"x-api-key": two.ours.keys[right]}) for door in tried])
    opened = [
        (door.name, answer.status, answer.text[:200])
        for door, answer in zip(tried, answers, strict=True)
        if not _is_refused(door, answer)
    ]
    assert not opened
    assert two.ours.kept() == before


def test_no_door_is_forgotten(two: Two) -> None:
    """The tables that this test walks are those that the server routes by: no operation is served beside."""
    names = {door.name for door in two.doors}
    assert set(SERVED) <= names
    assert set(CONSOLE_RIGHTS) == {door.name for door in two.doors if door.api == "ConsoleApi"}
    assert {type(api).__name__ for api in two.running.server.app._apis} == {door.api for door in two.doors}
