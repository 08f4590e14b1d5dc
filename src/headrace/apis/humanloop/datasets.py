"""The operations on datasets (humanloop 4.2, Datasets)."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import TypeVar

import msgspec

from headrace.apis.http import JSON, Response
from headrace.apis.humanloop.dataset_csv import UploadCsv, read_rows, read_upload
from headrace.apis.humanloop.dataset_requests import (
    DatasetBody,
    ListDatapoints,
    ListDatasetVersions,
    SelectDataset,
    UpsertDataset,
    read_cases,
    read_upsert,
)
from headrace.apis.humanloop.file_operations import (
    BATCH,
    MAX_SKIP,
    FileOperations,
    KindTable,
    Row,
    operations,
)
from headrace.apis.humanloop.operations import Call, Operation, ok
from headrace.apis.humanloop.requests import SelectVersion
from headrace.apis.humanloop.wire import DatasetResponse, PaginatedDatapoints
from headrace.core.datasets import Case, Datapoint
from headrace.core.errors import Invalid
from headrace.services import datasets
from headrace.services.datasets import Action, Base, Change
from headrace.services.versions import versions
from headrace.services.versions.views import VersionView

T = TypeVar("T")
LARGE = 200
"""From here on datapoints are read beside everything else, and shown as they come."""
_encode = msgspec.json.Encoder().encode


async def _cases(read: Callable[[T], list[Case]], source: T, size: int) -> list[Case]:
    return read(source) if size < LARGE else await asyncio.to_thread(read, source)


def shown_datapoint(datapoint: Datapoint) -> bytes:
    """A datapoint as it was kept, with its id."""
    return b'{"id":%b,%b' % (_encode(datapoint.id), datapoint.body[1:].encode())


class DatasetOperations(FileOperations):
    """The handlers for datasets."""

    async def upsert(self, call: Call) -> Response:
        """Create a dataset or a version of it, or find the version that has these datapoints."""
        body: DatasetBody = call.body
        query: SelectDataset = call.query
        change = Change(
            cases=await _cases(read_cases, body.datapoints, len(body.datapoints)),
            action=body.action or Action.SET,
            ref=body.id,
            path=body.path,
            version_id=query.version_id,
            environment=query.environment,
            attributes=body.attributes,
            name=body.version_name,
            description=body.version_description,
        )
        view = await datasets.upsert(call.ports, call.principal, change)
        return await self._answer(call, view, with_datapoints=query.include_datapoints)

    async def upload_csv(self, call: Call) -> Response:
        """Add the rows of a CSV file to a dataset."""
        body: UploadCsv = call.body
        query: SelectVersion = call.query
        change = Change(
            cases=await _cases(read_rows, body.file, body.file.count(b"\n")),
            action=Action.ADD,
            ref=call.parameters["id"],
            version_id=query.version_id,
            environment=query.environment,
            base=Base.DEFAULT,
            name=body.version_name,
            description=body.version_description,
        )
        view = await datasets.upsert(call.ports, call.principal, change)
        return await self._answer(call, view, with_datapoints=False)

    async def get(self, call: Call) -> Response:
        """Get a version: the default one, or the one asked for."""
        query: SelectDataset = call.query
        view = await versions.get(
            call.ports,
            call.principal,
            kind=ROW.kind,
            ref=call.parameters["id"],
            version_id=query.version_id,
            environment=query.environment,
        )
        return await self._answer(call, view, with_datapoints=query.include_datapoints)

    async def list_datapoints(self, call: Call) -> Response:
        """List the datapoints of a version, a page at a time."""
        query: ListDatapoints = call.query
        if query.size > call.max_page:
            message = f"Input should be less than or equal to {call.max_page}"
            raise Invalid.at("size", message=message, kind="less_than_equal", where="query")
        found, total = await datasets.page(
            call.ports,
            call.principal,
            ref=call.parameters["id"],
            version_id=query.version_id,
            environment=query.environment,
            skip=min((query.page - 1) * query.size, MAX_SKIP),
            take=query.size,
        )
        records = [msgspec.Raw(shown_datapoint(one)) for one in found]
        return ok({"records": records, "page": query.page, "size": query.size, "total": total})

    async def list_versions(self, call: Call) -> Response:
        """List all versions of a dataset, newest first; that one with its datapoints, if they are wanted."""
        query: ListDatasetVersions = call.query
        if query.include_datapoints is None:
            return await super().list_versions(call)
        first = await self._some_versions(call, None)
        return Response(status=200, headers=(JSON,), body=self._with_newest(call, first))

    async def _with_newest(self, call: Call, batch: list[VersionView]) -> AsyncIterator[bytes]:
        yield b'{"records":['
        for newest in batch[:1]:
            async for piece in self._pieces(call, newest):
                yield piece
        others = batch[1:]
        while others:
            yield b"," + _encode(call.wire.files(others))[1:-1]
            await asyncio.sleep(0)  # let other requests run
            others = batch = await self._some_versions(call, batch[-1]) if len(batch) == BATCH else []
        yield b"]}"

    async def _answer(self, call: Call, view: VersionView, *, with_datapoints: bool) -> Response:
        if not with_datapoints:
            return ok(call.wire.file(view))
        return Response(status=200, headers=(JSON,), body=self._pieces(call, view))

    async def _pieces(self, call: Call, view: VersionView) -> AsyncIterator[bytes]:
        """A version with its datapoints, which are never all in memory."""
        # Nothing before this member can hold its name in quotes: all of that is texts.
        head, member, rest = _encode(call.wire.file(view)).partition(b'"datapoints":')
        assert rest.startswith(b"null")
        yield head + member + b"["
        comma = b""
        async for some in datasets.datapoints(call.ports, call.principal, view.version):
            yield comma + b",".join(map(shown_datapoint, some))
            comma = b","
        yield b"]" + rest.removeprefix(b"null")


ROW = Row(
    kind="dataset",
    upsert=UpsertDataset,
    response=DatasetResponse,
    upsert_query=SelectDataset,
    get_query=SelectDataset,
    versions_query=ListDatasetVersions,
    reads=read_upsert,
    is_monitored=False,
)


def _operations() -> tuple[Operation, ...]:
    one = DatasetOperations(ROW)
    kind = KindTable(ROW)
    return (
        *operations(ROW, one),
        kind.read(
            "List%sDatapoints",
            "/{id}/datapoints",
            one.list_datapoints,
            query=ListDatapoints,
            response=PaginatedDatapoints,
        ),
        kind.change(
            "Upload%sCsv",
            "POST",
            "/{id}/datapoints/csv",
            one.upload_csv,
            query=SelectVersion,
            body=UploadCsv,
            reads=read_upload,
            takes="multipart/form-data",
            errors=(404, 409),
        ),
    )


OPERATIONS = _operations()
