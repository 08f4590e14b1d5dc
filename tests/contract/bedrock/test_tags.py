"""TagResource, UntagResource, ListTagsForResource through boto3 (bedrock 1.1, 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import quote

import pytest
from tests.contract.bedrock.things import new_name, refused, send, without_metadata
from tests.contract.conftest import LiveServer

Make = Callable[..., Mapping[str, Any]]


def tags_of(bedrock: Any, arn: str) -> dict[str, str]:
    """The tags of a resource."""
    found = without_metadata(bedrock.list_tags_for_resource(resourceArn=arn))
    assert list(found) == ["tags"]
    return dict(found["tags"])


@pytest.fixture(params=["flow", "alias", "draft alias", "prompt", "prompt version"])
def arn(request: pytest.FixtureRequest, bedrock: Any, make_flow: Make) -> str:
    """The ARN of each kind of thing that may have tags."""
    flow = make_flow()
    prompt = bedrock.create_prompt(name=new_name("prompt"))
    version = bedrock.create_prompt_version(promptIdentifier=prompt["id"])
    alias = bedrock.create_flow_alias(
        flowIdentifier=flow["id"], name="live", routingConfiguration=[{"flowVersion": "DRAFT"}]
    )
    made = {
        "flow": flow["arn"],
        "alias": alias["arn"],
        "draft alias": f"{flow['arn']}/alias/TSTALIASID",
        "prompt": prompt["arn"],
        "prompt version": version["arn"],
    }
    return str(made[request.param])


def test_tags_come_and_go(bedrock: Any, arn: str) -> None:
    assert tags_of(bedrock, arn) == {}
    assert without_metadata(bedrock.tag_resource(resourceArn=arn, tags={"a": "1", "b": ""})) == {}
    bedrock.tag_resource(resourceArn=arn, tags={"b": "2", "c": "3"})
    assert tags_of(bedrock, arn) == {"a": "1", "b": "2", "c": "3"}
    assert without_metadata(bedrock.untag_resource(resourceArn=arn, tagKeys=["a", "c", "unknown"])) == {}
    assert tags_of(bedrock, arn) == {"b": "2"}
    bedrock.untag_resource(resourceArn=arn, tagKeys=[])
    assert tags_of(bedrock, arn) == {"b": "2"}


def test_tags_are_given_at_birth(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(tags={"team": "search", "a.b:/=+@- c": "v.:/=+@- _"})
    assert tags_of(bedrock, flow["arn"]) == {"team": "search", "a.b:/=+@- c": "v.:/=+@- _"}
    assert "tags" not in bedrock.get_flow(flowIdentifier=flow["id"])
    prompt = bedrock.create_prompt(name=new_name("prompt"), tags={"x": "y"})
    version = bedrock.create_prompt_version(promptIdentifier=prompt["id"], tags={"v": "1"})
    assert (tags_of(bedrock, prompt["arn"]), tags_of(bedrock, version["arn"])) == ({"x": "y"}, {"v": "1"})


def test_updates_keep_them_and_a_new_life_starts_without(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(tags={"a": "b"})
    bedrock.update_flow(
        flowIdentifier=flow["id"], name=flow["name"], executionRoleArn=flow["executionRoleArn"]
    )
    assert tags_of(bedrock, flow["arn"]) == {"a": "b"}
    bedrock.delete_flow(flowIdentifier=flow["id"])
    with refused("ResourceNotFoundException", 404):
        bedrock.list_tags_for_resource(resourceArn=flow["arn"])
    again = make_flow(name=flow["name"])
    assert tags_of(bedrock, again["arn"]) == {}


@pytest.mark.parametrize(
    "tags",
    [{"": "v"}, {"k" * 129: "v"}, {"k": "v" * 257}, {"k\u00a7": "v"}, {"k": "\u00a7"}, {"k": 7}, {"k": None}],
)
def test_tags_out_of_shape(server: LiveServer, make_flow: Make, tags: Mapping[str, Any]) -> None:
    flow = make_flow()
    answer = send(server.url, "POST", f"/tags/{quote(flow['arn'], safe='')}", {"tags": tags})
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.body


def test_reserved_keys(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    for key in ("aws:a", "AWS:a"):
        with refused("ValidationException", 400, "aws:"):
            bedrock.tag_resource(resourceArn=flow["arn"], tags={key: "v"})
    with refused("ValidationException", 400, "aws:"):
        make_flow(tags={"aws:cloudformation:stack-name": "s"})


def test_fifty_are_enough(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(tags={f"k{index}": "v" for index in range(50)})
    bedrock.tag_resource(resourceArn=flow["arn"], tags={"k0": "other"})
    with refused("ServiceQuotaExceededException", 402, "50"):
        bedrock.tag_resource(resourceArn=flow["arn"], tags={"k50": "v"})
    assert len(tags_of(bedrock, flow["arn"])) == 50
    bedrock.untag_resource(resourceArn=flow["arn"], tagKeys=["k1"])
    bedrock.tag_resource(resourceArn=flow["arn"], tags={"k50": "v"})


@pytest.mark.parametrize(
    "resource",
    [
        "arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ",
        "arn:aws:bedrock:us-east-1:000000000000:flow/ABCDEFGHIJ/alias/ABCDEFGHIJ",
        "arn:aws:bedrock:us-east-1:000000000000:prompt/ABCDEFGHIJ",
        "arn:aws:bedrock:us-east-1:000000000000:prompt/ABCDEFGHIJ:1",
        "arn:aws:bedrock:us-east-1:000000000000:agent/ABCDEFGHIJ",
        "arn:aws:bedrock:eu-west-1:000000000000:flow/ABCDEFGHIJ",
        "arn:aws:s3:::some-bucket-that-is",
        "this-is-no-arn-but-long-enough",
    ],
)
def test_what_is_not_here(bedrock: Any, resource: str) -> None:
    for call, more in (
        (bedrock.tag_resource, {"tags": {"a": "b"}}),
        (bedrock.untag_resource, {"tagKeys": ["a"]}),
        (bedrock.list_tags_for_resource, {}),
    ):
        with refused("ResourceNotFoundException", 404):
            call(resourceArn=resource, **more)


def test_what_a_thing_that_is_here_has_not_is_named_with_it(bedrock: Any, make_flow: Make) -> None:
    flow, prompt = make_flow(), bedrock.create_prompt(name=new_name("prompt"))
    with refused("ResourceNotFoundException", 404, f"Alias ABCDEFGHIJ of flow {flow['id']} not found."):
        bedrock.list_tags_for_resource(resourceArn=f"{flow['arn']}/alias/ABCDEFGHIJ")
    with refused("ResourceNotFoundException", 404, f"Version 1 of prompt {prompt['id']} not found."):
        bedrock.list_tags_for_resource(resourceArn=f"{prompt['arn']}:1")


def test_a_number_with_leading_zeros_names_nothing(bedrock: Any) -> None:
    prompt = bedrock.create_prompt(name=new_name("prompt"))
    arn = bedrock.create_prompt_version(promptIdentifier=prompt["id"], tags={"a": "b"})["arn"]
    assert tags_of(bedrock, arn) == {"a": "b"}
    for number in ("01", "00001", "0"):
        with refused("ResourceNotFoundException", 404):
            bedrock.list_tags_for_resource(resourceArn=f"{prompt['arn']}:{number}")


def test_arns_out_of_shape(server: LiveServer) -> None:
    for resource in ("short", "a" * 1012):
        answer = send(server.url, "GET", f"/tags/{resource}")
        assert (answer.status, answer.error) == (400, "ValidationException")


def test_a_foreign_account_is_not_here(bedrock: Any, make_flow: Make) -> None:
    arn = make_flow()["arn"].replace("000000000000", "999999999999")
    with refused("ResourceNotFoundException", 404, "999999999999"):
        bedrock.list_tags_for_resource(resourceArn=arn)


def test_humanloop_tags_are_others(bedrock: Any, make_flow: Make, server: LiveServer) -> None:
    flow = make_flow(tags={"a": "b"})
    seen = server.humanloop().flows.list_versions(bedrock.get_flow(flowIdentifier=flow["id"])["id"])
    assert [one for one in seen.records if one.tags] == []
