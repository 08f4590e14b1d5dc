"""What of prompts differs (humanloop 2.1, 2.10, 4.2 Prompts), and prompts of either API in the other."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import LinkedToolResponse, ResponseFormat, ToolFunction
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.running import chain, invoke
from tests.contract.bedrock.things import ROLE, new_name
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live

EVERYTHING: dict[str, Any] = {
    "model": "gpt-4o",
    "endpoint": "chat",
    "template": [
        {"role": "system", "content": "You know {{topic}}."},
        {
            "role": "user",
            "name": "Ann",
            "content": [
                {"type": "text", "text": "{{question}}"},
                {"type": "image_url", "image_url": {"url": "https://example.invalid/a.png", "detail": "low"}},
            ],
        },
        {
            "role": "assistant",
            "content": None,
            "tool_calls": [
                {"id": "c1", "type": "function", "function": {"name": "add", "arguments": '{"x": 1}'}}
            ],
            "thinking": [{"type": "thinking", "thinking": "Hm.", "signature": "s"}],
        },
        {"role": "tool", "tool_call_id": "c1", "content": "2"},
        {"role": "developer", "content": "Be brief."},
    ],
    "template_language": "default",
    "provider": "openai",
    "max_tokens": -1,
    "temperature": 0.7,
    "top_p": 1,
    "stop": ["a", "b"],
    "presence_penalty": 0.5,
    "frequency_penalty": -0.5,
    "other": {"logit_bias": {"1": None}},
    "seed": 42,
    "response_format": {"type": "json_schema", "json_schema": {"type": "object", "x": None}},
    "reasoning_effort": "high",
    "tools": [{"name": "add", "description": "Adds.", "strict": True, "parameters": {"type": "object"}}],
    "attributes": {"owner": "search", "nothing": None},
}


def test_every_field_is_kept(raw: httpx.Client, path: str) -> None:
    """2.1, appendix A."""
    shown = raw.post("/prompts", json={"path": path, **EVERYTHING}).json()
    assert {key: shown[key] for key in EVERYTHING} == EVERYTHING
    assert shown["linked_tools"] is None
    assert shown["raw_file_content"] is None
    assert shown["inputs"] == [{"name": "topic"}, {"name": "question"}]
    again = raw.post("/prompts", json={"path": path, **EVERYTHING}).json()
    assert again == shown


def test_every_field_in_the_sdk(client: Any, path: str) -> None:
    shown = client.prompts.upsert(path=path, **EVERYTHING)
    assert shown.template == EVERYTHING["template"]  # the SDK leaves the messages of this union as they are
    assert isinstance(shown.response_format, ResponseFormat)
    assert [type(tool) for tool in shown.tools] == [ToolFunction]
    assert (shown.temperature, shown.top_p, shown.stop) == (0.7, 1.0, ["a", "b"])
    assert client.prompts.get(shown.id) == shown


@pytest.mark.parametrize("member", sorted(EVERYTHING))
def test_every_field_makes_a_version(raw: httpx.Client, path: str, member: str) -> None:
    """2.1: each is part of what identifies a version."""
    whole = raw.post("/prompts", json={"path": path, **EVERYTHING}).json()
    changed = "another" if member == "model" else None
    other = raw.post("/prompts", json={"path": path, **EVERYTHING, member: changed}).json()
    assert other["id"] == whole["id"]
    assert other["version_id"] != whole["version_id"]


def test_null_and_absent_are_the_same(raw: httpx.Client, path: str) -> None:
    """2.1: but not in what is the author's own."""
    given = {
        "path": path,
        "model": "m",
        "template": [{"role": "user", "content": "x"}],
        "tools": [{"name": "t", "description": "d"}],
        "attributes": {},
    }
    first = raw.post("/prompts", json=given).json()
    nulls = dict.fromkeys(["temperature", "endpoint", "stop", "other", "linked_tools", "seed"])
    given |= nulls
    given["template"] = [{"role": "user", "content": "x", "name": None, "tool_calls": None}]
    given["tools"] = [{"name": "t", "description": "d", "strict": None, "parameters": None}]
    assert raw.post("/prompts", json=given).json() == first
    own = raw.post("/prompts", json={**given, "attributes": {"a": None}}).json()
    assert own["version_id"] != first["version_id"]


def test_one_and_one_point_nought_are_the_same(raw: httpx.Client, path: str) -> None:
    """8.1."""
    first = raw.post("/prompts", json={"path": path, "model": "m", "temperature": 1}).json()
    second = raw.post("/prompts", json={"path": path, "model": "m", "temperature": 1.0}).json()
    assert second["version_id"] == first["version_id"]


def test_texts_are_of_the_file(client: Any, path: str) -> None:
    """2.1, 4.2: not of the version; null and absent keep."""
    made = client.prompts.upsert(path=path, model="m", description="d", tags=["a", "b"], readme="# R")
    assert (made.description, made.tags, made.readme) == ("d", ["a", "b"], "# R")
    second = client.prompts.upsert(path=path, model="n")
    assert (second.description, second.tags, second.readme) == ("d", ["a", "b"], "# R")
    third = client.prompts.upsert(path=path, model="m", description="e", tags=[], readme=None)
    assert third.version_id == made.version_id
    assert (third.description, third.tags, third.readme) == ("e", [], "# R")
    assert client.prompts.get(made.id, version_id=second.version_id).description == "e"


def test_keys_beside_the_content_are_no_content(raw: httpx.Client, path: str) -> None:
    """0.3, 2.1."""
    first = raw.post("/prompts", json={"path": path, "model": "m"}).json()
    second = raw.post(
        "/prompts", json={"path": path, "model": "m", "commit_message": "x", "version_description": "y"}
    ).json()
    assert second["version_id"] == first["version_id"]


@pytest.mark.parametrize(
    ("content", "place", "kind"),
    [
        ({}, ["model"], "missing"),
        ({"model": None}, ["model"], "string_type"),
        ({"model": "m", "temperature": "hot"}, ["temperature"], "float_parsing"),
        ({"model": "m", "max_tokens": 1.5}, ["max_tokens"], "int_parsing"),
        ({"model": "m", "endpoint": "talk"}, ["endpoint"], "enum"),
        ({"model": "m", "template": [{"content": "x"}]}, ["template", 0, "role"], "missing"),
        ({"model": "m", "template": [{"role": "me"}]}, ["template", 0, "role"], "enum"),
        (
            {"model": "m", "template": [{"role": "user", "content": [{"type": "text"}]}]},
            ["template", 0, "content", 0, "text"],
            "missing",
        ),
        ({"model": "m", "tools": [{"name": "t"}]}, ["tools", 0, "description"], "missing"),
        ({"model": "m", "tools": {}}, ["tools"], "list_type"),
        ({"model": "m", "other": []}, ["other"], "dict_type"),
        ({"model": "m", "response_format": {"type": "xml"}}, ["response_format", "type"], "enum"),
        ({"model": "m", "tags": "a"}, ["tags"], "list_type"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    raw: httpx.Client, path: str, content: dict[str, Any], place: list[Any], kind: str
) -> None:
    """0.5."""
    answer = raw.post("/prompts", json={"path": path, **content})
    assert answer.status_code == 422
    assert [(item["loc"], item["type"]) for item in answer.json()["detail"]] == [(["body", *place], kind)]


def test_linked_tools_are_shown_as_they_are_deployed(client: Any, path: str, home: str) -> None:
    """Appendix A."""
    parameters = {"type": "object", "properties": {"x": {"type": "number"}}}
    function = {"name": "add", "description": "Adds.", "strict": False, "parameters": parameters}
    tool = client.tools.upsert(path=f"{home}/add", function=function)
    made = client.prompts.upsert(path=path, model="m", linked_tools=[tool.id])
    assert made.linked_tools == [
        LinkedToolResponse(id=tool.id, version_id=tool.version_id, **function),
    ]
    newer = client.tools.upsert(path=f"{home}/add", function={**function, "description": "Sums."})
    client.tools.set_deployment(tool.id, "production", version_id=newer.version_id)
    assert client.prompts.get(made.id).linked_tools[0].description == "Sums."
    assert client.prompts.upsert(path=path, model="m", linked_tools=[tool.id]).version_id == made.version_id
    client.tools.delete(tool.id)
    assert client.prompts.get(made.id).linked_tools == []


def test_a_tool_that_is_not_there_can_not_be_linked(client: Any, path: str) -> None:
    flow = client.flows.upsert(path=f"{path} flow", attributes={})
    for link in ("tl_nowhere", flow.id):
        with pytest.raises(ApiError) as caught:
            client.prompts.upsert(path=path, model="m", linked_tools=[link])
        assert caught.value.status_code == 404
    with pytest.raises(ApiError):
        client.files.retrieve_by_path(path=path)


def test_a_tool_without_a_function_is_linked_by_its_name(client: Any, path: str, home: str) -> None:
    tool = client.tools.upsert(path=f"{home}/Notes", source_code="x", tool_type="snippet")
    (linked,) = client.prompts.upsert(path=path, model="m", linked_tools=[tool.id]).linked_tools
    assert (linked.name, linked.description, linked.parameters) == ("Notes", "", None)


def test_a_prompt_of_bedrock_is_shown(server: LiveServer, client: Any, raw: httpx.Client) -> None:
    """0.6: as a whole prompt, draft or not."""
    bedrock = checked_client(server.url)
    name = new_name()
    made = bedrock.create_prompt(
        name=name,
        description="What it is for.",
        defaultVariant="only",
        variants=[
            {
                "name": "only",
                "templateType": "TEXT",
                "templateConfiguration": {"text": {"text": "Tell about {{topic}}"}},
                "modelId": "example.model-v1",
                "inferenceConfiguration": {
                    "text": {"temperature": 0, "topP": 0.5, "maxTokens": 9, "stopSequences": ["END"]}
                },
                "metadata": [{"key": "owner", "value": "search"}],
                "additionalModelRequestFields": {"top_k": 5},
            }
        ],
    )
    draft = client.files.retrieve_by_path(path=f"prompts/{name}")
    assert type(draft).__name__ == "PromptResponse"
    assert (draft.model, draft.provider, draft.endpoint) == ("example.model-v1", "bedrock", "complete")
    assert (draft.template, draft.temperature, draft.top_p) == ("Tell about {{topic}}", 0, 0.5)
    assert (draft.max_tokens, draft.stop, draft.other) == (9, ["END"], {"top_k": 5})
    assert draft.attributes == {"owner": "search", "bedrock": {"variant": "only"}}
    assert draft.description == "What it is for."
    assert [one.name for one in draft.inputs] == ["topic"]
    bedrock.create_prompt_version(promptIdentifier=made["id"], description="First.")
    version = client.prompts.get(draft.id)
    assert version.version_description == "First."
    assert version.template == draft.template
    assert [one.version_id for one in client.prompts.list_versions(draft.id).records] == [version.version_id]
    empty = bedrock.create_prompt(name=new_name())
    shown = raw.get(f"/prompts/{empty['id']}").json()
    assert (shown["model"], shown["template"], shown["inputs"]) == ("", None, [])


def test_a_prompt_is_shown_to_bedrock(server: LiveServer, client: Any) -> None:
    """The draft and the numbers follow the upserts."""
    bedrock = checked_client(server.url)
    name = new_name()
    given = {
        "model": "gpt-4o",
        "template": [
            {"role": "system", "content": "You know {{topic}}."},
            {"role": "user", "content": "{{question}}"},
        ],
        "temperature": 1.2,
        "max_tokens": 100,
        "stop": "END",
        "seed": 7,
        "tools": EVERYTHING["tools"],
        "attributes": {"owner": "search"},
    }
    made = client.prompts.upsert(path=name, **given, description="D", version_description="V")
    (summary,) = [one for one in all_prompts(bedrock) if one["name"] == name]
    assert (summary["description"], summary["version"]) == ("D", "DRAFT")
    draft = bedrock.get_prompt(promptIdentifier=summary["id"])
    (variant,) = draft["variants"]
    assert draft["defaultVariant"] == variant["name"] == "default"
    assert variant["modelId"] == "gpt-4o"
    assert variant["inferenceConfiguration"] == {"text": {"maxTokens": 100, "stopSequences": ["END"]}}
    assert variant["additionalModelRequestFields"] == {"seed": 7, "temperature": 1.2}
    assert variant["metadata"] == [{"key": "owner", "value": "search"}]
    chat = variant["templateConfiguration"]["chat"]
    assert chat["system"] == [{"text": "You know {{topic}}."}]
    assert chat["messages"] == [{"role": "user", "content": [{"text": "{{question}}"}]}]
    assert chat["toolConfiguration"]["tools"][0]["toolSpec"]["name"] == "add"
    first = bedrock.get_prompt(promptIdentifier=summary["id"], promptVersion="1")
    assert (first["variants"], first["description"]) == (draft["variants"], "V")
    client.prompts.upsert(id=made.id, model="other", template="x")
    assert bedrock.get_prompt(promptIdentifier=summary["id"])["variants"][0]["modelId"] == "other"
    versions = bedrock.list_prompts(promptIdentifier=summary["id"])["promptSummaries"]
    assert [one["version"] for one in versions] == ["DRAFT", "2", "1"]
    made_version = bedrock.create_prompt_version(promptIdentifier=summary["id"])
    assert made_version["version"] == "3"
    assert len(client.prompts.list_versions(made.id).records) == 2


def all_prompts(bedrock: Any) -> list[dict[str, Any]]:
    pages = bedrock.get_paginator("list_prompts").paginate()
    return [one for page in pages for one in page["promptSummaries"]]


def test_a_prompt_that_no_variant_can_say_is_unseen_by_bedrock(server: LiveServer, client: Any) -> None:
    """docs/explanation/prompts.md: but numbered, as any version."""
    bedrock = checked_client(server.url)
    name = new_name()
    made = client.prompts.upsert(
        path=name, model="m", template="{% if x %}y{% endif %}", template_language="jinja"
    )
    assert name not in [one["name"] for one in all_prompts(bedrock)]
    client.prompts.upsert(id=made.id, model="m", template="plain")
    (summary,) = [one for one in all_prompts(bedrock) if one["name"] == name]
    versions = bedrock.list_prompts(promptIdentifier=summary["id"])["promptSummaries"]
    assert [one["version"] for one in versions] == ["DRAFT", "2"]


def test_an_edited_draft_is_not_touched_by_an_upsert(server: LiveServer, client: Any) -> None:
    """The common domain: whoever edits is not interrupted."""
    bedrock = checked_client(server.url)
    name = new_name()
    variant = {
        "name": "only",
        "templateType": "TEXT",
        "templateConfiguration": {"text": {"text": "edited"}},
        "modelId": "m",
    }
    made = bedrock.create_prompt(name=name, variants=[variant])
    client.prompts.upsert(path=f"prompts/{name}", model="n", template="upserted")
    assert bedrock.get_prompt(promptIdentifier=made["id"])["variants"][0]["modelId"] == "m"
    assert bedrock.get_prompt(promptIdentifier=made["id"], promptVersion="1")["variants"][0]["modelId"] == "n"


def test_a_prompt_node_runs_a_prompt_of_humanloop(make_server: Any, tmp_path: Path) -> None:
    """By the ARN that Bedrock shows: the draft, and each version for ever."""
    config = tmp_path / "headrace.toml"
    config.write_text('[[models.route]]\nmatch = "*"\nprovider = "echo"\n')
    live = make_server(config=str(config))
    bedrock, runtime = live.boto(), live.boto("bedrock-agent-runtime")
    prompts = live.humanloop().prompts
    made = prompts.upsert(path="ask", model="gpt-4o", template="First {{text}}")
    ((arn, _),) = [(one["arn"], one["name"]) for one in all_prompts(bedrock)]
    follows, pinned = asking(bedrock, arn), asking(bedrock, arn + ":1")
    chat = [{"role": "system", "content": "Be brief."}, {"role": "user", "content": "Second {{text}}"}]
    prompts.upsert(id=made.id, model="gpt-4o-mini", template=chat)
    assert said(runtime, follows) == "[echo of gpt-4o-mini] Be brief.\nSecond time"
    assert said(runtime, pinned) == "[echo of gpt-4o] First time"


def asking(bedrock: Any, arn: str) -> str:
    """A prepared flow with a node that refers to a prompt."""
    node = {"prompt": {"sourceConfiguration": {"resource": {"promptArn": arn}}}}
    definition = chain(("Ask", "Prompt", node))
    flow = bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition)["id"]
    bedrock.prepare_flow(flowIdentifier=flow)
    assert bedrock.get_flow(flowIdentifier=flow)["validations"] == []
    return str(flow)


def said(runtime: Any, flow: str) -> Any:
    ((_, document),) = invoke(runtime, flow, "time").outputs
    return document
