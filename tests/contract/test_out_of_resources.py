"""The machine under a server runs out of something: who asks is told to try again, and it goes on when it can."""

from __future__ import annotations

import errno
import tempfile
from pathlib import Path
from typing import Any

import httpx
import pytest
from tests.contract.inprocess import in_process

from headrace.settings import Settings

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
