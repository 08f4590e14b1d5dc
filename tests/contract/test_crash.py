"""A server that is killed under load: what it acknowledged is there, whole, and once."""

from __future__ import annotations

import http.client
import itertools
import json
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import CREDENTIALS, ROLE, definition, new_token
from tests.contract.conftest import LiveServer

pytestmark = [pytest.mark.chaos, pytest.mark.timeout(300)]

ROUNDS = 20
FLOWS = 4
WRITERS = 8
"""Half of them create versions through Bedrock, half upsert through Humanloop."""
MOST_ANSWERS = 80
"""A round ends with a kill after so many answers at most."""


@dataclass
class Promises:
    """What the server said that it did, and what it was asked for without an answer.

    Attributes:
        versions: the body of each acknowledged CreateFlowVersion, by flow and number.
        upserts: the attributes of each acknowledged upsert, by flow and version id.
        unanswered: the flow and the body of each CreateFlowVersion that got no answer.
    """

    versions: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    upserts: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    unanswered: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    answers: int = 0


class Writer:
    """One connection that writes until the server dies."""

    def __init__(self, live: LiveServer, promises: Promises, is_enough: threading.Event, limit: int) -> None:
        parts = urlsplit(live.url)
        self._connection = http.client.HTTPConnection(parts.hostname or "", parts.port, timeout=30)
        self._promises = promises
        self._is_enough = is_enough
        self._limit = limit

    def create_versions(self, flows: list[str]) -> None:
        for flow in itertools.cycle(flows):
            token = new_token()
            body = {"clientToken": token, "description": token}
            try:
                answer = self._post(f"/flows/{flow}/versions", body, 201)
            except (OSError, http.client.HTTPException):
                self._promises.unanswered.append((flow, body))
                return
            self._promises.versions[flow, answer["version"]] = answer
            self._count()

    def upsert(self, flows: list[str]) -> None:
        for flow in itertools.cycle(flows):
            attributes = {"definition": definition(new_token()), "executionRoleArn": ROLE}
            try:
                answer = self._post("/v5/flows", {"id": flow, "attributes": attributes}, 200)
            except (OSError, http.client.HTTPException):
                return
            self._promises.upserts[flow, answer["version_id"]] = attributes
            self._count()

    def _count(self) -> None:
        self._promises.answers += 1
        if self._promises.answers >= self._limit:
            self._is_enough.set()

    def _post(self, path: str, body: dict[str, Any], status: int) -> Any:
        headers = {**CREDENTIALS, "x-api-key": "any", "content-type": "application/json"}
        self._connection.request("POST", path, json.dumps(body), headers)
        response = self._connection.getresponse()
        text = response.read()
        assert response.status == status, text
        return json.loads(text)


def _write_until_killed(live: LiveServer, flows: list[str], limit: int) -> Promises:
    promises, is_enough = Promises(), threading.Event()
    with ThreadPoolExecutor(max_workers=WRITERS) as pool:
        work = []
        for index in range(WRITERS):
            writer = Writer(live, promises, is_enough, limit)
            act: Callable[[list[str]], None] = writer.upsert if index % 2 else writer.create_versions
            turn = index % len(flows)
            work.append(pool.submit(act, flows[turn:] + flows[:turn]))
        assert is_enough.wait(60)
        live.kill()
        for one in work:
            one.result(timeout=60)
    return promises


def _numbers(client: Any, flow: str) -> list[str]:
    pages = client.get_paginator("list_flow_versions").paginate(flowIdentifier=flow)
    return [one["version"] for page in pages for one in page["flowVersionSummaries"]]


def _check_promises(live: LiveServer, client: Any, promises: Promises) -> None:
    for (flow, number), answer in promises.versions.items():
        client.get_flow_version(flowIdentifier=flow, flowVersion=number)
        assert client.raw == answer
    _check_upserts(live, promises)


def _check_upserts(live: LiveServer, promises: Promises) -> None:
    humanloop = live.humanloop().flows
    for flow in {flow for flow, _ in promises.upserts}:
        kept = {one.version_id: one.attributes for one in humanloop.list_versions(flow).records}
        for (owner, version), attributes in promises.upserts.items():
            if owner == flow:
                assert kept[version] == attributes


def _check_replays(client: Any, promises: Promises) -> None:
    """Repeat what got no answer: it is done now, unless it had been done before the kill."""
    for flow, body in promises.unanswered:
        before = _numbers(client, flow)
        made = client.create_flow_version(
            flowIdentifier=flow, description=body["description"], clientToken=body["clientToken"]
        )
        again = client.create_flow_version(
            flowIdentifier=flow, description=body["description"], clientToken=body["clientToken"]
        )
        assert made["version"] == again["version"]
        after = _numbers(client, flow)
        if made["version"] in before:
            assert after == before
        else:
            assert after == [made["version"], *before]


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    running = LiveServer(store=f"sqlite:///{tmp_path}/headrace.db", settings={"log_level": "warning"})
    yield running.start()
    assert running.stop() == 0


def test_a_killed_server_keeps_its_promises(live: LiveServer) -> None:
    rng = random.Random(7)
    client = checked_client(live.url)
    flows = []
    for index in range(FLOWS):
        made = client.create_flow(name=f"flow-{index}", executionRoleArn=ROLE, definition=definition())
        client.prepare_flow(flowIdentifier=made["id"])
        flows.append(made["id"])
    every = Promises()
    for _ in range(ROUNDS):
        promises = _write_until_killed(live, flows, rng.randint(WRITERS, MOST_ANSWERS))
        client = checked_client(live.start().url)
        _check_promises(live, client, promises)
        _check_replays(client, promises)
        every.versions |= promises.versions
        every.upserts |= promises.upserts
        every.unanswered += promises.unanswered
    assert len(every.unanswered) >= ROUNDS, "kills must have cut off requests, or this proves nothing"
    _check_the_whole(client, flows, every)
    _check_upserts(live, every)


def _check_the_whole(client: Any, flows: list[str], every: Promises) -> None:
    for flow in flows:
        numbers = [int(number) for number in _numbers(client, flow)]
        assert numbers == list(range(len(numbers), 0, -1)), "no gap, no duplicate"
        descriptions: Counter[str] = Counter()
        for number in numbers:
            version = client.get_flow_version(flowIdentifier=flow, flowVersion=str(number))
            assert version["definition"]["nodes"], "whole"
            assert client.raw == every.versions.get((flow, str(number)), client.raw)
            if "description" in version:
                descriptions[version["description"]] += 1
        asked = [body["description"] for owner, body in every.unanswered if owner == flow]
        answered = [one["description"] for (owner, _), one in every.versions.items() if owner == flow]
        assert descriptions == Counter(asked + answered), "each request was carried out once"
