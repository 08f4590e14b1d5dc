"""Pages of ListFlows and ListFlowVersions (bedrock 1.1, Pagination)."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, definition, refused, send

from headrace.vault import new_key

FLOWS = 23
VERSIONS = 21


@pytest.fixture(scope="module")
def server_of_many(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A server with nothing but FLOWS flows, the first of which has VERSIONS versions."""
    from tests.contract.conftest import LiveServer

    store = f"sqlite:///{tmp_path_factory.mktemp('many')}/headrace.db"
    live = LiveServer(store=store, settings={"secret_key": new_key()}).start()
    client = checked_client(live.url)
    for index in range(FLOWS):
        client.create_flow(name=f"flow-{index:02}", executionRoleArn=ROLE, definition=definition())
    yield live
    assert live.stop() == 0


@pytest.fixture(scope="module")
def many(server_of_many: Any) -> Any:
    return checked_client(server_of_many.url)


@pytest.fixture(scope="module")
def numbered(many: Any) -> str:
    """The id of a flow with VERSIONS versions."""
    flow = many.create_flow(name="numbered", executionRoleArn=ROLE, definition=definition())
    many.prepare_flow(flowIdentifier=flow["id"])
    for _ in range(VERSIONS):
        many.create_flow_version(flowIdentifier=flow["id"])
    return str(flow["id"])


def _pages(call: Callable[..., Mapping[str, Any]], members: str, **given: Any) -> list[list[Any]]:
    pages, token = [], {}
    while True:
        answer = call(**given, **token)
        pages.append(answer[members])
        if "nextToken" not in answer:
            return pages
        token = {"nextToken": answer["nextToken"]}


@pytest.mark.parametrize(
    ("asked", "sizes"),
    [
        (None, [10, 10, 1]),
        (1, [1] * 21),
        (7, [7, 7, 7]),
        (10, [10, 10, 1]),
        (11, [10, 10, 1]),
        (1000, [10, 10, 1]),
    ],
)
def test_sizes(many: Any, numbered: str, asked: int | None, sizes: list[int]) -> None:
    size = {} if asked is None else {"maxResults": asked}
    pages = _pages(many.list_flow_versions, "flowVersionSummaries", flowIdentifier=numbered, **size)
    assert [len(page) for page in pages] == sizes
    numbers = [int(one["version"]) for page in pages for one in page]
    assert numbers == list(range(VERSIONS, 0, -1))


def test_the_paginators(many: Any, numbered: str) -> None:
    flows = [
        one["name"]
        for page in many.get_paginator("list_flows").paginate(PaginationConfig={"PageSize": 4})
        for one in page["flowSummaries"]
    ]
    assert [name for name in flows if name.startswith("flow-")] == [
        f"flow-{index:02}" for index in reversed(range(FLOWS))
    ]
    versions = many.get_paginator("list_flow_versions").paginate(flowIdentifier=numbered)
    assert len(versions.build_full_result()["flowVersionSummaries"]) == VERSIONS


@pytest.mark.parametrize("size", [1001, 5000])
def test_a_size_beyond_the_limit(many: Any, numbered: str, size: int) -> None:
    with refused("ValidationException", 400, "maxResults"):
        many.list_flow_versions(flowIdentifier=numbered, maxResults=size)


@pytest.mark.parametrize("size", ["0", "-1", "ten", "", "1.5"])
def test_a_size_that_is_none(server_of_many: Any, numbered: str, size: str) -> None:
    answer = send(server_of_many.url, "GET", f"/flows/{numbered}/versions?maxResults={size}")
    assert (answer.status, answer.error) == (400, "ValidationException")
    assert [field["name"] for field in answer.json()["fieldList"]] == ["maxResults"]


def test_an_insert_between_pages_neither_repeats_nor_skips(many: Any) -> None:
    flow = many.create_flow(name="growing", executionRoleArn=ROLE, definition=definition())
    many.prepare_flow(flowIdentifier=flow["id"])
    for _ in range(6):
        many.create_flow_version(flowIdentifier=flow["id"])
    first = many.list_flow_versions(flowIdentifier=flow["id"], maxResults=3)
    many.create_flow_version(flowIdentifier=flow["id"])
    many.delete_flow_version(flowIdentifier=flow["id"], flowVersion="4")  # where the first page ended
    rest = many.list_flow_versions(flowIdentifier=flow["id"], nextToken=first["nextToken"])
    seen = [one["version"] for one in first["flowVersionSummaries"] + rest["flowVersionSummaries"]]
    assert seen == ["6", "5", "4", "3", "2", "1"]


def test_a_deletion_between_pages_of_flows(many: Any) -> None:
    made = [many.create_flow(name=f"going-{index}", executionRoleArn=ROLE)["id"] for index in range(4)]
    first = many.list_flows(maxResults=2)
    many.delete_flow(flowIdentifier=made[2])
    many.create_flow(name="coming", executionRoleArn=ROLE)
    second = many.list_flows(maxResults=2, nextToken=first["nextToken"])
    assert [one["id"] for one in first["flowSummaries"]] == [made[3], made[2]]
    assert [one["id"] for one in second["flowSummaries"]] == [made[1], made[0]]


def test_a_full_last_page_has_no_token(many: Any) -> None:
    flow = many.create_flow(name="exactly-ten", executionRoleArn=ROLE, definition=definition())
    many.prepare_flow(flowIdentifier=flow["id"])
    assert "nextToken" not in many.list_flow_versions(flowIdentifier=flow["id"])
    for _ in range(10):
        many.create_flow_version(flowIdentifier=flow["id"])
    answer = many.list_flow_versions(flowIdentifier=flow["id"])
    assert len(answer["flowVersionSummaries"]) == 10
    assert "nextToken" not in many.raw


def _token(many: Any, flow: str) -> str:
    return str(many.list_flow_versions(flowIdentifier=flow, maxResults=1)["nextToken"])


def _altered(token: str) -> list[str]:
    swapped = "B" if token[4] != "B" else "C"
    return [token[:4] + swapped + token[5:], token[:-4], token + "AAAA", token[::-1]]


def test_tokens_that_were_not_given(many: Any, numbered: str) -> None:
    for token in ["garbage", "A" * 2048, "é", "=", "AAAA", *_altered(_token(many, numbered))]:
        with refused("ValidationException", 400, "nextToken"):
            many.list_flow_versions(flowIdentifier=numbered, nextToken=token)


@pytest.mark.parametrize("token", ["x" * 2049, "white space"])
def test_tokens_that_are_none(many: Any, numbered: str, token: str) -> None:
    with refused("ValidationException", 400, "nextToken"):
        many.list_flow_versions(flowIdentifier=numbered, nextToken=token)


def test_a_token_is_of_one_list_only(many: Any, numbered: str) -> None:
    other = many.create_flow(name="other-list", executionRoleArn=ROLE)["id"]
    for call, given in ((many.list_flows, {}), (many.list_flow_versions, {"flowIdentifier": other})):
        with refused("ValidationException", 400, "nextToken"):
            call(**given, nextToken=_token(many, numbered))
    of_flows = many.list_flows(maxResults=1)["nextToken"]
    with refused("ValidationException", 400, "nextToken"):
        many.list_flow_versions(flowIdentifier=numbered, nextToken=of_flows)


def test_a_token_of_another_server_is_none(many: Any, numbered: str, bedrock: Any) -> None:
    bedrock.create_flow(name="elsewhere", executionRoleArn=ROLE)
    with refused("ValidationException", 400, "nextToken"):
        bedrock.list_flows(nextToken=many.list_flows(maxResults=1)["nextToken"])


def test_a_token_survives_the_id_and_the_arn(many: Any, numbered: str) -> None:
    arn = f"arn:aws:bedrock:us-east-1:000000000000:flow/{numbered}"
    page = many.list_flow_versions(flowIdentifier=arn, nextToken=_token(many, numbered))
    assert page["flowVersionSummaries"][0]["version"] == str(VERSIONS - 1)
