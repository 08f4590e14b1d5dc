"""Prompts through boto3 (bedrock 1.5)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.contract.bedrock.things import KEY, new_name, new_token, refused, without_metadata

VARIANT = {
    "name": "main",
    "templateType": "TEXT",
    "modelId": "example.model-v1",
    "templateConfiguration": {"text": {"text": "Say {{it}}", "inputVariables": [{"name": "it"}]}},
    "inferenceConfiguration": {"text": {"temperature": 0, "maxTokens": 100}},
    "metadata": [{"key": "k", "value": "v"}],
}
CHAT = {
    "name": "chat",
    "templateType": "CHAT",
    "templateConfiguration": {
        "chat": {"messages": [{"role": "user", "content": [{"text": "hi"}]}], "system": [{"text": "be kind"}]}
    },
}


@pytest.fixture
def prompt(bedrock: Any) -> dict[str, Any]:
    made: dict[str, Any] = without_metadata(
        bedrock.create_prompt(
            name=new_name("prompt"),
            description="d",
            customerEncryptionKeyArn=KEY,
            defaultVariant="main",
            variants=[VARIANT],
        )
    )
    return made


def test_every_member_of_a_prompt(bedrock: Any, prompt: dict[str, Any]) -> None:
    assert prompt["arn"] == f"arn:aws:bedrock:us-east-1:000000000000:prompt/{prompt['id']}"
    assert (prompt["version"], prompt["createdAt"]) == ("DRAFT", prompt["updatedAt"])
    assert (prompt["variants"], prompt["defaultVariant"]) == ([VARIANT], "main")
    for ref in (prompt["id"], prompt["arn"]):
        assert without_metadata(bedrock.get_prompt(promptIdentifier=ref)) == prompt
    bedrock.get_prompt(promptIdentifier=prompt["id"], includedData="METADATA_ONLY")
    assert "variants" not in bedrock.raw


def test_what_was_not_given_is_absent(bedrock: Any) -> None:
    made = bedrock.create_prompt(name=new_name("prompt"))
    assert set(bedrock.raw) == {"name", "id", "arn", "version", "createdAt", "updatedAt"}
    bedrock.get_prompt(promptIdentifier=made["id"])
    assert set(bedrock.raw) == {"name", "id", "arn", "version", "createdAt", "updatedAt"}


def test_versions(bedrock: Any, prompt: dict[str, Any]) -> None:
    made = without_metadata(bedrock.create_prompt_version(promptIdentifier=prompt["id"], description="first"))
    assert (made["version"], made["arn"]) == ("1", f"{prompt['arn']}:1")
    assert (made["variants"], made["description"]) == ([VARIANT], "first")
    bedrock.update_prompt(promptIdentifier=prompt["id"], name=prompt["name"], variants=[CHAT])
    assert bedrock.create_prompt_version(promptIdentifier=prompt["arn"])["version"] == "2"
    for given in (
        {"promptIdentifier": prompt["id"], "promptVersion": "1"},
        {"promptIdentifier": made["arn"]},
    ):
        assert without_metadata(bedrock.get_prompt(**given)) == made
    assert bedrock.get_prompt(promptIdentifier=made["arn"], promptVersion="1")["version"] == "1"
    with refused("ValidationException", 400, "promptVersion"):
        bedrock.get_prompt(promptIdentifier=made["arn"], promptVersion="2")
    draft = bedrock.get_prompt(promptIdentifier=prompt["id"], promptVersion="DRAFT")
    assert draft["variants"] == [CHAT]
    for missing in ("3", "01"):
        with refused("ResourceNotFoundException", 404):
            bedrock.get_prompt(promptIdentifier=prompt["id"], promptVersion=missing)


def test_update_replaces_everything(bedrock: Any, prompt: dict[str, Any]) -> None:
    name = new_name("prompt")
    changed = without_metadata(bedrock.update_prompt(promptIdentifier=prompt["id"], name=name))
    assert set(changed) == {"name", "id", "arn", "version", "createdAt", "updatedAt"}
    assert changed["name"] == name
    assert changed["createdAt"] == prompt["createdAt"] < changed["updatedAt"]


def test_deletion(bedrock: Any, prompt: dict[str, Any]) -> None:
    ref = {"promptIdentifier": prompt["id"]}
    for _ in range(2):
        bedrock.create_prompt_version(**ref)
    assert without_metadata(bedrock.delete_prompt(**ref, promptVersion="2")) == {
        "id": prompt["id"],
        "version": "2",
    }
    assert bedrock.create_prompt_version(**ref)["version"] == "3", "numbers are never used again"
    assert without_metadata(bedrock.delete_prompt(**ref)) == {"id": prompt["id"]}
    for call in (bedrock.get_prompt, bedrock.delete_prompt, bedrock.create_prompt_version):
        with refused("ResourceNotFoundException", 404, prompt["id"]):
            call(**ref)
    bedrock.create_prompt(name=prompt["name"])


def test_lists(bedrock: Any, prompt: dict[str, Any]) -> None:
    first = bedrock.list_prompts(maxResults=1)["promptSummaries"]
    assert first == [{k: prompt[k] for k in first[0]}]
    assert set(first[0]) == {"name", "description", "id", "arn", "version", "createdAt", "updatedAt"}
    for _ in range(11):
        bedrock.create_prompt_version(promptIdentifier=prompt["id"])
    for size in (1, 2, 10):
        pages = bedrock.get_paginator("list_prompts").paginate(
            promptIdentifier=prompt["id"], PaginationConfig={"PageSize": size}
        )
        versions = [one["version"] for page in pages for one in page["promptSummaries"]]
        assert versions == ["DRAFT", *(str(number) for number in range(11, 0, -1))]


def test_errors(bedrock: Any, prompt: dict[str, Any]) -> None:
    with refused("ConflictException", 409, prompt["name"]):
        bedrock.create_prompt(name=prompt["name"])
    with refused("ValidationException", 400, "'other'") as caught:
        bedrock.create_prompt(name=new_name("prompt"), variants=[VARIANT], defaultVariant="other")
    assert [field["name"] for field in caught.value.response["fieldList"]] == ["defaultVariant"]
    with refused("ValidationException", 400, "variants"):
        bedrock.create_prompt(name=new_name("prompt"), variants=[VARIANT, CHAT])
    with refused("ResourceNotFoundException", 404):
        bedrock.get_prompt(promptIdentifier="ABCDEFGHIJ")
    with refused("ValidationException", 400, "promptIdentifier"):
        bedrock.get_prompt(promptIdentifier="no such prompt")


def test_a_prompt_and_a_flow_may_share_a_name(bedrock: Any, prompt: dict[str, Any], make_flow: Any) -> None:
    flow = make_flow(name=prompt["name"])
    with refused("ResourceNotFoundException", 404):
        bedrock.get_flow(flowIdentifier=prompt["id"])
    with refused("ResourceNotFoundException", 404):
        bedrock.get_prompt(promptIdentifier=flow["id"])


def test_repeated_creates(bedrock: Any) -> None:
    wanted = {"name": new_name("prompt"), "variants": [VARIANT], "clientToken": new_token()}
    made = bedrock.create_prompt(**wanted)
    first = bedrock.raw_text
    bedrock.update_prompt(promptIdentifier=made["id"], name=new_name("prompt"))
    bedrock.create_prompt(**wanted)
    assert bedrock.raw_text == first
    again = {"promptIdentifier": made["id"], "clientToken": new_token()}
    bedrock.create_prompt_version(**again)
    first = bedrock.raw_text
    bedrock.create_prompt_version(**{**again, "promptIdentifier": made["arn"]})
    assert bedrock.raw_text == first
    assert bedrock.create_prompt_version(promptIdentifier=made["id"])["version"] == "2"
