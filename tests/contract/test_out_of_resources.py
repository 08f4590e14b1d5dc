"""The machine under a server runs out of something: who asks is told to try again, and it goes on when it can."""

from __future__ import annotations

import errno
import logging
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, TypeVar

import httpx
import pytest
from botocore.exceptions import EventStreamError
from tests.contract.bedrock.things import ROLE
from tests.contract.conftest import boto_client
from tests.contract.inprocess import in_process
from tests.unit.engine.flows import end, level, start

from headrace.core.errors import Unavailable
from headrace.core.ports import Transaction
from headrace.settings import Settings
from headrace.storage.memory.store import MemoryStore

T = TypeVar("T")

FULL = OSError(errno.ENOSPC, "No space left on device")


class FullFile:
    """A temporary file on a full disk."""

    def seek(self, at: int) -> None: ...

    def truncate(self) -> None: ...

    def write(self, data: bytes) -> None: ...

    def flush(self) -> None:
        raise FULL

    def close(self) -> None:
        raise FULL


def _no_file() -> Any:
    raise FULL


@pytest.mark.parametrize("make", [_no_file, FullFile], ids=["can't be made", "can't be filled"])
def test_an_archive_that_has_no_room(make: Any, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    with in_process(Settings(store=f"sqlite:///{tmp_path}/store.db")) as running:
        with monkeypatch.context() as full:
            full.setattr(tempfile, "TemporaryFile", make)
            refused = httpx.get(f"{running.url}/api/archive", headers={"x-api-key": "any"})
        assert refused.status_code == 503
        assert "temporary files" in refused.json()["error"]["message"]
        assert httpx.get(f"{running.url}/api/archive", headers={"x-api-key": "any"}).status_code == 200


class FullStore(MemoryStore):
    """Keeps nothing more while it is full."""

    is_full = False

    async def write(self, account: str, work: Callable[[Transaction], T]) -> T:
        if self.is_full:
            raise Unavailable("The disk is full.")
        return await super().write(account, work)


def test_a_run_whose_record_has_no_room(caplog: pytest.LogCaptureFixture) -> None:
    """Its caller waits for the record, is told why there is none, and that it is no bug of the server."""
    store = FullStore()
    with in_process(Settings(store="memory:", wait_for_record=True), store) as running:
        agent, runtime = (
            boto_client(running.url, name) for name in ("bedrock-agent", "bedrock-agent-runtime")
        )
        definition = level([start(), end()], "Start.document > End.document")
        flow = agent.create_flow(name="flow", executionRoleArn=ROLE, definition=definition)["id"]
        agent.prepare_flow(flowIdentifier=flow)
        document = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": 7}}]
        call = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID", "inputs": document}
        store.is_full = True
        with pytest.raises(EventStreamError) as refused:
            list(runtime.invoke_flow(**call)["responseStream"])
        store.is_full = False
        assert "The disk is full." in str(refused.value)
        assert [record for record in caplog.records if record.levelno >= logging.ERROR] == []
        (output, _) = runtime.invoke_flow(**call)["responseStream"]
        assert output["flowOutputEvent"]["content"]["document"] == 7
