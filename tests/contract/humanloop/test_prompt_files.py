"""Prompts as the texts of files, through the real client (humanloop 4.5)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import PromptKernelRequest
from tests.contract.humanloop.test_prompts import EVERYTHING

pytestmark = pytest.mark.live

HEADER = "---\nmodel: gpt-4o-mini\ntemperature: 0\nmax_tokens: -1\nprovider: openai\nendpoint: chat\ntools: []\n---\n"
LOCAL = f"{HEADER}\n<system>\nYou know {{{{topic}}}}.\n</system>\n"
"""As it is in somebody's editor."""


def test_everything_goes_there_and_back(client: Any, path: str) -> None:
    made = client.prompts.upsert(path=path, **EVERYTHING)
    text = client.prompts.serialize(made.id)
    assert text.startswith("---\nmodel: gpt-4o\n")
    kernel = client.prompts.deserialize(prompt=text)
    assert isinstance(kernel, PromptKernelRequest)
    again = client.prompts.upsert(path=path, **kernel.dict())
    assert again.version_id == made.version_id


def test_a_text_is_no_json(raw: httpx.Client, client: Any, path: str) -> None:
    """8.38."""
    made = client.prompts.upsert(path=path, model="m", template="Say {{what}}", endpoint="complete")
    answer = raw.get(f"/prompts/{made.id}/serialize")
    assert answer.headers["content-type"] == "text/plain; charset=utf-8"
    assert answer.text == "---\nmodel: m\nendpoint: complete\n---\nSay {{what}}\n"


def test_versions_and_environments_can_be_chosen(client: Any, path: str) -> None:
    first = client.prompts.upsert(path=path, model="one")
    second = client.prompts.upsert(path=path, model="two")
    client.prompts.set_deployment(first.id, "staging", version_id=second.version_id)
    assert "model: one" in client.prompts.serialize(first.id)
    assert "model: two" in client.prompts.serialize(first.id, version_id=second.version_id)
    assert "model: two" in client.prompts.serialize(first.id, environment="staging")
    for call in ({"id": "pr_nowhere"}, {"id": first.id, "environment": "nowhere"}):
        with pytest.raises(ApiError) as caught:
            client.prompts.serialize(**call)
        assert caught.value.status_code == 404


def test_files_are_listed_with_their_texts(client: Any, raw: httpx.Client, home: str) -> None:
    """5.6: what a client that keeps prompts as local files asks for."""
    prompt = client.prompts.upsert(path=f"{home}/a/Prompt", model="gpt-4o")
    client.flows.upsert(path=f"{home}/a/Flow", attributes={})
    query = {"type": ["prompt", "agent"], "page": 1, "size": 100, "path": home}
    asked = {**query, "include_raw_file_content": "true"}
    (listed,) = raw.get("/files", params=asked).json()["records"]
    assert (listed["type"], listed["path"]) == ("prompt", prompt.path)
    assert listed["raw_file_content"] == "---\nmodel: gpt-4o\n---\n"
    (plain,) = raw.get("/files", params=query).json()["records"]
    assert plain["raw_file_content"] is None
    assert plain | {"raw_file_content": listed["raw_file_content"]} == listed
    found = client.files.retrieve_by_path(path=prompt.path, include_raw_file_content=True)
    assert found.raw_file_content == listed["raw_file_content"]
    assert client.files.retrieve_by_path(path=prompt.path).raw_file_content is None


def test_a_log_may_bring_its_prompt_as_text(client: Any, path: str) -> None:
    """4.2, Prompts; 2.6."""
    logged = client.prompts.log(path=path, prompt=LOCAL, output="Bern")
    made = client.prompts.get(logged.prompt_id)
    assert (made.version_id, made.model, made.max_tokens) == (logged.version_id, "gpt-4o-mini", -1)
    assert made.template == [{"role": "system", "content": "You know {{topic}}."}]
    assert [one.name for one in made.inputs] == ["topic"]
    kernel = client.prompts.deserialize(prompt=LOCAL)
    assert client.prompts.upsert(path=path, **kernel.dict()).version_id == logged.version_id
    again = client.prompts.log(path=path, prompt=LOCAL.replace("\n", "\r\n"), output="Rom")
    assert again.version_id == logged.version_id


@pytest.mark.parametrize("text", ["", "gpt-4o", "---\nmodel: 7\n---\n", f"{HEADER}<user>\n"])
def test_a_text_that_is_no_file_is_refused(raw: httpx.Client, path: str, text: str) -> None:
    for at, body in (
        ("/prompts/deserialize", {"prompt": text}),
        ("/prompts/log", {"prompt": text, "path": path}),
    ):
        answer = raw.post(at, json=body)
        assert answer.status_code == 422
        (item,) = answer.json()["detail"]
        assert (item["loc"], item["type"]) == (["body", "prompt"], "file_text")
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404


def test_the_text_of_an_agent_is_read(client: Any) -> None:
    tools = '[{"type": "inline", "json_schema": {"name": "f", "description": "d"}, "on_agent_call": "stop"}]'
    text = f"---\nmodel: m\nmax_iterations: 5\ntools: {tools}\n---\n<system>\n  Go.\n</system>\n"
    kernel = client.agents.deserialize(agent=text)
    assert (kernel.model, kernel.max_iterations) == ("m", 5)
    assert kernel.template == [{"role": "system", "content": "Go."}]
    assert kernel.tools[0].json_schema.name == "f"
    assert kernel.tools[0].on_agent_call == "stop"
