"""Health, for who watches over processes: ``/healthz`` says that one answers, ``/readyz`` that it is of use.

It is of use while its store answers and it is not about to end. Nobody needs a key for either.
"""

from __future__ import annotations

from typing import Any, ClassVar

import msgspec

from headrace import __version__
from headrace.apis.http import JSON, Request, Response
from headrace.apis.readiness import Readiness
from headrace.apis.request_watch import OPERATION
from headrace.core.errors import HeadraceError, NotFound, Unavailable
from headrace.services.base import Ports
from headrace.services.work import waiting_jobs

PATHS = frozenset({("healthz",), ("readyz",)})


class HealthApi:
    """The two paths.

    Args:
        readiness: whether the process is about to end.
        is_alone: whether there is no other API, so that all paths are its own.
    """

    name: ClassVar = "health"

    def __init__(self, ports: Ports, readiness: Readiness, *, is_alone: bool = False) -> None:
        self._ports = ports
        self._readiness = readiness
        self._is_alone = is_alone

    def owns(self, segments: tuple[str, ...]) -> bool:
        return self._is_alone or segments in PATHS

    async def answer(self, request: Request) -> Response:
        if request.segments not in PATHS or request.method not in ("GET", "HEAD"):
            path = request.raw_path.decode("latin-1")
            raise NotFound("path", path, f"There is nothing at {request.method} {path}.")
        OPERATION.set(request.segments[0])
        if request.segments == ("healthz",):
            return _json(200, {"status": "ok", "version": __version__})
        if self._readiness.is_leaving:
            return _json(503, {"status": "leaving", "version": __version__})
        await self._ports.store.check()
        waiting = await waiting_jobs(self._ports)
        return _json(200, {"status": "ready", "version": __version__, "waiting_jobs": waiting})

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        if error is None:
            return _json(500, {"error": f"Internal error. Request id: {request.id}"})
        status = {NotFound: 404, Unavailable: 503}.get(type(error), 400)
        return _json(status, {"error": error.message})


def _json(status: int, value: Any) -> Response:
    return Response(status=status, headers=[JSON], body=msgspec.json.encode(value))
