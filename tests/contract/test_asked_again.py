"""What is asked again over a connection is answered again, with an id of its own, until something changes."""

from __future__ import annotations

import http.client
import json
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest
from tests.contract.conftest import LiveServer

pytestmark = pytest.mark.live
HEADERS = {"x-api-key": "any", "content-type": "application/json"}


@pytest.fixture(scope="module")
def connection(tmp_path_factory: pytest.TempPathFactory) -> Iterator[http.client.HTTPConnection]:
    server = LiveServer(store=f"sqlite:///{tmp_path_factory.mktemp('again')}/headrace.db").start()
    at = urlsplit(server.url)
    found = http.client.HTTPConnection(at.hostname or "", at.port, timeout=60)
    yield found
    found.close()
    assert server.stop() == 0


def told(
    connection: http.client.HTTPConnection, method: str, path: str, body: Any = None
) -> tuple[dict[str, str], Any]:
    connection.request(method, path, None if body is None else json.dumps(body), HEADERS)
    answer = connection.getresponse()
    assert answer.status in (200, 201), answer.status
    return {name.lower(): value for name, value in answer.getheaders()}, json.loads(answer.read())


def requests_counted(connection: http.client.HTTPConnection) -> float:
    """How many reads of a flow `/metrics` tells of."""
    connection.request("GET", "/metrics", headers=HEADERS)
    lines = connection.getresponse().read().decode().splitlines()
    return sum(float(line.split()[-1]) for line in lines if "_count{" in line and '"GetFlow"' in line)


def test_a_read_is_told_again_until_something_changes(connection: http.client.HTTPConnection) -> None:
    role = "arn:aws:iam::123456789012:role/flows"
    _, made = told(connection, "POST", "/flows/", {"name": "again", "executionRoleArn": role})
    path = f"/flows/{made['id']}/"
    reads = [told(connection, "GET", path) for _ in range(5)]
    assert len({json.dumps(body) for _, body in reads}) == 1
    ids = {head["x-amzn-requestid"] for head, _ in reads}
    assert len(ids) == len(reads), "each has an id of its own"
    same = [
        {name: text for name, text in head.items() if head["x-amzn-requestid"] != text} for head, _ in reads
    ]
    assert all({**head, "date": ""} == {**same[0], "date": ""} for head in same)
    told(connection, "PUT", path, {"name": "changed", "executionRoleArn": role})
    _, body = told(connection, "GET", path)
    assert body["name"] == "changed"
    assert requests_counted(connection) == len(reads) + 1, "what is told again is counted"
