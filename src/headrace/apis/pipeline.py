"""The way of a request through the server, as one ASGI application.

    read the head -> choose the API by its path -> read the body under a limit -> the API answers
    (authenticates, routes, checks, acts, renders) -> errors are rendered by the same API -> send -> log

Only this module and `headrace.apis.sending` speak ASGI.
"""

from __future__ import annotations

import asyncio
import logging
import random
import time
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from typing import Any, ClassVar, Protocol

from headrace.apis.cors import Cors
from headrace.apis.http import SAYS_BODY, Request, Response, join_headers, split_path, split_query
from headrace.apis.limits import within
from headrace.apis.readiness import Readiness
from headrace.apis.repeats import Repeats, Told, Whole
from headrace.apis.request_watch import LEFT, RequestWatch, labels_of
from headrace.apis.routing import LONGEST_KNOWN, MOST_KNOWN
from headrace.apis.sending import CUT_OFF, Receive, Send, head_of, send_answer
from headrace.core.counts import Labels
from headrace.core.errors import HeadraceError, TooLarge, TooSlow, Unavailable
from headrace.core.ids import uuid4_text

Scope = MutableMapping[str, Any]

log = logging.getLogger("headrace.request")


READS = frozenset({"GET", "HEAD"})


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
        told = self._told(scope, started)
        if told is not None:
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

    def answer_again(self, scope: Scope) -> Whole | None:
        """The answer to a request that came before, where it still is the answer; counted and logged as any.

        What speaks HTTP may ask this first, of a request that nothing is sent behind: it needs no task then.
        """
        started = time.perf_counter()
        told = self._told(scope, started)
        if told is None:
            return None
        request_id = _request_id()
        self._count_again(told.labels, started)
        if self._logs_all:
            _log(scope, told.status, request_id, started)
        return told.whole(request_id)

    def _told(self, scope: Scope, started: float) -> Told | None:
        """What a request was answered before, if it is to be answered so again."""
        told = None if self._repeats is None else self._repeats.find(scope, started)
        return None if self._readiness.is_leaving else told

    def _count_again(self, labels: Labels, started: float) -> None:
        if self._watch is not None:
            self._watch.again(labels, started)

    async def _tell_again(self, told: Told, scope: Scope, started: float, send: Send) -> None:
        request_id, labels = _request_id(), (*told.labels[:2], LEFT)
        status, head, body = told.whole(request_id)
        try:
            await send({"type": "http.response.start", "status": status, "headers": head})
            await send({"type": "http.response.body", "body": body})
            labels = told.labels
        finally:
            self._count_again(labels, started)
        if self._logs_all:
            _log(scope, status, request_id, started)

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
        repeats = self._repeats
        changes = 0 if repeats is None else repeats.now()
        headers = join_headers(scope["headers"])
        body, refused = b"", None
        if scope["method"] not in READS or not SAYS_BODY.isdisjoint(headers):  # most reads have none
            try:
                body, refused = await self._read(headers, receive)
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
        head = head_of(response, more)
        if repeats is not None and response.holds is not None:
            labels = labels_of(api.name, response.status)
            repeats.keep(scope, request, response, head, labels=labels, at=changes, now_s=started)
        await send_answer(response, request, head, receive, send, self._readiness)
        if self._logs_all or response.status >= 500:
            _log(scope, response.status, request_id, started)
        return response.status

    async def _read(
        self, headers: Mapping[bytes, bytes], receive: Receive
    ) -> tuple[bytes, HeadraceError | None]:
        """The request's body, or why it was not read."""
        try:
            return await within(self._body_timeout_s, self._body(headers, receive)), None
        except TooLarge as error:
            return b"", error
        except TimeoutError:
            return b"", TooSlow()
        except asyncio.CancelledError:
            return b"", _cut_off(self._readiness)

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
    return Unavailable(CUT_OFF)


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
