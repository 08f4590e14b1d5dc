"""CreateFlowAlias, GetFlowAlias, UpdateFlowAlias, DeleteFlowAlias, ListFlowAliases through boto3 (bedrock 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import (
    ROLE,
    definition,
    new_name,
    new_token,
    refused,
    send,
    without_metadata,
)
from tests.contract.conftest import LiveServer

Make = Callable[..., Mapping[str, Any]]
FOREIGN = "arn:aws:bedrock:us-east-1:999999999999:flow/ABCDEFGHIJ"


def routed(version: str) -> list[dict[str, str]]:
    """A routing configuration."""
    return [{"flowVersion": version}]


@pytest.fixture
def released(bedrock: Any, prepared: str) -> str:
    """The id of a flow with the versions 1 and 2."""
    for _ in range(2):
        bedrock.create_flow_version(flowIdentifier=prepared)
    return prepared


def test_every_member(bedrock: Any, released: str) -> None:
    wanted = {
        "name": "live",
        "description": "what callers see",
        "routingConfiguration": routed("1"),
        "concurrencyConfiguration": {"type": "Manual", "maxConcurrency": 3},
    }
    made = without_metadata(bedrock.create_flow_alias(flowIdentifier=released, tags={"a": "b"}, **wanted))
    assert made["createdAt"] == made["updatedAt"]
    flow_arn = bedrock.get_flow(flowIdentifier=released)["arn"]
    assert {name: made[name] for name in wanted} == wanted
    assert (made["flowId"], made["arn"]) == (released, f"{flow_arn}/alias/{made['id']}")
    got = without_metadata(bedrock.get_flow_alias(flowIdentifier=released, aliasIdentifier=made["id"]))
    assert got == made
    listed = bedrock.list_flow_aliases(flowIdentifier=released)["flowAliasSummaries"]
    assert [one for one in listed if one["id"] == made["id"]] == [made]
    assert bedrock.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"a": "b"}


def test_what_was_not_given_is_absent(bedrock: Any, released: str) -> None:
    made = bedrock.create_flow_alias(
        flowIdentifier=released, name="bare", routingConfiguration=routed("DRAFT")
    )
    assert set(without_metadata(made)) == {
        "name",
        "routingConfiguration",
        "flowId",
        "id",
        "arn",
        "createdAt",
        "updatedAt",
    }


@pytest.mark.parametrize(
    "limit",
    [
        {"type": "Automatic"},
        {"type": "Automatic", "maxConcurrency": 100},
        {"type": "Manual", "maxConcurrency": 1},
    ],
)
def test_concurrency_is_echoed(bedrock: Any, released: str, limit: Mapping[str, Any]) -> None:
    made = bedrock.create_flow_alias(
        flowIdentifier=released,
        name=new_name("alias"),
        routingConfiguration=routed("1"),
        concurrencyConfiguration=limit,
    )
    assert bedrock.raw["concurrencyConfiguration"] == limit
    assert made["concurrencyConfiguration"] == limit


@pytest.mark.parametrize(
    ("member", "value"),
    [
        ("name", "a--b"),
        ("name", "a" * 101),
        ("description", ""),
        ("description", "d" * 201),
        ("routingConfiguration", []),
        ("routingConfiguration", routed("1") * 2),
        ("routingConfiguration", [{}]),
        ("routingConfiguration", routed("0")),
        ("routingConfiguration", routed("00000")),
        ("routingConfiguration", routed("draft")),
        ("concurrencyConfiguration", {}),
        ("concurrencyConfiguration", {"type": "Sometimes"}),
        ("concurrencyConfiguration", {"type": "Manual", "maxConcurrency": 0}),
        ("concurrencyConfiguration", {"type": "Manual", "maxConcurrency": 101}),
        ("clientToken", "short"),
    ],
)
def test_members_out_of_shape(server: LiveServer, released: str, member: str, value: Any) -> None:
    wanted = {"name": "live", "routingConfiguration": routed("1"), member: value}
    answer = send(server.url, "POST", f"/flows/{released}/aliases", wanted)
    assert (answer.status, answer.error) == (400, "ValidationException"), answer.body
    assert all(field["name"].startswith(member) for field in answer.json()["fieldList"])


def test_update_replaces_everything(bedrock: Any, released: str) -> None:
    made = bedrock.create_flow_alias(
        flowIdentifier=released,
        name="live",
        description="to be gone",
        routingConfiguration=routed("1"),
        concurrencyConfiguration={"type": "Automatic"},
        tags={"stays": "yes"},
    )
    changed = without_metadata(
        bedrock.update_flow_alias(
            flowIdentifier=released,
            aliasIdentifier=made["arn"],
            name="renamed",
            routingConfiguration=routed("2"),
        )
    )
    assert changed.pop("updatedAt") > made["updatedAt"]
    kept = {name: made[name] for name in ("id", "arn", "flowId", "createdAt")}
    assert changed == {**kept, "name": "renamed", "routingConfiguration": routed("2")}
    assert bedrock.list_tags_for_resource(resourceArn=made["arn"])["tags"] == {"stays": "yes"}
    again = bedrock.update_flow_alias(
        flowIdentifier=released,
        aliasIdentifier=made["id"],
        name="renamed",
        description="new",
        routingConfiguration=routed("DRAFT"),
        concurrencyConfiguration={"type": "Manual", "maxConcurrency": 2},
    )
    assert (again["description"], again["routingConfiguration"]) == ("new", routed("DRAFT"))
    assert again["concurrencyConfiguration"] == {"type": "Manual", "maxConcurrency": 2}


def test_names_are_unique_in_a_flow(bedrock: Any, released: str, make_flow: Make) -> None:
    first = bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("1"))
    with refused("ConflictException", 409, "live"):
        bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("2"))
    other = bedrock.create_flow_alias(flowIdentifier=released, name="other", routingConfiguration=routed("1"))
    with refused("ConflictException", 409, "live"):
        bedrock.update_flow_alias(
            flowIdentifier=released,
            aliasIdentifier=other["id"],
            name="live",
            routingConfiguration=routed("1"),
        )
    elsewhere = make_flow()["id"]
    bedrock.create_flow_alias(flowIdentifier=elsewhere, name="live", routingConfiguration=routed("DRAFT"))
    bedrock.delete_flow_alias(flowIdentifier=released, aliasIdentifier=first["id"])
    bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("2"))


def test_the_draft_name_is_taken(bedrock: Any, released: str) -> None:
    with refused("ConflictException", 409, "TSTALIASID"):
        bedrock.create_flow_alias(
            flowIdentifier=released, name="TSTALIASID", routingConfiguration=routed("1")
        )


def test_a_version_that_is_not_there(bedrock: Any, released: str) -> None:
    for version in ("3", "01", "99999"):
        with refused("ResourceNotFoundException", 404, version):
            bedrock.create_flow_alias(
                flowIdentifier=released, name="live", routingConfiguration=routed(version)
            )
    made = bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("1"))
    with refused("ResourceNotFoundException", 404, "3"):
        bedrock.update_flow_alias(
            flowIdentifier=released,
            aliasIdentifier=made["id"],
            name="live",
            routingConfiguration=routed("3"),
        )


def test_delete(bedrock: Any, released: str) -> None:
    made = bedrock.create_flow_alias(
        flowIdentifier=released, name="live", routingConfiguration=routed("1"), tags={"a": "b"}
    )
    gone = without_metadata(bedrock.delete_flow_alias(flowIdentifier=released, aliasIdentifier=made["id"]))
    assert gone == {"flowId": released, "id": made["id"]}
    named = {"flowIdentifier": released, "aliasIdentifier": made["id"]}
    for call, more in (
        (bedrock.delete_flow_alias, {}),
        (bedrock.get_flow_alias, {}),
        (bedrock.update_flow_alias, {"name": "live", "routingConfiguration": routed("1")}),
    ):
        with refused("ResourceNotFoundException", 404, made["id"]):
            call(**named, **more)
    with refused("ResourceNotFoundException", 404):
        bedrock.list_tags_for_resource(resourceArn=made["arn"])


def test_not_found_of_the_flow(bedrock: Any) -> None:
    unknown = {"flowIdentifier": "ABCDEFGHIJ"}
    one = {**unknown, "aliasIdentifier": "ABCDEFGHIJ"}
    content = {"name": "live", "routingConfiguration": routed("1")}
    for call, given in (
        (bedrock.create_flow_alias, {**unknown, **content}),
        (bedrock.get_flow_alias, one),
        (bedrock.update_flow_alias, {**one, **content}),
        (bedrock.delete_flow_alias, one),
        (bedrock.list_flow_aliases, unknown),
    ):
        with refused("ResourceNotFoundException", 404, "ABCDEFGHIJ"):
            call(**given)


def test_arns_that_disagree(bedrock: Any, released: str, make_flow: Make) -> None:
    made = bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("1"))
    other = make_flow()
    with refused("ValidationException", 400, "belong"):
        bedrock.get_flow_alias(flowIdentifier=other["id"], aliasIdentifier=made["arn"])
    with refused("ResourceNotFoundException", 404, "999999999999"):
        bedrock.get_flow_alias(flowIdentifier=released, aliasIdentifier=f"{FOREIGN}/alias/{made['id']}")
    with refused("ResourceNotFoundException", 404, "999999999999"):
        bedrock.list_flow_aliases(flowIdentifier=FOREIGN)
    arn = bedrock.get_flow(flowIdentifier=released)["arn"]
    assert bedrock.get_flow_alias(flowIdentifier=arn, aliasIdentifier=made["arn"])["id"] == made["id"]


def test_every_flow_has_the_draft_alias(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    got = without_metadata(bedrock.get_flow_alias(flowIdentifier=flow["id"], aliasIdentifier="TSTALIASID"))
    assert got == {
        "name": "TSTALIASID",
        "id": "TSTALIASID",
        "arn": f"{flow['arn']}/alias/TSTALIASID",
        "flowId": flow["id"],
        "routingConfiguration": routed("DRAFT"),
        "createdAt": flow["createdAt"],
        "updatedAt": flow["createdAt"],
    }
    assert bedrock.list_flow_aliases(flowIdentifier=flow["id"])["flowAliasSummaries"] == [got]


def test_the_draft_alias_cannot_be_changed(bedrock: Any, prepared: str) -> None:
    with refused("ValidationException", 400, "TSTALIASID"):
        bedrock.delete_flow_alias(flowIdentifier=prepared, aliasIdentifier="TSTALIASID")
    with refused("ValidationException", 400, "TSTALIASID"):
        bedrock.update_flow_alias(
            flowIdentifier=prepared,
            aliasIdentifier="TSTALIASID",
            name="mine",
            routingConfiguration=routed("DRAFT"),
        )


def test_the_draft_alias_has_tags(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow(tags={"of": "the flow"})
    arn = f"{flow['arn']}/alias/TSTALIASID"
    assert bedrock.list_tags_for_resource(resourceArn=arn)["tags"] == {}
    bedrock.tag_resource(resourceArn=arn, tags={"of": "the alias"})
    assert bedrock.list_tags_for_resource(resourceArn=arn)["tags"] == {"of": "the alias"}
    assert bedrock.list_tags_for_resource(resourceArn=flow["arn"])["tags"] == {"of": "the flow"}
    bedrock.untag_resource(resourceArn=arn, tagKeys=["of"])
    assert bedrock.list_tags_for_resource(resourceArn=arn)["tags"] == {}


def test_pages_put_the_draft_first_then_the_newest(bedrock: Any, prepared: str) -> None:
    made = [
        bedrock.create_flow_alias(
            flowIdentifier=prepared, name=f"alias-{index}", routingConfiguration=routed("DRAFT")
        )["id"]
        for index in range(12)
    ]
    pages = list(
        bedrock.get_paginator("list_flow_aliases").paginate(
            flowIdentifier=prepared, PaginationConfig={"PageSize": 5}
        )
    )
    assert [len(page["flowAliasSummaries"]) for page in pages] == [5, 5, 3]
    assert "nextToken" not in pages[-1]
    found = [one["id"] for page in pages for one in page["flowAliasSummaries"]]
    assert found == ["TSTALIASID", *reversed(made)]
    one = bedrock.list_flow_aliases(flowIdentifier=prepared, maxResults=1)
    assert [alias["id"] for alias in one["flowAliasSummaries"]] == ["TSTALIASID"]
    rest = bedrock.list_flow_aliases(flowIdentifier=prepared, maxResults=1000, nextToken=one["nextToken"])
    assert [alias["id"] for alias in rest["flowAliasSummaries"]] == list(reversed(made))[:10]


def test_an_alias_holds_its_version_and_its_flow(bedrock: Any, released: str) -> None:
    alias = bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("1"))
    with refused("ConflictException", 409, alias["id"]):
        bedrock.delete_flow_version(flowIdentifier=released, flowVersion="1")
    with refused("ConflictException", 409, alias["id"]):
        bedrock.delete_flow(flowIdentifier=released)
    bedrock.delete_flow_version(flowIdentifier=released, flowVersion="2")
    bedrock.update_flow_alias(
        flowIdentifier=released,
        aliasIdentifier=alias["id"],
        name="live",
        routingConfiguration=routed("DRAFT"),
    )
    bedrock.delete_flow_version(flowIdentifier=released, flowVersion="1")
    bedrock.delete_flow_alias(flowIdentifier=released, aliasIdentifier=alias["id"])
    bedrock.delete_flow(flowIdentifier=released)


def test_an_alias_whose_version_was_forced_away_dangles(bedrock: Any, released: str) -> None:
    alias = bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("1"))
    bedrock.delete_flow_version(flowIdentifier=released, flowVersion="1", skipResourceInUseCheck=True)
    named = {"flowIdentifier": released, "aliasIdentifier": alias["id"]}
    assert bedrock.get_flow_alias(**named)["routingConfiguration"] == routed("1")
    with refused("ResourceNotFoundException", 404, "Version 1 of flow"):
        bedrock.update_flow_alias(**named, name="renamed", routingConfiguration=routed("1"))
    assert bedrock.get_flow_alias(**named)["name"] == "live"
    changed = bedrock.update_flow_alias(**named, name="live", routingConfiguration=routed("2"))
    assert changed["routingConfiguration"] == routed("2")


def test_a_forced_delete_takes_the_aliases_along(bedrock: Any, released: str) -> None:
    alias = bedrock.create_flow_alias(flowIdentifier=released, name="live", routingConfiguration=routed("1"))
    bedrock.delete_flow(flowIdentifier=released, skipResourceInUseCheck=True)
    for name in (alias["id"], "TSTALIASID"):
        with refused("ResourceNotFoundException", 404):
            bedrock.get_flow_alias(flowIdentifier=released, aliasIdentifier=name)


def test_the_same_request_makes_one_alias(bedrock: Any, released: str) -> None:
    wanted = {
        "flowIdentifier": released,
        "name": "live",
        "routingConfiguration": routed("1"),
        "clientToken": new_token(),
    }
    first = without_metadata(bedrock.create_flow_alias(**wanted))
    text = bedrock.raw_text
    named = {"flowIdentifier": released, "aliasIdentifier": first["id"]}
    bedrock.update_flow_alias(**named, name="changed", routingConfiguration=routed("2"))
    assert without_metadata(bedrock.create_flow_alias(**wanted)) == first
    assert bedrock.raw_text == text
    assert len(bedrock.list_flow_aliases(flowIdentifier=released)["flowAliasSummaries"]) == 2
    with refused("ConflictException", 409, wanted["clientToken"]):
        bedrock.create_flow_alias(**{**wanted, "routingConfiguration": routed("2")})
    bedrock.delete_flow_alias(**named)
    assert bedrock.create_flow_alias(**wanted)["id"] != first["id"], "its token was forgotten with it"


def test_the_quota(make_server: Any) -> None:
    client = checked_client(make_server(quota_flow_aliases="2", store="memory:").url)
    flow = client.create_flow(name="full", executionRoleArn=ROLE, definition=definition())["id"]
    made = [
        client.create_flow_alias(flowIdentifier=flow, name=name, routingConfiguration=routed("DRAFT"))["id"]
        for name in ("one", "two")
    ]
    with refused("ServiceQuotaExceededException", 402, "2"):
        client.create_flow_alias(flowIdentifier=flow, name="three", routingConfiguration=routed("DRAFT"))
    client.delete_flow_alias(flowIdentifier=flow, aliasIdentifier=made[0])
    client.create_flow_alias(flowIdentifier=flow, name="three", routingConfiguration=routed("DRAFT"))
