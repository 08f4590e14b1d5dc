"""A request that came before, byte for byte, gets the answer that it got, while that can't be another one.

It is found by all that a request says, with its credentials. So whoever asks has shown what was found good,
and gets what was made of the same words. Three things could change that: the store, which counts its changes;
the readiness of the process, which the caller looks at; and time. So only answers are taken that say which
changes they follow from (`Response.holds`), to credentials that do not end by themselves; and a second later
everything is looked at anew.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.apis.http import SAYS_BODY, Headers, Holds, Request, Response
from headrace.core.changes import Changes
from headrace.core.counts import Labels

MOST = 1024
LARGEST_KEY_BYTES = 4096
"""A request with more in its path and headers is answered anew each time."""
HELD_S = 1.0
"""So long at the most: the gate looks as often whether the server is still open to all."""

Key = tuple[object, ...]
Whole = tuple[int, Headers, bytes]
"""The status, the headers and the body of an answer."""


class Told(msgspec.Struct, frozen=True, kw_only=True):
    """An answer that was given.

    Attributes:
        head: its headers without those that hold the request's id.
        id_headers: the names of those.
        labels: what it is counted under.
        at: the number of changes at which it holds.
    """

    status: int
    head: Headers
    id_headers: tuple[bytes, ...]
    body: bytes
    labels: Labels
    holds: Holds
    at: int

    def whole(self, request_id: str) -> Whole:
        """The same answer to another request."""
        named = request_id.encode()
        return self.status, [*self.head, *[(name, named) for name in self.id_headers]], self.body


class Repeats:
    """Answers by the whole of the requests that they were given to.

    Args:
        changes: those of the store that all answers follow from.
    """

    def __init__(self, changes: Changes) -> None:
        self._changes = changes
        self._told: dict[Key, Told] = {}
        self._since_s = float("-inf")
        self._end: asyncio.TimerHandle | None = None

    def now(self) -> int:
        """Changes by now; to be asked before anything is decided about a request."""
        return self._changes.everything

    def find(self, scope: Mapping[str, Any], now_s: float) -> Told | None:
        """What a request was answered before, if it would be again."""
        if now_s - self._since_s > HELD_S:
            return None
        told = self._told.get(_key(scope))
        return None if told is None or told.holds(self._changes) != told.at else told

    def keep(
        self,
        scope: Mapping[str, Any],
        request: Request,
        response: Response,
        head: Headers,
        *,
        labels: Labels,
        at: int,
        now_s: float,
    ) -> None:
        """Answer so again, if that is right.

        It is where the answer says how long it holds, to a request without a body, let in by an API key or a
        server that is open to all, neither of which ends by itself as a signature does, when nothing
        was changed since it came: whatever was looked at for it then is as it was.

        Args:
            head: all headers of the answer but those with the request's id.
            at: of `now`, before.
        """
        holds = response.holds
        if holds is None or not _is_plain(request) or self._changes.everything != at:
            return
        assert isinstance(response.body, bytes)
        size_bytes = sum(len(name) + len(value) for name, value in scope["headers"])
        if size_bytes + len(request.raw_path) + len(request.raw_query) > LARGEST_KEY_BYTES:
            return
        if len(self._told) >= MOST or now_s - self._since_s > HELD_S:
            self._begin(now_s)
        self._told[_key(scope)] = Told(
            status=response.status,
            head=head,
            id_headers=response.id_headers,
            body=response.body,
            labels=labels,
            holds=holds,
            at=holds(self._changes),
        )

    def _begin(self, now_s: float) -> None:
        self._forget()
        self._since_s = now_s
        self._end = asyncio.get_running_loop().call_later(HELD_S, self._forget)

    def _forget(self) -> None:
        """Let all of them go, with the credentials in them, whether or not another request comes."""
        if self._end is not None:
            self._end.cancel()
        self._told.clear()
        self._since_s = float("-inf")


def _is_plain(request: Request) -> bool:
    """Whether all that it says is in its head, and its credentials are good for as long as they are known."""
    has_key = bool(request.headers.get(b"x-api-key"))
    return has_key and request.method == "GET" and SAYS_BODY.isdisjoint(request.headers)


def _key(scope: Mapping[str, Any]) -> Key:
    return (scope["method"], scope["raw_path"], scope["query_string"], *scope["headers"])
