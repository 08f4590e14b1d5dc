"""Answers are given again while nothing has changed, and to nobody else."""

from __future__ import annotations

import asyncio
from datetime import UTC, datetime
from operator import attrgetter

import pytest

from headrace.apis.http import Request, Response
from headrace.apis.kept import LARGEST_BYTES, KeptAnswers
from headrace.core.access import Principal, Right, User
from headrace.core.changes import Changes, Kept
from headrace.core.errors import NotFound

ADA = User(id="usr_1", email="a@example.com", full_name="Ada", created_at=datetime(2026, 1, 1, tzinfo=UTC))


def asked(path: bytes = b"/flows/x", query: bytes = b"", method: str = "GET") -> Request:
    return Request(
        id="r",
        method=method,
        raw_path=path,
        raw_query=query,
        segments=(),
        query=(),
        headers={},
        body=b"",
    )


def by(account: str = "1", right: Right = Right.READER) -> Principal:
    return Principal(account=account, user=ADA, right=right)


class Desk:
    """Answers kept of a store, and how often one was made."""

    def __init__(self) -> None:
        self.changes = Changes()
        self.answers = KeptAnswers(self.changes, attrgetter("registry"))
        self.made = 0

    def ask(self, request: Request, principal: Principal, size: int = 1) -> bytes:
        async def make() -> Response:
            self.made += 1
            return Response(status=200, body=b"%d" % self.made * size)

        body = asyncio.run(self.answers.answer(principal, request, make)).body
        assert isinstance(body, bytes)
        return body


def test_it_is_made_anew_after_each_change() -> None:
    desk = Desk()
    assert [desk.ask(asked(), by()) for _ in range(3)] == [b"1", b"1", b"1"]
    desk.changes.count(of_registry=False)
    assert desk.ask(asked(), by()) == b"1"
    desk.changes.count(of_registry=True)
    assert [desk.ask(asked(), by()) for _ in range(2)] == [b"2", b"2"]


@pytest.mark.parametrize(
    ("request_", "principal"),
    [
        (asked(path=b"/flows/y"), by()),
        (asked(query=b"a=b"), by()),
        (asked(method="HEAD"), by()),
        (asked(), by(account="2")),
        (asked(), by(right=Right.ADMIN)),
    ],
)
def test_it_is_of_one_request_and_one_caller(request_: Request, principal: Principal) -> None:
    desk = Desk()
    assert desk.ask(asked(), by()) == b"1"
    assert desk.ask(request_, principal) == b"2"
    assert desk.ask(asked(), by()) == b"1"


def test_a_long_one_is_made_each_time() -> None:
    desk = Desk()
    assert desk.ask(asked(), by(), size=LARGEST_BYTES + 1) != desk.ask(asked(), by(), size=LARGEST_BYTES + 1)


def test_an_error_is_not_kept() -> None:
    desk = Desk()

    async def fail() -> Response:
        raise NotFound("flow", "x")

    with pytest.raises(NotFound):
        asyncio.run(desk.answers.answer(by(), asked(), fail))
    assert desk.ask(asked(), by()) == b"1"


def test_what_was_read_before_a_change_is_not_kept_after_it() -> None:
    kept: Kept[str, int] = Kept(most=2)
    assert kept.get(1, "a") is None
    assert kept.get(2, "a") is None
    kept.put(1, "a", 1)
    assert kept.get(2, "a") is None


def test_so_many_and_no_more() -> None:
    kept: Kept[int, int] = Kept(most=2)
    for number in range(3):
        kept.get(1, number)
        kept.put(1, number, number)
    assert [kept.get(1, number) for number in range(3)] == [None, None, 2]
