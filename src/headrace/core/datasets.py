"""Datasets: what a datapoint is, and how a version says which ones it has without holding them.

A datapoint is kept once in its file. A version's datapoints, in their order, are cut into **chunks** of ids;
a chunk is kept once, under the digest of its text, and so is the **membership**: the list of a version's
chunks. Where a chunk ends follows from the id that it ends with, not from its place: what comes or goes in
the middle of a hundred thousand datapoints changes one chunk and the membership.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from zlib import crc32

import msgspec

from headrace.core import canonical
from headrace.core.kinds.kind import without_nulls

CHUNK = 256
"""So many datapoints a chunk has in the mean."""
MOST_OF_CHUNK = 4 * CHUNK
_BUCKETS = 256
_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,254}")
_encode = msgspec.json.Encoder().encode


class Datapoint(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A case of a dataset.

    Attributes:
        id: ``dp_…``; the same in all versions of the file that have it.
        file_id: the dataset.
        digest: of what makes it the same as another; unique in the file.
        body: JSON text of its inputs, messages and target.
    """

    id: str
    file_id: str
    digest: str
    body: str


class Case(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A datapoint as it is handed in.

    Attributes:
        digest: of what makes it the same as another.
        body: JSON text of its inputs, messages and target.
    """

    digest: str
    body: str


def case_of(
    *, inputs: dict[str, str] | None, messages: list[Any] | None, target: dict[str, Any] | None
) -> Case:
    """A datapoint of plain values.

    Raises:
        Invalid: it holds what can't be kept.
    """
    # Quirk(humanloop): none is shown as no inputs, because the client hands them on without a look (5.5).
    members = {"inputs": inputs or {}, "messages": messages, "target": target}
    body = _encode(members)
    if messages is None:
        return Case(digest=canonical.digest(body), body=body.decode())
    # In messages, what is null is absent (humanloop 2.1); a target is its author's own.
    told = msgspec.Raw(without_nulls(_encode(messages)))
    return Case(digest=canonical.digest(_encode({**members, "messages": told})), body=body.decode())


def is_datapoint_id(text: str) -> bool:
    """Whether a datapoint may have that id: ours and those of others, which have no blanks."""
    return _ID.fullmatch(text) is not None


def sorted_cases(cases: Iterable[Case]) -> list[Case]:
    """Cases in the order of their digests, each once. Takes long for many."""
    buckets: dict[str, dict[str, Case]] = {}  # sorting all at once would hold up every other thread
    for case in cases:
        buckets.setdefault(case.digest[:2], {}).setdefault(case.digest, case)
    return [bucket[digest] for _, bucket in sorted(buckets.items()) for digest in sorted(bucket)]


class ChunkRef(msgspec.Struct, frozen=True, array_like=True):
    """A chunk within a membership.

    Attributes:
        size: how many datapoints it has.
    """

    digest: str
    size: int


class Packed(msgspec.Struct, frozen=True, kw_only=True):
    """The datapoints of a version in the form in which they are kept.

    Attributes:
        digest: of the set of datapoints, whatever their order.
        membership: the digest of the part that is the list of the chunks.
        parts: the chunks (ids, one a line) and their list (JSON text) by the SHA-256 of their texts.
    """

    digest: str
    count: int
    membership: str
    parts: Mapping[str, str]


def pack(many: Iterable[str]) -> Packed:
    """Ids, in order, as what is kept of them; of equal ones the first. Takes long for many."""
    ids = list(dict.fromkeys(many))
    parts: dict[str, str] = {}
    refs = []
    for some in cut(ids):
        chunk = "\n".join(some)
        refs.append(ChunkRef(_sha256(chunk), len(some)))
        parts[refs[-1].digest] = chunk
    membership = _encode(refs).decode()
    parts[_sha256(membership)] = membership
    return Packed(digest=_digest_of_set(ids), count=len(ids), membership=_sha256(membership), parts=parts)


def cut(ids: Sequence[str]) -> Iterator[Sequence[str]]:
    """Ids in chunks."""
    start = 0
    for end, one in enumerate(ids, 1):
        if crc32(one.encode()) % CHUNK == 0 or end - start == MOST_OF_CHUNK:
            yield ids[start:end]
            start = end
    if start < len(ids):
        yield ids[start:]


def read_membership(body: str) -> list[ChunkRef]:
    """The chunks of a version, in order."""
    return _decode(body)


def read_chunk(body: str) -> list[str]:
    """The ids of a chunk, in order."""
    return body.split("\n")


def chunks_within(refs: Iterable[ChunkRef], *, skip: int, take: int) -> tuple[list[ChunkRef], int]:
    """The chunks that have the datapoints from ``skip`` on, and how many of theirs come before those."""
    wanted: list[ChunkRef] = []
    before = start = 0
    for ref in refs:
        if start + ref.size > skip and start < skip + take:
            if not wanted:
                before = skip - start
            wanted.append(ref)
        start += ref.size
    return wanted, before


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _digest_of_set(ids: Iterable[str]) -> str:
    """The same for any order. In buckets: sorting all at once would hold up every other thread."""
    buckets: list[list[str]] = [[] for _ in range(_BUCKETS)]
    for one in ids:
        buckets[crc32(one.encode()) % _BUCKETS].append(one)
    found = hashlib.sha256()
    for bucket in buckets:
        found.update("".join(f"{one}\n" for one in sorted(bucket)).encode())
    return found.hexdigest()


_decode = msgspec.json.Decoder(list[ChunkRef]).decode
