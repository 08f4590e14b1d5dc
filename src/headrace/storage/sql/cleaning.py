"""What nothing refers to any more, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from headrace.storage.sql.collection import SqlCollection
from headrace.storage.sql.rows import microseconds


class Cleaning(SqlCollection):
    def removed_files(self, *, before: datetime) -> list[str]:
        return [file_id for (file_id,) in self._all("removed_files", before=microseconds(before))]

    def hidden_versions(self, *, before: datetime, after: str, take: int) -> list[tuple[str, str]]:
        rows = self._all("hidden_versions", before=microseconds(before), after=after, take=take)
        return [(str(one), str(file_id)) for one, file_id in rows]

    def free_versions(
        self, *, file_id: str, ids: Collection[str], before: datetime, since: datetime
    ) -> dict[str, int]:
        rows = self._all(
            "free_versions",
            file_id=file_id,
            ids=_json(ids),
            before=microseconds(before),
            since=microseconds(since),
        )
        return {str(one): int(logs) for one, logs in rows}

    def remove_versions(self, *, file_id: str, ids: Collection[str]) -> None:
        self._run("forget_numbers_of_versions", file_id=file_id, ids=_json(ids))
        self._run("remove_versions", file_id=file_id, ids=_json(ids))

    def contents(self, *, kinds: Collection[str], after: str, take: int) -> list[tuple[str, str, bytes]]:
        rows = self._all("contents_of_kinds", kinds=_json(kinds), after=after, take=take)
        return [(str(one), str(kind), bytes(content)) for one, kind, content in rows]

    def remove_draft(self, *, file_id: str) -> None:
        self._run("remove_draft", file_id=file_id)

    def files_with_datapoints(self) -> list[str]:
        return sorted(file_id for (file_id,) in self._all("files_with_datapoints"))

    def dataset_versions(self, *, file_id: str) -> dict[str, bytes]:
        rows = self._all("versions_of_dataset", file_id=file_id)
        return {str(one): bytes(content) for one, content in rows}

    def datapoints(self, *, file_id: str, after: str, take: int) -> list[tuple[str, str]]:
        rows = self._all("datapoints_from", file_id=file_id, after=after, take=take)
        return [(str(digest), str(one)) for digest, one in rows]

    def parts(self, *, file_id: str, after: str, take: int) -> list[str]:
        rows = self._all("dataset_parts_from", file_id=file_id, after=after, take=take)
        return [digest for (digest,) in rows]

    def named(self, *, ids: Collection[str]) -> set[str]:
        return {one for (one,) in self._all("named_datapoints", ids=_json(ids))}

    def remove_datapoints(self, *, file_id: str, ids: Collection[str]) -> None:
        self._run("remove_datapoints", file_id=file_id, ids=_json(ids))

    def remove_parts(self, *, file_id: str, digests: Collection[str]) -> None:
        self._run("remove_dataset_parts", file_id=file_id, digests=_json(digests))


def _json(values: Collection[str]) -> str:
    return msgspec.json.encode(list(dict.fromkeys(values))).decode()
