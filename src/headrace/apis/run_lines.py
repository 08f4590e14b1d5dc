"""A run as JSON lines, while somebody watches."""

from __future__ import annotations

import time

from headrace.apis.sending import CUT_OFF
from headrace.core.execution import FailureKind, FlowFailed
from headrace.core.jsontext import json_text
from headrace.services.runs.invocations import Invocation


class RunLines:
    """A turn as JSON lines, with one in front of them. Closing it before its end stops the run.

    Attributes:
        limit_s: how long it may take to be read.
    """

    def __init__(self, invocation: Invocation, opening: bytes) -> None:
        self.limit_s = invocation.limit_s
        self._invocation = invocation
        self._opening: bytes | None = opening

    @property
    def cut_off(self) -> bytes:
        """What is said when the server ends before the turn."""
        failed = FlowFailed(at_ns=time.time_ns(), kind=FailureKind.INTERNAL, message=CUT_OFF)
        return json_text(failed) + b"\n"

    def __aiter__(self) -> RunLines:
        return self

    async def __anext__(self) -> bytes:
        if self._opening is not None:
            opening, self._opening = self._opening, None
            return opening + b"\n"
        events = await self._invocation.more()
        if not events:
            raise StopAsyncIteration
        return b"".join([json_text(event) + b"\n" for event in events])

    async def aclose(self) -> None:
        """Stop what still runs."""
        await self._invocation.aclose()
