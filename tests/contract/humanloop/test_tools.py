"""What of tools differs (humanloop 2.1, 2.10, 4.2 Tools)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.types import ToolFunction

pytestmark = pytest.mark.live

EVERYTHING: dict[str, Any] = {
    "function": {
        "name": "add",
        "description": "Adds.",
        "strict": True,
        "parameters": {"type": "object", "properties": {"x": {"type": "number"}, "y": {"default": None}}},
    },
    "source_code": "def add(x, y):\n    return x + y\n",
    "setup_values": {"key": {"type": "string"}, "none": None},
    "attributes": {"owner": "search", "nothing": None},
    "tool_type": "python",
}


def test_every_field_is_kept(raw: httpx.Client, path: str) -> None:
    """2.1, 2.10, appendix A."""
    shown = raw.post("/tools", json={"path": path, **EVERYTHING}).json()
    assert {key: shown[key] for key in EVERYTHING} == EVERYTHING
    assert shown["inputs"] == [{"name": "x"}, {"name": "y"}]
    assert shown["signature"] is None
    assert raw.post("/tools", json={"path": path, **EVERYTHING}).json() == shown


@pytest.mark.parametrize("member", sorted(EVERYTHING))
def test_every_field_makes_a_version(raw: httpx.Client, path: str, member: str) -> None:
    """2.1."""
    whole = raw.post("/tools", json={"path": path, **EVERYTHING}).json()
    other = raw.post("/tools", json={"path": path, **EVERYTHING, member: None}).json()
    assert other["id"] == whole["id"]
    assert other["version_id"] != whole["version_id"]


def test_null_and_absent_are_the_same(raw: httpx.Client, path: str) -> None:
    """2.1: but not in what is the author's own."""
    function = {"name": "add", "description": "Adds."}
    first = raw.post("/tools", json={"path": path, "function": function, "setup_values": {}}).json()
    given = {
        "path": path,
        "function": {**function, "strict": None, "parameters": None},
        "setup_values": {},
        "source_code": None,
        "tool_type": None,
    }
    assert raw.post("/tools", json=given).json() == first
    other = raw.post("/tools", json={**given, "setup_values": {"a": None}}).json()
    assert other["version_id"] != first["version_id"]


def test_a_tool_may_be_empty(client: Any, path: str) -> None:
    """4.2: no field is required."""
    made = client.tools.upsert(path=path)
    assert (made.function, made.source_code, made.tool_type, made.inputs) == (None, None, None, [])
    assert type(client.files.retrieve_by_path(path=path)).__name__ == "ToolResponse"


@pytest.mark.parametrize(
    "tool_type",
    [
        "pinecone_search",
        "google",
        "mock",
        "snippet",
        "json_schema",
        "get_api_call",
        "python",
        "something new",
    ],
)
def test_types_of_tools_are_an_open_set(client: Any, path: str, tool_type: str) -> None:
    """Appendix A: enumerations are open on the client."""
    assert client.tools.upsert(path=path, tool_type=tool_type).tool_type == tool_type


def test_the_function_in_the_sdk(client: Any, path: str) -> None:
    made = client.tools.upsert(path=path, **EVERYTHING)
    assert made.function == ToolFunction(**EVERYTHING["function"])
    assert made.setup_values == EVERYTHING["setup_values"]
    assert [one.name for one in made.inputs] == ["x", "y"]


@pytest.mark.parametrize(
    ("content", "place", "kind"),
    [
        ({"function": {"name": "add"}}, ["function", "description"], "missing"),
        ({"function": {"name": 1, "description": ""}}, ["function", "name"], "string_type"),
        ({"function": "add"}, ["function"], "dict_type"),
        (
            {"function": {"name": "a", "description": "", "strict": "yes"}},
            ["function", "strict"],
            "bool_parsing",
        ),
        (
            {"function": {"name": "a", "description": "", "parameters": []}},
            ["function", "parameters"],
            "dict_type",
        ),
        ({"source_code": 1}, ["source_code"], "string_type"),
        ({"setup_values": 1}, ["setup_values"], "dict_type"),
    ],
)
def test_what_is_wrong_is_said_with_its_place(
    raw: httpx.Client, path: str, content: dict[str, Any], place: list[Any], kind: str
) -> None:
    """0.5."""
    answer = raw.post("/tools", json={"path": path, **content})
    assert answer.status_code == 422
    assert [(item["loc"], item["type"]) for item in answer.json()["detail"]] == [(["body", *place], kind)]


def test_bedrock_sees_no_tools(client: Any, path: str, server: Any) -> None:
    made = client.tools.upsert(path=path, **EVERYTHING)
    listed = [one["name"] for one in server.boto().list_prompts(maxResults=1000)["promptSummaries"]]
    assert made.name not in listed
