"""The gate: open mode, its protection against web pages, and the throttle."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator

import pytest

from headrace.apis import gate
from headrace.apis.gate import Gate, Throttle, check_local, host_of, is_loopback
from headrace.apis.http import Request
from headrace.app import Server, build
from headrace.core.access import Right
from headrace.core.errors import Forbidden, Throttled, Unauthenticated
from headrace.services.server import access
from headrace.settings import Settings


def _request(**headers: str) -> Request:
    return Request(
        id="1",
        method="GET",
        raw_path=b"/",
        raw_query=b"",
        segments=(),
        query=(),
        headers={name.replace("_", "-").encode(): value.encode() for name, value in headers.items()},
        body=b"",
    )


@pytest.fixture
def runner() -> Iterator[asyncio.Runner]:
    with asyncio.Runner() as runner:
        yield runner


@pytest.fixture
def server(runner: asyncio.Runner) -> Iterator[Server]:
    built = runner.run(build(Settings(store="memory:"), local_token="the token"))
    yield built
    runner.run(built.ports.store.close())


def _issue(runner: asyncio.Runner, server: Server) -> str:
    issued = access.create_key(
        server.ports, server.local, email="a@b.c", full_name=None, right=Right.READER, name=""
    )
    return runner.run(issued).api_key


def test_any_key_is_the_local_user_in_open_mode(runner: asyncio.Runner, server: Server) -> None:
    principal = runner.run(server.gate.by_api_key(_request(x_api_key="any", host="localhost")))
    assert principal == server.local
    assert principal.right is Right.ADMIN
    with pytest.raises(Unauthenticated):
        runner.run(server.gate.by_api_key(_request(host="localhost")))
    with pytest.raises(Forbidden):
        runner.run(server.gate.by_api_key(_request(x_api_key="any", host="evil.example")))


def test_the_first_key_closes_the_gate_for_ever(runner: asyncio.Runner, server: Server) -> None:
    key = _issue(runner, server)
    server.gate.close()
    assert not runner.run(server.gate.is_open())
    with pytest.raises(Unauthenticated):
        runner.run(server.gate.by_api_key(_request(x_api_key="any", host="localhost")))
    principal = runner.run(server.gate.by_api_key(_request(x_api_key=key, host="anywhere.example")))
    assert (principal.user.email, principal.right) == ("a@b.c", Right.READER)
    [(issued, _)] = runner.run(access.list_keys(server.ports, server.local))
    runner.run(access.revoke_key(server.ports, server.local, key_id=issued.id))
    assert not runner.run(server.gate.is_open()), "revoking the last key opens nothing"


def test_a_key_made_elsewhere_is_seen_after_a_while(
    runner: asyncio.Runner, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    now_s = 1000.0
    monkeypatch.setattr(gate.time, "monotonic", lambda: now_s)
    looking = Gate(server.ports, server.local)
    assert runner.run(looking.is_open())
    _issue(runner, server)
    now_s += gate.LOOK_EVERY_S / 2
    assert runner.run(looking.is_open())
    now_s += gate.LOOK_EVERY_S
    assert not runner.run(looking.is_open())


def test_the_local_token(runner: asyncio.Runner, server: Server) -> None:
    shown = server.gate.by_local_token
    assert runner.run(shown(_request(x_headrace_local="the token"))) == server.local
    for wrong in ("", "another", "the token "):
        assert runner.run(shown(_request(x_headrace_local=wrong))) is None
    without = Gate(server.ports, server.local)
    assert runner.run(without.by_local_token(_request(x_headrace_local=""))) is None


@pytest.mark.parametrize(
    "headers",
    [
        {"host": "127.0.0.1:8321"},
        {"host": "localhost"},
        {"host": "demo.localhost:80"},
        {"host": "[::1]:8321"},
        {"host": "127.7.7.7"},
        {"host": "localhost:8321", "origin": "http://localhost:8321"},
        {"host": "localhost:8321", "origin": "https://localhost:8321"},
    ],
)
def test_requests_from_this_machine(headers: dict[str, str]) -> None:
    check_local(_request(**headers))


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"host": ""},
        {"host": "evil.example"},
        {"host": "localhost.evil.example"},
        {"host": "127.0.0.1.nip.io"},
        {"host": "192.0.2.1"},
        {"host": "[::2]"},
        {"host": "0.0.0.0"},
        {"host": "localhost:8321", "origin": "null"},
        {"host": "localhost:8321", "origin": ""},
        {"host": "localhost:8321", "origin": "http://localhost:8322"},
        {"host": "localhost:8321", "origin": "http://evil.example"},
        {"host": "localhost:8321", "origin": "http://localhost:8321.evil.example"},
    ],
)
def test_requests_that_a_web_page_may_have_caused(headers: dict[str, str]) -> None:
    with pytest.raises(Forbidden, match="Without keys this server"):
        check_local(_request(**headers))


@pytest.mark.parametrize(
    ("authority", "host"),
    [("a", "a"), ("a:1", "a"), ("[::1]", "::1"), ("[::1]:80", "::1"), ("::1", "::1"), ("", "")],
)
def test_host_of(authority: str, host: str) -> None:
    assert host_of(authority) == host


@pytest.mark.parametrize("host", ["localhost", "a.localhost", "127.0.0.1", "127.255.255.254", "::1"])
def test_loopback(host: str) -> None:
    assert is_loopback(host)


@pytest.mark.parametrize("host", ["", "localhos", "notlocalhost", "0.0.0.0", "::", "10.0.0.1", "127.0.0.1x"])
def test_not_loopback(host: str) -> None:
    assert not is_loopback(host)


def _take(throttle: Throttle, times: int, *, account: str = "account", is_read: bool = False) -> None:
    for _ in range(times):
        throttle.take(account, "read" if is_read else "write", is_read=is_read)


def test_a_bucket_is_filled_by_time(monkeypatch: pytest.MonkeyPatch) -> None:
    now_s = 0.0
    monkeypatch.setattr(gate.time, "monotonic", lambda: now_s)
    throttle = Throttle(rate_per_s=2, burst=3)
    _take(throttle, 3)
    with pytest.raises(Throttled) as caught:
        _take(throttle, 1)
    assert caught.value.retry_after_s == 0.5
    _take(throttle, 3, is_read=True)  # each operation of each account has its own bucket
    _take(throttle, 3, account="other")
    now_s += 0.5
    _take(throttle, 1)
    with pytest.raises(Throttled):
        _take(throttle, 1)
    now_s += 1000
    _take(throttle, 3)
    with pytest.raises(Throttled):
        _take(throttle, 1)


def test_reads_may_have_a_rate_of_their_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(gate.time, "monotonic", lambda: 0.0)
    throttle = Throttle(rate_per_s=2, burst=0, read_rate_per_s=10)
    _take(throttle, 2)
    _take(throttle, 10, is_read=True)
    for is_read in (True, False):
        with pytest.raises(Throttled):
            _take(throttle, 1, is_read=is_read)


def test_no_rate_is_no_limit() -> None:
    _take(Throttle(rate_per_s=0, burst=1), 100)
