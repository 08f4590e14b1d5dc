"""What botocore signs is accepted, and nothing else is."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch
from urllib.parse import urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials

from headrace.apis.bedrock import sigv4
from headrace.apis.bedrock.sigv4 import find_credential, parse_authorization, verify
from headrace.core.errors import Unauthenticated

NOW = datetime(2025, 3, 13, 12, 10, 21, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
ARN = "arn%3Aaws%3Abedrock%3Aus-east-1%3A111122223333%3Aflow%2FABCDEFGHIJ"


@dataclass(frozen=True, slots=True, kw_only=True)
class Request:
    """A request as it arrives."""

    method: str
    raw_path: bytes
    raw_query: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    body: bytes

    def with_header(self, name: bytes, value: bytes) -> Request:
        kept = tuple(pair for pair in self.headers if pair[0] != name)
        return replace(self, headers=(*kept, (name, value)))

    def without_header(self, name: bytes) -> Request:
        return replace(self, headers=tuple(pair for pair in self.headers if pair[0] != name))

    def header(self, name: bytes) -> bytes:
        return dict(self.headers)[name]

    def check(self, **changes: Any) -> None:
        arguments = {"secret": SECRET, "now": NOW, **changes}
        verify(
            find_credential(self.headers, self.raw_query),
            method=self.method,
            raw_path=self.raw_path,
            raw_query=self.raw_query,
            headers=self.headers,
            body=self.body,
            **arguments,
        )


def signed(
    method: str = "GET",
    target: str = "/flows/ABCDEFGHIJ/",
    body: bytes = b"",
    *,
    headers: dict[str, str] | None = None,
    token: str | None = None,
    at: datetime = NOW,
    region: str = "us-east-1",
    service: str = "bedrock",
    expires_s: int | None = None,
) -> Request:
    request = AWSRequest(
        method=method, url=f"http://127.0.0.1:8321{target}", data=body, headers=headers or {}
    )
    credentials = Credentials("AKIDEXAMPLE", SECRET, token)
    with patch("botocore.auth.get_current_datetime", return_value=at):
        if expires_s is None:
            SigV4Auth(credentials, service, region).add_auth(request)
        else:
            SigV4QueryAuth(credentials, service, region, expires=expires_s).add_auth(request)
    url = urlsplit(request.url)
    sent = [
        (name.lower().encode(), value if isinstance(value, bytes) else value.encode())
        for name, value in request.headers.items()
    ]
    return Request(
        method=method,
        raw_path=url.path.encode(),
        raw_query=url.query.encode(),
        headers=((b"host", b"127.0.0.1:8321"), *sent),
        body=body,
    )


def refused(request: Request, **changes: Any) -> str:
    with pytest.raises(Unauthenticated) as caught:
        request.check(**changes)
    return caught.value.reason


JSON = {"Content-Type": "application/json"}


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/flows/", b""),
        ("GET", "/flows/?maxResults=10&nextToken=a%2Bb%2F%3D%3D", b""),
        ("GET", f"/flows/{ARN}/", b""),
        ("PUT", f"/flows/{ARN}/aliases/{ARN}", b'{"name": "n"}'),
        ("GET", "/flows//", b""),
        ("GET", "/flows//versions/./1/../2/", b""),
        ("GET", "/", b""),
        ("DELETE", f"/tags/{ARN}?tagKeys=b&tagKeys=a&tagKeys=a%20b", b""),
        ("DELETE", f"/tags/{ARN}?tagKeys=%C3%A9&tagKeys=~-._&empty=", b""),
        ("POST", "/flows/", '{"description": "é 😀"}'.encode()),
        ("POST", "/flows/ABCDEFGHIJ/aliases/x~y", b"x" * 100_000),
    ],
)
@pytest.mark.parametrize("token", [None, "FwoGZXIvYXdzEBYaD+/=="])
def test_what_botocore_signs_is_accepted(method: str, target: str, body: bytes, token: str | None) -> None:
    signed(method, target, body, headers=JSON if body else {}, token=token).check()


def test_the_credential_is_read() -> None:
    request = signed("POST", "/flows/", b"{}", headers=JSON)
    credential = find_credential(request.headers, request.raw_query)
    assert (credential.access_key_id, credential.date, credential.region) == (
        "AKIDEXAMPLE",
        "20250313",
        "us-east-1",
    )
    assert credential.signed_headers == (b"content-type", b"host", b"x-amz-date")
    assert not credential.is_presigned
    assert parse_authorization(request.header(b"authorization").decode()) == credential


def test_spaces_in_headers_do_not_count() -> None:
    request = signed(headers={"X-Amz-Meta": "a  b"})
    request.with_header(b"x-amz-meta", b"  a b ").check()


def test_repeated_headers_are_joined() -> None:
    request = signed(headers={"X-Amz-Meta": "a,b"}).without_header(b"x-amz-meta")
    repeated = (*request.headers, (b"x-amz-meta", b"a"), (b"x-amz-meta", b"b"))
    replace(request, headers=repeated).check()


# Tampering

BASE = signed("POST", f"/flows/{ARN}/versions?a=1&b=2", b'{"description": "x"}', headers=JSON, token="T")


@pytest.mark.parametrize(
    "changed",
    [
        replace(BASE, method="PUT"),
        replace(BASE, raw_path=BASE.raw_path.replace(b"ABCDEFGHIJ", b"ABCDEFGHIK")),
        replace(BASE, raw_path=BASE.raw_path.replace(b"%2F", b"/")),
        replace(BASE, raw_path=BASE.raw_path + b"/"),
        replace(BASE, raw_query=b"a=1&b=3"),
        replace(BASE, raw_query=b"a=1&b=2&c="),
        replace(BASE, raw_query=b""),
        replace(BASE, body=b'{"description": "y"}'),
        replace(BASE, body=b""),
        BASE.with_header(b"host", b"127.0.0.1:8322"),
        BASE.with_header(b"content-type", b"text/plain"),
        BASE.with_header(b"x-amz-security-token", b"U"),
        BASE.with_header(b"x-amz-date", b"20250313T121022Z"),
        BASE.without_header(b"content-type"),
        BASE.with_header(b"x-amz-content-sha256", b"0" * 64),
        BASE.with_header(b"authorization", BASE.header(b"authorization").replace(b"us-east-1", b"us-west-2")),
    ],
)
def test_a_changed_request_is_refused(changed: Request) -> None:
    BASE.check()
    assert refused(changed) == "signature"


def test_another_secret_is_refused() -> None:
    assert refused(BASE, secret=SECRET + "x") == "signature"


def test_the_order_of_the_query_does_not_matter() -> None:
    replace(BASE, raw_query=b"b=2&a=1").check()


def test_the_signature_is_for_this_service() -> None:
    assert refused(signed(service="s3")) == "signature"


def test_the_region_can_be_fixed() -> None:
    request = signed(region="eu-west-1")
    request.check()
    request.check(region="eu-west-1")
    assert refused(request, region="us-east-1") == "signature"


# Time


@pytest.mark.parametrize(
    ("late_s", "is_good"), [(-301, False), (-300, True), (0, True), (300, True), (301, False)]
)
def test_five_minutes_of_skew_are_allowed(late_s: int, is_good: bool) -> None:
    now = NOW + timedelta(seconds=late_s)
    if is_good:
        signed().check(now=now)
    else:
        assert refused(signed(), now=now) == "expired"


def test_the_date_of_the_scope_is_the_date_of_the_request() -> None:
    just_after = datetime(2025, 3, 14, 0, 1, tzinfo=UTC)
    request = signed(at=just_after - timedelta(minutes=2)).with_header(b"x-amz-date", b"20250314T000000Z")
    assert refused(request, now=just_after) == "signature"


@pytest.mark.parametrize("time", [b"", b"2025-03-13T12:10:21Z", b"20250313", b"20251313T121021Z"])
def test_a_time_that_cannot_be_read_is_incomplete(time: bytes) -> None:
    scope = BASE.header(b"authorization").replace(b"20250313", time[:8] or b"20250313")
    assert refused(BASE.with_header(b"authorization", scope).with_header(b"x-amz-date", time)) == "incomplete"


# Payload


def test_an_unsigned_payload_needs_permission() -> None:
    request = signed("POST", "/flows/", b"{}", headers={"X-Amz-Content-SHA256": "UNSIGNED-PAYLOAD"})
    assert refused(request) == "signature"
    request.check(allow_unsigned_payload=True)
    replace(request, body=b"other").check(allow_unsigned_payload=True)


def test_a_declared_hash_is_held_to() -> None:
    digest = sigv4.hashlib.sha256(b"{}").hexdigest()
    request = signed("POST", "/flows/", b"{}", headers={"X-Amz-Content-SHA256": digest})
    request.check()
    assert refused(replace(request, body=b"{ }")) == "signature"


# Presigned


def test_a_presigned_request_is_accepted_until_it_expires() -> None:
    request = signed("GET", f"/flows/{ARN}/?maxResults=1&x=a%20b", expires_s=900, token="T/+=")
    assert find_credential(request.headers, request.raw_query).is_presigned
    request.check()
    request.check(now=NOW + timedelta(seconds=900))
    assert refused(request, now=NOW + timedelta(seconds=901)) == "expired"
    assert refused(request, now=NOW - timedelta(seconds=301)) == "expired"


@pytest.mark.parametrize("change", [(b"maxResults=1", b"maxResults=2"), (b"Expires=900", b"Expires=901")])
def test_a_changed_presigned_request_is_refused(change: tuple[bytes, bytes]) -> None:
    request = signed("GET", "/flows/?maxResults=1", expires_s=900)
    assert refused(replace(request, raw_query=request.raw_query.replace(*change))) == "signature"


@pytest.mark.parametrize(
    "change",
    [
        (b"X-Amz-Expires=900", b"X-Amz-Expires=604801"),
        (b"X-Amz-Expires=900", b"X-Amz-Expires=0"),
        (b"X-Amz-Expires=900", b"X-Amz-Expires=x"),
        (b"X-Amz-Expires=900&", b""),
        (b"X-Amz-Algorithm=AWS4-HMAC-SHA256", b"X-Amz-Algorithm=AWS4-HMAC-SHA1"),
        (b"X-Amz-SignedHeaders=host", b"X-Amz-SignedHeaders=date"),
        (b"X-Amz-Date=2025", b"X-Amz-Date=x"),
    ],
)
def test_a_broken_presigned_request_is_incomplete(change: tuple[bytes, bytes]) -> None:
    request = signed("GET", "/flows/", expires_s=900)
    assert change[0] in request.raw_query
    assert refused(replace(request, raw_query=request.raw_query.replace(*change))) == "incomplete"


# Headers that are no signature


def test_no_credential_is_missing() -> None:
    assert refused(BASE.without_header(b"authorization")) == "missing"


SCOPE = "AKID/20250313/us-east-1/bedrock/aws4_request"


@pytest.mark.parametrize(
    "header",
    [
        "",
        "Bearer abc",
        "AWS4-HMAC-SHA256",
        "AWS4-HMAC-SHA256 ,,=,",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature=abc",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=host, Signature={'é' * 64}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}, SignedHeaders=date, Signature={'0' * 64}",
        f"AWS4-HMAC-SHA256 Credential=AKID/us-east-1, SignedHeaders=host, Signature={'0' * 64}",
        f"AWS4-HMAC-SHA256 Credential=/{SCOPE[5:]}, SignedHeaders=host, Signature={'0' * 64}",
        f"AWS4-HMAC-SHA256 Credential={SCOPE}x, SignedHeaders=host, Signature={'0' * 64}",
    ],
)
def test_a_broken_authorization_header_is_incomplete(header: str) -> None:
    assert refused(BASE.with_header(b"authorization", header.encode("latin-1"))) == "incomplete"


def test_a_key_id_may_hold_a_slash() -> None:
    header = f"AWS4-HMAC-SHA256 Credential=team/{SCOPE},SignedHeaders=host,Signature={'0' * 64}"
    assert parse_authorization(header).access_key_id == "team/AKID"
