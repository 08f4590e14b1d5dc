"""The prompt operations through boto3 (bedrock 1.5)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import KEY, new_name, new_token, refused, send, without_metadata
from tests.contract.conftest import LiveServer

Make = Callable[..., Mapping[str, Any]]
AGENT = "arn:aws:bedrock:us-east-1:111122223333:agent-alias/ABCDEFGHIJ/KLMNOPQRST"


def text_variant(text: str = "Tell me about {{topic}}", **more: Any) -> dict[str, Any]:
    """A variant with a text template and everything that such a variant may have."""
    return {
        "name": "only",
        "templateType": "TEXT",
        "templateConfiguration": {
            "text": {"text": text, "inputVariables": [{"name": "topic"}], "cachePoint": {"type": "default"}}
        },
        "modelId": "example.model-v1",
        "inferenceConfiguration": {
            "text": {"temperature": 0, "topP": 0.8, "maxTokens": 500, "stopSequences": ["User:", ""]}
        },
        "metadata": [{"key": "owner", "value": "search"}, {"key": "empty", "value": ""}],
        "additionalModelRequestFields": {"top_k": 5, "nested": {"list": [1, 1.0, None, "x"]}},
        **more,
    }


def chat_variant(choice: Mapping[str, Any]) -> dict[str, Any]:
    """A variant with a chat template, tools, and a choice among them."""
    return {
        "name": "chat",
        "templateType": "CHAT",
        "templateConfiguration": {
            "chat": {
                "system": [{"text": "Be brief about {{topic}}."}, {"cachePoint": {"type": "default"}}],
                "messages": [
                    {"role": "user", "content": [{"text": "Hello {{name}}"}]},
                    {
                        "role": "assistant",
                        "content": [{"text": "Hi"}, {"cachePoint": {"type": "default"}}],
                    },
                ],
                "inputVariables": [{"name": "topic"}, {"name": "name"}],
                "toolConfiguration": {
                    "tools": [
                        {
                            "toolSpec": {
                                "name": "look_up",
                                "description": "Looks things up",
                                "inputSchema": {"json": {"type": "object", "properties": {}}},
                                "strict": True,
                            }
                        },
                        {"cachePoint": {"type": "default"}},
                    ],
                    "toolChoice": choice,
                },
            }
        },
        "genAiResource": {"agent": {"agentIdentifier": AGENT}},
    }


@pytest.fixture
def make_prompt(bedrock: Any) -> Make:
    """Make a prompt; what is given replaces what it would have."""

    def make(**members: Any) -> Mapping[str, Any]:
        wanted = {"name": new_name("prompt"), "variants": [text_variant()], **members}
        made: Mapping[str, Any] = without_metadata(bedrock.create_prompt(**wanted))
        return made

    return make


def test_every_member(bedrock: Any) -> None:
    wanted = {
        "name": new_name("prompt"),
        "description": "asks",
        "customerEncryptionKeyArn": KEY,
        "defaultVariant": "only",
        "variants": [text_variant()],
    }
    made = without_metadata(bedrock.create_prompt(**wanted, tags={"a": "b"}))
    assert bedrock.raw["variants"] == wanted["variants"]
    assert {name: made[name] for name in wanted} == wanted
    assert made["arn"].endswith(f":prompt/{made['id']}")
    assert (made["version"], made["createdAt"]) == ("DRAFT", made["updatedAt"])
    assert without_metadata(bedrock.get_prompt(promptIdentifier=made["id"])) == made
    assert bedrock.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"a": "b"}


def test_what_was_not_given_is_absent(bedrock: Any) -> None:
    bedrock.create_prompt(name=new_name("prompt"))
    assert set(bedrock.raw) == {"name", "id", "arn", "version", "createdAt", "updatedAt"}
    bedrock.create_prompt(name=new_name("prompt"), variants=[])
    assert bedrock.raw["variants"] == []


@pytest.mark.parametrize("choice", [{"auto": {}}, {"any": {}}, {"tool": {"name": "look_up"}}])
def test_a_chat_template_is_echoed(bedrock: Any, make_prompt: Make, choice: Mapping[str, Any]) -> None:
    variant = chat_variant(choice)
    made = make_prompt(variants=[variant], defaultVariant="chat")
    assert bedrock.raw["variants"] == [variant]
    bedrock.create_prompt_version(promptIdentifier=made["id"])
    assert bedrock.raw["variants"] == [variant]


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "-a"),
        ("description", ""),
        ("description", "d" * 201),
        ("customerEncryptionKeyArn", "key"),
        ("defaultVariant", "a b"),
        ("variants", [text_variant(), text_variant(name="other")]),
        ("variants", [{"name": "only"}]),
        ("variants", [text_variant(templateType="text")]),
        ("variants", [text_variant(modelId="")]),
        ("variants", [text_variant(templateConfiguration={"text": {"text": ""}})]),
        ("variants", [text_variant(templateConfiguration={})]),
        ("variants", [text_variant(metadata=[{"key": "k", "value": "v"}] * 51)]),
        ("variants", [text_variant(metadata=[{"key": "", "value": "v"}])]),
        ("variants", [text_variant(inferenceConfiguration={"text": {"temperature": 1.5}})]),
        ("variants", [text_variant(inferenceConfiguration={"text": {"stopSequences": ["s"] * 5}})]),
        ("clientToken", "short"),
    ],
)
def test_members_out_of_shape(server: LiveServer, member: str, value: Any) -> None:
    answer = send(server.url, "POST", "/prompts/", {"name": new_name("prompt"), member: value})
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.body
    assert all(field["name"].startswith(member) for field in answer.json()["fieldList"])


def test_the_default_variant_must_be_there(bedrock: Any, make_prompt: Make) -> None:
    for variants in ([], [text_variant()]):
        with refused("ValidationException", 400, "missing") as caught:
            bedrock.create_prompt(name=new_name("prompt"), variants=variants, defaultVariant="missing")
        assert [field["name"] for field in caught.value.response["fieldList"]] == ["defaultVariant"]
    made = make_prompt()
    with refused("ValidationException", 400, "missing"):
        bedrock.update_prompt(promptIdentifier=made["id"], name=made["name"], defaultVariant="missing")


def test_names_are_unique(bedrock: Any, make_prompt: Make) -> None:
    first, second = make_prompt(), make_prompt()
    with refused("ConflictException", 409, first["name"]):
        bedrock.create_prompt(name=first["name"])
    with refused("ConflictException", 409, first["name"]):
        bedrock.update_prompt(promptIdentifier=second["id"], name=first["name"])
    bedrock.delete_prompt(promptIdentifier=first["id"])
    bedrock.create_prompt(name=first["name"])


def test_update_replaces_everything(bedrock: Any, make_prompt: Make) -> None:
    made = make_prompt(description="to be gone", defaultVariant="only", customerEncryptionKeyArn=KEY)
    bedrock.create_prompt_version(promptIdentifier=made["id"])
    changed = without_metadata(bedrock.update_prompt(promptIdentifier=made["arn"], name=made["name"]))
    assert changed.pop("updatedAt") > made["updatedAt"]
    assert changed == {name: made[name] for name in ("name", "id", "arn", "version", "createdAt")}
    wanted = {
        "name": new_name("prompt"),
        "description": "new",
        "customerEncryptionKeyArn": KEY,
        "defaultVariant": "only",
        "variants": [text_variant("Now {{topic}}")],
    }
    again = bedrock.update_prompt(promptIdentifier=made["id"], **wanted)
    assert {name: again[name] for name in wanted} == wanted
    version = bedrock.get_prompt(promptIdentifier=made["id"], promptVersion="1")
    assert (version["name"], version["variants"]) == (made["name"], made["variants"])


def test_versions(bedrock: Any, make_prompt: Make) -> None:
    made = make_prompt(defaultVariant="only", customerEncryptionKeyArn=KEY)
    first = without_metadata(
        bedrock.create_prompt_version(promptIdentifier=made["id"], description="one", tags={"v": "1"})
    )
    copied = ("name", "id", "variants", "defaultVariant", "customerEncryptionKeyArn")
    assert {name: first[name] for name in copied} == {name: made[name] for name in copied}
    assert (first["version"], first["description"]) == ("1", "one")
    assert (first["arn"], first["createdAt"]) == (f"{made['arn']}:1", first["updatedAt"])
    assert bedrock.create_prompt_version(promptIdentifier=made["arn"])["version"] == "2"
    assert "description" not in bedrock.raw
    for named in (
        {"promptIdentifier": made["id"], "promptVersion": "1"},
        {"promptIdentifier": first["arn"]},
        {"promptIdentifier": first["arn"], "promptVersion": "1"},
    ):
        assert without_metadata(bedrock.get_prompt(**named)) == first
    assert bedrock.get_prompt(promptIdentifier=made["id"], promptVersion="DRAFT")["version"] == "DRAFT"


def test_an_arn_and_a_version_that_disagree(bedrock: Any, make_prompt: Make) -> None:
    made = make_prompt()
    for _ in range(2):
        bedrock.create_prompt_version(promptIdentifier=made["id"])
    one = f"{made['arn']}:1"
    for call in (bedrock.get_prompt, bedrock.delete_prompt):
        with refused("ValidationException", 400, "1", "2"):
            call(promptIdentifier=one, promptVersion="2")
    with refused("ValidationException", 400, "DRAFT"):
        bedrock.update_prompt(promptIdentifier=one, name=made["name"])
    with refused("ValidationException", 400, "DRAFT"):
        bedrock.create_prompt_version(promptIdentifier=one)


def test_versions_are_never_numbered_twice(bedrock: Any, make_prompt: Make) -> None:
    made = make_prompt()
    for _ in range(2):
        bedrock.create_prompt_version(promptIdentifier=made["id"])
    gone = without_metadata(bedrock.delete_prompt(promptIdentifier=made["id"], promptVersion="2"))
    assert gone == {"id": made["id"], "version": "2"}
    with refused("ResourceNotFoundException", 404, "2"):
        bedrock.get_prompt(promptIdentifier=made["id"], promptVersion="2")
    with refused("ResourceNotFoundException", 404, "2"):
        bedrock.delete_prompt(promptIdentifier=f"{made['arn']}:2")
    assert bedrock.create_prompt_version(promptIdentifier=made["id"])["version"] == "3"
    with refused("ValidationException", 400, "promptVersion"):
        bedrock.delete_prompt(promptIdentifier=made["id"], promptVersion="DRAFT")


def test_delete_takes_everything_along(bedrock: Any, make_prompt: Make) -> None:
    made = make_prompt()
    bedrock.create_prompt_version(promptIdentifier=made["id"])
    assert without_metadata(bedrock.delete_prompt(promptIdentifier=made["id"])) == {"id": made["id"]}
    named = {"promptIdentifier": made["id"]}
    for call, more in (
        (bedrock.get_prompt, {}),
        (bedrock.get_prompt, {"promptVersion": "1"}),
        (bedrock.update_prompt, {"name": made["name"]}),
        (bedrock.delete_prompt, {}),
        (bedrock.create_prompt_version, {}),
        (bedrock.list_prompts, {}),
    ):
        with refused("ResourceNotFoundException", 404, made["id"]):
            call(**named, **more)


def test_foreign_arns(bedrock: Any, make_prompt: Make) -> None:
    arn = make_prompt()["arn"].replace("000000000000", "999999999999")
    with refused("ResourceNotFoundException", 404, "999999999999"):
        bedrock.get_prompt(promptIdentifier=arn)


def test_included_data(bedrock: Any, make_prompt: Make) -> None:
    made = make_prompt(defaultVariant="only")
    bedrock.create_prompt_version(promptIdentifier=made["id"])
    everything = {"promptIdentifier": made["id"], "includedData": "ALL_DATA"}
    assert bedrock.get_prompt(**everything)["variants"] == made["variants"]
    for more in ({}, {"promptVersion": "1"}):
        bedrock.get_prompt(promptIdentifier=made["id"], includedData="METADATA_ONLY", **more)
        assert "variants" not in bedrock.raw
        assert bedrock.raw["name"] == made["name"]
    with refused("ValidationException", 400, "includedData"):
        bedrock.get_prompt(promptIdentifier=made["id"], includedData="SOME")


def test_the_same_request_makes_one_prompt_and_one_version(bedrock: Any) -> None:
    wanted = {"name": new_name("prompt"), "variants": [text_variant()], "clientToken": new_token()}
    first = without_metadata(bedrock.create_prompt(**wanted))
    bedrock.update_prompt(promptIdentifier=first["id"], name=new_name("prompt"))
    assert without_metadata(bedrock.create_prompt(**wanted)) == first
    with refused("ConflictException", 409, wanted["clientToken"]):
        bedrock.create_prompt(**{**wanted, "description": "other"})
    version = {"promptIdentifier": first["id"], "description": "v", "clientToken": new_token()}
    made = without_metadata(bedrock.create_prompt_version(**version))
    assert without_metadata(bedrock.create_prompt_version(**version)) == made
    with refused("ConflictException", 409):
        bedrock.create_prompt_version(**{**version, "description": "other"})
    assert bedrock.create_prompt_version(promptIdentifier=first["id"])["version"] == "2"


def test_pages_of_prompts_and_of_versions(make_server: Any) -> None:
    client = checked_client(make_server(store="memory:").url)
    made = [client.create_prompt(name=f"prompt-{index}", description="d")["id"] for index in range(13)]
    pages = list(client.get_paginator("list_prompts").paginate())
    assert [len(page["promptSummaries"]) for page in pages] == [10, 3]
    assert [one["id"] for page in pages for one in page["promptSummaries"]] == made[::-1]
    members = {"name", "description", "id", "arn", "version", "createdAt", "updatedAt"}
    assert all(set(one) == members for page in pages for one in page["promptSummaries"])
    for _ in range(11):
        client.create_prompt_version(promptIdentifier=made[0])
    versions = list(
        client.get_paginator("list_prompts").paginate(
            promptIdentifier=made[0], PaginationConfig={"PageSize": 4}
        )
    )
    found = [one["version"] for page in versions for one in page["promptSummaries"]]
    assert found == ["DRAFT", *(str(number) for number in range(11, 0, -1))]
    assert [len(page["promptSummaries"]) for page in versions] == [4, 4, 4]
    only = client.list_prompts(promptIdentifier=made[0], maxResults=1)
    assert [one["version"] for one in only["promptSummaries"]] == ["DRAFT"]
    more = client.list_prompts(promptIdentifier=made[0], maxResults=2, nextToken=only["nextToken"])
    assert [one["version"] for one in more["promptSummaries"]] == ["11", "10"]
    with refused("ValidationException", 400, "nextToken"):
        client.list_prompts(nextToken=only["nextToken"])


def test_the_quotas(make_server: Any) -> None:
    settings = {"quota_prompts": "1", "quota_prompt_versions": "2", "store": "memory:"}
    client = checked_client(make_server(**settings).url)
    prompt = client.create_prompt(name="only")["id"]
    with refused("ServiceQuotaExceededException", 402, "1"):
        client.create_prompt(name="second")
    for _ in range(2):
        client.create_prompt_version(promptIdentifier=prompt)
    with refused("ServiceQuotaExceededException", 402, "2"):
        client.create_prompt_version(promptIdentifier=prompt)
    client.delete_prompt(promptIdentifier=prompt, promptVersion="1")
    assert client.create_prompt_version(promptIdentifier=prompt)["version"] == "3"
