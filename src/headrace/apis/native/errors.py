"""What went wrong, as a status and ``{"error": {"code", "message", "problems"}}``."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from headrace.apis.http import JSON, Headers, Request, Response
from headrace.core import errors
from headrace.core.effects import ModelFailed
from headrace.core.errors import HeadraceError, Invalid, Problem


class MethodNotAllowed(HeadraceError):
    """This path does not take that method.

    Attributes:
        allowed: the methods it takes.
    """

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"This path takes only {', '.join(allowed)}.")
        self.allowed = allowed


class PreconditionFailed(HeadraceError):
    """What is there is not what `If-Match` names."""


class Shown(NamedTuple):
    """How an error is told: by its status, and by a word that programs can rely on."""

    status: int
    code: str


SHOWN: dict[type[HeadraceError], Shown] = {
    HeadraceError: Shown(400, "refused"),
    Invalid: Shown(400, "invalid"),
    errors.Malformed: Shown(400, "malformed"),
    errors.Unauthenticated: Shown(401, "unauthenticated"),
    errors.Denied: Shown(401, "denied"),
    errors.Forbidden: Shown(403, "forbidden"),
    errors.NotFound: Shown(404, "not_found"),
    MethodNotAllowed: Shown(405, "method_not_allowed"),
    errors.TooSlow: Shown(408, "too_slow"),
    errors.Conflict: Shown(409, "conflict"),
    errors.Stale: Shown(409, "stale"),
    errors.GateClosed: Shown(409, "gate_closed"),
    PreconditionFailed: Shown(412, "precondition_failed"),
    errors.TooLarge: Shown(413, "too_large"),
    errors.QuotaExceeded: Shown(429, "quota_exceeded"),
    errors.Throttled: Shown(429, "throttled"),
    ModelFailed: Shown(502, "model_failed"),
    errors.Unavailable: Shown(503, "unavailable"),
}
"""The status and the word of each class; one without a row has its parent's."""
INTERNAL = Shown(500, "internal")


class ProblemBody(msgspec.Struct, frozen=True, kw_only=True):
    """One broken rule.

    Attributes:
        where: the part of the request: `body`, `query`, `path` or `header`.
        path: the place in it, outermost first.
        kind: a stable word for the rule.
    """

    where: str
    path: list[str | int]
    kind: str
    message: str


class ErrorBody(msgspec.Struct, frozen=True, kw_only=True):
    """What went wrong.

    Attributes:
        code: a word that stays the same.
        message: the same in words, with what to do about it.
        problems: each broken rule, where the request breaks some.
    """

    code: str
    message: str
    problems: list[ProblemBody]


class ErrorAnswer(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every refusal."""

    error: ErrorBody


def shown(kind: type[HeadraceError]) -> Shown:
    """How an error class is told."""
    return next(SHOWN[parent] for parent in kind.__mro__ if parent in SHOWN)


def failure(request: Request, error: HeadraceError | None) -> Response:
    """The answer to a request that failed; None is a bug, of which nothing is told."""
    if error is None:
        message = f"Internal error. The server's log has more under the request id {request.id}."
        return _answer(INTERNAL, message, ())
    problems = error.problems if isinstance(error, Invalid) else ()
    return _answer(shown(type(error)), error.message, problems, _headers(error))


def _headers(error: HeadraceError) -> Headers:
    if isinstance(error, errors.Throttled):
        return ((b"retry-after", str(math.ceil(error.retry_after_s)).encode()),)
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", ", ".join(error.allowed).encode()),)
    return ()


def _answer(as_: Shown, message: str, problems: tuple[Problem, ...], headers: Headers = ()) -> Response:
    told = [
        ProblemBody(where=one.where, path=list(one.path), kind=one.kind, message=one.message)
        for one in problems
    ]
    body = ErrorAnswer(error=ErrorBody(code=as_.code, message=message, problems=told))
    return Response(status=as_.status, headers=(JSON, *headers), body=msgspec.json.encode(body))
