"""Answers on their way out: headers that all have, and bodies sent as they come while they are read."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import AsyncIterator, Awaitable, Callable, MutableMapping
from contextlib import suppress
from typing import Any

from headrace.apis.http import Headers, Request, Response
from headrace.apis.readiness import Readiness
from headrace.core.errors import HeadraceError

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

log = logging.getLogger("headrace.request")

NOSNIFF = (b"x-content-type-options", b"nosniff")
"""Answers hold what others have said: no browser may take one for something else than it says it is."""
CACHED = b"cache-control"
UNCACHED = (CACHED, b"no-store")
"""Of each answer that does not say itself who may keep it. No cache knows that a key decides what is told."""
CUT_OFF = "The server ends now. What was asked for may or may not be done: ask again."
"""What is said to who still waits when a server that ends has waited long enough."""
WATCH_AFTER_S = 0.1
"""A body that takes longer is stopped when its caller goes away."""


class _CutOffError(asyncio.CancelledError):
    """Somebody wants an answer to stop whose body is not whole yet."""


def head_of(response: Response, more: Headers) -> list[tuple[bytes, bytes]]:
    """The headers of an answer, but for those that hold the request's id."""
    head = [*response.headers, *more, NOSNIFF]
    if CACHED not in dict(response.headers):
        head.append(UNCACHED)
    if isinstance(response.body, bytes):
        head.append((b"content-length", str(len(response.body)).encode()))
    return head


async def send_answer(
    response: Response,
    request: Request,
    head: Headers,
    receive: Receive,
    send: Send,
    readiness: Readiness,
) -> None:
    """Send an answer with its head, to which the request's id is added.

    When the server ends before a body does, the body's ``cut_off`` is its last piece, if it has one.
    """
    body = response.body
    headers = [*head, *[(name, request.id.encode()) for name in response.id_headers]]
    await send({"type": "http.response.start", "status": response.status, "headers": headers})
    if isinstance(body, bytes):
        await send({"type": "http.response.body", "body": b"" if request.method == "HEAD" else body})
        return
    try:
        await _stream(body, receive, send)
    except _CutOffError:
        last = getattr(body, "cut_off", b"") if readiness.is_leaving else b""
        if not last:
            raise
        # Some proxies end what was broken off as if it were whole: the last piece says that it is not.
        if task := asyncio.current_task():
            task.uncancel()
        await send({"type": "http.response.body", "body": last})
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
            raise asyncio.CancelledError if is_whole else _CutOffError from None
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
