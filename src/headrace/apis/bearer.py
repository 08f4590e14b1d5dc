"""A key that is sent as a bearer token, which is what many programs are easily told to send."""

from __future__ import annotations

import msgspec

from headrace.apis.http import Request


def with_bearer_key(request: Request) -> Request:
    """A request whose bearer token is its API key, when it shows no other."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    if request.header("x-api-key") or scheme.lower() != "bearer":
        return request
    headers = {**request.headers, b"x-api-key": token.strip().encode("latin-1")}
    return msgspec.structs.replace(request, headers=headers)
