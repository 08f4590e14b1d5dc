"""A client of our own API that holds every answer to the OpenAPI document."""

from __future__ import annotations

import functools
import json
import re
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import jsonschema
from tests.contract.conftest import NO_CERTIFICATES

from headrace.apis.native.api import OPERATIONS
from headrace.apis.native.openapi import document

WITHIN_S = 30


@functools.cache
def described() -> dict[str, Any]:
    """The OpenAPI document."""
    found: dict[str, Any] = json.loads(document(OPERATIONS))
    return found


@functools.cache
def _patterns() -> list[tuple[re.Pattern[str], str]]:
    """Each path of the document as a pattern; what has no parameter in a place comes first."""
    paths = sorted(described()["paths"], key=lambda path: path.count("{"))
    return [(re.compile(re.sub(r"\\{\w+\\}", "[^/]+", re.escape(path)) + "$"), path) for path in paths]


def check(response: httpx.Response) -> None:
    """Fail unless the document has this answer, in this shape."""
    path = response.request.url.raw_path.decode().partition("?")[0]
    template = next(template for pattern, template in _patterns() if pattern.match(path))
    method = response.request.method.lower()
    told = described()["paths"][template][method]["responses"]
    assert str(response.status_code) in told, (method, template, response.status_code, response.text)
    contents = told[str(response.status_code)].get("content", {})
    if not contents or method == "head":
        assert response.content == b"", (method, template, response.text)
        return
    media = response.headers["content-type"]
    assert media in contents, (method, template, media)
    if media == "application/json":
        schema = {**contents[media]["schema"], "components": described()["components"]}
        jsonschema.validate(response.json(), schema)


@dataclass(frozen=True, slots=True, kw_only=True)
class Asker:
    """Who asks a server."""

    url: str
    key: str = "any"

    def send(self, method: str, *parts: str, body: Any = None, **more: Any) -> httpx.Response:
        """Send a request below ``/api`` to these segments of a path, and hold the answer to the document."""
        path = "/".join(quote(part, safe="") for part in parts)
        headers = {"x-api-key": self.key, **more.pop("headers", {})}
        with httpx.Client(verify=NO_CERTIFICATES, timeout=WITHIN_S) as client:
            response = client.request(
                method, f"{self.url}/api/{path}", json=body, headers=headers, params=more or None
            )
        check(response)
        return response

    def ask(self, method: str, *parts: str, body: Any = None, **more: Any) -> Any:
        """The same; what was answered to a request that was carried out."""
        response = self.send(method, *parts, body=body, **more)
        assert response.status_code < 300, response.text
        return response.json() if response.content else None

    def refused(self, status: int, code: str, method: str, *parts: str, body: Any = None, **more: Any) -> str:
        """The same of one that is refused so; what was said of it."""
        response = self.send(method, *parts, body=body, **more)
        error = response.json()["error"]
        assert (response.status_code, error["code"]) == (status, code), response.text
        message: str = error["message"]
        assert message
        return message
