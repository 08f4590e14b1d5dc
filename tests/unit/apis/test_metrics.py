"""Figures when something is wrong, which is when they are wanted most; and that nobody's doing blocks another's."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from headrace.app import Server, build
from headrace.core.counts import SIZES, Spread, Tally
from headrace.core.errors import Unavailable
from headrace.settings import BadSetting, Settings


async def ask(app: Any, path: bytes = b"/metrics") -> tuple[int, str]:
    """One GET: the status and the text."""
    sent: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": b""}

    async def send(message: Any) -> None:
        sent.append(message)

    headers = [(b"host", b"localhost")]
    scope = {"type": "http", "method": "GET", "raw_path": path, "query_string": b"", "headers": headers}
    await app(scope, receive, send)
    return sent[0]["status"], b"".join(one.get("body", b"") for one in sent[1:]).decode()


async def served(**settings: Any) -> Server:
    return await build(Settings(store="memory:", **settings))


def test_a_store_that_is_away_takes_nothing_but_its_own_figures(monkeypatch: pytest.MonkeyPatch) -> None:
    async def away(*_: Any) -> None:
        raise Unavailable("away")

    async def look() -> None:
        server = await served()
        assert 'headrace_jobs_waiting{work="judge"} 0.0' in (await ask(server.beside))[1]
        monkeypatch.setattr(server.ports.store, "read", away)
        status, text = await ask(server.beside)
        assert status == 200
        assert "headrace_jobs_waiting{" not in text
        assert "headrace_requests_in_progress{" in text

    asyncio.run(look())


def test_a_store_that_never_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    async def never(*_: Any) -> None:
        await asyncio.Event().wait()

    async def look() -> None:
        server = await served()
        monkeypatch.setattr("headrace.apis.metrics.sources.WITHIN_S", 0.05)
        monkeypatch.setattr(server.ports.store, "read", never)
        assert (await ask(server.beside))[0] == 200

    asyncio.run(look())


def test_the_port_beside_has_its_own_errors() -> None:
    async def look() -> None:
        server = await served()
        assert (await ask(server.beside, b"/v5/flows"))[0] == 404
        assert (await ask(server.beside, b"/"))[0] == 404

    asyncio.run(look())


def test_a_spread_has_a_place_for_each_value() -> None:
    spread = Spread((1.0, 2.0))
    for value in (0.5, 1.0, 1.5, 2.0, 3.0):
        spread.add(("a",), value)
    assert spread.cells == {("a",): [2, 2, 1, 8.0]}
    assert list(SIZES) == sorted(SIZES)


def test_a_tally_adds_up() -> None:
    tally = Tally()
    tally.add(("a",))
    tally.add(("a",), 2)
    assert tally.values == {("a",): 3}


@pytest.mark.parametrize(
    "wrong",
    [
        {"otlp_headers": "hunter2"},
        {"otlp_headers": "a=hunter2\r\nb"},
        {"otlp_endpoint": "http://me:hunter2@collector:4318"},
        {"otlp_endpoint": "hunter2:4318"},
        {"otlp_share": 1.5},
        {"otlp_share": -0.1},
        {"otlp_queue": 0},
    ],
)
def test_settings_that_make_no_sense_are_refused_without_their_secrets(wrong: dict[str, Any]) -> None:
    with pytest.raises(BadSetting) as refused:
        Settings(**wrong).check()
    assert "hunter2" not in str(refused.value)
