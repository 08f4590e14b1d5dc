"""Answers to reads that are given again while nothing has changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import msgspec

from headrace.apis.http import Holds, Request, Response
from headrace.core.access import Principal
from headrace.core.changes import Changes, Kept

KEPT_BYTES = 16 * 1024 * 1024
"""So much is kept at the most."""
LARGEST_BYTES = 16 * 1024
"""A longer answer is made each time."""

Key = tuple[str, str, int, str, bytes, bytes]


class KeptAnswers:
    """Keeps answers by who asked for what.

    For requests that change nothing and whose answer follows from the store alone: not from the time, and
    not from headers beside the credentials. Nobody gets an answer that was made for somebody else.

    Args:
        changes: those of the store.
        holds: which of them are of what answers are made of.
    """

    def __init__(self, changes: Changes, holds: Holds) -> None:
        self._changes = changes
        self._holds = holds
        self._answers: Kept[Key, Response] = Kept(most=KEPT_BYTES // LARGEST_BYTES)

    async def answer(
        self, principal: Principal, request: Request, make: Callable[[], Awaitable[Response]]
    ) -> Response:
        """The answer to a request, kept or made.

        Only one that was kept says how long it holds: what is asked for once is not worth more.
        """
        at = self._holds(self._changes)
        key = (
            principal.account,
            principal.user.id,
            principal.right,
            request.method,
            request.raw_path,
            request.raw_query,
        )
        known = self._answers.get(at, key)
        if known is not None:
            return known
        made = await make()
        if isinstance(made.body, bytes) and len(made.body) <= LARGEST_BYTES:
            self._answers.put(at, key, msgspec.structs.replace(made, holds=self._holds))
        return made
