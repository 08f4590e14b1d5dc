"""Taking away datapoints, and lists of them, that no version of their dataset has any more.

A change of a dataset keeps its datapoints before the version that has them, and takes those that are there
as they are. So whoever takes some away leaves a mark at the dataset, and a change that finds another mark
at its end than at its beginning is made again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import datetime
from functools import partial

import msgspec

from headrace.core.datasets import read_chunk, read_membership
from headrace.core.ids import minted_at
from headrace.core.kinds.dataset import read_dataset
from headrace.core.ports import Transaction
from headrace.core.versions import Receipt
from headrace.services.base import Ports, commit

OPERATION = "clean"
TOKEN = "datapoints"  # noqa: S105 - what is remembered of a file, under a name that no client chooses
PAGE = 2_000
"""So many datapoints are looked at together."""
BATCH = 200
"""So many are taken away by one transaction, and a tenth of that lists, which are longer."""
LISTS = BATCH // 10


class Unused(msgspec.Struct, frozen=True, kw_only=True):
    """What no version of a file has.

    Attributes:
        datapoints: their ids.
        parts: the digests of the lists.
        versions: the ids of the versions that were looked at; another one may have some of it.
    """

    file_id: str
    datapoints: tuple[str, ...]
    parts: tuple[str, ...]
    versions: frozenset[str]


def mark(tx: Transaction, *, file_id: str) -> str:
    """What was left by who last took something away of a dataset; empty when nobody did lately."""
    found = tx.receipts.get(operation=OPERATION, parent=file_id, token=TOKEN)
    return "" if found is None else found.request_hash


def _leave_mark(tx: Transaction, ports: Ports, file_id: str) -> None:
    tx.receipts.remove(operation=OPERATION, parent=file_id, token=TOKEN)
    tx.receipts.add(
        Receipt(
            operation=OPERATION,
            parent=file_id,
            token=TOKEN,
            request_hash=ports.ids.long("cln_"),
            result_id=file_id,
            number=None,
            created_at=ports.clock.now(),
        )
    )


async def unused(
    ports: Ports, account: str, *, before: datetime, removed: Collection[str], without: Collection[str]
) -> list[Unused]:
    """What no version has, of each file that has any.

    Args:
        before: of a file that never came to be, what was begun earlier.
        removed: the files that were removed long enough ago.
        without: versions that are as good as gone.
    """
    files = await ports.store.scan(account, lambda tx: tx.cleaning.files_with_datapoints())
    found = []
    for file_id in files:
        look = partial(_unused_of, file_id=file_id, before=before, removed=removed, without=without)
        one = await ports.store.scan(account, look)
        if one.datapoints or one.parts:
            found.append(one)
    return found


def _unused_of(
    tx: Transaction, *, file_id: str, before: datetime, removed: Collection[str], without: Collection[str]
) -> Unused:
    contents = tx.cleaning.dataset_versions(file_id=file_id)
    if not contents and not _is_over(tx, file_id, before, removed):
        return Unused(file_id=file_id, datapoints=(), parts=(), versions=frozenset())
    kept = [content for one, content in contents.items() if one not in without]
    parts, ids = _used(tx, file_id, kept)
    free = [one for one in _datapoints(tx, file_id) if one not in ids]
    named = tx.cleaning.named(ids=free) if free else set()
    return Unused(
        file_id=file_id,
        datapoints=tuple(one for one in free if one not in named),
        parts=tuple(one for one in _parts(tx, file_id) if one not in parts),
        versions=frozenset(contents),
    )


def _is_over(tx: Transaction, file_id: str, before: datetime, removed: Collection[str]) -> bool:
    """Whether a file without versions gets none any more: its first one may be on its way."""
    if tx.files.get(id=file_id) is not None:
        return False
    begun_at = minted_at(file_id)
    return file_id in removed or (begun_at is not None and begun_at < before)


def _used(tx: Transaction, file_id: str, contents: Iterable[bytes]) -> tuple[set[str], set[str]]:
    """The parts, and the ids of the datapoints, that some versions have."""
    memberships = {read_dataset(content).membership for content in contents}
    lists = tx.datasets.parts(file_id=file_id, digests=memberships)
    chunks = {ref.digest for body in lists.values() for ref in read_membership(body)}
    ids: set[str] = set()
    for some in batches(sorted(chunks), LISTS):
        for body in tx.datasets.parts(file_id=file_id, digests=some).values():
            ids.update(read_chunk(body))
    return memberships | chunks, ids


def _datapoints(tx: Transaction, file_id: str) -> Iterator[str]:
    after = ""
    while page := tx.cleaning.datapoints(file_id=file_id, after=after, take=PAGE):
        yield from (one for _, one in page)
        after = page[-1][0]


def _parts(tx: Transaction, file_id: str) -> Iterator[str]:
    after = ""
    while page := tx.cleaning.parts(file_id=file_id, after=after, take=PAGE):
        yield from page
        after = page[-1]


async def take_away(ports: Ports, account: str, found: Unused) -> tuple[int, int]:
    """Take it away, a little at a time, until somebody makes a version; how many datapoints and lists went.

    Raises:
        Unavailable: the store can't keep it; what was taken away before stays so.
    """
    datapoints = parts = 0
    for ids in batches(found.datapoints, BATCH):
        if not await commit(ports, account, partial(_remove, ports=ports, found=found, ids=ids)):
            return datapoints, parts
        datapoints += len(ids)
    for digests in batches(found.parts, LISTS):
        if not await commit(ports, account, partial(_remove, ports=ports, found=found, digests=digests)):
            return datapoints, parts
        parts += len(digests)
    return datapoints, parts


def _remove(
    tx: Transaction, *, ports: Ports, found: Unused, ids: Sequence[str] = (), digests: Sequence[str] = ()
) -> bool:
    if not found.versions >= tx.cleaning.dataset_versions(file_id=found.file_id).keys():
        return False
    tx.cleaning.remove_datapoints(file_id=found.file_id, ids=ids)
    tx.cleaning.remove_parts(file_id=found.file_id, digests=digests)
    _leave_mark(tx, ports, found.file_id)
    return True


def batches(many: Sequence[str], size: int) -> list[Sequence[str]]:
    """Some of many at a time."""
    return [many[first : first + size] for first in range(0, len(many), size)]
