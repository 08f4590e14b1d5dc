"""A key that is sent as a bearer token, which is what many programs are easily told to send."""

from __future__ import annotations

from dataclasses import replace

from headrace.apis.http import Request


def with_bearer_key(request: Request) -> Request:
    """A request whose bearer token is its API key, when it shows no other."""
    scheme, _, token = (request.header("authorization") or "").partition(" ")
    if request.header("x-api-key") or scheme.lower() != "bearer":
        return request
    return replace(request, headers={**request.headers, b"x-api-key": token.strip().encode("latin-1")})
