"""Which judgments are averaged."""

from __future__ import annotations

from typing import Any

import pytest
from tests.storage.things import judgment

from headrace.core.judgments import counted


@pytest.mark.parametrize(
    ("text", "changes", "expected"),
    [
        (b"true", {}, True),
        (b"false", {}, False),
        (b"3", {}, 3),
        (b"-0.5", {}, -0.5),
        (b"null", {}, None),
        (None, {}, None),
        (b'"5"', {}, None),
        (b'["a"]', {}, None),
        (b"true", {"has_error": True}, None),
        (b"true", {"judged_id": None}, None),
    ],
)
def test_booleans_and_numbers_count(text: bytes | None, changes: dict[str, Any], expected: object) -> None:
    found = counted(judgment("j", **{"judged_id": "a", "judgment": text} | changes))
    assert found == expected
    assert type(found) is type(expected)
