"""What use cases share."""

from __future__ import annotations

import asyncio

import pytest

from headrace.core.canonical import digest
from headrace.services.base import LARGE_BYTES, digest_of


@pytest.mark.parametrize(
    ("size_bytes", "order"), [(2, ["digest", "other"]), (LARGE_BYTES, ["other", "digest"])]
)
def test_large_content_holds_nobody_up(size_bytes: int, order: list[str]) -> None:
    content = b"[".ljust(size_bytes - 1) + b"]"
    done: list[str] = []

    async def find() -> None:
        assert await digest_of(content) == digest(b"[]")
        done.append("digest")

    async def other() -> None:
        done.append("other")

    async def both() -> None:
        await asyncio.gather(find(), other())

    asyncio.run(both())
    assert done == order
