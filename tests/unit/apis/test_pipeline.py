"""The way of a request through the server, on a bare ASGI connection."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import re
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from headrace.apis.http import JSON, Request, Response
from headrace.apis.pipeline import App
from headrace.apis.readiness import Readiness
from headrace.core.errors import HeadraceError, NotFound, Unavailable

MAX_BODY_BYTES = 10
UUID4 = re.compile(rb"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}")


class Recording:
    """An API that does what a test wants and remembers what it was asked."""

    def __init__(self, act: Callable[[Request], Response], *, prefix: str = "") -> None:
        self._act = act
        self._prefix = prefix
        self.requests: list[Request] = []

    def owns(self, segments: tuple[str, ...]) -> bool:
        return not self._prefix or segments[:1] == (self._prefix,)

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return self._act(request)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        name = "bug" if error is None else type(error).__name__
        return Response(status=500 if error is None else 400, headers=[JSON], body=name.encode())


class Waiting(Recording):
    """An API that never answers."""

    async def answer(self, request: Request) -> Response:
        self.requests.append(request)
        return await asyncio.Future()


def _ok(_: Request) -> Response:
    return Response(status=200, headers=[JSON], body=b"{}")


async def _nothing() -> None:
    pass


def _app(*apis: Recording, logs_all: bool = False) -> App:
    return App(apis, max_body_bytes=MAX_BODY_BYTES, logs_all=logs_all, on_shutdown=_nothing)


def _exchange(
    app: App,
    *,
    method: str = "GET",
    raw_path: bytes = b"/",
    query: bytes = b"",
    headers: list[tuple[bytes, bytes]] | None = None,
    parts: list[bytes | None] | None = None,
) -> list[dict[str, Any]]:
    """What the application sends; a part that is None is the caller going away."""
    parts = [b""] if parts is None else parts
    incoming = [
        {"type": "http.disconnect"}
        if part is None
        else {"type": "http.request", "body": part, "more_body": index + 1 < len(parts)}
        for index, part in enumerate(parts)
    ]
    sent: list[dict[str, Any]] = []

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append(message)

    scope = {
        "type": "http",
        "method": method,
        "raw_path": raw_path,
        "query_string": query,
        "headers": headers or [],
    }
    asyncio.run(app(scope, receive, send))
    return sent


def test_a_request_is_read_whole() -> None:
    api = Recording(_ok)
    headers = [(b"a", b"1"), (b"a", b"2")]
    _exchange(
        _app(api),
        method="POST",
        raw_path=b"/x%2Fy/z/",
        query=b"q=1&q=%20",
        headers=headers,
        parts=[b"12345", b"", b"6789"],
    )
    [request] = api.requests
    assert (request.method, request.segments, request.raw_path) == ("POST", ("x/y", "z"), b"/x%2Fy/z/")
    assert request.query == (("q", "1"), ("q", " "))
    assert (request.headers, request.body) == ({b"a": b"1,2"}, b"123456789")
    assert UUID4.fullmatch(request.id.encode())


def test_an_answer_has_its_length_and_the_request_id() -> None:
    api = Recording(_ok)
    start, body = _exchange(_app(api))
    headers = dict(start["headers"])
    assert (start["status"], body["body"]) == (200, b"{}")
    assert headers[b"content-length"] == b"2"
    assert headers[b"x-request-id"] == api.requests[0].id.encode()


def test_each_request_has_an_id_of_its_own() -> None:
    api = Recording(_ok)
    app = _app(api)
    for _ in range(100):
        _exchange(app)
    assert len({request.id for request in api.requests}) == 100


def test_a_head_has_the_length_but_no_body() -> None:
    start, body = _exchange(_app(Recording(_ok)), method="HEAD")
    assert dict(start["headers"])[b"content-length"] == b"2"
    assert body["body"] == b""


def test_the_first_api_that_owns_a_path_answers() -> None:
    one, rest = Recording(_ok, prefix="v5"), Recording(_ok)
    app = _app(one, rest)
    _exchange(app, raw_path=b"/v5/flows")
    _exchange(app, raw_path=b"/v55")
    assert [request.raw_path for request in one.requests] == [b"/v5/flows"]
    assert [request.raw_path for request in rest.requests] == [b"/v55"]


@pytest.mark.parametrize(
    ("headers", "parts"),
    [
        ([(b"content-length", b"11")], [b"01234567890"]),
        ([], [b"01234567890"]),
        ([], [b"0123456789", b"0", b"never read"]),
    ],
)
def test_a_body_that_is_too_large_is_refused(
    headers: list[tuple[bytes, bytes]], parts: list[bytes | None]
) -> None:
    api = Recording(_ok)
    _, body = _exchange(_app(api), method="POST", headers=headers, parts=parts)
    assert (body["body"], api.requests) == (b"TooLarge", [])


@pytest.mark.parametrize("method", ["GET", "HEAD"])
def test_a_read_without_a_word_of_a_body_does_not_wait_for_one(method: str) -> None:
    api = Recording(_ok)
    start, _ = _exchange(_app(api), method=method, parts=[None])
    assert (start["status"], api.requests[0].body) == (200, b"")


@pytest.mark.parametrize("header", [(b"content-length", b"2"), (b"transfer-encoding", b"chunked")])
def test_a_read_with_a_body_is_read_whole(header: tuple[bytes, bytes]) -> None:
    api = Recording(_ok)
    _exchange(_app(api), headers=[header], parts=[b"1", b"2"])
    assert api.requests[0].body == b"12"


def test_a_body_of_the_limit_is_accepted() -> None:
    api = Recording(_ok)
    _exchange(_app(api), headers=[(b"content-length", b"10")], parts=[b"0123456789"])
    assert api.requests[0].body == b"0123456789"


def test_a_caller_who_went_away_is_not_answered() -> None:
    api = Recording(_ok)
    assert _exchange(_app(api), method="POST", parts=[b"1", None]) == []
    assert api.requests == []


def _raises(error: Exception) -> Callable[[Request], Response]:
    def act(_: Request) -> Response:
        raise error

    return act


def test_an_error_is_rendered_by_the_api_and_not_logged(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        start, body = _exchange(_app(Recording(_raises(NotFound("flow", "x")))))
    assert (start["status"], body["body"]) == (400, b"NotFound")
    assert caplog.records == []


def test_a_bug_is_logged_with_its_traceback_and_the_request_id(caplog: pytest.LogCaptureFixture) -> None:
    api = Recording(_raises(KeyError("inside")))
    with caplog.at_level(logging.INFO):
        start, body = _exchange(_app(api), raw_path=b"/a%2Fb")
    assert (start["status"], body["body"]) == (500, b"bug")
    bug, request = caplog.records
    assert bug.exc_info is not None
    assert (bug.request_id, bug.path) == (api.requests[0].id, "/a%2Fb")
    assert (request.getMessage(), request.status) == ("GET /a%2Fb 500", 500)


def test_what_is_unavailable_is_logged_without_a_traceback(caplog: pytest.LogCaptureFixture) -> None:
    with caplog.at_level(logging.INFO):
        _, body = _exchange(_app(Recording(_raises(Unavailable("disk full")))))
    assert body["body"] == b"Unavailable"
    [record] = caplog.records
    assert (record.levelname, record.cause, record.exc_info) == ("WARNING", "disk full", None)


@pytest.mark.parametrize("is_leaving", [True, False])
@pytest.mark.parametrize("waits_for", ["the body", "the answer"])
def test_who_still_waits_when_the_server_ends_is_told(waits_for: str, is_leaving: bool) -> None:
    api, readiness, sent = Waiting(_ok), Readiness(), []
    app = App((api,), max_body_bytes=9, logs_all=False, on_shutdown=_nothing, readiness=readiness)
    scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": []}
    parts = [{"type": "http.request", "body": b"x", "more_body": waits_for == "the body"}]

    async def receive() -> Any:
        return parts.pop() if parts else await asyncio.Future()

    async def send(message: Any) -> None:
        sent.append(message)

    async def story() -> None:
        request = asyncio.create_task(app(scope, receive, send))
        await asyncio.sleep(0)
        if is_leaving:
            readiness.leave()
        request.cancel()
        await request

    if not is_leaving:
        with pytest.raises(asyncio.CancelledError):
            asyncio.run(story())
        assert sent == []
        return
    asyncio.run(story())
    assert [message.get("status") for message in sent] == [400, None]
    assert sent[1]["body"] == b"Unavailable"
    assert (b"connection", b"close") in sent[0]["headers"]
    assert len(api.requests) == (waits_for == "the answer")


class Pieces:
    """A body whose second piece never comes."""

    def __init__(self, cut_off: bytes) -> None:
        self.cut_off = cut_off
        self.is_closed = False
        self._has_begun = False

    def __aiter__(self) -> Any:
        return self

    async def __anext__(self) -> bytes:
        if self._has_begun:
            await asyncio.Future()
        self._has_begun = True
        return b"first"

    async def aclose(self) -> None:
        self.is_closed = True


@pytest.mark.parametrize(
    ("is_leaving", "cut_off", "told"),
    [(True, b"last", [b"first", b"last"]), (True, b"", [b"first"]), (False, b"last", [b"first"])],
)
def test_a_stream_says_itself_that_the_server_ended_before_it(
    is_leaving: bool, cut_off: bytes, told: list[bytes]
) -> None:
    """Behind some proxies a stream that was broken off looks like one that came to its end."""
    body, readiness, sent = Pieces(cut_off), Readiness(), []

    api = Recording(lambda _: Response(status=200, body=body))
    app = App((api,), max_body_bytes=9, logs_all=False, on_shutdown=_nothing, readiness=readiness)
    scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": []}

    async def receive() -> Any:
        return {"type": "http.request", "body": b""} if not sent else await asyncio.Future()

    has_begun = asyncio.Event()

    async def send(message: Any) -> None:
        sent.append(message)
        if message.get("body") == b"first":
            has_begun.set()

    async def story() -> None:
        request = asyncio.create_task(app(scope, receive, send))
        await has_begun.wait()
        if is_leaving:
            readiness.leave()
        request.cancel()
        await request

    is_told = told[-1] == b"last"
    with contextlib.nullcontext() if is_told else pytest.raises(asyncio.CancelledError):
        asyncio.run(story())
    assert [message["body"] for message in sent[1:]] == told
    assert bool(sent[-1].get("more_body")) is not is_told, "only what was told of ends as if it were whole"
    assert body.is_closed


class Told(Pieces):
    """A body that is whole, and takes for ever to be closed."""

    async def __anext__(self) -> bytes:
        if self._has_begun:
            raise StopAsyncIteration
        self._has_begun = True
        return b"first"

    async def aclose(self) -> None:
        self.is_closed = True
        await asyncio.Future()


def test_a_stream_that_is_whole_says_nothing_more() -> None:
    body, readiness, sent = Told(b"last"), Readiness(), []
    api = Recording(lambda _: Response(status=200, body=body))
    app = App((api,), max_body_bytes=9, logs_all=False, on_shutdown=_nothing, readiness=readiness)
    scope = {"type": "http", "method": "POST", "raw_path": b"/", "query_string": b"", "headers": []}

    async def receive() -> Any:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    async def story() -> None:
        request = asyncio.create_task(app(scope, receive, send))
        for _ in range(9):
            await asyncio.sleep(0)
        assert body.is_closed
        readiness.leave()
        request.cancel()
        await request

    with pytest.raises(asyncio.CancelledError):
        asyncio.run(story())
    assert [message["body"] for message in sent[1:]] == [b"first", b""]


@pytest.mark.parametrize("logs_all", [True, False])
def test_successes_are_logged_on_demand(caplog: pytest.LogCaptureFixture, logs_all: bool) -> None:
    with caplog.at_level(logging.INFO):
        _exchange(_app(Recording(_ok), logs_all=logs_all))
    assert [record.getMessage() for record in caplog.records] == (["GET / 200"] if logs_all else [])


async def _pieces() -> AsyncIterator[bytes]:
    yield b"[1"
    yield b"]"


def test_a_stream_is_sent_as_it_comes() -> None:
    api = Recording(lambda _: Response(status=200, headers=[JSON], body=_pieces()))
    start, *bodies = _exchange(_app(api))
    assert b"content-length" not in dict(start["headers"])
    assert [body["body"] for body in bodies] == [b"[1", b"]", b""]
    assert [body.get("more_body", False) for body in bodies] == [True, True, False]
    assert json.loads(b"".join(body["body"] for body in bodies)) == [1]


def test_the_life_of_the_application() -> None:
    ended: list[bool] = []

    async def end() -> None:
        ended.append(True)

    app = App((), max_body_bytes=1, logs_all=False, on_shutdown=end)
    incoming = [{"type": "lifespan.startup"}, {"type": "lifespan.shutdown"}]
    sent: list[Any] = []

    async def receive() -> Any:
        return incoming.pop(0)

    async def send(message: Any) -> None:
        sent.append((message["type"], bool(ended)))

    asyncio.run(app({"type": "lifespan"}, receive, send))
    assert sent == [("lifespan.startup.complete", False), ("lifespan.shutdown.complete", True)]


def test_a_websocket_is_closed() -> None:
    sent: list[Any] = []

    async def send(message: Any) -> None:
        sent.append(message)

    async def receive() -> Any:
        return {"type": "websocket.connect"}

    asyncio.run(_app()({"type": "websocket"}, receive, send))
    assert sent == [{"type": "websocket.close", "code": 1000}]
