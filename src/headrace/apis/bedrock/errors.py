"""What goes wrong, in the words of the AWS clients (bedrock 1.1, 6.1)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.apis.bedrock.model import Service, ServiceModel
from headrace.apis.http import JSON, REQUEST_ID, Request, Response
from headrace.core.errors import (
    Conflict,
    Forbidden,
    HeadraceError,
    Invalid,
    Malformed,
    NotFound,
    Problem,
    QuotaExceeded,
    Throttled,
    TooLarge,
    TooSlow,
    Unauthenticated,
)

INTERNAL = "InternalServerException"

NAMES: Mapping[type[BaseException], str] = {
    Malformed: "SerializationException",
    Invalid: "ValidationException",
    NotFound: "ResourceNotFoundException",
    Conflict: "ConflictException",
    Forbidden: "AccessDeniedException",
    QuotaExceeded: "ServiceQuotaExceededException",
    Throttled: "ThrottlingException",
    TooLarge: "RequestEntityTooLargeException",
    TooSlow: "RequestTimeoutException",
    HeadraceError: INTERNAL,
}
"""The error's name for each class; looked up along the class's MRO."""

CREDENTIALS: Mapping[str, str] = {
    "missing": "MissingAuthenticationTokenException",
    "unknown": "UnrecognizedClientException",
    "signature": "InvalidSignatureException",
    "expired": "ExpiredTokenException",
    "incomplete": "IncompleteSignatureException",
}
"""The error's name for each reason why credentials are of no use."""

UNMODELLED: Mapping[str, int] = {
    "SerializationException": 400,
    "IncompleteSignatureException": 400,
    "MissingAuthenticationTokenException": 403,
    "UnrecognizedClientException": 403,
    "InvalidSignatureException": 403,
    "ExpiredTokenException": 403,
    "UnknownOperationException": 404,
    "MethodNotAllowedException": 405,
    "RequestTimeoutException": 408,
    "RequestEntityTooLargeException": 413,
}
"""The status of the errors that every AWS service knows and no model declares."""


class UnknownOperation(HeadraceError):
    """There is no such operation."""


class MethodNotAllowed(HeadraceError):
    """The path exists, but not with this method.

    Attributes:
        allowed: the methods it exists with.
    """

    def __init__(self, method: str, allowed: tuple[str, ...]) -> None:
        super().__init__(f"{method} is not allowed here; these methods are: {', '.join(allowed)}.")
        self.allowed = allowed


ID_HEADERS = (REQUEST_ID, b"x-amzn-requestid")
"""The clients look for the second of them in every answer."""
_HERE: Mapping[type[BaseException], str] = {
    UnknownOperation: "UnknownOperationException",
    MethodNotAllowed: "MethodNotAllowedException",
}


def render(model: ServiceModel, service: Service, request: Request, error: HeadraceError | None) -> Response:
    """An error as the clients parse it: its name in a header, its text in the body.

    Args:
        error: None for a bug, of which only the request's id is told.
    """
    if error is None:
        name, message = INTERNAL, f"Internal error. Request id: {request.id}"
    else:
        name, message = _name(error), _message(error)
    body: dict[str, Any] = {"message": message}
    if isinstance(error, Invalid) and not isinstance(error, Malformed) and service == "bedrock-agent":
        fields = [
            {"name": dotted(problem), "message": problem.message}
            for problem in error.problems
            if problem.path
        ]
        if fields:
            body["fieldList"] = fields
    headers = [JSON, (b"x-amzn-errortype", name.encode())]
    if isinstance(error, Throttled):
        headers.append((b"retry-after", str(max(1, round(error.retry_after_s))).encode()))
    if isinstance(error, MethodNotAllowed):
        headers.append((b"allow", ", ".join(error.allowed).encode()))
    status = UNMODELLED.get(name) or model.error_status(service, name)
    return Response(status=status, headers=headers, body=msgspec.json.encode(body), id_headers=ID_HEADERS)


def _name(error: HeadraceError) -> str:
    if isinstance(error, Unauthenticated):
        return CREDENTIALS[error.reason]
    return next(
        name for ancestor in type(error).__mro__ if (name := NAMES.get(ancestor) or _HERE.get(ancestor))
    )


def _message(error: HeadraceError) -> str:
    """All broken constraints in one sentence, as AWS writes it; any other error in its own words."""
    if not isinstance(error, Invalid) or isinstance(error, Malformed) or not error.problems:
        return error.message
    count = len(error.problems)
    details = "; ".join(
        f"Value at '{dotted(problem)}' failed to satisfy constraint: {problem.message}"
        if problem.message.startswith("Member ")
        else problem.message
        for problem in error.problems
    )
    return f"{count} validation error{'s' if count > 1 else ''} detected: {details}"


def dotted(problem: Problem) -> str:
    """A problem's place as AWS writes it, with list items counted from one: ``nodes.1.member.name``."""
    return ".".join(f"{part + 1}.member" if isinstance(part, int) else part for part in problem.path)
