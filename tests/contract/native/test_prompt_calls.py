"""Calls of prompts over our own API, as lines while somebody watches."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import httpx
import pytest
from tests.contract.bedrock.running import chain, prompt
from tests.contract.conftest import NO_CERTIFICATES
from tests.contract.native.asking import WITHIN_S
from tests.contract.native.running import Stage, staged

pytestmark = pytest.mark.live


@pytest.fixture(scope="module")
def stage(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    with staged(tmp_path_factory.mktemp("calls")) as found:
        yield found


@pytest.fixture(scope="module")
def asked(stage: Stage) -> str:
    """A prompt of two versions."""
    versions = [
        stage.humanloop.prompts.upsert(path="calls/say", model="m", template=f"{word} {{{{text}}}}")
        for word in ("Say", "Tell")
    ]
    return str(versions[0].id)


def called(stage: Stage, file: str, **body: Any) -> list[dict[str, Any]]:
    response = stage.asker.send("POST", "files", file, "call", body=body)
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "application/x-ndjson"
    lines: list[dict[str, Any]] = [json.loads(line) for line in response.text.splitlines()]
    return lines


def test_a_call_is_told_as_it_is_answered_and_kept(stage: Stage, asked: str) -> None:
    more = [{"role": "user", "content": "And more."}]
    begun, *pieces, end = called(stage, asked, inputs={"text": "red"}, messages=more)
    assert begun["line"] == "call"
    assert {one["line"] for one in pieces} == {"text"}
    assert "".join(one["text"] for one in pieces) == end["output"] == "Said."
    assert (end["line"], end["error"], end["input_tokens"], end["output_tokens"]) == ("answer", None, 10, 5)
    assert end["cost_usd"] == pytest.approx((10 * 1.0 + 5 * 2.0) / 1e6)
    log = stage.asker.ask("GET", "logs", begun["log_id"])
    assert (log["inputs"], log["messages"]) == ({"text": "red"}, more)
    assert (log["output_text"], log["source"], log["version_id"]) == (
        "Said.",
        "playground",
        end["version_id"],
    )


def test_versions_and_environments_are_named(stage: Stage, asked: str) -> None:
    stage.asker.ask("POST", "files", asked, "pointers", "staging", "moves", body={"to": 1})
    versions = {
        target: called(stage, asked, inputs={"text": "red"}, target=target)[-1]["version_id"]
        for target in ("1", 2, "staging")
    }
    assert versions["1"] == versions["staging"] != versions[2]
    log = stage.asker.ask(
        "GET", "logs", called(stage, asked, inputs={"text": "red"}, target="staging")[0]["log_id"]
    )
    assert log["environment"] == "staging"
    told = stage.asker.refused(404, "not_found", "POST", "files", asked, "call", body={"target": "gone"})
    assert "`gone`" in told


def test_what_is_switched_off_is_not_called(stage: Stage) -> None:
    made = stage.humanloop.prompts.upsert(path="calls/off", model="m", template="Say it")
    stage.asker.ask("PUT", "files", made.id, "switch", body={"is_off": True})
    stage.asker.refused(409, "conflict", "POST", "files", made.id, "call", body={})


def test_a_model_that_fails_is_told_of_and_has_a_log(stage: Stage, asked: str) -> None:
    begun, end = called(stage, asked, inputs={"text": "broken"})
    assert "no such model" in end["error"]
    assert end["output"] is None
    log = stage.asker.ask("GET", "logs", begun["log_id"])
    assert "no such model" in log["error_text"]


def test_what_can_not_be_said_is_refused_before(stage: Stage, asked: str) -> None:
    told = stage.asker.refused(400, "invalid", "POST", "files", asked, "call", body={"inputs": {}})
    assert "text" in told
    flow = stage.flow(chain(("Ask", "Prompt", prompt("Say {{text}}"))))
    told = stage.asker.refused(400, "invalid", "POST", "files", flow, "call", body={})
    assert "only prompts" in told


def test_going_away_stops_a_call(stage: Stage, asked: str) -> None:
    with (
        httpx.Client(verify=NO_CERTIFICATES, timeout=WITHIN_S) as client,
        client.stream(
            "POST",
            f"{stage.running.url}/api/files/{asked}/call",
            json={"inputs": {"text": "late"}},
            headers={"x-api-key": stage.asker.key},
        ) as response,
    ):
        begun = json.loads(next(response.iter_lines()))  # long before the model says anything
    kept = stage.until(
        lambda: stage.asker.send("GET", "logs", begun["log_id"]), lambda one: one.status_code == 200
    )
    assert "went away" in kept.json()["error_text"]
