"""A live server to try the documentation's code on."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import boto3
import pytest
from tests.contract.conftest import LiveServer
from tests.docs.pages import ROOT


@pytest.fixture
def fresh_server(tmp_path: Path) -> Iterator[LiveServer]:
    """A server in open mode that nobody used before; its store is `headrace.db` in `tmp_path`.

    Models are answered by the examples' scripts, and a run that ended is on the record.
    """
    settings = {"config": str(ROOT / "examples" / "headrace.toml"), "wait_for_record": "true"}
    live = LiveServer(store=f"sqlite:///{tmp_path / 'headrace.db'}", settings=settings).start()
    yield live
    if live.process is not None and live.process.poll() is None:
        assert live.stop() == 0


@pytest.fixture(autouse=True)
def own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """A page's `boto3.client` looks for its credentials itself, not at those another page in this process found."""
    monkeypatch.setattr(boto3, "DEFAULT_SESSION", None)
