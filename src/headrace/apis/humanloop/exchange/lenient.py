"""JSON as other people's programs write it: with ``NaN``, half surrogates and times without a zone."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from typing import Any

import msgspec

from headrace.core.errors import Invalid
from headrace.core.parsing import parse


class Unreadable(ValueError):
    """A text that holds nothing that could be kept."""


def readable(text: bytes) -> tuple[bytes, bool]:
    """A JSON text that everybody can read, and whether something in it had to be replaced for that.

    ``NaN``, ``Infinity`` and numbers out of range become null, half a surrogate pair becomes ``?``.

    Raises:
        Unreadable: it is no JSON, or nested too deeply.
    """
    try:
        parse(text)
    except (msgspec.DecodeError, UnicodeDecodeError, Invalid, UnicodeEncodeError):
        return _repaired(text), True
    except RecursionError:
        raise Unreadable("it is nested too deeply") from None
    return text, False


def _repaired(text: bytes) -> bytes:
    try:
        value = json.loads(text, parse_constant=lambda _: None, parse_float=_finite)
        plain = json.dumps(value, ensure_ascii=False).encode("utf-8", "replace")
        parse(plain)
    except (ValueError, RecursionError) as error:
        raise Unreadable(str(error) or "it is nested too deeply") from None
    except Invalid as error:
        raise Unreadable(error.message) from None
    return plain


def _finite(digits: str) -> Any:
    value = float(digits)
    return None if value in (float("inf"), float("-inf")) else value


def utc(moment: datetime | None) -> datetime | None:
    """A moment in UTC; one without a zone is in UTC already (humanloop 6, quirk 10)."""
    if moment is None:
        return None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)
