"""Functions that are addresses or handlers; intents by hooks and tables."""

from __future__ import annotations

import asyncio
import json
import sys
import textwrap
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from tests.backends.things import context, failure, http_server, with_effects

from headrace.backends.hooks import is_public
from headrace.core.effects import Effects, Fault

FUNCTION = "arn:aws:lambda:us-east-1:123456789012:function:total"
BOT = "arn:aws:lex:us-east-1:123456789012:bot-alias/BOT1234567/ALIAS12345"
EVENT = {"messageVersion": "1.0", "node": {"name": "Total", "inputs": []}}


def http(url: str, **more: Any) -> str:
    lines = "\n".join(f"{name} = {json.dumps(value)}" for name, value in more.items())
    return f'[[functions.route]]\ntype = "http"\nmatch = "total"\nurl = "{url}"\n{lines}'


def invoke(config: str, folder: Path, *, arn: str = FUNCTION, timeout_s: float = 30) -> Any:
    return with_effects(
        config,
        lambda effects: effects.functions.invoke(arn, EVENT, context(timeout_s=timeout_s)),
        folder=folder,
    )


class TestAddresses:
    @pytest.mark.parametrize("value", [{"a": [1]}, "text", None, 3, []])
    def test_the_event_goes_there_and_the_value_comes_back(self, value: Any, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, json.dumps(value).encode())) as server:
            config = http(f"{server.url}/f?x=1", allow_private=True, **{"headers.x-token": "t0ken"})
            assert invoke(config, tmp_path) == value
        (heard,) = server.heard
        assert heard.path == "/f?x=1"
        assert json.loads(heard.body) == EVENT
        assert heard.headers["x-token"] == "t0ken"
        assert heard.headers["host"] == server.url.removeprefix("http://")
        assert heard.headers["idempotency-key"] == "e-1/Ask/0"

    @pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "[::ffff:127.0.0.1]", "0.0.0.0"])
    def test_a_private_address_is_refused(self, host: str, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b"1")) as server:
            url = server.url.replace("127.0.0.1", host)
            failed = failure(lambda: invoke(http(url), tmp_path), Fault.DEPENDENCY, match="allow_private")
        assert server.heard == []
        assert failed.resource == "Lambda"

    @pytest.mark.parametrize(
        ("address", "public"),
        [
            ("8.8.8.8", True),
            ("2606:4700::1111", True),
            ("10.1.2.3", False),
            ("172.16.0.1", False),
            ("192.168.1.1", False),
            ("169.254.169.254", False),
            ("100.64.0.1", False),
            ("224.0.0.1", False),
            ("fe80::1%eth0", False),
            ("fd00::1", False),
            ("::ffff:10.0.0.1", False),
            ("64:ff9b::a00:1", False),
            ("64:ff9b::808:808", True),
            ("2002:a00:1::", False),
        ],
    )
    def test_what_is_public(self, address: str, public: bool) -> None:
        assert is_public(address) is public

    def test_a_redirect_is_not_followed(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (302, {"location": "/other"}, b"")) as server:
            config = http(server.url, allow_private=True)
            failure(lambda: invoke(config, tmp_path), Fault.DEPENDENCY, match="redirect")
        assert len(server.heard) == 1

    @pytest.mark.parametrize(
        ("status", "body", "fault"),
        [
            (400, b"no such order", Fault.DEPENDENCY),
            (403, b"", Fault.DENIED),
            (429, b"", Fault.THROTTLED),
            (500, b"", Fault.GATEWAY),
            (200, b"<html>", Fault.GATEWAY),
            (200, b"[" * 100_000, Fault.GATEWAY),
            (200, b"[" * 900 + b"]" * 900, Fault.GATEWAY),
            (200, b"1e999", Fault.GATEWAY),
        ],
    )
    def test_errors_by_their_kind(self, status: int, body: bytes, fault: Fault, tmp_path: Path) -> None:
        with http_server(lambda heard: (status, {}, body)) as server:
            failed = failure(lambda: invoke(http(server.url, allow_private=True), tmp_path), fault)
        assert body.decode() in failed.message or status == 200

    def test_every_address_of_a_host_is_tried(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        async def found(hook: Any, resource: str) -> list[str]:
            return ["127.0.0.9", "127.0.0.1"]  # nobody listens at the first

        monkeypatch.setattr("headrace.backends.hooks.checked_addresses", found)
        with http_server(lambda heard: (200, {}, b"1")) as server:
            url = server.url.replace("127.0.0.1", "two.example")
            assert invoke(http(url), tmp_path) == 1
        assert server.heard[0].headers["host"].startswith("two.example:")

    def test_a_header_that_is_repeated_is_not_told(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (400, {}, json.dumps(dict(heard.headers)).encode())) as server:
            config = http(server.url, allow_private=True, **{"headers.authorization": "Bearer t0ken"})
            failed = failure(lambda: invoke(config, tmp_path), Fault.DEPENDENCY, match="authorization")
        assert "t0ken" not in failed.message

    def test_a_late_answer_is_not_waited_for(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200 if server.release.wait(20) else 500, {}, b"1")) as server:
            config = http(server.url, allow_private=True)
            failure(lambda: invoke(config, tmp_path, timeout_s=0.3), Fault.GATEWAY, match="within 0.3 s")

    def test_nobody_there(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b"")) as server:
            url = server.url
        failure(
            lambda: invoke(http(url, allow_private=True), tmp_path),
            Fault.GATEWAY,
            match="could not be reached",
        )

    def test_a_host_without_an_address(self, tmp_path: Path) -> None:
        failure(lambda: invoke(http("http://nobody.invalid"), tmp_path), Fault.GATEWAY, match="no address")


HANDLERS = """
    import asyncio, threading, time
    lock = threading.Event()
    def total(event, context):
        return {"name": event["node"]["name"], "arn": context.invoked_function_arn,
                "step": context.aws_request_id, "has_time": context.get_remaining_time_in_millis() > 0,
                "thread": threading.current_thread() is not threading.main_thread()}
    async def later(event, context):
        await asyncio.sleep(0)
        return (1, 2)
    def broken(event, context):
        raise KeyError("amount")
    def odd(event, context):
        return object()
    def stuck(event, context):
        lock.wait(20)
    def leaving(event, context):
        raise SystemExit("bye")
    number = 3
"""


class TestHandlers:
    @pytest.fixture
    def folder(self, tmp_path: Path) -> Iterator[Path]:
        (tmp_path / "own").mkdir()
        (tmp_path / "own" / "own_handlers.py").write_text(textwrap.dedent(HANDLERS))
        yield tmp_path
        sys.modules.pop("own_handlers", None)
        sys.path.remove(str(tmp_path / "own"))

    def config(self, name: str) -> str:
        return f"""
            [handlers]
            path = ["own"]
            [[functions.route]]
            type = "handler"
            match = "total*"
            handler = "own_handlers:{name}"
        """

    def test_a_handler_is_called_as_lambda_calls_one(self, folder: Path) -> None:
        assert invoke(self.config("total"), folder, arn=f"{FUNCTION}:live") == {
            "name": "Total",
            "arn": f"{FUNCTION}:live",
            "step": "e-1/Ask/0",
            "has_time": True,
            "thread": True,
        }

    def test_an_async_handler_answers_json(self, folder: Path) -> None:
        assert invoke(self.config("later"), folder) == [1, 2]

    @pytest.mark.parametrize(
        ("name", "text"),
        [
            ("broken", "KeyError: 'amount'"),
            ("odd", "no JSON"),
            ("leaving", "SystemExit: bye"),
            ("none", "can't be imported: AttributeError"),
            ("number", "can't be called"),
        ],
    )
    def test_what_goes_wrong_is_told(self, name: str, text: str, folder: Path) -> None:
        failed = failure(lambda: invoke(self.config(name), folder), Fault.DEPENDENCY, match=text)
        assert failed.resource == "Lambda"

    def test_a_handler_that_does_not_end_blocks_nobody(self, folder: Path) -> None:
        async def use(effects: Effects) -> None:
            beats = 0
            call = asyncio.create_task(effects.functions.invoke(FUNCTION, EVENT, context(timeout_s=0.5)))
            while not call.done():
                await asyncio.wait({call}, timeout=0.01)
                beats += 1
            assert beats > 5
            sys.modules["own_handlers"].lock.set()
            call.result()

        began = time.monotonic()
        failure(
            lambda: with_effects(self.config("stuck"), use, folder=folder),
            Fault.GATEWAY,
            match="within 0.5 s",
        )
        assert time.monotonic() - began < 10


class TestIntents:
    TABLE = f"""
        [[lex.route]]
        type = "table"
        match = "{BOT}"
        rules = [
            {{pattern = "zimmer", intent = "Zimmer", locale = "de_*"}},
            {{pattern = "\\\\broom\\\\b", intent = "BookRoom"}},
        ]
    """

    def recognise(self, config: str, text: str, folder: Path, locale: str = "en_US") -> str:
        return with_effects(
            config,
            lambda effects: effects.intents.recognise(BOT, locale, text, context()),
            folder=folder,
        )

    def test_the_first_rule_that_fits(self, tmp_path: Path) -> None:
        assert self.recognise(self.TABLE, "A ROOM, please", tmp_path) == "BookRoom"
        assert self.recognise(self.TABLE, "Ein Zimmer", tmp_path, "de_DE") == "Zimmer"

    def test_no_rule_fits(self, tmp_path: Path) -> None:
        failed = failure(
            lambda: self.recognise(self.TABLE, "Ein Zimmer", tmp_path), Fault.DEPENDENCY, match="No rule"
        )
        assert failed.resource == "Amazon Lex"
        assert self.recognise(f'{self.TABLE}\nfallback = "Other"', "Mushrooms", tmp_path) == "Other"

    def test_a_hook_is_asked(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b'{"intent": "Asked"}')) as server:
            config = (
                f'[[lex.route]]\ntype = "http"\nmatch = "{BOT}"\nurl = "{server.url}"\nallow_private = true'
            )
            assert self.recognise(config, "What?", tmp_path) == "Asked"
        said = json.loads(server.heard[0].body)
        assert (said["text"], said["localeId"], said["botAliasArn"]) == ("What?", "en_US", BOT)

    def test_a_hook_that_answers_something_else(self, tmp_path: Path) -> None:
        with http_server(lambda heard: (200, {}, b'{"intents": []}')) as server:
            config = (
                f'[[lex.route]]\ntype = "http"\nmatch = "{BOT}"\nurl = "{server.url}"\nallow_private = true'
            )
            failure(lambda: self.recognise(config, "What?", tmp_path), Fault.GATEWAY, match="did not answer")

    def test_a_bot_that_nothing_is_mapped_to_says_how(self, tmp_path: Path) -> None:
        failure(lambda: self.recognise("", "?", tmp_path), Fault.DEPENDENCY, match=r"\[\[lex.route\]\]")


def test_no_address_is_logged(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level("DEBUG")
    with http_server(lambda heard: (200, {}, b"1")) as server:
        invoke(http(f"{server.url}/f?token=t0ken", allow_private=True), tmp_path)
    assert server.heard[0].path == "/f?token=t0ken"
    assert "t0ken" not in caplog.text


def test_cookies_are_not_kept(tmp_path: Path) -> None:
    async def use(effects: Effects) -> None:
        for _ in range(2):
            await effects.functions.invoke(FUNCTION, EVENT, context())

    with http_server(lambda heard: (200, {"set-cookie": "who=me; Path=/"}, b"1")) as server:
        with_effects(http(server.url, allow_private=True), use, folder=tmp_path)
    assert ["cookie" in heard.headers for heard in server.heard] == [False, False]
