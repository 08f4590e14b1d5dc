"""Aliases of flows through boto3 (bedrock 1.4)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from humanloop.core.api_error import ApiError
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
TO_DRAFT = [{"flowVersion": "DRAFT"}]
TO_ONE = [{"flowVersion": "1"}]


@pytest.fixture
def numbered(bedrock: Any, prepared: str) -> str:
    """A flow with the versions 1 and 2."""
    for _ in range(2):
        bedrock.create_flow_version(flowIdentifier=prepared)
    return prepared


def test_every_member_of_an_alias(bedrock: Any, numbered: str) -> None:
    given = {
        "name": "live",
        "description": "what customers use",
        "routingConfiguration": TO_ONE,
        "concurrencyConfiguration": {"type": "Manual", "maxConcurrency": 7},
    }
    made = without_metadata(bedrock.create_flow_alias(flowIdentifier=numbered, **given))
    assert {k: made[k] for k in given} == given
    assert set(made) == set(given) | {"flowId", "id", "arn", "createdAt", "updatedAt"}
    flow_arn = bedrock.get_flow(flowIdentifier=numbered)["arn"]
    assert (made["flowId"], made["arn"]) == (numbered, f"{flow_arn}/alias/{made['id']}")
    assert made["createdAt"] == made["updatedAt"]
    for alias in (made["id"], made["arn"]):
        found = bedrock.get_flow_alias(flowIdentifier=numbered, aliasIdentifier=alias)
        assert without_metadata(found) == made
    listed = bedrock.list_flow_aliases(flowIdentifier=numbered)["flowAliasSummaries"]
    assert [one["id"] for one in listed] == ["TSTALIASID", made["id"]]
    assert listed[1] == made


def test_the_alias_that_every_flow_is_born_with(bedrock: Any, make_flow: Make) -> None:
    flow = make_flow()
    found = without_metadata(bedrock.get_flow_alias(flowIdentifier=flow["id"], aliasIdentifier="TSTALIASID"))
    assert found == {
        "name": "TSTALIASID",
        "id": "TSTALIASID",
        "arn": f"{flow['arn']}/alias/TSTALIASID",
        "flowId": flow["id"],
        "routingConfiguration": TO_DRAFT,
        "createdAt": flow["createdAt"],
        "updatedAt": flow["createdAt"],
    }
    given = {"flowIdentifier": flow["id"], "aliasIdentifier": "TSTALIASID"}
    with refused("ValidationException", 400):
        bedrock.delete_flow_alias(**given)
    with refused("ValidationException", 400):
        bedrock.update_flow_alias(**given, name="mine", routingConfiguration=TO_DRAFT)


def test_what_was_not_given_is_absent(bedrock: Any, prepared: str) -> None:
    bedrock.create_flow_alias(flowIdentifier=prepared, name="a", routingConfiguration=TO_DRAFT)
    assert not {"description", "concurrencyConfiguration"} & set(bedrock.raw)
    automatic = {"type": "Automatic"}
    made = bedrock.create_flow_alias(
        flowIdentifier=prepared, name="b", routingConfiguration=TO_DRAFT, concurrencyConfiguration=automatic
    )
    assert made["concurrencyConfiguration"] == automatic


def test_update_replaces_everything(bedrock: Any, numbered: str) -> None:
    made = bedrock.create_flow_alias(
        flowIdentifier=numbered, name="live", description="d", routingConfiguration=TO_ONE
    )
    ref = {"flowIdentifier": numbered, "aliasIdentifier": made["id"]}
    changed = without_metadata(
        bedrock.update_flow_alias(**ref, name="next", routingConfiguration=[{"flowVersion": "2"}])
    )
    assert "description" not in changed
    assert (changed["name"], changed["routingConfiguration"]) == ("next", [{"flowVersion": "2"}])
    assert changed["createdAt"] == made["createdAt"] < changed["updatedAt"]
    assert without_metadata(bedrock.get_flow_alias(**ref)) == changed
    bedrock.update_flow_alias(**ref, name="next", routingConfiguration=TO_DRAFT)


def test_deletion(bedrock: Any, numbered: str) -> None:
    alias = bedrock.create_flow_alias(flowIdentifier=numbered, name="live", routingConfiguration=TO_ONE)["id"]
    ref = {"flowIdentifier": numbered, "aliasIdentifier": alias}
    assert without_metadata(bedrock.delete_flow_alias(**ref)) == {"flowId": numbered, "id": alias}
    with refused("ResourceNotFoundException", 404, alias):
        bedrock.get_flow_alias(**ref)
    with refused("ResourceNotFoundException", 404, alias):
        bedrock.delete_flow_alias(**ref)
    with refused("ResourceNotFoundException", 404, alias):
        bedrock.update_flow_alias(**ref, name="live", routingConfiguration=TO_ONE)
    bedrock.create_flow_alias(flowIdentifier=numbered, name="live", routingConfiguration=TO_ONE)


def test_an_alias_keeps_its_version_and_its_flow(bedrock: Any, numbered: str) -> None:
    alias = bedrock.create_flow_alias(flowIdentifier=numbered, name="live", routingConfiguration=TO_ONE)["id"]
    with refused("ConflictException", 409, alias):
        bedrock.delete_flow_version(flowIdentifier=numbered, flowVersion="1")
    with refused("ConflictException", 409, numbered, alias):
        bedrock.delete_flow(flowIdentifier=numbered)
    bedrock.delete_flow_version(flowIdentifier=numbered, flowVersion="1", skipResourceInUseCheck=True)
    found = bedrock.get_flow_alias(flowIdentifier=numbered, aliasIdentifier=alias)
    assert found["routingConfiguration"] == TO_ONE, "it dangles until it is pointed elsewhere"
    assert bedrock.create_flow_version(flowIdentifier=numbered)["version"] == "3"
    bedrock.delete_flow(flowIdentifier=numbered, skipResourceInUseCheck=True)
    with refused("ResourceNotFoundException", 404):
        bedrock.list_flow_aliases(flowIdentifier=numbered)


def test_names_are_unique_in_a_flow(bedrock: Any, make_flow: Make, prepared: str) -> None:
    given = {"name": "live", "routingConfiguration": TO_DRAFT}
    bedrock.create_flow_alias(flowIdentifier=prepared, **given)
    with refused("ConflictException", 409, "live"):
        bedrock.create_flow_alias(flowIdentifier=prepared, **given)
    other = bedrock.create_flow_alias(flowIdentifier=prepared, name="other", routingConfiguration=TO_DRAFT)
    with refused("ConflictException", 409, "live"):
        bedrock.update_flow_alias(flowIdentifier=prepared, aliasIdentifier=other["id"], **given)
    bedrock.create_flow_alias(flowIdentifier=make_flow()["id"], **given)


@pytest.mark.parametrize("version", ["3", "01", "99999"])
def test_versions_that_are_not_there(bedrock: Any, numbered: str, version: str) -> None:
    with refused("ResourceNotFoundException", 404, version):
        bedrock.create_flow_alias(
            flowIdentifier=numbered, name="a", routingConfiguration=[{"flowVersion": version}]
        )


@pytest.mark.parametrize(
    "route",
    [
        [],
        [{}],
        [{"flowVersion": None}],
        TO_ONE * 2,
        [{"flowVersion": "0"}],
        [{"flowVersion": "draft"}],
        "1",
        None,
    ],
)
def test_routes_out_of_shape(server: LiveServer, numbered: str, route: Any) -> None:
    body = {"name": "a", "routingConfiguration": route}
    answer = send(server.url, "POST", f"/flows/{numbered}/aliases", body)
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert answer.json()["fieldList"][0]["name"].startswith("routingConfiguration")


@pytest.mark.parametrize("concurrency", [{}, {"type": "Both"}, {"type": "Manual", "maxConcurrency": 101}])
def test_concurrency_out_of_shape(server: LiveServer, numbered: str, concurrency: Any) -> None:
    body = {"name": "a", "routingConfiguration": TO_ONE, "concurrencyConfiguration": concurrency}
    answer = send(server.url, "POST", f"/flows/{numbered}/aliases", body)
    assert (answer.status, answer.error) == (400, "ValidationException")


def test_an_arn_of_another_flow_does_not_fit(bedrock: Any, make_flow: Make, prepared: str) -> None:
    other = make_flow()
    alias = bedrock.create_flow_alias(flowIdentifier=other["id"], name="a", routingConfiguration=TO_DRAFT)
    with refused("ValidationException", 400, alias["arn"]):
        bedrock.get_flow_alias(flowIdentifier=prepared, aliasIdentifier=alias["arn"])
    with refused("ResourceNotFoundException", 404):
        bedrock.get_flow_alias(flowIdentifier=prepared, aliasIdentifier=alias["id"])
    foreign = alias["arn"].replace("000000000000", "999999999999")
    with refused("ResourceNotFoundException", 404):
        bedrock.get_flow_alias(flowIdentifier=other["id"], aliasIdentifier=foreign)


def test_the_arn_fits_however_the_flow_is_named(server: LiveServer, bedrock: Any, prepared: str) -> None:
    alias = bedrock.create_flow_alias(flowIdentifier=prepared, name="a", routingConfiguration=TO_DRAFT)
    long = server.humanloop().flows.get(prepared).id
    for flow in (prepared, long, alias["arn"].partition("/alias/")[0]):
        found = bedrock.get_flow_alias(flowIdentifier=flow, aliasIdentifier=alias["arn"])
        assert found["id"] == alias["id"]


def test_a_repeated_create(bedrock: Any, numbered: str) -> None:
    wanted = {
        "flowIdentifier": numbered,
        "name": "live",
        "routingConfiguration": TO_ONE,
        "clientToken": new_token(),
    }
    made = bedrock.create_flow_alias(**wanted)
    first = bedrock.raw_text
    bedrock.update_flow_alias(
        flowIdentifier=numbered,
        aliasIdentifier=made["id"],
        name="moved",
        routingConfiguration=[{"flowVersion": "2"}],
    )
    bedrock.create_flow_alias(**wanted)
    assert bedrock.raw_text == first
    with refused("ConflictException", 409, wanted["clientToken"]):
        bedrock.create_flow_alias(**{**wanted, "name": "other"})
    bedrock.delete_flow_alias(flowIdentifier=numbered, aliasIdentifier=made["id"])
    assert bedrock.create_flow_alias(**wanted)["id"] != made["id"]


def test_pages_begin_with_the_born_one(bedrock: Any, prepared: str) -> None:
    for index in range(9):
        bedrock.create_flow_alias(flowIdentifier=prepared, name=f"a{index}", routingConfiguration=TO_DRAFT)
    for size in (1, 4, 10):
        pages = bedrock.get_paginator("list_flow_aliases").paginate(
            flowIdentifier=prepared, PaginationConfig={"PageSize": size}
        )
        names = [one["name"] for page in pages for one in page["flowAliasSummaries"]]
        assert names == ["TSTALIASID", *(f"a{index}" for index in reversed(range(9)))]


def test_a_page_may_have_become_empty(bedrock: Any, prepared: str) -> None:
    made = bedrock.create_flow_alias(flowIdentifier=prepared, name="a", routingConfiguration=TO_DRAFT)
    token = bedrock.list_flow_aliases(flowIdentifier=prepared, maxResults=1)["nextToken"]
    bedrock.delete_flow_alias(flowIdentifier=prepared, aliasIdentifier=made["id"])
    bedrock.list_flow_aliases(flowIdentifier=prepared, nextToken=token)
    assert bedrock.raw == {"flowAliasSummaries": []}


def test_the_quota(make_server: Any) -> None:
    client = checked_client(make_server(quota_flow_aliases="1", store="memory:").url)
    flow = client.create_flow(name="flow", executionRoleArn=ROLE, definition=definition())["id"]
    first = client.create_flow_alias(flowIdentifier=flow, name="a", routingConfiguration=TO_DRAFT)["id"]
    with refused("ServiceQuotaExceededException", 402, "1"):
        client.create_flow_alias(flowIdentifier=flow, name="b", routingConfiguration=TO_DRAFT)
    client.delete_flow_alias(flowIdentifier=flow, aliasIdentifier=first)
    client.create_flow_alias(flowIdentifier=flow, name="b", routingConfiguration=TO_DRAFT)


def test_an_alias_keeps_a_humanloop_version(server: LiveServer, bedrock: Any) -> None:
    human = server.humanloop().flows
    path = new_name()
    human.upsert(path=path, attributes={"definition": definition()})
    made = human.upsert(path=path, attributes={"definition": definition("two")})
    alias = bedrock.create_flow_alias(
        flowIdentifier=made.id, name="live", routingConfiguration=[{"flowVersion": "2"}]
    )
    with pytest.raises(ApiError) as caught:
        human.delete_flow_version(made.id, made.version_id)
    assert caught.value.status_code == 409
    assert alias["id"] in str(caught.value.body)
    bedrock.delete_flow_alias(flowIdentifier=made.id, aliasIdentifier=alias["id"])
    human.delete_flow_version(made.id, made.version_id)
