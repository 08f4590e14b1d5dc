"""A request that comes again gets the same bytes, and never what it would not get if it were looked at."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.things import ROLE, definition
from tests.prepared import store_file

from headrace.apis import repeats
from headrace.apis.repeats import Repeats, Told
from headrace.app import Server, build
from headrace.core.access import Right
from headrace.services.server import access
from headrace.settings import Settings

PAGE = "https://app.example.com"
Headers = dict[str, str]


@dataclass(frozen=True, kw_only=True)
class Answer:
    status: int
    headers: Headers
    body: bytes

    @property
    def shape(self) -> tuple[int, bytes, Headers]:
        """All that may not differ from one answer to the same question to the next."""
        return (
            self.status,
            self.body,
            {name: value for name, value in self.headers.items() if "id" not in name},
        )


class Site:
    """A server in this event loop, and how many of its answers were given without a look at the request."""

    def __init__(self, runner: asyncio.Runner, server: Server, monkeypatch: pytest.MonkeyPatch) -> None:
        self.runner = runner
        self.server = server
        self.again = 0
        self.repeats: Repeats | None = None
        find = Repeats.find

        def counted(self_: Repeats, scope: Any, now_s: float) -> Told | None:
            told = find(self_, scope, now_s)
            self.again += told is not None
            self.repeats = self_
            return told

        monkeypatch.setattr(Repeats, "find", counted)
        monkeypatch.setattr(repeats, "HELD_S", float("inf"))  # a busy machine takes longer than a second

    def ask(self, method: str, target: str, body: Any = None, **headers: str) -> Answer:
        return self.runner.run(self._ask(method, target, body, headers))

    async def _ask(self, method: str, target: str, body: Any, headers: Headers) -> Answer:
        path, _, query = target.partition("?")
        sent: list[Any] = []
        given = {name.replace("_", "-"): value for name, value in headers.items()}
        shown = {"host": "localhost", "x-api-key": "any", **given}
        scope = {
            "type": "http",
            "method": method,
            "raw_path": path.encode(),
            "query_string": query.encode(),
            "headers": [(name.encode(), value.encode()) for name, value in shown.items()],
        }

        async def receive() -> Any:
            return {"type": "http.request", "body": b"" if body is None else json.dumps(body).encode()}

        async def send(message: Any) -> None:
            sent.append(message)

        await self.server.app(scope, receive, send)
        told = {name.decode(): value.decode() for name, value in sent[0]["headers"]}
        assert len(told) == len(sent[0]["headers"])
        return Answer(status=sent[0]["status"], headers=told, body=b"".join(one["body"] for one in sent[1:]))

    @property
    def held(self) -> str:
        """The requests that are held, with all that they say."""
        assert self.repeats is not None
        return repr(list(self.repeats._told))

    def warm(self, target: str, **headers: str) -> Answer:
        """The answer that is given again from now on."""
        first = self.ask("GET", target, **headers)
        before = self.again
        others = [self.ask("GET", target, **headers) for _ in range(3)]
        assert self.again > before
        assert all(one.shape == first.shape for one in others)
        return others[-1]

    def flow(self) -> str:
        """The id of a prepared flow with version 1."""
        wanted = {"name": "first", "executionRoleArn": ROLE, "definition": definition()}
        flow = str(json.loads(self.ask("POST", "/flows/", wanted).body)["id"])
        self.ask("POST", f"/flows/{flow}/")
        assert self.ask("POST", f"/flows/{flow}/versions", {}).status == 201
        return flow

    def upsert(self, number: int) -> str:
        """The id of the flow `a/b`, with new content."""
        made = self.ask("POST", "/v5/flows", {"path": "a/b", "attributes": {"n": number}})
        return str(json.loads(made.body)["id"])

    def issue(self, right: Right = Right.READER) -> access.IssuedKey:
        """A key, made as the command line makes it."""
        issued = access.create_key(
            self.server.ports, self.server.local, email="a@b.c", full_name=None, right=right, name=""
        )
        return self.runner.run(issued)


Build = Callable[..., Site]


@pytest.fixture
def build_site(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Build]:
    with asyncio.Runner() as runner:
        closes: list[Callable[[], Awaitable[None]]] = []

        def make(**settings: Any) -> Site:
            made = replace(Settings(store=store_file(tmp_path / "store.db")), **settings)
            server = runner.run(build(made, local_token="token"))
            closes.extend([server.runs.recorder.close, server.ports.store.close])
            return Site(runner, server, monkeypatch)

        yield make
        for close in closes:
            runner.run(_done(close))


async def _done(close: Callable[[], Awaitable[None]]) -> None:
    await close()


@pytest.fixture
def site(build_site: Build) -> Site:
    return build_site()


def test_each_answer_has_an_id_of_its_own(site: Site) -> None:
    version = f"/flows/{site.flow()}/versions/1/"
    told = [site.warm(version).headers for _ in range(3)]
    assert len({one["x-request-id"] for one in told}) == 3
    assert all(one["x-amzn-requestid"] == one["x-request-id"] for one in told)
    flow = site.warm(f"/v5/flows/{site.upsert(1)}").headers
    assert "x-amzn-requestid" not in flow
    assert (flow["x-content-type-options"], flow["cache-control"]) == ("nosniff", "no-store")


def test_whatever_is_written_is_seen_at_once_by_either_api(site: Site) -> None:
    flow = site.flow()
    versions, newest = f"/flows/{flow}/versions", f"/flows/{flow}/versions/1/"
    listed = site.warm(versions)
    site.warm(newest)
    assert site.ask("POST", versions, {}).status == 201
    assert site.ask("GET", versions).body != listed.body
    (found,) = json.loads(site.warm("/v5/flows").body)["records"]
    assert site.ask("DELETE", f"/v5/flows/{found['id']}").status == 204  # Humanloop's own way
    assert site.ask("GET", newest).status == 404
    assert site.ask("GET", versions).status == 404
    assert json.loads(site.ask("GET", "/v5/flows").body)["records"] == []


def test_the_next_content_is_seen_at_once(site: Site) -> None:
    path = f"/v5/flows/{site.upsert(1)}/versions"
    for number in range(2, 5):
        before = json.loads(site.warm(path).body)["records"]
        site.upsert(number)
        after = json.loads(site.ask("GET", path).body)["records"]
        assert [one["attributes"] for one in after if one not in before] == [{"n": number}]


def test_a_log_changes_what_humanloop_tells_and_not_what_bedrock_does(site: Site) -> None:
    version = f"/flows/{site.flow()}/versions/1/"
    site.upsert(1)
    logs = "/v5/flows"
    site.warm(version)
    site.warm(logs)
    wanted = {"path": "a/b", "flow": {"attributes": {"n": 1}}, "inputs": {}, "output": "x"}
    assert site.ask("POST", "/v5/flows/log", wanted).status == 200
    before = site.again
    site.ask("GET", version)
    assert site.again == before + 1
    site.ask("GET", logs)
    assert site.again == before + 1


def test_the_first_key_ends_it_for_who_has_none(site: Site) -> None:
    paths = [f"/flows/{site.flow()}/versions/1/", f"/v5/flows/{site.upsert(1)}"]
    for path in paths:
        site.warm(path)
    body = {"email": "a@b.c", "right": "reader"}
    made = site.ask("POST", "/console/keys", body, x_headrace_local="token")
    assert made.status == 201
    assert [site.ask("GET", path).status for path in paths] == [403, 401]
    key = json.loads(made.body)["api_key"]
    for path in paths:
        assert site.warm(path, x_api_key=key).status == 200
        assert site.ask("GET", path).status in {401, 403}


def test_what_was_read_while_the_first_key_was_made_counts_no_more(site: Site) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    site.issue()
    site.warm(path)  # the key is there, but the server has not been told yet
    site.server.gate.close()
    assert site.ask("GET", path).status == 401


def test_a_revoked_key_opens_nothing_from_the_next_request_on(site: Site) -> None:
    paths = [f"/flows/{site.flow()}/versions/1/", f"/v5/flows/{site.upsert(1)}"]
    kept, gone = site.issue(), site.issue()
    site.server.gate.close()
    for path in paths:
        site.warm(path, x_api_key=gone.api_key)
        site.warm(path, x_api_key=kept.api_key)
    site.runner.run(access.revoke_key(site.server.ports, site.server.local, key_id=gone.key.id))
    assert [site.ask("GET", path, x_api_key=gone.api_key).status for path in paths] == [403, 401]
    assert [site.ask("GET", path, x_api_key=kept.api_key).status for path in paths] == [200, 200]


@pytest.mark.parametrize(
    "headers",
    [
        {"x_api_key": "wrong"},
        {"x_api_key": ""},
        {"x_api_key": "any", "host": "evil.example"},
        {"x_api_key": "any", "origin": "https://evil.example"},
    ],
)
def test_nobody_else_gets_it(site: Site, headers: Headers) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    if headers["x_api_key"] == "wrong":
        key = site.issue().api_key
        site.server.gate.close()
    else:
        key = "any"
    site.warm(path, x_api_key=key)
    assert site.ask("GET", path, **headers).status in {401, 403}


def test_pages_are_told_what_is_said_to_their_origin(build_site: Build) -> None:
    site = build_site(allowed_origins=PAGE)
    path = f"/v5/flows/{site.upsert(1)}"
    key = site.issue().api_key
    site.server.gate.close()
    plain = site.warm(path, x_api_key=key)
    page = site.warm(path, x_api_key=key, origin=PAGE)
    other = site.warm(path, x_api_key=key, origin="https://other.example")
    told = [one.headers.get("access-control-allow-origin") for one in (plain, page, other)]
    assert told == [None, PAGE, None]
    assert {one.headers["vary"] for one in (plain, page, other)} == {"Origin"}


def test_a_head_and_a_get_stay_apart(site: Site) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    body = site.warm(path).body
    head = site.ask("HEAD", path)
    assert (head.status, head.body, head.headers["content-length"]) == (200, b"", str(len(body)))
    assert site.ask("GET", path).body == body


@pytest.mark.parametrize("header", ["content_length", "transfer_encoding"])
def test_a_request_that_has_a_body_is_read(site: Site, header: str) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    for _ in range(4):
        assert site.ask("GET", path, **{header: "0"}).status == 200
    assert site.again == 0


@pytest.mark.parametrize(
    ("target", "headers"),
    [
        ("/flows/{flow}/versions/1/", {"x_api_key": "", "authorization": "AWS4-HMAC-SHA256 x"}),
        ("/api/files", {}),
        ("/v5/flows/missing", {}),
        ("/healthz", {}),
        ("/executions", {}),
        ("/v5/flows", {"padding": "x" * repeats.LARGEST_KEY_BYTES}),
    ],
)
def test_what_may_be_another_answer_is_made_each_time(site: Site, target: str, headers: Headers) -> None:
    path = target.format(flow=site.flow())
    for _ in range(4):
        assert site.ask("GET", path, **headers).status < 500
    assert site.again == 0


@pytest.mark.parametrize("settings", [{"rate_limit": 1000.0}, {"rate_limit_reads": 1000.0}])
def test_under_a_rate_limit_every_request_counts(build_site: Build, settings: Any) -> None:
    site = build_site(**settings)
    path = f"/v5/flows/{site.upsert(1)}"
    for _ in range(4):
        site.ask("GET", path)
    assert site.again == 0


def test_after_a_while_it_is_looked_at_anew(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    site.warm(path)
    monkeypatch.setattr(repeats, "HELD_S", -1.0)
    before = site.again
    for _ in range(3):
        assert site.ask("GET", path).status == 200
    assert site.again == before


def test_no_credentials_are_held_when_nobody_asks_any_more(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    site.warm(path, x_api_key="first-key")
    assert "first-key" in site.held
    monkeypatch.setattr(repeats, "HELD_S", 0.0)
    site.ask("GET", path, x_api_key="second-key")

    async def forgotten() -> None:
        async with asyncio.timeout(60):
            while site.held != "[]":  # noqa: ASYNC110  # nobody tells when a timer was called
                await asyncio.sleep(0)

    site.runner.run(forgotten())


def test_who_leaves_says_so(site: Site) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    assert "connection" not in site.warm(path).headers
    site.server.readiness.is_leaving = True
    assert site.ask("GET", path).headers["connection"] == "close"


def test_it_is_counted_and_logged_as_any(build_site: Build, caplog: pytest.LogCaptureFixture) -> None:
    site = build_site(log_requests=True)
    path = f"/v5/flows/{site.upsert(1)}"
    counts = site.server.runs.recorder.telemetry.counts

    def counted() -> float:
        return sum(
            sum(cell[:-1])
            for labels, cell in counts.requests.cells.items()
            if labels[1:] == ("GetFlow", "2xx")
        )

    with caplog.at_level(logging.INFO, logger="headrace.request"):
        told = site.warm(path)
    assert counted() == 4
    assert counts.requests_going["humanloop"] == 0
    lines = [one for one in caplog.records if one.getMessage() == f"GET {path} 200"]
    assert len(lines) == 4
    assert lines[-1].__dict__["request_id"] == told.headers["x-request-id"]


def test_who_goes_away_meanwhile_is_counted_as_gone(site: Site) -> None:
    path = f"/v5/flows/{site.upsert(1)}"
    site.warm(path)
    counts = site.server.runs.recorder.telemetry.counts

    async def send(_: Any) -> None:
        raise asyncio.CancelledError

    async def receive() -> Any:
        raise AssertionError("there is nothing to read")

    scope = {
        "type": "http",
        "method": "GET",
        "raw_path": path.encode(),
        "query_string": b"",
        "headers": [(b"host", b"localhost"), (b"x-api-key", b"any")],
    }

    async def ask() -> None:
        with pytest.raises(asyncio.CancelledError):
            await site.server.app(scope, receive, send)

    before = site.again
    site.runner.run(ask())
    assert site.again == before + 1
    assert counts.requests_going["humanloop"] == 0
    assert [labels[0] for labels in counts.requests.cells if labels[2] == "left"] == ["humanloop"]


def test_only_so_many_are_kept(site: Site, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(repeats, "MOST", 2)
    path = f"/v5/flows/{site.upsert(1)}"
    for key in ("a", "b", "c"):
        site.warm(path, x_api_key=key)
    before = site.again
    site.ask("GET", path, x_api_key="c")
    assert site.again == before + 1
    site.ask("GET", path, x_api_key="a")
    assert site.again == before + 1
