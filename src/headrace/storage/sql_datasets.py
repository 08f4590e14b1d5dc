"""Datapoints and the parts of datasets' versions, in SQL. Many are written by one statement."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

import msgspec

from headrace.core.datasets import Datapoint
from headrace.storage.rows import mapper
from headrace.storage.sql_collection import SqlCollection

DATAPOINT = mapper(Datapoint)


class Datasets(SqlCollection):
    def add(self, *, file_id: str, datapoints: Collection[Datapoint]) -> None:
        rows = _json(f"{one.id} {one.digest}{one.body}" for one in datapoints)
        self._run("add_datapoints", file_id=file_id, rows=rows)

    def ids(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        return dict(self._all("ids_of_datapoints", file_id=file_id, digests=_json(set(digests))))

    def some(self, *, ids: Collection[str]) -> dict[str, Datapoint]:
        found = map(DATAPOINT.load, self._all("datapoints_by_id", ids=_json(set(ids))))
        return {datapoint.id: datapoint for datapoint in found}

    def add_parts(self, *, file_id: str, parts: Mapping[str, str]) -> None:
        rows = _json(f"{digest}{body}" for digest, body in parts.items())
        self._run("add_dataset_parts", file_id=file_id, rows=rows)

    def parts(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        return dict(self._all("parts_of_dataset", file_id=file_id, digests=_json(set(digests))))


def _json(texts: Iterable[str]) -> str:
    return msgspec.json.encode(list(texts)).decode()
