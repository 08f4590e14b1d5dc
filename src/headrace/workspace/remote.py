"""What the server is asked."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import quote, urlencode

import msgspec

from headrace.workspace.pointers import DRAFT, SHORT, Target

Ask = Callable[[str, str, Any], Any]
"""Asks by method and path, with a body or None; answers parsed JSON."""
MOST_FILES = 50
"""So many files go into one request."""
MOST_BYTES = 4 * 1024 * 1024
"""So large a request becomes; one file alone may be larger."""
DATAPOINTS = 1000
NOTHING = "nothing"
_encode = msgspec.json.Encoder().encode


ITS_OWN_FAULT = frozenset({400, 413})
"""The statuses that tell of what was sent, and of nothing else."""


NOT_FOUND = 404


class Refused(Exception):
    """What `Ask` raises when the server refuses.

    Attributes:
        status: the answer's, as HTTP has it.
    """

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RemotePointer(msgspec.Struct, frozen=True, kw_only=True):
    """What a pointer targets there."""

    kind: str
    name: str
    version_id: str | None
    number: int | None
    digest: str | None
    is_split: bool
    move_id: str | None

    def target(self, type: str) -> Target:
        """The same as `deployments.yaml` says it: of datasets by the number, as digests are of one server."""
        if self.version_id is None:
            return Target(word=DRAFT, is_split=self.is_split)
        has_digest = type != "dataset" and self.digest is not None
        digest = self.digest[:SHORT] if has_digest and self.digest is not None else None
        return Target(number=self.number, digest=digest, is_split=self.is_split)


class RemoteFile(msgspec.Struct, frozen=True, kw_only=True):
    """A file as it is there. See `headrace.services.exchange.workspace.Head`."""

    id: str
    type: str
    path: str
    version_id: str
    number: int | None
    digest: str
    is_draft: bool
    pointers: list[RemotePointer]

    def pointer(self, name: str) -> RemotePointer | None:
        """The pointer of that name; of equal names an alias's counts."""
        found = [one for one in self.pointers if one.name == name]
        return min(found, key=lambda one: one.kind, default=None)


class Overview(msgspec.Struct, frozen=True, kw_only=True):
    """All that is there."""

    origin: str
    files: list[RemoteFile]


class Fault(msgspec.Struct, frozen=True, kw_only=True):
    """Why something was not kept."""

    code: str
    message: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a content."""

    path: str
    file: RemoteFile | None = None
    is_new: bool = False
    is_changed: bool = False
    error: Fault | None = None


class Wanted(msgspec.Struct, frozen=True, kw_only=True):
    """A content that is to be there."""

    type: str
    path: str
    content: dict[str, Any]
    expected: str
    datapoints: list[Any] | None = None
    description: str | None = None


class Remote:
    """A server.

    Args:
        ask: asks it; raises Refused.
    """

    def __init__(self, ask: Ask) -> None:
        self._ask = ask

    def overview(self) -> Overview:
        """All that is there, at one moment."""
        return msgspec.convert(self._ask("GET", "/api/workspace", None), Overview)

    def contents(self, files: Sequence[RemoteFile]) -> Iterator[tuple[RemoteFile, dict[str, Any]]]:
        """The newest contents of files, as they are by now; what is gone is left out."""
        by_id = {one.id: one for one in files}
        ids = list(by_id)
        for start in range(0, len(ids), MOST_FILES):
            query = urlencode({"ids": ",".join(ids[start : start + MOST_FILES])})
            for found in self._ask("GET", f"/api/workspace/contents?{query}", None)["files"]:
                told = {name: found[name] for name in ("version_id", "number", "digest")}
                file = msgspec.structs.replace(by_id[found["file_id"]], **told)
                content: dict[str, Any] = found["content"]
                if file.type == "dataset":
                    content = {"datapoints": self._datapoints(file.version_id), **content}
                yield file, content

    def _datapoints(self, version_id: str) -> list[Any]:
        found: list[Any] = []
        while True:
            query = urlencode({"version": version_id, "skip": len(found), "take": DATAPOINTS})
            page = self._ask("GET", f"/api/workspace/datapoints?{query}", None)
            found += page["datapoints"]
            if len(found) >= page["total"] or not page["datapoints"]:
                return found

    def version_id(self, file: RemoteFile, digest: str) -> str | None:
        """The version of a file whose digest begins so; None when there is none."""
        query = urlencode({"digest": digest})
        try:
            found = self._ask("GET", f"/api/workspace/files/{quote(file.id, safe='')}/version?{query}", None)
        except Refused as error:
            if error.status not in ITS_OWN_FAULT | {NOT_FOUND}:
                raise
            return None
        version_id: str = found["version_id"]
        return version_id

    def hand_in(self, many: Sequence[Wanted], *, is_rehearsal: bool) -> Iterator[Outcome]:
        """Have contents kept, in this order."""
        for some in _batches(many):
            body = {"files": msgspec.to_builtins(some), "dry_run": is_rehearsal}
            try:
                found = self._ask("POST", "/api/workspace/files", body)["files"]
            except Refused as error:
                if error.status not in ITS_OWN_FAULT:
                    raise
                yield from self._one_by_one(some, error, is_rehearsal=is_rehearsal)
                continue
            yield from msgspec.convert(found, list[Outcome])

    def _one_by_one(self, some: Sequence[Wanted], error: Refused, *, is_rehearsal: bool) -> Iterator[Outcome]:
        """The same for a request that was refused as a whole: something is wrong with one of them."""
        if len(some) == 1:
            yield Outcome(path=some[0].path, error=Fault(code="refused", message=str(error)))
            return
        for one in some:
            yield from self.hand_in([one], is_rehearsal=is_rehearsal)

    def delete(self, file: RemoteFile) -> str | None:
        """Remove a file, if it is as it was seen; why not, if it is not."""
        query = urlencode({"expected": file.digest})
        return self._try("DELETE", f"/api/workspace/files/{quote(file.id, safe='')}?{query}", None)

    def move(self, file: RemoteFile, name: str, body: Mapping[str, Any]) -> str | None:
        """Move a pointer; why not, if it was refused."""
        return self._try("POST", f"{_pointer(file, name)}/moves", dict(body))

    def take_away(self, file: RemoteFile, name: str, query: Mapping[str, str]) -> str | None:
        """Let an environment target nothing; why not, if it was refused."""
        return self._try("DELETE", f"{_pointer(file, name)}?{urlencode(query)}", None)

    def _try(self, method: str, path: str, body: Any) -> str | None:
        try:
            self._ask(method, path, body)
        except Refused as error:
            return str(error)
        return None


def _pointer(file: RemoteFile, name: str) -> str:
    return f"/api/files/{quote(file.id, safe='')}/pointers/{quote(name, safe='')}"


def _batches(many: Sequence[Wanted]) -> Iterator[list[Wanted]]:
    some: list[Wanted] = []
    size_bytes = 0
    for one in many:
        own_bytes = len(_encode(one))
        if some and (len(some) == MOST_FILES or size_bytes + own_bytes > MOST_BYTES):
            yield some
            some, size_bytes = [], 0
        some.append(one)
        size_bytes += own_bytes
    if some:
        yield some
