"""Operations that the SDKs know and that are not served yet: a call of one is told so."""

from __future__ import annotations

from headrace.apis.routing import Match, Table

UNSERVED = (
    ("POST", "/agents/call"),
    ("POST", "/agents/continue"),
)

_TABLE = Table((method, template, template) for method, template in UNSERVED)


def unserved(method: str, segments: tuple[str, ...]) -> str | None:
    """What a caller of such an operation is told; None when it is none.

    Args:
        segments: the path's, below ``/v5``.
    """
    found = _TABLE.find(method, segments)
    if not isinstance(found, Match):
        return None
    return f"{method} /v5/{'/'.join(segments)} is not served by this release of Headrace."
