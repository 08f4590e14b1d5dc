"""Datapoints and the parts of datasets' versions, in SQL. Many are written by one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from headrace.core.datasets import Datapoint
from headrace.storage.sql.collection import SqlCollection
from headrace.storage.sql.rows import Row

DIGEST_DIGITS = 64


class Datasets(SqlCollection):
    def add(self, *, file_id: str, datapoints: Collection[Datapoint]) -> None:
        rows = _json(f"{one.id} {one.digest}{one.body}" for one in datapoints)
        self._run("add_datapoints", file_id=file_id, rows=rows)

    def ids(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        return _found(self._all("ids_of_datapoints", file_id=file_id, digests=_json(set(digests))))

    def some(self, *, ids: Collection[str]) -> dict[str, Datapoint]:
        found = _found(self._all("datapoints_by_id", ids=_json(set(ids))))
        return {one: _datapoint(one, row) for one, row in found.items()}

    def add_parts(self, *, file_id: str, parts: Mapping[str, str]) -> None:
        rows = _json(f"{digest}{body}" for digest, body in parts.items())
        self._run("add_dataset_parts", file_id=file_id, rows=rows)

    def parts(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        return _found(self._all("parts_of_dataset", file_id=file_id, digests=_json(set(digests))))


def _found(rows: list[Row]) -> dict[str, str]:
    return {key: value for key, value in rows if value is not None}


def _datapoint(id: str, row: str) -> Datapoint:
    file_id, _, rest = row.partition(" ")
    return Datapoint(id=id, file_id=file_id, digest=rest[:DIGEST_DIGITS], body=rest[DIGEST_DIGITS:])


def _json(texts: Iterable[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()
