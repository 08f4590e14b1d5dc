"""The way of a request through the server, as one ASGI application.

    read the head -> choose the API by its path -> read the body under a limit -> the API answers
    (authenticates, routes, checks, acts, renders) -> errors are rendered by the same API -> send -> log

Only this module speaks ASGI.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, MutableMapping
from contextlib import suppress
from typing import Any, ClassVar, Protocol

from headrace.apis.cors import Cors
from headrace.apis.http import SAYS_BODY, Headers, Request, Response, join_headers, split_path, split_query
from headrace.apis.limits import within
from headrace.apis.readiness import Readiness
from headrace.apis.repeats import Repeats, Told
from headrace.apis.request_watch import LEFT, RequestWatch, labels_of
from headrace.apis.routing import LONGEST_KNOWN, MOST_KNOWN
from headrace.core.errors import HeadraceError, TooLarge, TooSlow, Unavailable
from headrace.core.ids import uuid4_text

Scope = MutableMapping[str, Any]
Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("headrace.request")


READS = frozenset({"GET", "HEAD"})
NOSNIFF = (b"x-content-type-options", b"nosniff")
"""Answers hold what others have said: no browser may take one for something else than it says it is."""
CACHED = b"cache-control"
UNCACHED = (CACHED, b"no-store")
"""Of each answer that does not say itself who may keep it. No cache knows that a key decides what is told."""
WATCH_AFTER_S = 0.1
"""A body that takes longer is stopped when its caller goes away."""


class Api(Protocol):
    """One of the protocols that this server speaks.

    Attributes:
        name: what counts and spans call it.
    """

    name: ClassVar[str]

    def owns(self, segments: tuple[str, ...]) -> bool:
        """Whether a path is this API's; asked in order, the first yes decides."""

    async def answer(self, request: Request) -> Response:
        """Carry a request out.

        Raises:
            HeadraceError: it could not be carried out.
        """

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """The API's way to say what went wrong; None for a bug of ours, of which nothing is told."""


class Disconnected(Exception):
    """The caller went away before the request was read."""


class App:
    """The ASGI application.

    Args:
        body_timeout_s: how long the body of a request may take to arrive; None is for ever.
        cors: which web pages may read the answers; None is no foreign one.
        readiness: whether the process is about to end.
        watch: hears of every request; None is nobody.
        repeats: answers that may be given again; None where each request is looked at, for a limit or a span.
    """

    def __init__(
        self,
        apis: tuple[Api, ...],
        *,
        max_body_bytes: int,
        body_timeout_s: float | None = None,
        cors: Cors | None = None,
        logs_all: bool,
        on_shutdown: Callable[[], Awaitable[None]],
        on_startup: Callable[[], Awaitable[None]] | None = None,
        readiness: Readiness | None = None,
        watch: RequestWatch | None = None,
        repeats: Repeats | None = None,
    ) -> None:
        self._apis = apis
        self._max_body_bytes = max_body_bytes
        self._body_timeout_s = body_timeout_s
        self._cors = cors
        self._logs_all = logs_all
        self._on_startup = on_startup
        self._on_shutdown = on_shutdown
        self._readiness = readiness or Readiness()
        self._watch = watch
        self._repeats = repeats
        self._places: dict[bytes, tuple[tuple[str, ...], Api]] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self._http(scope, receive, send)
        elif scope["type"] == "lifespan":
            await self._lifespan(receive, send)
        else:
            await send({"type": "websocket.close", "code": 1000})

    async def _lifespan(self, receive: Receive, send: Send) -> None:
        while True:
            message = await receive()
            if message["type"] == "lifespan.startup":
                if self._on_startup is not None:
                    await self._on_startup()
                await send({"type": "lifespan.startup.complete"})
            else:
                await self._on_shutdown()
                await send({"type": "lifespan.shutdown.complete"})
                return

    async def _http(self, scope: Scope, receive: Receive, send: Send) -> None:
        started = time.perf_counter()
        told = None if self._repeats is None else self._repeats.find(scope, started)
        if told is not None and not self._readiness.is_leaving:
            await self._tell_again(told, scope, started, send)
            return
        segments, api = self._place(scope["raw_path"])
        watch, request_id, status = self._watch, _request_id(), 0
        scene = None if watch is None else watch.begin(api.name, scope["headers"])
        try:
            status = await self._serve(api, segments, request_id, started, scope, receive, send)
        finally:
            if watch is not None:
                watch.end(
                    api.name,
                    scene,
                    method=scope["method"],
                    request_id=request_id,
                    status=status,
                    started_s=started,
                )

    async def _tell_again(self, told: Told, scope: Scope, started: float, send: Send) -> None:
        """The answer that was given before, with an id of its own; counted and logged as any."""
        watch, request_id, labels = self._watch, _request_id(), (*told.labels[:2], LEFT)
        head = [*told.head, *[(name, request_id.encode()) for name in told.id_headers]]
        if watch is not None:
            watch.enter(told.api)
        try:
            await send({"type": "http.response.start", "status": told.status, "headers": head})
            await send({"type": "http.response.body", "body": told.body})
            labels = told.labels
        finally:
            if watch is not None:
                watch.leave(told.api, labels, started)
        if self._logs_all:
            _log(scope, told.status, request_id, started)

    def _place(self, raw_path: bytes) -> tuple[tuple[str, ...], Api]:
        """The segments of a path, and the API that it belongs to."""
        known = self._places.get(raw_path)
        if known is not None:
            return known
        segments = split_path(raw_path)
        place = segments, self._owner(segments)
        if len(raw_path) <= LONGEST_KNOWN:
            if len(self._places) >= MOST_KNOWN:
                self._places.clear()
            self._places[raw_path] = place
        return place

    def _owner(self, segments: tuple[str, ...]) -> Api:
        for api in self._apis:
            if api.owns(segments):
                return api
        raise AssertionError("the last API owns every path")

    async def _serve(
        self,
        api: Api,
        segments: tuple[str, ...],
        request_id: str,
        started: float,
        scope: Scope,
        receive: Receive,
        send: Send,
    ) -> int:
        """Answer a request; the answer's status, or 0 when nobody waited for one."""
        refused: HeadraceError | None = None
        repeats = self._repeats
        changes = 0 if repeats is None else repeats.now()
        headers, body = join_headers(scope["headers"]), b""
        has_body = scope["method"] not in READS or not SAYS_BODY.isdisjoint(headers)
        if has_body:  # most reads have none, and nothing to wait for
            try:
                body = await within(self._body_timeout_s, self._body(headers, receive))
            except TooLarge as error:
                refused = error
            except TimeoutError:
                refused = TooSlow()
            except asyncio.CancelledError:
                refused = _cut_off(self._readiness)
            except Disconnected:
                return 0
        request = Request(
            id=request_id,
            method=scope["method"],
            raw_path=scope["raw_path"],
            raw_query=scope["query_string"],
            segments=segments,
            query=split_query(scope["query_string"]),
            headers=headers,
            body=body,
        )
        preflight = None if self._cors is None else await self._cors.preflight(request)
        response = (
            api.failure(request, refused)
            if refused
            else preflight or await _answer(api, request, self._readiness)
        )
        more = [] if self._cors is None else await self._cors.headers(request)
        # What else comes of a slow body belongs to nothing; and who leaves wants no more on this connection.
        if isinstance(refused, TooSlow) or self._readiness.is_leaving:
            more.append((b"connection", b"close"))
        head = _head(response, more)
        if repeats is not None and response.holds is not None:
            labels = labels_of(api.name, response.status)
            repeats.keep(
                scope, request, response, head, api=api.name, labels=labels, at=changes, now_s=started
            )
        await _send(response, request, head, receive, send)
        if self._logs_all or response.status >= 500:
            _log(scope, response.status, request_id, started)
        return response.status

    async def _body(self, headers: Mapping[bytes, bytes], receive: Receive) -> bytes:
        """The request's body, refused as soon as it is known to be too large."""
        limit = self._max_body_bytes
        said = headers.get(b"content-length", b"")
        if said.isdigit() and int(said) > limit:
            raise TooLarge(
                f"The request body has {int(said)} bytes; at most {limit} are accepted.", limit_bytes=limit
            )
        parts: list[bytes] = []
        size_bytes = 0
        while True:
            message = await receive()
            if message["type"] == "http.disconnect":
                raise Disconnected
            part: bytes = message.get("body", b"")
            size_bytes += len(part)
            if size_bytes > limit:
                raise TooLarge(f"The request body has more than {limit} bytes.", limit_bytes=limit)
            if not message.get("more_body"):
                return part if not parts else b"".join((*parts, part))
            parts.append(part)


async def _answer(api: Api, request: Request, readiness: Readiness) -> Response:
    try:
        return await api.answer(request)
    except asyncio.CancelledError:
        return api.failure(request, _cut_off(readiness))
    except Unavailable as error:
        log.warning("unavailable", extra={"request_id": request.id, "cause": error.message})
        return api.failure(request, error)
    except HeadraceError as error:
        return api.failure(request, error)
    except Exception:
        log.exception("a bug", extra={"request_id": request.id, "path": request.raw_path.decode("latin-1")})
        return api.failure(request, None)


def _cut_off(readiness: Readiness) -> Unavailable:
    """What is said to who still waits when the time is over in which a server that ends lets requests finish.

    Raises:
        CancelledError: it does not end; so somebody else wants the request to stop, and nobody to be told.
    """
    if not readiness.is_leaving:
        raise asyncio.CancelledError
    return Unavailable("The server ends now. What was asked for may or may not be done: ask again.")


def _head(response: Response, more: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, but for those that hold the request's id."""
    head = [*response.headers, *more, NOSNIFF]
    if CACHED not in dict(response.headers):
        head.append(UNCACHED)
    if isinstance(response.body, bytes):
        head.append((b"content-length", str(len(response.body)).encode()))
    return head


async def _send(response: Response, request: Request, head: Headers, receive: Receive, send: Send) -> None:
    body = response.body
    headers = [*head, *[(name, request.id.encode()) for name in response.id_headers]]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(body, bytes):
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
        return
    try:
        await _stream(body, receive, send)
    except HeadraceError as error:
        # The status is sent; all that is left is to end without the end, so that nobody takes this for whole.
        log.warning("an answer broke off", extra={"request_id": request.id, "cause": error.message})


async def _stream(body: AsyncIterator[bytes], receive: Receive, send: Send) -> None:
    """Send a body piece by piece. When the caller goes away, what makes the body is stopped at once.

    So it is when it takes longer than the body's ``limit_s``, if it has one: somebody may read very slowly.
    """
    sending = asyncio.current_task()
    assert sending is not None
    leaving: asyncio.Task[None] | None = None
    loop = asyncio.get_running_loop()
    watching: asyncio.Handle
    # The server tells of a disconnection also once all is sent: then there is nothing left to stop.
    is_whole = False

    def stop(_: asyncio.Task[None]) -> None:
        if not is_whole:
            sending.cancel()

    def wait() -> None:
        nonlocal watching
        watching = loop.call_later(WATCH_AFTER_S, watch)

    def watch() -> None:
        nonlocal leaving
        leaving = asyncio.create_task(_gone(receive, getattr(body, "limit_s", None)))
        leaving.add_done_callback(stop)

    # Most bodies are whole before anybody could go away, and a task costs more than to make them; so does a
    # timer, which is not even set when nothing was waited for.
    watching = loop.call_soon(wait)
    try:
        async for part in body:
            await send({"type": "http.response.body", "body": part, "more_body": True})
        is_whole = True
        await send({"type": "http.response.body", "body": b""})
    except asyncio.CancelledError:
        if leaving is None or not leaving.done():
            raise
        sending.uncancel()
    finally:
        is_whole = True
        watching.cancel()
        if leaving is not None:
            leaving.cancel()
        close = getattr(body, "aclose", None)
        if close is not None:
            await close()


async def _gone(receive: Receive, within_s: float | None) -> None:
    """Returns when the caller has gone away, or has taken longer than anybody may."""
    with suppress(TimeoutError):
        async with asyncio.timeout(within_s):
            while (await receive())["type"] != "http.disconnect":
                pass


def _request_id() -> str:
    """It names a request and guards nothing, so it need not be hard to guess."""
    return uuid4_text(random.getrandbits(128))


def _log(scope: Scope, status: int, request_id: str, started: float) -> None:
    log.info(
        "%s %s %d",
        scope["method"],
        scope["raw_path"].decode("latin-1"),
        status,
        extra={
            "request_id": request_id,
            "status": status,
            "duration_ms": round((time.perf_counter() - started) * 1000, 3),
        },
    )
