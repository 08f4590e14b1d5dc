"""The memory store's datapoints and parts of datasets' versions."""

from __future__ import annotations

from collections.abc import Collection, Mapping

from headrace.core.datasets import Datapoint
from headrace.core.ports import Clash
from headrace.storage.memory.tables import Rows


class Datasets:
    def __init__(self, rows: Rows) -> None:
        self._datapoints = rows.datapoints
        self._contents = rows.datapoint_contents
        self._parts = rows.dataset_parts

    def add(self, *, file_id: str, datapoints: Collection[Datapoint]) -> None:
        for datapoint in datapoints:
            if (file_id, datapoint.digest) in self._contents:
                continue
            if datapoint.id in self._datapoints:
                raise Clash("id")
            self._datapoints.put(datapoint.id, datapoint)
            self._contents.put((file_id, datapoint.digest), datapoint.id)

    def ids(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        return {one: self._contents[file_id, one] for one in digests if (file_id, one) in self._contents}

    def some(self, *, ids: Collection[str]) -> dict[str, Datapoint]:
        return {one: self._datapoints[one] for one in ids if one in self._datapoints}

    def add_parts(self, *, file_id: str, parts: Mapping[str, str]) -> None:
        for digest, body in parts.items():
            if (file_id, digest) not in self._parts:
                self._parts.put((file_id, digest), body)

    def parts(self, *, file_id: str, digests: Collection[str]) -> dict[str, str]:
        return {one: self._parts[file_id, one] for one in digests if (file_id, one) in self._parts}
