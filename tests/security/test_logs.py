"""What others say makes no line of the server's log that could be taken for one of its own."""

from __future__ import annotations

import io
import json
import logging

import pytest

from headrace.logging import JsonLines, TextLines

FORGED = "x\n2026-01-01T00:00:00.000+00:00 info somebody signed in"
HARMFUL = (
    FORGED,
    "x\r\ny",
    "x\x1b]0;title\x07",
    "x\x1b[2J\x1b[1A",
    "x\x9b31m",
    "x\u2028y",
    "x\u202etxt.exe",
    "x\ud800",
    "x\x00y",
    "x\x85y",
)


@pytest.fixture(params=[TextLines, JsonLines])
def logged(request: pytest.FixtureRequest) -> tuple[logging.Logger, io.StringIO]:
    written = io.StringIO()
    handler = logging.StreamHandler(written)
    handler.setFormatter(request.param())
    # On its own: what is said cannot be part of a report that is sent from one process to another.
    log = logging.Logger(f"headrace.test.{request.param.__name__}")  # noqa: LOG001
    log.addHandler(handler)
    return log, written


@pytest.mark.parametrize("said", HARMFUL)
def test_each_record_is_one_line(logged: tuple[logging.Logger, io.StringIO], said: str) -> None:
    log, written = logged
    log.warning("unavailable %s", said, extra={"cause": said, "request_id": said})
    text = written.getvalue()
    assert text.endswith("\n")
    assert len(text.splitlines()) == 1, text
    assert text.rstrip("\n").isprintable(), ascii(text)


@pytest.mark.parametrize("said", HARMFUL)
def test_no_line_of_a_traceback_is_like_a_record(
    logged: tuple[logging.Logger, io.StringIO], said: str
) -> None:
    log, written = logged
    try:
        raise ValueError(said)
    except ValueError:
        log.exception("a bug")
    first, *rest = written.getvalue().rstrip("\n").split("\n")
    assert "a bug" in first
    if first.startswith("{"):
        assert rest == []
        assert "Traceback" in json.loads(first)["traceback"]
    else:
        assert len(rest) > 3
        assert all(line.startswith("  ") and line.isprintable() for line in rest), rest
