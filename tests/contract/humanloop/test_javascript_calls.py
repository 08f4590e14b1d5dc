"""Prompts called through the TypeScript client (humanloop 4.2, 4.4)."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.contract.conftest import LiveServer
from tests.contract.humanloop.test_javascript import Sdk, start

pytestmark = [
    pytest.mark.js,
    pytest.mark.live,
    pytest.mark.timeout(300),
    pytest.mark.skipif(shutil.which("npm") is None, reason="Node.js with npm is not installed"),
]
ANSWERS = {
    "answers": [
        {"text": "BROKEN", "answer": {"error": {"fault": "dependency", "message": "Too long."}}},
        {"answer": {"text": "Paris, of course.", "input_tokens": 12, "output_tokens": 4}},
    ]
}
ASK = [{"role": "user", "content": "What is the capital of France?"}]


@pytest.fixture(scope="module")
def sdk(installed: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Sdk]:
    """The client, at a server whose models answer by a script."""
    folder = tmp_path_factory.mktemp("calling")
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    (folder / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "*"\nprovider = "ci"\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {"config": str(folder / "headrace.toml"), "log_level": "error"}
    live = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    yield from start(installed, live.url)
    assert live.stop() == 0


def test_a_prompt_is_called(sdk: Sdk) -> None:
    order = {
        "path": "js/Prompt",
        "prompt": {"model": "gpt-4o", "template": [{"role": "system", "content": "{{a}}"}]},
    }
    called = sdk.call(
        "prompts.call", {**order, "inputs": {"a": "b"}, "messages": ASK, "providerApiKeys": {"openai": "k"}}
    )
    assert called["logs"][0]["output"] == "Paris, of course."
    assert called["logs"][0]["promptTokens"] == 12
    assert called["prompt"]["path"] == "js/Prompt"
    assert called["logId"] == called["id"]
    assert "The template needs a value for `a`." in sdk.error("prompts.call", order)["message"]


def test_an_answer_is_heard_piece_by_piece(sdk: Sdk) -> None:
    order = {"path": "js/Spoken", "prompt": {"model": "gpt-4o"}, "messages": ASK}
    heard = sdk.iterate("prompts.callStream", order)
    assert [piece["output"] for piece in heard] == ["Paris,", " of", " course.", ""]
    assert len({(piece["id"], piece["promptId"], piece["versionId"]) for piece in heard}) == 1
    assert heard[-1]["finishReason"] == "stop"


def test_what_a_provider_says_is_told(sdk: Sdk) -> None:
    order = {
        "path": "js/Broken",
        "prompt": {"model": "gpt-4o", "provider": "openai"},
        "messages": [{"role": "user", "content": "BROKEN"}],
    }
    # The client wraps what goes wrong with this method in an error of its own, and tells it as text.
    message = sdk.error("prompts.call", order)["message"]
    body = json.loads(message[message.index("{") :])
    assert body["detail"] == {
        "type": "unprocessable_entity_error",
        "message": "Too long.",
        "code": 422,
        "origin": "openai",
    }
    # Of a stream it reads no body but that of a success.
    assert sdk.fail("prompts.callStream", 404, {"path": "js/Nowhere", "messages": ASK})["body"] == {}


def test_a_template_is_filled(sdk: Sdk) -> None:
    made = sdk.call("prompts.upsert", {"path": "js/Template", "model": "m", "template": "Hi {{name}}"})
    filled = sdk.call("prompts.populate", made["id"], {"body": {"name": "Ann"}})
    assert filled["populatedTemplate"] == "Hi Ann"
