"""Signatures are those that botocore makes."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.compat import get_current_datetime
from botocore.credentials import Credentials as TheirCredentials

from headrace.conformance.signing import Credentials, signed

HOST = "127.0.0.1:8321"


def _theirs(method: str, target: str, body: bytes, token: str) -> dict[str, str]:
    headers = {"Host": HOST, **({"Content-Type": "application/json"} if body else {})}
    request = AWSRequest(method=method, url=f"http://{HOST}{target}", data=body, headers=headers)
    SigV4Auth(TheirCredentials("AKID", "secret", token or None), "bedrock", "us-east-1").add_auth(request)
    return dict(request.headers.items())


@pytest.mark.parametrize("token", ["", "of-a-session"])
@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/flows/", b""),
        ("GET", "/flows//", b""),
        ("GET", "/", b""),
        ("POST", "/flows/", '{"name":"ü"}'.encode()),
        ("GET", "/flows/arn%3Aaws%3Abedrock%3Aus-east-1%3A0%3Aflow%2FABCDEFGHIJ/", b""),
        ("DELETE", "/tags/arn%3Aaws?tagKeys=b&tagKeys=a&tagKeys=a%20b", b""),
        ("GET", "/flows/?nextToken=a%2Fb%3D%3D&maxResults=10", b""),
        ("GET", "/flows/?empty=", b""),
    ],
)
def test_it_is_the_same(method: str, target: str, body: bytes, token: str) -> None:
    theirs = _theirs(method, target, body, token)
    now = datetime.strptime(theirs["X-Amz-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
    headers = {"Host": HOST, **({"Content-Type": "application/json"} if body else {})}
    credentials = Credentials(access_key_id="AKID", secret="secret", token=token)
    mine = signed(
        credentials, region="us-east-1", method=method, target=target, headers=headers, body=body, now=now
    )
    assert mine["Authorization"] == theirs["Authorization"]
    assert mine.get("X-Amz-Security-Token", "") == token


def test_the_clock_is_read() -> None:
    credentials = Credentials(access_key_id="AKID", secret="secret")
    parts: dict[str, Any] = {
        "region": "us-east-1",
        "method": "GET",
        "target": "/",
        "headers": {},
        "body": b"",
    }
    stamp = signed(credentials, **parts)["X-Amz-Date"]
    then = datetime.strptime(stamp, "%Y%m%dT%H%M%SZ")
    assert abs((get_current_datetime() - then).total_seconds()) < 60


def test_a_secret_is_not_shown() -> None:
    assert "hidden" not in repr(Credentials(access_key_id="AKID", secret="hidden", token="hidden"))
