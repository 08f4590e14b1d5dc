"""The table of statuses, and the two shapes of an error (humanloop 0.4, 0.5)."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from headrace.apis.http import Request
from headrace.apis.humanloop.errors import MethodNotAllowed, UnsupportedEncoding, failure, status_of
from headrace.core import errors
from headrace.core.errors import HeadraceError, Invalid, Problem

REQUEST = Request(
    id="request-1", method="GET", raw_path=b"/", raw_query=b"", segments=(), query=(), headers={}, body=b""
)


def subclasses(kind: type[HeadraceError]) -> Iterator[type[HeadraceError]]:
    yield kind
    for below in kind.__subclasses__():
        yield from subclasses(below)


@pytest.mark.parametrize(
    ("error", "status"),
    [
        (errors.Malformed(), 400),
        (errors.NotFound("flow", "fl_x"), 404),
        (errors.Conflict(), 409),
        (errors.AlreadyExists(), 409),
        (errors.InUse(), 409),
        (errors.NotPrepared(operation="X", status="Failed"), 409),
        (errors.TokenReused(), 409),
        (errors.Denied(), 401),
        (errors.Unauthenticated(), 401),
        (errors.Forbidden(), 401),
        (errors.QuotaExceeded(limit=1), 409),
        (errors.Throttled(), 429),
        (errors.TooLarge(limit_bytes=1), 413),
        (errors.Unavailable(), 503),
        (MethodNotAllowed(("GET",)), 405),
        (UnsupportedEncoding(), 415),
    ],
)
def test_a_text_and_a_status(error: HeadraceError, status: int) -> None:
    response = failure(REQUEST, error)
    assert response.status == status
    assert json.loads(response.body) == {"detail": error.message}  # type: ignore[arg-type]


def test_every_error_has_a_status_of_its_own_or_its_parents() -> None:
    for kind in subclasses(HeadraceError):
        assert 400 <= status_of(kind) < 600


def test_broken_rules_are_a_list() -> None:
    error = Invalid(
        Problem(path=("attributes", 0), message="Field required", kind="missing"),
        Problem(path=("page",), message="m", where="query"),
        Problem(path=(), message="all of it"),
    )
    response = failure(REQUEST, error)
    assert response.status == 422
    assert json.loads(response.body) == {  # type: ignore[arg-type]
        "detail": [
            {"loc": ["body", "attributes", 0], "msg": "Field required", "type": "missing"},
            {"loc": ["query", "page"], "msg": "m", "type": "value"},
            {"loc": ["body"], "msg": "all of it", "type": "value"},
        ]
    }


def test_a_bug_says_nothing_but_where_to_look() -> None:
    response = failure(REQUEST, None)
    assert response.status == 500
    detail = json.loads(response.body)["detail"]  # type: ignore[arg-type]
    assert "request-1" in detail


@pytest.mark.parametrize(("wait_s", "header"), [(0.2, b"1"), (1.0, b"1"), (1.1, b"2"), (90.0, b"90")])
def test_when_to_come_again(wait_s: float, header: bytes) -> None:
    assert dict(failure(REQUEST, errors.Throttled(retry_after_s=wait_s)).headers)[b"retry-after"] == header
