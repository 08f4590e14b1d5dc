"""Spans of time and times on the command line: ``6h`` is a span, or how long ago something was."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta

import click

SECONDS = {"s": 1, "m": 60, "h": 3600, "d": 86_400, "w": 604_800}
TIME = "TIME"
_PERIOD = re.compile(r"([0-9]{1,6})([smhdw])")


def period(ctx: click.Context, param: click.Parameter, value: str | None) -> timedelta | None:
    """An option's span of time, which is more than none.

    Raises:
        BadParameter: it is none.
    """
    if value is None:
        return None
    found = read_period(value)
    if not found:
        message = f"{value!r} is no period: give a number and s, m, h, d or w, such as 6h."
        raise click.BadParameter(message, ctx=ctx, param=param)
    return found


def moment(ctx: click.Context, param: click.Parameter, value: str | None) -> datetime | None:
    """An option's time, or how long ago it was; one without an offset is in UTC.

    Raises:
        BadParameter: it is none.
    """
    if value is None:
        return None
    try:
        ago = read_period(value)
        found = datetime.fromisoformat(value) if ago is None else datetime.now(UTC) - ago
    except (ValueError, OverflowError):  # longer ago than there are dates
        message = (
            f"{value!r} is no time: give one such as 2026-03-01 or 2026-03-01T12:00:00Z, or how long ago it "
            "was, such as 2h."
        )
        raise click.BadParameter(message, ctx=ctx, param=param) from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


def read_period(text: str) -> timedelta | None:
    """A span of time; None when the text is none."""
    found = _PERIOD.fullmatch(text)
    return None if found is None else timedelta(seconds=int(found[1]) * SECONDS[found[2]])
