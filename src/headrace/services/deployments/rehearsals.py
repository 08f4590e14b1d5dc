"""Carrying a change of a pointer out, or only saying what would come of it."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import msgspec

from headrace.core.access import Principal
from headrace.core.deployments import Aim
from headrace.core.diff import Diff, diff
from headrace.core.files import File
from headrace.core.parsing import parse
from headrace.core.ports import Transaction
from headrace.core.versions import DRAFT
from headrace.services.base import Ports, read, write
from headrace.services.deployments.moves import Moved, Wish

DATASET = "dataset"
"""What differs between two of these is not in their contents."""


async def carry_out(
    ports: Ports, principal: Principal, wish: Wish, work: Callable[[Transaction], Moved]
) -> Moved:
    """Run a use case that moves a pointer; a rehearsal without writing, and with what would differ."""
    if not wish.is_rehearsal:
        return await write(ports, principal, work)

    def look(tx: Transaction) -> tuple[Moved, bytes | None, bytes | None]:
        moved = work(tx)
        file = moved.spot.file
        return moved, _content(tx, file, moved.before), _content(tx, file, moved.after)

    moved, before, after = await read(ports, principal, look)
    if before is None or after is None or moved.spot.file.kind == DATASET:
        return moved
    differing = await asyncio.to_thread(_compared, before, after)
    return msgspec.structs.replace(moved, diff=differing)


def _content(tx: Transaction, file: File, aim: Aim) -> bytes | None:
    """What is targeted; of a split its primary version. None where that is nothing, or is gone."""
    if aim.target == DRAFT:
        draft = tx.drafts.get(file_id=file.id)
        return None if draft is None else draft.snapshot
    version = None if aim.version_id is None else tx.versions.get(id=aim.version_id)
    return None if version is None else version.content


def _compared(before: bytes, after: bytes) -> Diff:
    return diff(parse(before), parse(after))
