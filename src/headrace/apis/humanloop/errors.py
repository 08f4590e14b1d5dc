"""What went wrong, as a status and a ``detail`` (humanloop 0.4, 0.5)."""

from __future__ import annotations

import math
from typing import NamedTuple

import msgspec

from headrace.apis.http import JSON, Headers, Request, Response
from headrace.core import errors
from headrace.core.effects import Fault, ModelFailed
from headrace.core.errors import HeadraceError, Invalid, Malformed, Problem


class MethodNotAllowed(HeadraceError):
    """This path does not take that method.

    Attributes:
        allowed: the methods it takes.
    """

    def __init__(self, allowed: tuple[str, ...]) -> None:
        super().__init__(f"This path takes only {', '.join(allowed)}.")
        self.allowed = allowed


class UnsupportedEncoding(HeadraceError):
    """The body has a content encoding; send it as it is."""


STATUSES: dict[type[HeadraceError], int] = {
    HeadraceError: 400,
    Malformed: 400,
    Invalid: 422,
    errors.NotFound: 404,
    errors.Conflict: 409,
    # Humanloop 8.42: there is no 403; who lacks a right is told 401 too.
    errors.Denied: 401,
    # The contract knows no status for quotas. 409 is "the present state forbids it", and its clients do not
    # repeat the request on it by themselves, as the TypeScript one does on 429.
    errors.QuotaExceeded: 409,
    errors.Throttled: 429,
    errors.TooLarge: 413,
    errors.TooSlow: 408,
    errors.Unavailable: 503,
    MethodNotAllowed: 405,
    UnsupportedEncoding: 415,
}
"""The status of each class; one without a row has its parent's."""

INTERNAL_ERROR = 500


class ValidationError(msgspec.Struct, frozen=True, kw_only=True):
    """One broken rule: where, which, and a word for it."""

    loc: tuple[str | int, ...]
    msg: str
    type: str


class HttpValidationError(msgspec.Struct, frozen=True, kw_only=True):
    """The body of a 422."""

    detail: list[ValidationError]


class ModelError(msgspec.Struct, frozen=True, kw_only=True):
    """What a provider of models answered instead (humanloop 0.5).

    Attributes:
        code: the status.
        origin: the provider.
    """

    type: str
    message: str
    code: int
    origin: str


class ModelErrorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The body of an error that a provider of models is the cause of."""

    detail: ModelError


class Shown(NamedTuple):
    """What a failure of a provider is shown as."""

    status: int
    type: str


FAULTS = {
    Fault.DEPENDENCY: Shown(422, "unprocessable_entity_error"),
    Fault.DENIED: Shown(401, "authentication_error"),
    Fault.THROTTLED: Shown(429, "rate_limit_error"),
    Fault.QUOTA: Shown(429, "rate_limit_error"),
    Fault.GATEWAY: Shown(503, "service_unavailable_error"),
}
"""What a provider that did not answer is told as, by whose fault it was."""


class ErrorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The body of every other error."""

    detail: str


def failure(request: Request, error: HeadraceError | None) -> Response:
    """The answer to a request that failed; None is a bug, of which nothing is told."""
    if error is None:
        detail = f"Internal error. The server's log has more under the request ID {request.id}."
        return _answer(INTERNAL_ERROR, ErrorResponse(detail=detail))
    if isinstance(error, ModelFailed):
        return _model_failure(error)
    status = status_of(type(error))
    if isinstance(error, Invalid) and not isinstance(error, Malformed):
        return _answer(status, HttpValidationError(detail=[_item(problem) for problem in error.problems]))
    return _answer(status, ErrorResponse(detail=error.message), _headers(error))


def _model_failure(error: ModelFailed) -> Response:
    status, kind = FAULTS[error.fault]
    detail = ModelError(type=kind, message=error.message, code=status, origin=error.origin)
    return _answer(status, ModelErrorResponse(detail=detail), _headers(error))


def status_of(kind: type[HeadraceError]) -> int:
    """The status of an error class."""
    return next(STATUSES[parent] for parent in kind.__mro__ if parent in STATUSES)


def _item(problem: Problem) -> ValidationError:
    return ValidationError(loc=(problem.where, *problem.path), msg=problem.message, type=problem.kind)


def _headers(error: HeadraceError) -> Headers:
    if isinstance(error, errors.Throttled):
        return ((b"retry-after", str(math.ceil(error.retry_after_s)).encode()),)
    if isinstance(error, ModelFailed) and error.retry_after_s is not None:
        return ((b"retry-after", str(math.ceil(error.retry_after_s)).encode()),)
    if isinstance(error, MethodNotAllowed):
        return ((b"allow", ", ".join(error.allowed).encode()),)
    return ()


def _answer(status: int, body: msgspec.Struct, headers: Headers = ()) -> Response:
    return Response(status=status, headers=(JSON, *headers), body=msgspec.json.encode(body))
