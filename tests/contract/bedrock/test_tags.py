"""Tags of flows, aliases and prompts through boto3 (bedrock 1.1, 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.things import ROLE, new_name, refused

Make = Callable[..., Mapping[str, Any]]


def _tags(bedrock: Any, arn: str) -> dict[str, str]:
    tags: dict[str, str] = bedrock.list_tags_for_resource(resourceArn=arn)["tags"]
    return tags


def _resources(bedrock: Any, flow: Mapping[str, Any]) -> list[str]:
    alias = bedrock.create_flow_alias(
        flowIdentifier=flow["id"], name="a", routingConfiguration=[{"flowVersion": "DRAFT"}]
    )
    prompt = bedrock.create_prompt(name=new_name("prompt"))
    version = bedrock.create_prompt_version(promptIdentifier=prompt["id"])
    born = f"{flow['arn']}/alias/TSTALIASID"
    return [flow["arn"], alias["arn"], born, prompt["arn"], version["arn"]]


def test_tags_of_every_kind_of_resource(bedrock: Any, make_flow: Make) -> None:
    arns = _resources(bedrock, make_flow())
    for index, arn in enumerate(arns):
        assert _tags(bedrock, arn) == {}
        assert bedrock.raw == {"tags": {}}
        bedrock.tag_resource(resourceArn=arn, tags={"number": str(index), "empty": ""})
        bedrock.tag_resource(resourceArn=arn, tags={"a:/=+@-_. b": "x"})
        bedrock.untag_resource(resourceArn=arn, tagKeys=["empty", "unknown"])
        bedrock.tag_resource(resourceArn=arn, tags={"number": f"{index}!".replace("!", "+")})
    for index, arn in enumerate(arns):
        assert _tags(bedrock, arn) == {"number": f"{index}+", "a:/=+@-_. b": "x"}


def test_tags_given_at_birth(bedrock: Any) -> None:
    tags = {"team": "a", "stage": "b"}
    flow = bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, tags=tags)
    assert "tags" not in bedrock.raw
    alias = bedrock.create_flow_alias(
        flowIdentifier=flow["id"], name="a", routingConfiguration=[{"flowVersion": "DRAFT"}], tags=tags
    )
    prompt = bedrock.create_prompt(name=new_name("prompt"), tags=tags)
    version = bedrock.create_prompt_version(promptIdentifier=prompt["id"], tags={"only": "here"})
    for one in (flow, alias, prompt):
        assert _tags(bedrock, one["arn"]) == tags
    assert _tags(bedrock, version["arn"]) == {"only": "here"}
    bedrock.update_flow(flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=ROLE)
    assert _tags(bedrock, flow["arn"]) == tags


def test_tags_go_with_their_resource(bedrock: Any, make_flow: Make) -> None:
    arns = _resources(bedrock, flow := make_flow())
    bedrock.tag_resource(resourceArn=flow["arn"], tags={"a": "b"})
    bedrock.delete_flow(flowIdentifier=flow["id"], skipResourceInUseCheck=True)
    for arn in arns[:3]:
        for call, given in (
            (bedrock.list_tags_for_resource, {}),
            (bedrock.tag_resource, {"tags": {"a": "b"}}),
            (bedrock.untag_resource, {"tagKeys": ["a"]}),
        ):
            with refused("ResourceNotFoundException", 404):
                call(resourceArn=arn, **given)


@pytest.mark.parametrize(
    "arn",
    [
        "arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ",
        "arn:aws:bedrock:us-east-1:999999999999:flow/ABCDEFGHIJ",
        "arn:aws:bedrock:us-east-1:000000000000:prompt/ABCDEFGHIJ:1",
        "arn:aws:bedrock:us-east-1:000000000000:agent/ABCDEFGHIJ",
        "arn:aws:s3:::a-bucket-of-somebody",
        "no ARN at all, but long enough",
    ],
)
def test_resources_that_are_not_there(bedrock: Any, arn: str) -> None:
    with refused("ResourceNotFoundException", 404):
        bedrock.list_tags_for_resource(resourceArn=arn)


def test_there_may_be_fifty(bedrock: Any, make_flow: Make) -> None:
    arn = make_flow(tags={f"k{index}": "v" for index in range(50)})["arn"]
    bedrock.tag_resource(resourceArn=arn, tags={"k7": "another value"})
    with refused("ServiceQuotaExceededException", 402, "50"):
        bedrock.tag_resource(resourceArn=arn, tags={"one-more": "v"})
    bedrock.untag_resource(resourceArn=arn, tagKeys=["k0"])
    bedrock.tag_resource(resourceArn=arn, tags={"one-more": "v"})


@pytest.mark.parametrize(
    ("key", "value"), [("aws:mine", "v"), ("k" * 129, "v"), ("k", "v" * 257), ("k!", "v"), ("k", "v!")]
)
def test_tags_that_are_none(bedrock: Any, make_flow: Make, key: str, value: str) -> None:
    flow = make_flow()
    with refused("ValidationException", 400):
        bedrock.tag_resource(resourceArn=flow["arn"], tags={key: value})
    with refused("ValidationException", 400):
        bedrock.create_flow(name=new_name(), executionRoleArn=ROLE, tags={key: value})
    assert _tags(bedrock, flow["arn"]) == {}
