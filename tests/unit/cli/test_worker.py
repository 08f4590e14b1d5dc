"""What a worker says of its work, and that it does its work when nobody hears it."""

from __future__ import annotations

import io
import sys

import pytest

from headrace.cli.worker import Told


class Gone(io.StringIO):
    """A pipe whose reader has gone."""

    def write(self, text: str) -> int:
        raise BrokenPipeError(32, "Broken pipe")


def test_nothing_depends_on_whether_anybody_listens(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(sys, "stdout", Gone())
    told = Told(as_json=True)
    told.begun("exe_1", "000000000000")
    told.ended("exe_1", "000000000000", "Succeeded")
    assert [record.getMessage() for record in caplog.records] == [
        "what begins and ends is not told any more: [Errno 32] Broken pipe"
    ]
