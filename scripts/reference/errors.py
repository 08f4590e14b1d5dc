"""The page of the errors."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any

from headrace.apis.bedrock import errors as bedrock_errors
from headrace.apis.bedrock.api import SERVED
from headrace.apis.bedrock.model import Service, ServiceModel, load
from headrace.apis.http import Request
from headrace.apis.humanloop import errors as humanloop_errors
from headrace.apis.native import errors as native_errors
from headrace.core import errors
from headrace.core.errors import HeadraceError
from reference.markdown import Row, code, page, summary, table


def errors_page() -> str:
    """How each error of the domain looks in each API."""
    model = load()
    services: list[Service] = sorted({model.operations[name].service for name in SERVED})
    return page(
        "Errors",
        "One tree of errors (`headrace.core.errors`), three ways to say them. A class without a line of its "
        "own is shown as its parent. Anything that is not in the tree is a bug of the server: it is logged "
        "with its traceback and answered with the request's id alone.",
        "Every answer carries its request's id in `x-request-id`; the server's log has it too.",
        "## Amazon Bedrock",
        'The name is in the header `x-amzn-errortype`, the text in `{"message": …}`; a validation error of '
        "`bedrock-agent` lists every broken constraint in `fieldList` as well.",
        table(
            ["error", "when", "name", *(f"status ({service})" for service in services)],
            _bedrock_rows(model, services),
        ),
        "## Humanloop",
        'The body is `{"detail": …}`: a text, or for 422 a list of `{"loc", "msg", "type"}`, one for each '
        "broken rule.",
        table(["error", "when", "status"], _humanloop_rows()),
        "A wrong or missing right is 401 here and 403 in the Bedrock API: the original Humanloop API has no "
        "403.",
        "## Its own API",
        'The body is `{"error": {"code", "message", "problems"}}`; `problems` has one for each broken rule.',
        table(["error", "when", "code", "status"], _native_rows()),
    )


def _bedrock_rows(model: ServiceModel, services: list[Service]) -> Iterator[Row]:
    for label, when, error in _samples(bedrock_errors):
        answers = [bedrock_errors.render(model, service, _REQUEST, error) for service in services]
        name = dict(answers[0].headers)[b"x-amzn-errortype"].decode()
        yield [label, when, code(name), *(answer.status for answer in answers)]


def _humanloop_rows() -> Iterator[Row]:
    for label, when, error in _samples(humanloop_errors):
        yield [label, when, humanloop_errors.failure(_REQUEST, error).status]


def _native_rows() -> Iterator[Row]:
    for label, when, error in _samples(native_errors):
        shown = native_errors.INTERNAL if error is None else native_errors.shown(type(error))
        yield [label, when, code(shown.code), shown.status]


_REQUEST = Request(
    id="-", method="GET", raw_path=b"/", raw_query=b"", segments=(), query=(), headers={}, body=b""
)

_ARGUMENTS: dict[type[HeadraceError], Callable[[], HeadraceError]] = {
    errors.NotFound: lambda: errors.NotFound("flow", "-"),
    errors.NotPrepared: lambda: errors.NotPrepared(operation="-", status="-"),
    errors.QuotaExceeded: lambda: errors.QuotaExceeded(limit=1),
    errors.TooLarge: lambda: errors.TooLarge(limit_bytes=1),
    bedrock_errors.MethodNotAllowed: lambda: bedrock_errors.MethodNotAllowed("-", ("GET",)),
    humanloop_errors.MethodNotAllowed: lambda: humanloop_errors.MethodNotAllowed(("GET",)),
    native_errors.MethodNotAllowed: lambda: native_errors.MethodNotAllowed(("GET",)),
}
"""How an error is made whose class wants more than a message."""

_GROUPS = (HeadraceError, errors.Denied)
"""Classes that only gather others; none is ever raised itself."""


def _samples(api: Any) -> Iterator[tuple[str, str, HeadraceError | None]]:
    """One error of each kind that an API may be asked to show, and None for a bug."""
    for kind in _tree(HeadraceError):
        if kind in _GROUPS or kind.__module__ not in (errors.__name__, api.__name__):
            continue
        if kind is errors.Unauthenticated:
            for reason in bedrock_errors.CREDENTIALS if api is bedrock_errors else ("missing",):
                suffix = f" ({reason})" if api is bedrock_errors else ""
                yield f"`{kind.__name__}`{suffix}", summary(kind), errors.Unauthenticated(reason=reason)
            continue
        make = _ARGUMENTS.get(kind, kind)
        yield code(kind.__name__), summary(kind), make()
    yield "a bug", "Anything else.", None


def _tree(kind: type[HeadraceError]) -> Iterator[type[HeadraceError]]:
    yield kind
    for child in sorted(
        kind.__subclasses__(), key=lambda one: (one.__module__, inspect.getsourcelines(one)[1])
    ):
        yield from _tree(child)
