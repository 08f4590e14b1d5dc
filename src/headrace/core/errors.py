"""Everything that can go wrong in a way a caller can act on, as one tree.

    HeadraceError
    ├─ Invalid(problems)              the request breaks a rule; each problem names the place and the rule
    │  └─ Malformed                   it is not even JSON
    ├─ NotFound(kind, id)
    ├─ Conflict                       the request is fine, the present state forbids it
    │  ├─ AlreadyExists
    │  ├─ InUse
    │  ├─ NotPrepared(operation, status)
    │  ├─ Stale
    │  ├─ GateClosed
    │  └─ TokenReused
    ├─ Denied
    │  ├─ Unauthenticated(reason)
    │  └─ Forbidden
    ├─ QuotaExceeded(limit)
    ├─ Throttled(retry_after_s)
    ├─ TooLarge(limit_bytes)
    ├─ TooSlow
    └─ Unavailable

A class's docstring is its default message. Each API owns one table from these classes to its wire
names and looks a class up along its MRO, so a new leaf is rendered as its parent until it gets a row.
Anything that is not a HeadraceError is a bug and is shown to a caller only as a request id.
"""

from __future__ import annotations

from dataclasses import dataclass


class HeadraceError(Exception):
    """The request could not be carried out."""

    def __init__(self, message: str | None = None) -> None:
        super().__init__(message or type(self).__doc__)

    @property
    def message(self) -> str:
        return str(self.args[0])


@dataclass(frozen=True, slots=True, kw_only=True)
class Problem:
    """One broken rule.

    Attributes:
        path: where, outermost first; names and list indices. Empty means the whole request.
        message: the rule that the value breaks, naming the value where that is safe.
        kind: a stable word for the rule, such as ``missing`` or ``pattern``.
        where: the part of the request: ``body``, ``query`` or ``path``.
    """

    path: tuple[str | int, ...]
    message: str
    kind: str = "value"
    where: str = "body"


class Invalid(HeadraceError):
    """The request breaks a rule."""

    def __init__(self, *problems: Problem, message: str | None = None) -> None:
        super().__init__(message or "; ".join(problem.message for problem in problems) or None)
        self.problems = problems

    @classmethod
    def at(cls, *path: str | int, message: str, kind: str = "value", where: str = "body") -> Invalid:
        """An error with a single problem."""
        return cls(Problem(path=path, message=message, kind=kind, where=where))


class Malformed(Invalid):
    """The body is not valid JSON."""


class NotFound(HeadraceError):
    """There is no such thing.

    Attributes:
        kind: what was looked for, in the domain's word: ``flow``, ``version``, ``environment`` …
        id: what it was looked for by, as the caller wrote it.
    """

    def __init__(self, kind: str, id: str, message: str | None = None) -> None:
        super().__init__(message or f"{kind.capitalize()} `{id}` was not found.")
        self.kind = kind
        self.id = id


class Conflict(HeadraceError):
    """The present state does not allow this."""


class AlreadyExists(Conflict):
    """Something with that name already exists."""


class InUse(Conflict):
    """Something still uses it."""


class TokenReused(Conflict):
    """The client token was used before with other parameters."""


class Stale(Conflict):
    """Something else is there than was expected."""


class GateClosed(Conflict):
    """A gate does not let this through."""


class NotPrepared(Conflict):
    """The draft is not in a state that allows this.

    Attributes:
        operation: what was asked for, in the words of the API that was called.
        status: the draft's status.
    """

    def __init__(self, *, operation: str, status: str) -> None:
        super().__init__(
            f"Couldn't perform {operation} operation. The resource that you specified is currently in "
            f"status {status}. Retry your request after the resource changes to a valid status."
        )
        self.operation = operation
        self.status = status


class Denied(HeadraceError):
    """You may not do this."""


class Unauthenticated(Denied):
    """The request carries no usable credentials.

    Attributes:
        reason: why, as one of ``missing``, ``unknown``, ``signature``, ``expired``, ``incomplete``.
    """

    def __init__(self, message: str | None = None, *, reason: str = "missing") -> None:
        super().__init__(message)
        self.reason = reason


class Forbidden(Denied):
    """The key does not have the right that this needs."""


class QuotaExceeded(HeadraceError):
    """A limit on how many there may be is reached.

    Attributes:
        limit: the limit's value.
    """

    def __init__(self, message: str | None = None, *, limit: int) -> None:
        super().__init__(message)
        self.limit = limit


class Throttled(HeadraceError):
    """Rate exceeded"""

    def __init__(self, message: str | None = None, *, retry_after_s: float = 1.0) -> None:
        super().__init__(message)
        self.retry_after_s = retry_after_s


class TooLarge(HeadraceError):
    """The request is larger than this server accepts."""

    def __init__(self, message: str | None = None, *, limit_bytes: int) -> None:
        super().__init__(message)
        self.limit_bytes = limit_bytes


class TooSlow(HeadraceError):
    """The request took too long to arrive."""


class Unavailable(HeadraceError):
    """The server can't do this right now. Try again."""
