"""The web UI: the files that `ui/` was built into, under names that change with their content."""

from __future__ import annotations

import gzip
from functools import cache
from pathlib import Path
from typing import ClassVar, Final

import msgspec

from headrace.apis.http import Request, Response, options
from headrace.apis.native import errors
from headrace.apis.native.errors import MethodNotAllowed
from headrace.apis.request_watch import OPERATION
from headrace.core.errors import HeadraceError, NotFound

FOLDER: Final = Path(__file__).parent.parent / "web"
"""Where the build puts them (`hatch_build.py`)."""
ASSETS: Final = "ui"
"""The folder of all but the page itself, in the address too."""
METHODS = ("GET", "HEAD")
TYPES: Final = {
    ".css": "text/css; charset=utf-8",
    ".html": "text/html; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
POLICY: Final = b"; ".join(
    (
        b"default-src 'self'",
        b"img-src 'self' data:",
        b"object-src 'none'",
        b"base-uri 'none'",
        b"form-action 'self'",
        b"frame-ancestors 'none'",
    )
)
GUARDS: Final = (
    (b"content-security-policy", POLICY),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-opener-policy", b"same-origin"),
)
"""What a page is allowed: nothing that is not from here, and to be in nobody's frame."""
FOREVER: Final = b"public, max-age=31536000, immutable"
WITHOUT: Final = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><title>Headrace</title>
<h1>Headrace is running, without its web UI</h1>
<p>It was installed from a build that left the UI out (<code>HEADRACE_BUILD_UI=0</code>). The APIs work.
To have the UI, install it again without that variable.</p>
"""


class _File(msgspec.Struct, frozen=True, kw_only=True):
    """Attributes:
    packed: the same in gzip.
    """

    type: str
    plain: bytes
    packed: bytes | None


class PagesApi:
    """``/`` and what it is made of.

    Args:
        folder: where the built files are.
    """

    name: ClassVar = "pages"

    def __init__(self, folder: Path = FOLDER) -> None:
        self._folder = folder
        self._read = cache(self._load)

    def owns(self, segments: tuple[str, ...]) -> bool:
        """See `headrace.apis.pipeline.Api`."""
        return not segments or segments[0] == ASSETS

    async def answer(self, request: Request) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        if request.method == "OPTIONS":
            return options(METHODS)
        if request.method not in METHODS:
            raise MethodNotAllowed(METHODS)
        OPERATION.set("GetPage")
        name = "/".join(request.segments) or "index.html"
        file = self._read().get(name)
        if file is None and request.segments:
            path = request.raw_path.decode("latin-1")
            raise NotFound("path", path, f"There is nothing at `{path}`.")
        file = file or _File(type=TYPES[".html"], plain=WITHOUT, packed=None)
        headers = [
            *GUARDS,
            (b"content-type", file.type.encode()),
            (b"cache-control", FOREVER if request.segments else b"no-cache"),
            (b"vary", b"accept-encoding"),
        ]
        if file.packed is not None and "gzip" in (request.header("accept-encoding") or ""):
            return Response(status=200, headers=[*headers, (b"content-encoding", b"gzip")], body=file.packed)
        return Response(status=200, headers=headers, body=file.plain)

    def failure(self, request: Request, error: HeadraceError | None) -> Response:
        """See `headrace.apis.pipeline.Api`."""
        return errors.failure(request, error)

    def _load(self) -> dict[str, _File]:
        """All files by their paths: what is asked for is looked up there, so no path leads elsewhere."""
        found: dict[str, _File] = {}
        for path in sorted(self._folder.rglob("*")):
            media = TYPES.get(path.suffix)
            if media is not None:
                plain = path.read_bytes()
                name = path.relative_to(self._folder).as_posix()
                found[name] = _File(type=media, plain=plain, packed=gzip.compress(plain, mtime=0))
        return found
