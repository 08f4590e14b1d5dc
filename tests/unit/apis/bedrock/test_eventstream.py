"""Frames are byte for byte what AWS's own encoders make, and what botocore reads."""

from __future__ import annotations

import pytest
from botocore.eventstream import ChecksumMismatch, EventStreamBuffer
from hypothesis import given
from hypothesis import strategies as st

from headrace.apis.bedrock.eventstream import event_frame, exception_frame

COMPLETION = bytes.fromhex(
    "000000870000005974535abb0b3a6576656e742d74797065070013666c6f77436f6d706c6574696f6e4576656e740d3a636f"
    "6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d747970650700056576656e"
    "747b22636f6d706c6574696f6e526561736f6e223a2253554343455353227d9e424d50"
)
VALIDATION = bytes.fromhex(
    "0000008100000061d31117850f3a657863657074696f6e2d7479706507001376616c69646174696f6e457863657074696f6e"
    "0d3a636f6e74656e742d747970650700106170706c69636174696f6e2f6a736f6e0d3a6d6573736167652d74797065070009"
    "657863657074696f6e7b226d657373616765223a226e6f227d0f22556e"
)


def test_an_event_is_the_reference_bytes() -> None:
    assert event_frame("flowCompletionEvent", b'{"completionReason":"SUCCESS"}') == COMPLETION


def test_an_exception_is_the_reference_bytes() -> None:
    assert exception_frame("validationException", b'{"message":"no"}') == VALIDATION


@given(payloads=st.lists(st.binary(max_size=400), min_size=1, max_size=4), chunk=st.integers(1, 64))
def test_botocore_reads_frames_in_any_chunking(payloads: list[bytes], chunk: int) -> None:
    stream = b"".join(event_frame("flowOutputEvent", payload) for payload in payloads)
    buffer = EventStreamBuffer()
    read = []
    for at in range(0, len(stream), chunk):
        buffer.add_data(stream[at : at + chunk])
        read += list(buffer)
    assert [event.payload for event in read] == payloads
    assert {tuple(event.headers.items()) for event in read} == {
        (
            (":event-type", "flowOutputEvent"),
            (":content-type", "application/json"),
            (":message-type", "event"),
        )
    }


@pytest.mark.parametrize("at", [5, 9, 20, 100, 134])
def test_botocore_notices_a_changed_byte(at: int) -> None:
    frame = bytearray(event_frame("flowCompletionEvent", b'{"completionReason":"SUCCESS"}'))
    frame[at] ^= 1
    buffer = EventStreamBuffer()
    buffer.add_data(bytes(frame))
    with pytest.raises(ChecksumMismatch):
        list(buffer)
