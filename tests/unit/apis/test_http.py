"""Requests as the APIs see them."""

from __future__ import annotations

from headrace.apis.http import Request, join_headers


def test_repeated_headers_are_joined() -> None:
    joined = join_headers([(b"a", b"1"), (b"b", b"2"), (b"a", b"3")])
    assert joined == {b"a": b"1,3", b"b": b"2"}


def test_a_header_by_its_name() -> None:
    request = Request(
        id="1",
        method="GET",
        raw_path=b"/",
        raw_query=b"",
        segments=(),
        query=(),
        headers={b"x-some": b"caf\xe9", b"empty": b""},
        body=b"",
    )
    assert request.header("x-some") == "café"
    assert request.header("empty") == ""
    assert request.header("absent") is None
