"""Many callers at once, through real sockets: nothing is made twice, nothing is lost, no number is skipped."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any, TypeVar

import pytest
from botocore.exceptions import ClientError
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, definition, new_name, new_token, send
from tests.contract.conftest import LiveServer

T = TypeVar("T")
CALLERS = 100


def at_once(work: Callable[[int], T], times: int = CALLERS) -> list[T]:
    """What ``work`` answers to so many callers, who all start at the same moment."""
    barrier = threading.Barrier(times)

    def one(index: int) -> T:
        barrier.wait(timeout=60)
        return work(index)

    with ThreadPoolExecutor(max_workers=times) as pool:
        return list(pool.map(one, range(times)))


@pytest.fixture
def flow(server: LiveServer) -> str:
    """A prepared flow of the test's own."""
    client = checked_client(server.url)
    made = client.create_flow(name=new_name(), executionRoleArn=ROLE, definition=definition())
    client.prepare_flow(flowIdentifier=made["id"])
    return str(made["id"])


def _numbers(server: LiveServer, flow: str) -> list[int]:
    pages = checked_client(server.url).get_paginator("list_flow_versions").paginate(flowIdentifier=flow)
    return [int(one["version"]) for page in pages for one in page["flowVersionSummaries"]]


def test_one_token_makes_one_version(server: LiveServer, flow: str) -> None:
    body = {"description": "once", "clientToken": new_token()}
    answers = at_once(lambda _: send(server.url, "POST", f"/flows/{flow}/versions", body))
    assert Counter(answer.status for answer in answers) == {201: CALLERS}
    assert len({answer.body for answer in answers}) == 1
    assert _numbers(server, flow) == [1]


def test_different_tokens_make_numbers_without_a_gap(server: LiveServer, flow: str) -> None:
    answers = at_once(
        lambda _: send(server.url, "POST", f"/flows/{flow}/versions", {"clientToken": new_token()})
    )
    assert sorted(int(answer.json()["version"]) for answer in answers) == list(range(1, CALLERS + 1))
    assert _numbers(server, flow) == list(range(CALLERS, 0, -1))


def test_one_name_makes_one_flow(server: LiveServer) -> None:
    body = {"name": new_name(), "executionRoleArn": ROLE}
    answers = at_once(lambda _: send(server.url, "POST", "/flows/", {**body, "clientToken": new_token()}))
    assert Counter(answer.status for answer in answers) == {201: 1, 409: CALLERS - 1}
    assert {answer.error for answer in answers if answer.status == 409} == {"ConflictException"}


def test_one_token_makes_one_flow(server: LiveServer) -> None:
    body = {"name": new_name(), "executionRoleArn": ROLE, "clientToken": new_token()}
    answers = at_once(lambda _: send(server.url, "POST", "/flows/", body))
    assert Counter(answer.status for answer in answers) == {201: CALLERS}
    assert len({answer.body for answer in answers}) == 1


def test_both_apis_number_one_flow(server: LiveServer, flow: str) -> None:
    """Half of the callers upsert through Humanloop, half create versions through Bedrock."""
    humanloop = server.humanloop()

    def work(index: int) -> str:
        if index % 2:
            return str(send(server.url, "POST", f"/flows/{flow}/versions", {}).status)
        attributes = {"definition": definition(f"text {index}"), "executionRoleArn": ROLE}
        return str(humanloop.flows.upsert(id=flow, attributes=attributes).version_id)

    answers = at_once(work)
    made = {answer for answer in answers if answer.startswith("flv_")}
    assert Counter(answer for answer in answers if answer not in made) == {"201": CALLERS // 2}
    assert len(made) == CALLERS // 2
    assert _numbers(server, flow) == list(range(CALLERS, 0, -1))
    client = checked_client(server.url)
    seen = Counter(
        str(client.get_flow_version(flowIdentifier=flow, flowVersion=str(number))["definition"])
        for number in range(1, CALLERS + 1)
    )
    assert len(seen) == CALLERS // 2 + 1, "each upserted text, and what was prepared before"


def test_updates_and_versions_never_mix(server: LiveServer, flow: str) -> None:
    """Each version has one of the texts whole, with the name that was given together with it."""
    names = [new_name() for _ in range(10)]
    client: Any = checked_client(server.url)

    def work(index: int) -> int | str:
        name = names[index % 10]
        try:
            client.update_flow(
                flowIdentifier=flow, name=name, executionRoleArn=ROLE, definition=definition(name)
            )
            client.prepare_flow(flowIdentifier=flow)
            return int(client.create_flow_version(flowIdentifier=flow)["version"])
        except ClientError as error:
            return str(error.response["Error"]["Code"])

    answers = at_once(work, times=20)
    made = [answer for answer in answers if isinstance(answer, int)]
    assert {answer for answer in answers if isinstance(answer, str)} <= {"ConflictException"}
    assert sorted(made) == list(range(1, len(made) + 1)) != []
    for number in made:
        version = client.get_flow_version(flowIdentifier=flow, flowVersion=str(number))
        assert version["definition"] == definition(version["name"])
