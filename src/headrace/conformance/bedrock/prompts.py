"""Prompts and their versions (bedrock 1.5)."""

from __future__ import annotations

from typing import Any

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.bedrock.protocol import UNKNOWN
from headrace.conformance.checks import Area
from headrace.conformance.expecting import equal, lacks, members

area = Area("bedrock", "prompts")
versions = Area("bedrock", "prompt-versions")

MEMBERS = ("name", "id", "arn", "version", "createdAt", "updatedAt")


def variant(text: str = "Say {{thing}}", **members_: Any) -> dict[str, Any]:
    """The one variant that a prompt may have."""
    template = {"text": {"text": text, "inputVariables": [{"name": "thing"}]}}
    return {"name": "main", "templateType": "TEXT", "templateConfiguration": template, **members_}


def _refused(aws: Bedrock, **members_: Any) -> None:
    body = {"name": aws.name(), **members_}
    aws.refused("CreatePrompt", body=body, status=400, code="ValidationException")


@area.documented("1.5")
def status_and_members(aws: Bedrock) -> None:
    """A prompt is created with 201, and the answer has the members of the model and no other."""
    members("the prompt", aws.prompt(), MEMBERS)


@area.documented("1.5")
def is_a_draft(aws: Bedrock) -> None:
    """The version of a new prompt is DRAFT, and its ARN ends with its id."""
    prompt = aws.prompt()
    equal("version", prompt.get("version"), "DRAFT")
    equal("the end of the arn", str(prompt.get("arn"))[-18:], f":prompt/{prompt['id']}")


@area.documented("1.5")
def variant_comes_back(aws: Bedrock) -> None:
    """A variant comes back as it was sent."""
    sent = [variant(modelId="amazon.nova-lite-v1:0", inferenceConfiguration={"text": {"temperature": 0.8}})]
    prompt = aws.prompt(variants=sent, defaultVariant="main")
    equal("variants", prompt.get("variants"), sent)
    equal("defaultVariant", prompt.get("defaultVariant"), "main")


@area.documented("1.5")
def chat_comes_back(aws: Bedrock) -> None:
    """A chat template comes back as it was sent."""
    chat = {
        "messages": [{"role": "user", "content": [{"text": "Hi {{name}}"}]}],
        "system": [{"text": "Be kind"}],
        "inputVariables": [{"name": "name"}],
    }
    sent = [{"name": "chat", "templateType": "CHAT", "templateConfiguration": {"chat": chat}}]
    equal("variants", aws.prompt(variants=sent).get("variants"), sent)


@area.documented("1.5")
def two_variants(aws: Bedrock) -> None:
    """A prompt has one variant at most."""
    _refused(aws, variants=[variant(), {**variant(), "name": "other"}])


@area.documented("1.5")
def default_variant(aws: Bedrock) -> None:
    """The default variant is the name of the variant."""
    _refused(aws, variants=[variant()], defaultVariant="other")


@area.documented("1.5")
def name_pattern(aws: Bedrock) -> None:
    """The name of a prompt has the pattern of all names."""
    _refused(aws, name="a--b")


@area.documented("1.5")
def template_type(aws: Bedrock) -> None:
    """A template is TEXT or CHAT."""
    _refused(aws, variants=[{**variant(), "templateType": "SONG"}])


@area.documented("1.5")
def metadata_size(aws: Bedrock) -> None:
    """A variant has at most fifty items of metadata."""
    _refused(aws, variants=[variant(metadata=[{"key": f"k{n}", "value": "v"} for n in range(51)])])


@area.presumed("9.10")
def names_are_unique(aws: Bedrock) -> None:
    """A second prompt of the same name is a conflict."""
    body = {"name": aws.prompt()["name"]}
    aws.refused("CreatePrompt", body=body, status=409, code="ConflictException")


@area.documented("1.1")
def token_repeats(aws: Bedrock) -> None:
    """A request with a clientToken that was used answers the prompt that there is."""
    token = f"{aws.setup.prefix}-token-of-some-length-{aws.name()}"
    body = {"name": aws.name(), "clientToken": token}
    first = aws.ok("CreatePrompt", body=body)
    equal("the repeated answer", aws.ok("CreatePrompt", body=body).get("id"), first["id"])


@area.documented("1.5")
def read(aws: Bedrock) -> None:
    """A prompt reads as it was answered when it was created, by its id and by its ARN."""
    prompt = aws.prompt(variants=[variant()], description="told")
    equal("the prompt", aws.ok("GetPrompt", prompt["id"]), prompt)
    equal("the prompt by its ARN", aws.ok("GetPrompt", prompt["arn"]), prompt)


@area.documented("1.5")
def unknown(aws: Bedrock) -> None:
    """A prompt that is not there is ResourceNotFoundException."""
    aws.refused("GetPrompt", UNKNOWN, status=404, code="ResourceNotFoundException")


@area.documented("1.5")
def update_replaces(aws: Bedrock) -> None:
    """An update replaces all: what it leaves out is gone."""
    prompt = aws.prompt(variants=[variant()], description="old")
    got = aws.ok("UpdatePrompt", prompt["id"], body={"name": prompt["name"]})
    lacks("the prompt", got, "variants", "description")
    equal("createdAt", got.get("createdAt"), prompt["createdAt"])


@area.documented("1.5")
def listed(aws: Bedrock) -> None:
    """A prompt is listed, with the members of a summary."""
    prompt = aws.prompt()
    found = [one for one in aws.every("ListPrompts", key="promptSummaries") if one.get("id") == prompt["id"]]
    equal("how often it is listed", len(found), 1)
    members("the summary", found[0], MEMBERS)


@area.documented("1.5")
def delete(aws: Bedrock) -> None:
    """Deleting a prompt answers 200 and its id; it can't be read afterwards."""
    prompt = aws.prompt()["id"]
    equal("the answer", aws.ok("DeletePrompt", prompt), {"id": prompt})
    aws.refused("GetPrompt", prompt, status=404, code="ResourceNotFoundException")


@versions.documented("1.5")
def counts_from_one(aws: Bedrock) -> None:
    """The first version is "1", the next one "2", and the ARN says which."""
    prompt = aws.prompt(variants=[variant()])
    first, second = (aws.ok("CreatePromptVersion", prompt["id"]) for _ in range(2))
    equal("the numbers", [first.get("version"), second.get("version")], ["1", "2"])
    equal("arn", first.get("arn"), f"{prompt['arn']}:1")


@versions.documented("1.5")
def never_changes(aws: Bedrock) -> None:
    """A version keeps its variant when the prompt is changed."""
    prompt = aws.prompt(variants=[variant("first")])
    aws.ok("CreatePromptVersion", prompt["id"])
    body = {"name": prompt["name"], "variants": [variant("second")]}
    aws.ok("UpdatePrompt", prompt["id"], body=body)
    got = aws.ok("GetPrompt", prompt["id"], query=[("promptVersion", "1")])
    equal("variants", got.get("variants"), [variant("first")])


@versions.documented("1.5")
def by_arn(aws: Bedrock) -> None:
    """The ARN of a version leads to that version."""
    prompt = aws.prompt(variants=[variant()])
    made = aws.ok("CreatePromptVersion", prompt["id"])
    equal("version", aws.ok("GetPrompt", made["arn"]).get("version"), "1")


@versions.documented("1.5")
def unknown_version(aws: Bedrock) -> None:
    """A number that there is not is ResourceNotFoundException."""
    query = [("promptVersion", "7")]
    aws.refused("GetPrompt", aws.prompt()["id"], query=query, status=404, code="ResourceNotFoundException")


@versions.documented("1.5")
def listed_with_the_draft(aws: Bedrock) -> None:
    """ListPrompts with an identifier lists the versions of that prompt, DRAFT too."""
    prompt = aws.prompt(variants=[variant()])["id"]
    aws.ok("CreatePromptVersion", prompt)
    query = [("promptIdentifier", prompt)]
    found = [one.get("version") for one in aws.every("ListPrompts", key="promptSummaries", query=query)]
    equal("the versions", sorted(map(str, found)), ["1", "DRAFT"])


@versions.documented("1.5")
def delete_one(aws: Bedrock) -> None:
    """Deleting a version answers the id and the number, and leaves the prompt."""
    prompt = aws.prompt(variants=[variant()])["id"]
    aws.ok("CreatePromptVersion", prompt)
    got = aws.ok("DeletePrompt", prompt, query=[("promptVersion", "1")])
    equal("the answer", got, {"id": prompt, "version": "1"})
    aws.ok("GetPrompt", prompt)


@versions.presumed("1.5")
def numbers_are_never_reused(aws: Bedrock) -> None:
    """The number of a deleted version is not given again."""
    prompt = aws.prompt(variants=[variant()])["id"]
    aws.ok("CreatePromptVersion", prompt)
    aws.ok("DeletePrompt", prompt, query=[("promptVersion", "1")])
    equal("the next number", aws.ok("CreatePromptVersion", prompt).get("version"), "2")


@versions.documented("1.5")
def go_with_the_prompt(aws: Bedrock) -> None:
    """Deleting a prompt deletes its versions."""
    prompt = aws.prompt(variants=[variant()])["id"]
    aws.ok("CreatePromptVersion", prompt)
    aws.ok("DeletePrompt", prompt)
    query = [("promptVersion", "1")]
    aws.refused("GetPrompt", prompt, query=query, status=404, code="ResourceNotFoundException")


AREAS = (area, versions)
