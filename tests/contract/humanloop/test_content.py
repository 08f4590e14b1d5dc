"""When two attribute maps are the same, and how they come back (humanloop 2.1, 8.1, 8.58)."""

from __future__ import annotations

import json
from typing import Any

import httpx
import pytest

pytestmark = pytest.mark.live


def upsert(raw: httpx.Client, path: str, text: str) -> Any:
    body = f'{{"path":{json.dumps(path)},"attributes":{text}}}'
    response = raw.post("/flows", content=body.encode())
    assert response.status_code == 200, response.text
    assert text.encode() in response.content
    return response.json()["version_id"]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":{"x":1,"y":[{"p":1,"q":2}]},"b":2}', '{"b":2,"a":{"y":[{"q":2,"p":1}],"x":1}}'),
        ('{"a":1}', '{"a":1.0}'),
        ('{"a":1}', '{"a":1e0}'),
        ('{"a":100}', '{"a":1E+2}'),
        ('{"a":0}', '{"a":-0}'),
        ('{"a":0.1}', '{"a":0.10}'),
        ('{"a":"é/"}', '{"a":"\\u00e9\\/"}'),
        ('{"😀":1,"\uffff":2}', '{"\\uffff":2,"\\ud83d\\ude00":1}'),
        ("{}", "{ }"),
    ],
)
def test_the_same_content(raw: httpx.Client, path: str, one: str, other: str) -> None:
    first = upsert(raw, path, one)
    body = f'{{"path":{json.dumps(path)},"attributes":{other}}}'
    assert raw.post("/flows", content=body.encode()).json()["version_id"] == first


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ('{"a":1}', '{"a":true}'),
        ('{"a":0}', '{"a":false}'),
        ('{"a":1}', '{"a":"1"}'),
        ('{"a":null}', "{}"),
        ('{"a":null}', '{"a":""}'),
        ('{"a":{"b":null}}', '{"a":{}}'),
        ('{"a":[1,2]}', '{"a":[2,1]}'),
        ('{"a":[]}', '{"a":{}}'),
        ('{"a":"é"}', '{"a":"e\u0301"}'),
        ('{"é":1}', '{"e\u0301":1}'),
        ('{"a":"x"}', '{"a":"x "}'),
        ('{"a":9007199254740992}', '{"a":9007199254740993}'),
        ('{"a":123456789012345678901234567890}', '{"a":123456789012345678901234567891}'),
        ('{"a":0.1}', '{"a":0.10000000000000002}'),
    ],
)
def test_other_content(raw: httpx.Client, path: str, one: str, other: str) -> None:
    assert upsert(raw, path, one) != upsert(raw, path, other)


def test_numbers_come_back_to_the_letter(raw: httpx.Client, path: str) -> None:
    text = '{"n":[1.0,1e2,-0.0,0.10,123456789012345678901234567890,1E-7,4.9406564584124654e-324]}'
    upsert(raw, path, text)
    listed = raw.post("/files/retrieve-by-path", json={"path": path})
    assert text.encode() in listed.content


def test_a_megabyte_is_fine(client: Any, path: str) -> None:
    """8.58."""
    attributes = {"source": "é" * 500_000, "nested": [{"i": i} for i in range(1000)]}
    made = client.flows.upsert(path=path, attributes=attributes)
    assert client.flows.get(made.id).attributes == attributes


def test_too_large_is_said(raw: httpx.Client, path: str) -> None:
    """8.58."""
    response = raw.post("/flows", json={"path": path, "attributes": {"a": "x" * (16 * 1024 * 1024)}})
    assert response.status_code == 413
    assert isinstance(response.json()["detail"], str)


def test_a_definition_is_content_like_any_other(client: Any, path: str) -> None:
    """A definition that can't run, and one that Bedrock would not even take, are ordinary versions here."""
    for definition in ({"nodes": [], "connections": []}, {"nodes": "what?"}, None, [1]):
        made = client.flows.upsert(path=path, attributes={"definition": definition})
        assert client.flows.get(made.id, version_id=made.version_id).attributes == {"definition": definition}
    assert len(client.flows.list_versions(made.id).records) == 4


def test_what_means_something_in_a_map_to_others_means_nothing_here(client: Any, path: str) -> None:
    attributes = {"__proto__": {}, "": "", "constructor": None, "a.b": 1, "$ref": "#/x", "\0": "\0", " ": " "}
    assert client.flows.upsert(path=path, attributes=attributes).attributes == attributes
