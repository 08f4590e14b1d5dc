"""Signatures of AWS: what the published suite tries, whatever botocore signs, and nothing else."""

from __future__ import annotations

import ast
import hashlib
import re
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from unittest.mock import patch
from urllib.parse import quote, urlsplit

import pytest
from botocore.auth import SigV4Auth, SigV4QueryAuth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import headrace
from headrace.apis.bedrock import sigv4
from headrace.core.errors import Unauthenticated

NOW = datetime(2015, 8, 30, 12, 36, tzinfo=UTC)
SECRET = "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY"
HOST = "example.amazonaws.com"
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
"""The published signature of the suite's first request, so that the oracle is held to something, too."""
CASES: Mapping[str, tuple[str, str, dict[str, str], bytes]] = {
    "get vanilla": ("GET", "/", {}, b""),
    "empty query key": ("GET", "/?Param1=value1", {}, b""),
    "unreserved": ("GET", "/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz", {}, b""),
    "utf-8": ("GET", "/%E1%88%B4", {}, b""),
    "query order by key, in any case": ("GET", "/?Param2=value2&param1=value1&Param1=value1", {}, b""),
    "query order by value": ("GET", "/?Param1=value2&Param1=value1", {}, b""),
    "query unreserved": ("GET", "/?-._~0aZ=-._~0aZ", {}, b""),
    "query utf-8": ("GET", "/?%E1%88%B4=bar", {}, b""),
    "query without a value": ("GET", "/?a&b=", {}, b""),
    "query with an equals sign": ("GET", "/?a=b%3Dc%26d", {}, b""),
    "header key duplicate": ("GET", "/", {"My-Header1": "value2,value2,value1"}, b""),
    "header value order": ("GET", "/", {"My-Header1": "value4,value1,value3,value2"}, b""),
    "header value trimmed": ("GET", "/", {"My-Header1": " value1", "My-Header2": ' "a   b   c"'}, b""),
    "post vanilla": ("POST", "/", {}, b""),
    "post with a query": ("POST", "/?Param1=value1", {}, b""),
    "post header key case": ("POST", "/", {"my-header1": "value1"}, b""),
    "post header key sort": ("POST", "/", {"My-Header1": "value1", "A-Header": "z"}, b""),
    "post header value case": ("POST", "/", {"My-Header1": "VALUE1"}, b""),
    "post a form": (
        "POST",
        "/",
        {"Content-Type": "application/x-www-form-urlencoded; charset=utf8"},
        b"Param1=value1",
    ),
    "relative": ("GET", "/example/..", {}, b""),
    "relative twice": ("GET", "/example1/example2/../..", {}, b""),
    "dot slash": ("GET", "/./", {}, b""),
    "slash": ("GET", "//", {}, b""),
    "pointless dot": ("GET", "/./example", {}, b""),
    "slashes": ("GET", "//example//", {}, b""),
    "space": ("GET", "/example%20space/", {}, b""),
    "encoded slash": ("GET", "/a%2Fb/%2e%2e/c", {}, b""),
    "encoded twice": ("GET", "/a%252Fb", {}, b""),
}
"""The requests of the published suite in our own words, and some of our own."""


def _sign(
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    *,
    service: str = "bedrock",
    expires_s: int | None = None,
) -> tuple[bytes, bytes, tuple[tuple[bytes, bytes], ...]]:
    """The path, the query and the headers of a request that botocore signed."""
    request = AWSRequest(method=method, url=f"https://{HOST}{target}", data=body, headers=dict(headers))
    credentials = Credentials("AKIDEXAMPLE", SECRET)
    with patch("botocore.auth.get_current_datetime", return_value=NOW):
        if expires_s is None:
            SigV4Auth(credentials, service, "us-east-1").add_auth(request)
        else:
            SigV4QueryAuth(credentials, service, "us-east-1", expires=expires_s).add_auth(request)
    url = urlsplit(request.url)
    sent = [(name.lower().encode(), str(value).encode()) for name, value in request.headers.items()]
    return url.path.encode(), url.query.encode(), ((b"host", HOST.encode()), *sent)


def _verify(
    method: str,
    path: bytes,
    query: bytes,
    headers: tuple[tuple[bytes, bytes], ...],
    body: bytes,
    *,
    now: datetime = NOW,
    region: str | None = None,
) -> None:
    sigv4.verify(
        sigv4.find_credential(headers, query),
        method=method,
        raw_path=path,
        raw_query=query,
        headers=headers,
        body=body,
        secret=SECRET,
        now=now,
        region=region,
    )


@pytest.mark.parametrize("name", CASES)
@pytest.mark.parametrize("expires_s", [None, 60])
def test_the_published_suite(monkeypatch: pytest.MonkeyPatch, name: str, expires_s: int | None) -> None:
    monkeypatch.setattr(sigv4, "SERVICE", "service")
    sigv4._signing_key.cache_clear()
    method, target, headers, body = CASES[name]
    body = b"" if expires_s else body  # botocore would move it into the query
    path, query, sent = _sign(method, target, headers, body, service="service", expires_s=expires_s)
    _verify(method, path, query, sent, body)
    if name == "get vanilla" and expires_s is None:
        assert sigv4.find_credential(sent, query).signature == VANILLA
    with pytest.raises(Unauthenticated):
        _verify("PUT", path, query, sent, body)
    sigv4._signing_key.cache_clear()


ANY = st.text(st.characters(blacklist_categories=("Cs", "Cc")), max_size=8)
SEGMENTS = st.lists(
    st.one_of(
        ANY.map(lambda text: quote(text, safe="")),
        ANY.map(lambda text: quote(quote(text, safe=""), safe="")),
        st.sampled_from(["", ".", "..", "%2F", "%2f", "%2e%2e", "%252F", "a%20b", "~", "+", "*", ":", "@"]),
    ),
    max_size=5,
)
PAIRS = st.lists(
    st.tuples(
        st.one_of(ANY, st.sampled_from(["a", "A", "b"])).map(lambda text: quote(text, safe="~")),
        st.one_of(ANY, st.sampled_from(["", "+", " ", "%"])).map(lambda text: quote(text, safe="~")),
    ),
    max_size=4,
)
VALUES = st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E), max_size=12)


@settings(max_examples=300, deadline=None, database=None, phases=[Phase.explicit, Phase.generate])
@given(
    segments=SEGMENTS,
    pairs=PAIRS,
    values=st.dictionaries(st.sampled_from(["X-Amz-Meta-A", "x-amz-meta-b", "Content-Type"]), VALUES),
    body=st.binary(max_size=40),
    expires_s=st.none() | st.integers(1, 604_800),
)
def test_whatever_botocore_signs_is_accepted_and_nothing_beside_it(
    segments: list[str],
    pairs: list[tuple[str, str]],
    values: dict[str, str],
    body: bytes,
    expires_s: int | None,
) -> None:
    body = b"" if expires_s else body  # botocore would move it into the query
    target = "/" + "/".join(segments)
    if pairs:
        target += "?" + "&".join(f"{name}={value}" for name, value in pairs)
    path, query, headers = _sign("POST", target, values, body, expires_s=expires_s)
    _verify("POST", path, query, headers, body)
    for changed in (
        ("POST", path + b"/more", query, headers, body),
        ("POST", path, query + b"&more=1", headers, body),
        ("POST", path, query, headers, body + b"."),
        ("PATCH", path, query, headers, body),
        ("POST", path, query, tuple((n, v + b".") if n == b"host" else (n, v) for n, v in headers), body),
    ):
        with pytest.raises(Unauthenticated):
            _verify(*changed)


@pytest.mark.parametrize("late_s", [-3600, -901, -900, -301, 301, 900, 901, 3600])
def test_no_signature_counts_outside_its_minutes(late_s: int) -> None:
    """Five minutes to either side, as AWS has it; a quarter of an hour is far outside."""
    path, query, headers = _sign("POST", "/flows/", {}, b"{}")
    with pytest.raises(Unauthenticated) as caught:
        _verify("POST", path, query, headers, b"{}", now=NOW + timedelta(seconds=late_s))
    assert caught.value.reason == "expired"


@pytest.mark.parametrize(
    "declared",
    [
        "UNSIGNED-PAYLOAD",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD",
        "STREAMING-UNSIGNED-PAYLOAD-TRAILER",
        "STREAMING-AWS4-HMAC-SHA256-PAYLOAD-TRAILER",
        "",
        hashlib.sha256(b"other").hexdigest(),
        hashlib.sha256(b"{}").hexdigest().upper(),
    ],
)
def test_a_payload_is_always_covered(declared: str) -> None:
    path, query, headers = _sign("POST", "/flows/", {"X-Amz-Content-SHA256": declared}, b"{}")
    with pytest.raises(Unauthenticated):
        _verify("POST", path, query, headers, b"{}")


# How secrets are compared

SECRET_NAMES = re.compile(r"(^|_)(secret|signature|token|api_key|password|hash)($|_)")
PUBLIC = frozenset(
    {
        # What is compared there was neither a secret nor computed from one.
        ("services/calls/called.py", "request_hash"),
        ("services/logs/logs.py", "request_hash"),
        ("services/receipts.py", "request_hash"),
    }
)


def _comparisons() -> Iterator[tuple[str, str]]:
    """Where something that is named like a secret is compared with ``==`` or ``!=``, and what."""
    root = Path(headrace.__file__).parent
    for file in sorted(root.rglob("*.py")):
        text = file.read_text()
        if (
            re.search(
                "(secret|signature|token|api_key|password|hash) [!=]= |[!=]= .*(secret|token|hash)", text
            )
            is None
        ):
            continue  # most files, and taking them apart takes its time
        for node in ast.walk(ast.parse(text)):
            if not isinstance(node, ast.Compare) or not isinstance(node.ops[0], ast.Eq | ast.NotEq):
                continue
            sides = [node.left, *node.comparators]
            if any(isinstance(side, ast.Constant) for side in sides):
                continue
            for side in sides:
                name = getattr(side, "attr", getattr(side, "id", ""))
                if SECRET_NAMES.search(name):
                    yield str(file.relative_to(root)), name


def test_secrets_are_compared_in_constant_time_only() -> None:
    assert set(_comparisons()) <= PUBLIC
    source = Path(headrace.__file__).parent
    used = {
        str(file.relative_to(source))
        for file in source.rglob("*.py")
        if "hmac.compare_digest(" in file.read_text()
    }
    assert used >= {"apis/gate.py", "apis/bedrock/sigv4.py", "services/server/sessions.py"}
