"""Whose span is above, which traces are told, and names that every process makes alike."""

from __future__ import annotations

import pytest

from headrace.core.tracing import (
    caller_of,
    id_of_step,
    ids_of,
    is_in_share,
    new_span_id,
    new_trace_id,
)

TRACE, SPAN = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"


@pytest.mark.parametrize(("flags", "is_sampled"), [("00", False), ("01", True), ("02", False), ("ff", True)])
def test_a_caller_is_read(flags: str, is_sampled: bool) -> None:
    found = caller_of(f"00-{TRACE}-{SPAN}-{flags}".encode())
    assert found is not None
    assert (f"{found.trace_id:x}", f"{found.id:x}", found.is_sampled) == (TRACE[1:], SPAN, is_sampled)


def test_a_later_version_may_say_more() -> None:
    assert caller_of(f"01-{TRACE}-{SPAN}-01-what-is-new".encode()) is not None


@pytest.mark.parametrize(
    "bad",
    [
        "",
        "x",
        f"00-{TRACE}-{SPAN}",
        f"00-{TRACE}-{SPAN}-01-more",
        f"00-{TRACE.upper()}-{SPAN}-01",
        f"00-{'0' * 32}-{SPAN}-01",
        f"00-{TRACE}-{'0' * 16}-01",
        f"ff-{TRACE}-{SPAN}-01",
        f"00-{TRACE}-{SPAN}-01\n",
        f"00-{TRACE}-{SPAN}-01,00-{TRACE}-{SPAN}-01",
        "ü" * 55,
    ],
)
def test_what_is_no_caller_is_none(bad: str) -> None:
    assert caller_of(bad.encode()) is None
    assert caller_of(None) is None


def test_ids_are_never_zero_and_fit() -> None:
    for _ in range(1000):
        assert 0 < new_trace_id() < 1 << 128
        assert 0 < new_span_id() < 1 << 64
    trace_id, span_id = ids_of("exe_1")
    assert ids_of("exe_1") == (trace_id, span_id) != ids_of("exe_2")
    assert 0 < trace_id < 1 << 128
    assert 0 < span_id < 1 << 64


def test_an_answer_is_the_same_step() -> None:
    assert id_of_step("exe_1/Agent/0/answer-1") == id_of_step("exe_1/Agent/0") != id_of_step("exe_1/Agent/1")


def test_a_share_is_about_that_share() -> None:
    ids = [new_trace_id() for _ in range(4000)]
    assert sum(is_in_share(one, 0.25) for one in ids) == pytest.approx(1000, abs=200)
    assert all(is_in_share(one, 1.0) for one in ids)
    assert not any(is_in_share(one, 0.0) for one in ids)
