"""Moving in from Humanloop and out again, for our own command line."""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from typing import Protocol

import msgspec

from headrace.apis.console_runs import Row
from headrace.apis.gate import Gate
from headrace.apis.http import JSON, Request, Response
from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid

LINES = (b"content-type", b"application/x-ndjson")


class Mover(Protocol):
    """Brings batches of parts in, and takes everything out as lines of JSON."""

    async def bring_in(self, principal: Principal, body: bytes) -> bytes: ...

    async def take_out(
        self, principal: Principal, *, under: str, with_logs: bool
    ) -> AsyncIterator[bytes]: ...


class WantedExport(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """The body of a request for an export.

    Attributes:
        path: the directory whose files are wanted; the root is the empty path.
    """

    path: str = ""
    logs: bool = False


class ConsoleHumanloop:
    """The console's operations on exports of Humanloop."""

    def __init__(self, gate: Gate, mover: Mover) -> None:
        self._gate = gate
        self._mover = mover

    def rows(self) -> list[Row]:
        """The operations, by method and path."""
        return [
            ("POST", "/console/humanloop/import", self._import),
            ("POST", "/console/humanloop/export", self._export),
        ]

    async def _import(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        principal.require(Right.ADMIN)
        answer = await self._mover.bring_in(principal, request.body)
        return Response(status=200, headers=[JSON], body=answer)

    async def _export(self, request: Request, parameters: Mapping[str, str]) -> Response:
        principal = await self._gate.by_console(request)
        try:
            wanted = msgspec.json.decode(request.body, type=WantedExport)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Invalid.at(message=str(error)) from None
        lines = await self._mover.take_out(principal, under=wanted.path, with_logs=wanted.logs)
        return Response(status=200, headers=[LINES], body=lines)
