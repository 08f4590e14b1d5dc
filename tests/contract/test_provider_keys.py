"""An organisation's own keys of providers, and its limits: over the wire, as commands, and in calls."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.backends.things import Heard, HttpServer, http_server
from tests.contract.bedrock import running
from tests.contract.conftest import LiveServer
from tests.contract.keys import closed_server, create_key, run, run_json
from tests.contract.native.asking import Asker

pytestmark = pytest.mark.live
KEY, OTHER = "sk-canary-first-0123456789abcd", "sk-canary-second-0123456789wxyz"
COMPLETION = {
    "id": "1",
    "model": "m",
    "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": "Paris."}}],
    "usage": {"prompt_tokens": 7, "completion_tokens": 3, "total_tokens": 10},
}
CONFIG = """
[models.providers.house]
type = "openai"
url = "{url}/v1"
api_key_env = "HOUSE_KEY"
retries = 0

[[models.route]]
match = "*"
provider = "house"

[[models.price]]
match = "*"
input_usd = 100_000.0
output_usd = 0.0
"""


@pytest.fixture
def model() -> Iterator[HttpServer]:
    def answer(heard: Heard) -> tuple[int, dict[str, str], bytes]:
        return 200, {"content-type": "application/json"}, json.dumps(COMPLETION).encode()

    with http_server(answer) as server:
        yield server


@pytest.fixture
def live(make_server: Any, tmp_path: Path, model: HttpServer, monkeypatch: pytest.MonkeyPatch) -> LiveServer:
    config = tmp_path / "headrace.toml"
    config.write_text(CONFIG.format(url=model.url))
    monkeypatch.setenv("HOUSE_KEY", "configured-key")
    server: LiveServer = make_server(config=str(config))
    return server


def call(live: LiveServer, **more: Any) -> httpx.Response:
    body = {"path": "keyed", "prompt": {"model": "m"}, "messages": [{"role": "user", "content": "?"}], **more}
    return httpx.post(f"{live.url}/v5/prompts/call", json=body, headers={"x-api-key": "any"}, timeout=30)


def bearers(model: HttpServer) -> list[str]:
    return [heard.headers["authorization"].removeprefix("Bearer ") for heard in model.heard]


def stored(live: LiveServer) -> bytes:
    path = Path(live.store.removeprefix("sqlite:///"))
    return b"".join(file.read_bytes() for file in path.parent.glob(path.name + "*"))


def used(asker: Asker, span: str = "day") -> Any:
    (one,) = asker.ask("GET", "provider-keys")["provider_keys"]
    return one[span]


def test_whose_key_a_call_is_made_with(live: LiveServer, model: HttpServer) -> None:
    asker = Asker(url=live.url)
    assert call(live).status_code == 200
    asker.ask("PUT", "provider-keys", "house", body={"key": KEY})
    assert call(live).status_code == 200
    assert call(live, provider_api_keys={"house": "the-caller-s-own"}).status_code == 200
    asker.ask("POST", "provider-keys", "house", "rotation", body={"key": OTHER})
    assert call(live).status_code == 200
    asker.ask("DELETE", "provider-keys", "house")
    assert call(live).status_code == 200
    assert bearers(model) == ["configured-key", KEY, "the-caller-s-own", OTHER, "configured-key"]


def test_a_key_goes_in_and_never_out(live: LiveServer) -> None:
    asker = Asker(url=live.url)
    put = asker.send("PUT", "provider-keys", "house", body={"key": KEY, "tokens_a_day": 1_000_000})
    listed = asker.send("GET", "provider-keys")
    settings = asker.send("GET", "settings")
    for answer in (put, listed, settings):
        assert KEY not in answer.text
    (one,) = listed.json()["provider_keys"]
    assert (one["provider"], one["has_key"], one["last_four"]) == ("house", True, KEY[-4:])
    assert (one["tokens_a_day"], one["requests_a_minute"]) == (1_000_000, None)
    assert one["set_by"]["name"]
    assert KEY.encode() not in stored(live)


def test_what_an_upstream_repeats_of_the_key_is_struck_out(live: LiveServer, model: HttpServer) -> None:
    Asker(url=live.url).ask("PUT", "provider-keys", "house", body={"key": "odd-shape-of-a-key-98765"})
    model.answer = lambda heard: (401, {}, b'{"error": {"message": "Wrong key odd-shape-of-a-key-98765."}}')
    answer = call(live)
    assert answer.status_code in (401, 422)
    assert "98765" not in answer.text
    assert b"odd-shape" not in stored(live)


def test_what_can_not_be_set(live: LiveServer) -> None:
    asker = Asker(url=live.url)
    assert "`house`" in asker.refused(404, "not_found", "PUT", "provider-keys", "none", body={"key": KEY})
    for body in (
        {},
        {"key": ""},
        {"key": "with blank"},
        {"key": "ünï"},
        {"key": "x" * 9_000},
        {"requests_a_minute": -1},
        {"requests_a_minute": 1.5},
        {"cost_a_month_usd": "much"},
        {"cost_a_month_usd": 1e300},
        {"limit": 1},
    ):
        asker.refused(400, "invalid", "PUT", "provider-keys", "house", body=body)
    asker.refused(404, "not_found", "POST", "provider-keys", "house", "rotation", body={"key": KEY})
    asker.refused(404, "not_found", "DELETE", "provider-keys", "house")
    assert asker.ask("GET", "provider-keys") == {"provider_keys": []}


def test_limits_stay_unless_they_are_said(live: LiveServer) -> None:
    asker = Asker(url=live.url)
    asker.ask("PUT", "provider-keys", "house", body={"requests_a_minute": 5, "tokens_a_day": 6})
    asker.ask("PUT", "provider-keys", "house", body={"key": KEY})
    told = asker.ask("PUT", "provider-keys", "house", body={"tokens_a_day": None, "cost_a_month_usd": 1.5})
    limits = (told["requests_a_minute"], told["tokens_a_day"], told["cost_a_month_usd"])
    assert (limits, told["has_key"]) == ((5, None, 1.5), True)


def test_requests_a_minute_are_counted_before_they_are_made(live: LiveServer, model: HttpServer) -> None:
    Asker(url=live.url).ask("PUT", "provider-keys", "house", body={"requests_a_minute": 0})
    answer = call(live)
    assert answer.status_code == 429
    assert 1 <= int(answer.headers["retry-after"]) <= 60
    assert "0 requests a minute" in answer.json()["detail"]["message"]
    assert not model.heard
    Asker(url=live.url).ask("PUT", "provider-keys", "house", body={"requests_a_minute": 1_000})
    assert call(live).status_code == 200
    assert used(Asker(url=live.url), "minute")["requests"] == 50, "a process takes the twentieth part at once"


@pytest.mark.parametrize(
    ("limit", "words"),
    [({"tokens_a_day": 10}, "10 tokens a day"), ({"cost_a_month_usd": 0.7}, "0.7 USD a month")],
)
def test_tokens_and_costs_are_counted_once_they_are_known(
    live: LiveServer, model: HttpServer, limit: dict[str, float], words: str
) -> None:
    asker = Asker(url=live.url)
    asker.ask("PUT", "provider-keys", "house", body=limit)
    assert call(live).status_code == 200
    answer = call(live)
    assert (answer.status_code, len(model.heard)) == (429, 1)
    assert words in answer.json()["detail"]["message"]
    assert int(answer.headers["retry-after"]) >= 1
    live.stop()
    live.start()  # what was used is durable
    assert call(live).status_code == 429
    asker = Asker(url=live.url)
    day, month = used(asker), used(asker, "month")
    assert (day["requests"], day["tokens"], round(month["cost_usd"], 6)) == (1, 10, 0.7)


@pytest.mark.parametrize(
    ("limit", "exception"),
    [
        ({"requests_a_minute": 0}, "throttlingException"),
        ({"tokens_a_day": 0}, "serviceQuotaExceededException"),
    ],
)
def test_a_flow_is_told_why_a_node_failed(live: LiveServer, limit: dict[str, int], exception: str) -> None:
    Asker(url=live.url).ask("PUT", "provider-keys", "house", body=limit)
    client = live.boto()
    flow = running.install(client, running.chain(("Ask", "Prompt", running.prompt())))
    error = running.invoke(live.boto("bedrock-agent-runtime"), flow, "?").error
    assert error is not None
    assert error[0] == exception
    assert error[1].startswith("Node Ask failed: The organisation's limit of 0 ")


def test_who_may(make_server: Any) -> None:
    live, admin = closed_server(make_server)
    editor = create_key(live.store, "editor")["api_key"]
    for method, *parts in (("GET",), ("PUT", "house"), ("POST", "house", "rotation"), ("DELETE", "house")):
        body = {"key": KEY} if method in ("PUT", "POST") else None
        Asker(url=live.url, key=editor).refused(403, "forbidden", method, "provider-keys", *parts, body=body)
    assert Asker(url=live.url, key=admin["api_key"]).ask("GET", "provider-keys") == {"provider_keys": []}


def test_the_commands(live: LiveServer, tmp_path: Path) -> None:
    file = tmp_path / "key"
    file.write_text(OTHER + "\n")
    at = ("--store", live.store)
    config = {"HEADRACE_CONFIG": live.settings["config"]}  # where no server is found beside the store
    assert "Nothing is set" in run("providers", "list", *at).stdout
    done = run(
        "providers",
        "set",
        "house",
        "--key-env",
        "THE_KEY",
        "--tokens-a-day",
        "50",
        *at,
        **config,
        THE_KEY=KEY,
    )
    assert f"house  key …{KEY[-4:]}" in done.stdout, done.stderr
    done = run("providers", "rotate", "house", "--key-file", str(file), *at, **config)
    assert f"key …{OTHER[-4:]}" in done.stdout, done.stderr
    done = run(
        "providers", "set", "house", "--tokens-a-day", "none", "--cost-a-month-usd", "1.5", *at, **config
    )
    assert "0 tokens today, no limit" in done.stdout, done.stderr
    (one,) = run_json("providers", "list", *at)
    assert (one["last_four"], one["cost_a_month_usd"]) == (OTHER[-4:], 1.5)
    for wrong in (
        ("set", "house", "--tokens-a-day", "many"),
        ("set", "house"),
        ("set", "house", "--key-env", "NOT_THERE"),
        ("rotate", "house", "--key-env", "THE_KEY", "--key-file", str(file)),
    ):
        assert run("providers", *wrong, *at).returncode == 2, wrong
    assert run("providers", "remove", "house", *at).returncode == 0
    assert run("providers", "remove", "house", *at).returncode == 1


def test_a_key_of_bedrock_is_an_access_key_of_aws(make_server: Any, tmp_path: Path) -> None:
    config = tmp_path / "headrace.toml"
    config.write_text('[models.providers.bedrock]\ntype = "bedrock"\nregion = "us-east-1"\n')
    live: LiveServer = make_server(config=str(config))
    asker = Asker(url=live.url)
    secret = "canary/secret+of=a-house"
    for wrong in (
        KEY,
        "AKIDOFTHEHOUSE01",
        "AKIDOFTHEHOUSE01:",
        f"short:{secret}",
        f"AKIDOFTHEHOUSE01:{secret}:",
    ):
        asker.refused(400, "invalid", "PUT", "provider-keys", "bedrock", body={"key": wrong})
    for right in (f"AKIDOFTHEHOUSE01:{secret}", f"ASIAOFTHEHOUSE02:{secret}:token//"):
        told = asker.ask("PUT", "provider-keys", "bedrock", body={"key": right})
        assert told["last_four"] == right.partition(":")[0][-4:]
        assert secret not in json.dumps(told)
    assert secret.encode() not in stored(live)
