"""The files of the web UI, and nothing else."""

from __future__ import annotations

import asyncio
import gzip
from pathlib import Path

import pytest

from headrace.apis.http import Request, Response, split_path
from headrace.apis.native.errors import MethodNotAllowed
from headrace.apis.pages import PagesApi
from headrace.core.errors import NotFound


def ask(pages: PagesApi, path: str, method: str = "GET", **headers: str) -> Response:
    raw = path.encode()
    request = Request(
        id="r",
        method=method,
        raw_path=raw,
        raw_query=b"",
        segments=split_path(raw),
        query=(),
        headers={name.encode(): value.encode() for name, value in headers.items()},
        body=b"",
    )
    return asyncio.run(pages.answer(request))


@pytest.fixture
def pages(tmp_path: Path) -> PagesApi:
    (tmp_path / "web" / "ui").mkdir(parents=True)
    (tmp_path / "web" / "index.html").write_text("<p>the page")
    (tmp_path / "web" / "ui" / "a.js").write_text("script")
    (tmp_path / "web" / ".made-of").write_text("a digest")
    (tmp_path / "secret.js").write_text("of somebody else")
    return PagesApi(tmp_path / "web")


def test_the_page_and_its_parts(pages: PagesApi) -> None:
    assert ask(pages, "/").body == b"<p>the page"
    packed = ask(pages, "/ui/a.js", **{"accept-encoding": "gzip, br"})
    assert dict(packed.headers)[b"content-encoding"] == b"gzip"
    assert isinstance(packed.body, bytes)
    assert gzip.decompress(packed.body) == ask(pages, "/ui/a.js").body == b"script"


@pytest.mark.parametrize(
    "path", ["/ui", "/ui/b.js", "/ui/../../secret.js", "/ui/..%2F..%2Fsecret.js", "/ui/.made-of"]
)
def test_there_is_nothing_else(pages: PagesApi, path: str) -> None:
    with pytest.raises(NotFound):
        ask(pages, path)


def test_it_is_only_read(pages: PagesApi) -> None:
    with pytest.raises(MethodNotAllowed):
        ask(pages, "/", method="POST")
    assert ask(pages, "/", method="OPTIONS").status == 204


def test_an_installation_without_it_says_so(tmp_path: Path) -> None:
    body = ask(PagesApi(tmp_path / "none"), "/").body
    assert isinstance(body, bytes)
    assert b"HEADRACE_BUILD_UI=0" in body
