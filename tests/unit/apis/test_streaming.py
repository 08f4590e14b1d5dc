"""A body that is made while it is sent, and callers that do not wait for its end."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headrace.apis.http import Request, Response
from headrace.apis.pipeline import App
from headrace.core.errors import HeadraceError, NotFound


class Parts:
    """A body of numbers that says when it is let go of."""

    def __init__(self, count: int, *, then_waits: bool = False, fails: Exception | None = None) -> None:
        self._left = count
        self._fails = fails
        self._then_waits = then_waits
        self.limit_s: float | None = None
        self.is_closed = False
        self.was_cancelled = False

    def __aiter__(self) -> Parts:
        return self

    async def __anext__(self) -> bytes:
        if self._left:
            self._left -= 1
            return b"%d" % self._left
        if self._fails:
            raise self._fails
        if self._then_waits:
            try:
                await asyncio.Event().wait()
            except asyncio.CancelledError:
                self.was_cancelled = True
                raise
        raise StopAsyncIteration

    async def aclose(self) -> None:
        self.is_closed = True


class Streams:
    """An API that answers with a body."""

    def __init__(self, body: Parts) -> None:
        self._body = body

    def owns(self, segments: tuple[str, ...]) -> bool:
        return True

    async def answer(self, request: Request) -> Response:
        return Response(status=200, body=self._body)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        raise AssertionError(error)


class Caller:
    """A connection whose caller may go away."""

    def __init__(self) -> None:
        self.sent: list[dict[str, Any]] = []
        self.has_left = asyncio.Event()
        self.has_a_part = asyncio.Event()
        self._is_read = False

    async def receive(self) -> dict[str, Any]:
        if not self._is_read:
            self._is_read = True
            return {"type": "http.request", "body": b"", "more_body": False}
        await self.has_left.wait()
        return {"type": "http.disconnect"}

    async def send(self, message: Any) -> None:
        self.sent.append(message)
        if message.get("body"):
            self.has_a_part.set()
        if message.get("body") == b"" and not message.get("more_body"):
            self.has_left.set()  # as uvicorn says once all is sent


async def _nothing() -> None:
    pass


def serve(body: Parts, caller: Caller) -> asyncio.Task[None]:
    app = App((Streams(body),), max_body_bytes=1, logs_all=False, on_shutdown=_nothing)
    scope = {"type": "http", "method": "GET", "raw_path": b"/", "query_string": b"", "headers": []}
    return asyncio.create_task(app(scope, caller.receive, caller.send))


def test_a_body_is_sent_part_by_part_and_let_go_of() -> None:
    async def story() -> None:
        body, caller = Parts(2), Caller()
        await serve(body, caller)
        assert [message.get("body") for message in caller.sent] == [None, b"1", b"0", b""]
        assert body.is_closed

    asyncio.run(story())


def test_a_caller_that_leaves_stops_what_makes_the_body() -> None:
    async def story() -> None:
        body, caller = Parts(1, then_waits=True), Caller()
        serving = serve(body, caller)
        await caller.has_a_part.wait()
        caller.has_left.set()
        await asyncio.wait_for(serving, timeout=60)
        assert (body.was_cancelled, body.is_closed) == (True, True)
        assert not serving.cancelled(), "a caller's leaving is no cancellation of the server's own"
        assert len(caller.sent) == 2

    asyncio.run(story())


def test_a_server_that_stops_is_not_mistaken_for_a_caller() -> None:
    async def story() -> None:
        body, caller = Parts(1, then_waits=True), Caller()
        serving = serve(body, caller)
        await caller.has_a_part.wait()
        serving.cancel()
        with pytest.raises(asyncio.CancelledError):
            await serving
        assert body.is_closed

    asyncio.run(story())


def test_a_body_that_can_not_be_finished_breaks_off(caplog: pytest.LogCaptureFixture) -> None:
    """What was being listed may be deleted meanwhile: the caller sees that the answer is not whole."""

    async def scene() -> None:
        body, caller = Parts(2, fails=NotFound("flow", "fl_1", "Flow fl_1 not found.")), Caller()
        await serve(body, caller)
        assert [one.get("body") for one in caller.sent] == [None, b"1", b"0"]
        assert caller.sent[-1]["more_body"]
        assert body.is_closed

    asyncio.run(scene())
    assert [(one.message, one.__dict__["cause"]) for one in caplog.records] == [
        ("an answer broke off", "Flow fl_1 not found.")
    ]


class Unread(Caller):
    """A caller that stays, and reads no more after the first part."""

    async def send(self, message: Any) -> None:
        if self.has_a_part.is_set():
            await asyncio.Event().wait()
        await super().send(message)


def test_a_body_that_is_read_too_slowly_is_stopped() -> None:
    async def story() -> None:
        body, caller = Parts(2), Unread()
        body.limit_s = 0.01
        await asyncio.wait_for(serve(body, caller), timeout=60)
        assert body.is_closed
        assert len(caller.sent) == 2

    asyncio.run(story())
