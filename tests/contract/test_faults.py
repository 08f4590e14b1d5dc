"""What callers see when something inside breaks: that it broke, a request id, and nothing of the inside."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator
from typing import Any, TypeVar

import httpx
import pytest
from tests.contract.bedrock.conformance import REQUEST_ID, checked_client
from tests.contract.bedrock.things import ROLE, refused
from tests.contract.inprocess import InProcess, in_process

from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.settings import Settings
from headrace.storage.memory.store import MemoryStore

T = TypeVar("T")
SECRET_OF_THE_INSIDE = "table `files` is on fire"


class BreakableStore(MemoryStore):
    """Raises `broken_by` at every access while that is set."""

    broken_by: Exception | None = None

    async def read(self, account: str, work: Callable[[Transaction], T]) -> T:
        self._break()
        return await super().read(account, work)

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        self._break()
        return await super().write(account, work)

    async def check(self) -> None:
        self._break()
        await super().check()

    def _break(self) -> None:
        if self.broken_by is not None:
            raise self.broken_by


@pytest.fixture
def store() -> BreakableStore:
    return BreakableStore()


@pytest.fixture
def running(store: BreakableStore) -> Iterator[InProcess]:
    with in_process(Settings(store="memory:"), store) as running:
        checked_client(running.url).list_flows()  # now it is known that there are no keys
        yield running


def test_a_bug_is_an_internal_error_to_an_aws_client(
    running: InProcess, store: BreakableStore, caplog: pytest.LogCaptureFixture
) -> None:
    client = checked_client(running.url)
    store.broken_by = RuntimeError(SECRET_OF_THE_INSIDE)
    with caplog.at_level(logging.INFO), refused("InternalServerException", 500) as caught:
        client.create_flow(name="flow", executionRoleArn=ROLE)
    response = caught.value.response
    request_id = response["ResponseMetadata"]["RequestId"]
    assert REQUEST_ID.fullmatch(request_id)
    assert response["Error"]["Message"] == f"Internal error. Request id: {request_id}"
    logged = [record for record in caplog.records if getattr(record, "request_id", "") == request_id]
    assert SECRET_OF_THE_INSIDE in str([record.exc_info for record in logged])
    store.broken_by = None
    client.create_flow(name="flow", executionRoleArn=ROLE)


def test_a_bug_is_an_internal_error_to_a_humanloop_client(running: InProcess, store: BreakableStore) -> None:
    store.broken_by = RuntimeError(SECRET_OF_THE_INSIDE)
    answer = httpx.get(f"{running.url}/v5/flows", headers={"x-api-key": "any"})
    assert answer.status_code == 500
    assert SECRET_OF_THE_INSIDE not in answer.text
    assert answer.headers["x-request-id"] in answer.text


def test_a_bug_is_an_internal_error_to_our_own_client(running: InProcess, store: BreakableStore) -> None:
    store.broken_by = RuntimeError(SECRET_OF_THE_INSIDE)
    answer = httpx.get(f"{running.url}/console/keys", headers={"x-api-key": "any"})
    assert answer.status_code == 500
    assert answer.json() == {"error": f"Internal error. Request id: {answer.headers['x-request-id']}"}


def test_an_unavailable_store(running: InProcess, store: BreakableStore) -> None:
    client: Any = checked_client(running.url)
    assert httpx.get(f"{running.url}/readyz").status_code == 200
    store.broken_by = Unavailable("The disk is full. Make room.")
    with refused("InternalServerException", 500, "The disk is full"):
        client.create_flow(name="flow", executionRoleArn=ROLE)
    assert httpx.get(f"{running.url}/healthz").status_code == 200, "the process is well"
    assert httpx.get(f"{running.url}/readyz").status_code == 503, "it can do nothing for anybody"
    store.broken_by = None
    assert httpx.get(f"{running.url}/readyz").status_code == 200
