"""What of agents differs (humanloop 2.1, 2.10, 4.2 Agents, appendix A): their tools and what those link."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import (
    AgentInlineTool,
    AgentLinkedFileResponse,
    FlowResponse,
    PromptResponse,
    ToolResponse,
)
from tests.contract.humanloop.test_prompts import EVERYTHING as PROMPT

pytestmark = pytest.mark.live

INLINE: dict[str, Any] = {
    "type": "inline",
    "json_schema": {
        "name": "add",
        "description": "Adds.",
        "strict": True,
        "parameters": {"type": "object", "default": None},
    },
    "on_agent_call": "stop",
}
EVERYTHING: dict[str, Any] = {**PROMPT, "tools": [INLINE], "max_iterations": 7}
FUNCTION = {"name": "add", "description": "Adds."}


def link(file: Any, **more: Any) -> dict[str, Any]:
    """A tool that is a file, as requests say it."""
    return {"type": "file", "link": {"file_id": file.id, **more}}


def linked(shown: Any) -> Any:
    """The file of an agent's only tool."""
    (tool,) = shown.tools
    assert type(tool) is AgentLinkedFileResponse
    return tool.file


def test_every_field_is_kept(raw: httpx.Client, path: str) -> None:
    """2.1, appendix A."""
    shown = raw.post("/agents", json={"path": path, **EVERYTHING}).json()
    assert {key: shown[key] for key in EVERYTHING} == EVERYTHING
    assert shown["inputs"] == [{"name": "topic"}, {"name": "question"}]
    assert shown["raw_file_content"] is None
    assert shown["status"] == "committed"
    assert (shown["committed_by"], shown["committed_at"]) == (shown["created_by"], shown["created_at"])
    assert raw.post("/agents", json={"path": path, **EVERYTHING}).json() == shown


@pytest.mark.parametrize("member", sorted(EVERYTHING))
def test_every_field_makes_a_version(raw: httpx.Client, path: str, member: str) -> None:
    """2.1: each is part of what identifies a version."""
    whole = raw.post("/agents", json={"path": path, **EVERYTHING}).json()
    changed = "another" if member == "model" else None
    other = raw.post("/agents", json={"path": path, **EVERYTHING, member: changed}).json()
    assert other["id"] == whole["id"]
    assert other["version_id"] != whole["version_id"]


def test_null_and_absent_are_the_same(raw: httpx.Client, path: str, client: Any) -> None:
    """2.1: also within tools, but not in what is the author's own; and no tools are shown as an empty list."""
    tool = client.tools.upsert(path=f"{path} tool", function=FUNCTION)
    tools = [link(tool), {"type": "inline", "json_schema": FUNCTION}]
    first = raw.post("/agents", json={"path": path, "model": "m", "tools": tools}).json()
    nulls = [
        {**link(tool, version_id=None, environment_id=None), "on_agent_call": None},
        {"type": "inline", "json_schema": {**FUNCTION, "strict": None, "parameters": None}},
    ]
    again = {"path": path, "model": "m", "tools": nulls, "max_iterations": None, "stop": None}
    assert raw.post("/agents", json=again).json() == first
    bare = raw.post("/agents", json={"path": path, "model": "m"}).json()
    assert bare["version_id"] != first["version_id"]
    assert bare["tools"] == []
    for none in ([], None):
        assert raw.post("/agents", json={"path": path, "model": "m", "tools": none}).json() == bare


def test_the_order_of_tools_is_content(client: Any, path: str) -> None:
    """2.1."""
    other = {**INLINE, "json_schema": {**INLINE["json_schema"], "name": "subtract"}}
    first = client.agents.upsert(path=path, model="m", tools=[INLINE, other])
    second = client.agents.upsert(path=path, model="m", tools=[other, INLINE])
    assert second.version_id != first.version_id
    assert [tool.json_schema.name for tool in second.tools] == ["subtract", "add"]


def test_what_an_answer_shows_of_an_agent_is_the_same_version(
    client: Any, raw: httpx.Client, path: str
) -> None:
    """Who reads an agent and sends it back, with the linked files and all, changes nothing."""
    tool = client.tools.upsert(path=f"{path} tool", function=FUNCTION)
    made = client.agents.upsert(path=path, model="m", tools=[link(tool), INLINE], max_iterations=3)
    shown = raw.get(f"/agents/{made.id}").json()
    again = raw.post("/agents", json={**shown, "id": made.id, "version_description": None}).json()
    assert again["version_id"] == made.version_id
    client.tools.upsert(path=f"{path} tool", function={**FUNCTION, "description": "Sums."})
    assert client.agents.upsert(path=path, **kernel_of(shown)).version_id == made.version_id


def kernel_of(shown: dict[str, Any]) -> dict[str, Any]:
    """The content of an agent that was shown."""
    return {key: shown[key] for key in EVERYTHING}


def test_texts_are_of_the_file(client: Any, path: str) -> None:
    """4.2: not of the version; null and absent keep."""
    made = client.agents.upsert(path=path, model="m", description="d", tags=["a", "b"], readme="# R")
    assert (made.description, made.tags, made.readme) == ("d", ["a", "b"], "# R")
    second = client.agents.upsert(path=path, model="n")
    assert (second.description, second.tags, second.readme) == ("d", ["a", "b"], "# R")
    third = client.agents.upsert(path=path, model="m", description="e", tags=[], readme=None)
    assert (third.version_id, third.description, third.tags, third.readme) == (
        made.version_id,
        "e",
        [],
        "# R",
    )


@pytest.mark.parametrize(
    ("content", "place", "kind"),
    [
        ({}, ["model"], "missing"),
        ({"model": "m", "max_iterations": 0}, ["max_iterations"], "greater_than_equal"),
        ({"model": "m", "max_iterations": "many"}, ["max_iterations"], "int_parsing"),
        ({"model": "m", "tools": {}}, ["tools"], "list_type"),
        ({"model": "m", "tools": [{"type": "file"}]}, ["tools", 0, "link"], "missing"),
        ({"model": "m", "tools": [{"type": "file", "link": {}}]}, ["tools", 0, "link", "file_id"], "missing"),
        ({"model": "m", "tools": [{"link": {"file_id": "x"}}]}, ["tools", 0, "type"], "missing"),
        (
            {"model": "m", "tools": [{"type": "inline", "json_schema": {"name": "f"}}]},
            ["tools", 0, "json_schema", "description"],
            "missing",
        ),
        (
            {"model": "m", "tools": [{**INLINE, "on_agent_call": "pause"}]},
            ["tools", 0, "on_agent_call"],
            "enum",
        ),
        (
            {
                "model": "m",
                "tools": [
                    INLINE,
                    {"type": "file", "link": {"file_id": "x", "version_id": "y", "environment_id": "z"}},
                ],
            },
            ["tools", 1, "link"],
            "mismatch",
        ),
        (
            {
                "model": "m",
                "tools": [
                    {"type": "file", "link": {"file_id": "x"}},
                    {"type": "file", "link": {"file_id": "x", "version_id": "y"}},
                ],
            },
            ["tools", 1, "link"],
            "duplicate",
        ),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    raw: httpx.Client, path: str, content: dict[str, Any], place: list[Any], kind: str
) -> None:
    """0.5."""
    for at, body, member in (("", content, []), ("/log", {"agent": content}, ["agent"])):
        answer = raw.post(f"/agents{at}", json={"path": path, **body})
        assert answer.status_code == 422
        assert [(item["loc"], item["type"]) for item in answer.json()["detail"]] == [
            (["body", *member, *place], kind)
        ]


def test_linked_files_of_any_kind_that_can_be_called_are_shown(
    client: Any, raw: httpx.Client, path: str, home: str
) -> None:
    """Appendix A, AgentLinkedFileResponse: each is of its type, whole, and as a read of itself shows it."""
    tool = client.tools.upsert(path=f"{home}/tool", function=FUNCTION)
    files = [
        client.prompts.upsert(path=f"{home}/prompt", model="m", template="{{x}}", linked_tools=[tool.id]),
        tool,
        client.flows.upsert(path=f"{home}/flow", attributes={"a": 1}),
        client.agents.upsert(path=f"{home}/agent", model="m"),
    ]
    client.tools.log(id=files[1].id, output="3")
    made = client.agents.upsert(path=path, model="m", tools=[*map(link, files), INLINE])
    assert [type(tool) for tool in made.tools] == [*[AgentLinkedFileResponse] * 4, AgentInlineTool]
    assert [type(tool.file) for tool in made.tools[:3]] == [PromptResponse, ToolResponse, FlowResponse]
    assert made.tools[1].file.total_logs_count == 1
    shown = raw.get(f"/agents/{made.id}").json()["tools"]
    for one, file in zip(shown, files, strict=False):
        assert one["file"] == raw.post("/files/retrieve-by-path", json={"path": file.path}).json()
        assert one["link"] == {"file_id": file.id, "version_id": None, "environment_id": None}
        assert one["on_agent_call"] is None
    assert shown[0]["file"]["linked_tools"][0]["version_id"] == tool.version_id


def test_a_link_follows_what_is_deployed_unless_it_names_a_version(
    client: Any, path: str, home: str, environments: dict[str, str]
) -> None:
    """Appendix A, LinkedFileRequest."""
    first = client.tools.upsert(path=f"{home}/tool", function=FUNCTION)
    second = client.tools.upsert(path=f"{home}/tool", function={**FUNCTION, "description": "Sums."})
    ways = {
        "default": link(first),
        "pinned": link(first, version_id=first.version_id),
        "staging": link(first, environment_id=environments["staging"]),
        "by name": link(first, environment_id="staging"),
    }
    made = {
        name: client.agents.upsert(path=f"{home}/{name}", model="m", tools=[way]).id
        for name, way in ways.items()
    }

    def seen() -> dict[str, str | None]:
        files = {name: linked(client.agents.get(one)) for name, one in made.items()}
        return {name: None if file is None else file.version_id for name, file in files.items()}

    one, two = first.version_id, second.version_id
    assert seen() == {"default": one, "pinned": one, "staging": None, "by name": None}
    client.tools.set_deployment(first.id, "staging", version_id=two)
    assert seen() == {"default": one, "pinned": one, "staging": two, "by name": two}
    client.tools.set_deployment(first.id, "production", version_id=two)
    assert seen() == {"default": two, "pinned": one, "staging": two, "by name": two}
    client.tools.delete_tool_version(first.id, one)
    assert seen() == {"default": two, "pinned": None, "staging": two, "by name": two}
    client.tools.delete(first.id)
    assert seen() == dict.fromkeys(ways)
    shown = client.agents.get(made["pinned"])
    assert shown.tools[0].link.version_id == one
    assert client.agents.upsert(path=f"{home}/pinned", model="m", tools=[ways["pinned"]]) == shown


def test_what_is_not_there_can_not_be_linked(client: Any, path: str, home: str) -> None:
    """8.53 is about what goes later."""
    tool = client.tools.upsert(path=f"{home}/tool", function=FUNCTION)
    other = client.tools.upsert(path=f"{home}/other", function=FUNCTION)
    dataset = client.datasets.upsert(path=f"{home}/dataset", datapoints=[])
    for wrong, named in (
        ({"type": "file", "link": {"file_id": "tl_nowhere"}}, "tl_nowhere"),
        (link(dataset), dataset.id),
        (link(tool, version_id=other.version_id), other.version_id),
        (link(tool, environment_id="nowhere"), "nowhere"),
    ):
        for call in (
            lambda wrong=wrong: client.agents.upsert(path=path, model="m", tools=[wrong]),
            lambda wrong=wrong: client.agents.log(path=path, agent={"model": "m", "tools": [wrong]}),
        ):
            with pytest.raises(ApiError) as caught:
                call()
            assert caught.value.status_code == 404
            assert named in caught.value.body["detail"]
    with pytest.raises(ApiError) as caught:
        client.files.retrieve_by_path(path=path)
    assert caught.value.status_code == 404


def test_agents_may_call_themselves_and_each_other(client: Any, raw: httpx.Client, path: str) -> None:
    """What is shown of a linked agent does not show what that one links."""
    one = client.agents.upsert(path=path, model="m")
    two = client.agents.upsert(path=f"{path} 2", model="m", tools=[link(one)])
    client.agents.upsert(path=path, model="m", tools=[link(one), link(two)])
    version = client.agents.list_versions(one.id).records[0].version_id
    client.agents.set_deployment(one.id, "production", version_id=version)
    shown = raw.get(f"/agents/{one.id}").json()
    assert [tool["file"]["id"] for tool in shown["tools"]] == [one.id, two.id]
    inner = [[tool["file"] for tool in outer["file"]["tools"]] for outer in shown["tools"]]
    assert inner == [[None, None], [None]]
    (listed, *_) = raw.get("/files", params={"path": path.split("/")[0], "type": "agent"}).json()["records"]
    assert listed["type"] == "agent"
    client.agents.delete(two.id)
    assert [tool.file is None for tool in client.agents.get(one.id).tools] == [False, True]


def test_an_agent_goes_to_a_text_and_back(client: Any, path: str) -> None:
    """4.5: lossless."""
    tool = client.tools.upsert(path=f"{path} tool", function=FUNCTION)
    content = {**EVERYTHING, "tools": [link(tool, version_id=tool.version_id), INLINE]}
    made = client.agents.upsert(path=path, **content)
    text = client.agents.serialize(made.id)
    assert text.startswith("---\nmodel: gpt-4o\n")
    assert "max_iterations: 7\n" in text
    kernel = client.agents.deserialize(agent=text)
    assert client.agents.upsert(path=path, **kernel.dict()).version_id == made.version_id
    assert client.agents.log(path=path, agent=text, output="x").version_id == made.version_id
    found = client.files.retrieve_by_path(path=path, include_raw_file_content=True)
    assert (found.version_id, found.raw_file_content) == (made.version_id, text)
    second = client.agents.upsert(path=path, model="two")
    client.agents.set_deployment(made.id, "staging", version_id=second.version_id)
    assert client.agents.serialize(made.id, environment="staging") == "---\nmodel: two\n---\n"
    assert client.agents.serialize(made.id, version_id=second.version_id) == "---\nmodel: two\n---\n"


def test_agents_are_listed_with_their_texts(client: Any, raw: httpx.Client, home: str) -> None:
    """5.6: what a client that keeps prompts and agents as local files asks for."""
    for name in ("a", "b"):
        client.prompts.upsert(path=f"{home}/{name} prompt", model="gpt-4o")
        client.agents.upsert(path=f"{home}/{name} agent", model="gpt-4o")
    client.flows.upsert(path=f"{home}/flow", attributes={})
    query = {
        "type": ["prompt", "agent"],
        "path": home,
        "sort_by": "name",
        "order": "asc",
        "include_raw_file_content": "true",
    }
    listed = raw.get("/files", params=query).json()["records"]
    assert [(one["type"], one["name"]) for one in listed] == [
        ("agent", "a agent"),
        ("prompt", "a prompt"),
        ("agent", "b agent"),
        ("prompt", "b prompt"),
    ]
    assert {one["raw_file_content"] for one in listed} == {"---\nmodel: gpt-4o\n---\n"}
    (directory,) = [one for one in client.directories.list() if one.path == home]
    shown = client.directories.get(directory.id).files
    assert sorted(one.type for one in shown) == ["agent", "agent", "flow", "prompt", "prompt"]


def test_the_text_of_an_agent_keeps_the_rules(raw: httpx.Client, path: str) -> None:
    both = '[{"type": "file", "link": {"file_id": "x", "version_id": "y", "environment_id": "z"}}]'
    for header in ("", "max_iterations: 0", 'tools: [{"type": "other"}]', f"tools: {both}"):
        text = f"---\n{'' if header == '' else 'model: m'}\n{header}\n---\n"
        for at, body in (("/agents/deserialize", {}), ("/agents/log", {"path": path})):
            answer = raw.post(at, json={"agent": text, **body})
            assert answer.status_code == 422, header
            (item,) = answer.json()["detail"]
            assert (item["loc"], item["type"]) == (["body", "agent"], "file_text")
    assert raw.post("/files/retrieve-by-path", json={"path": path}).status_code == 404
