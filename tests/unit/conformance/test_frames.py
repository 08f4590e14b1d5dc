"""Event streams are read, and every fault in one is seen."""

from __future__ import annotations

import pytest

from headrace.apis.bedrock.eventstream import event_frame, exception_frame
from headrace.conformance.bedrock.frames import frames
from headrace.conformance.checks import Differs

DONE = event_frame("flowCompletionEvent", b'{"completionReason":"SUCCESS"}')


def test_frames_are_read() -> None:
    first, second = frames(DONE + exception_frame("validationException", b'{"message":"no"}'))
    assert (first.name, first.payload) == ("flowCompletionEvent", {"completionReason": "SUCCESS"})
    assert (second.name, second.headers[":message-type"]) == ("validationException", "exception")
    assert frames(b"") == []


@pytest.mark.parametrize("place", range(0, len(DONE), 3))
def test_any_changed_byte_is_seen(place: int) -> None:
    broken = bytearray(DONE)
    broken[place] ^= 0x20
    with pytest.raises(Differs):
        frames(bytes(broken))


@pytest.mark.parametrize("size", [1, 15, 16, len(DONE) - 1, len(DONE) + 3])
def test_what_is_cut_off_is_seen(size: int) -> None:
    with pytest.raises(Differs):
        frames((DONE + DONE)[:size])
