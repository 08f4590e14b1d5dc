"""Dashboards of files over HTTP."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.wire import FileBody, file_body
from headrace.core.access import Right
from headrace.services import dashboards
from headrace.services.dashboards import Bucket, Grain, Span

Moment = Annotated[datetime, msgspec.Meta(tz=True)]


class DashboardQuery(msgspec.Struct, frozen=True, kw_only=True):
    """Of what time, and how finely.

    Attributes:
        start: without it, some time before the end: a day by hours, 30 days, 26 weeks.
        to: without it, now.
        grain: what a bucket is.
        zone: the name of the time zone in which days begin, such as `Europe/Berlin`.
    """

    start: Moment | None = msgspec.field(name="from", default=None)
    to: Moment | None = None
    grain: Grain = Grain.DAY
    zone: str = "UTC"


class BucketBody(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file within some time.

    Attributes:
        start: when it begins; it ends where the next one begins.
        input_tokens: of models, also of those that its steps asked; `output_tokens` and `cost_usd`, too.
        cost_usd: None where nothing is known.
        latency_p50_s: of logs without an error that say how long they took; None where none does.
        judged: judgments that say whether something is good: booleans, and options that are said to be.
        positive: those of them that say it is.
    """

    start: datetime
    logs: int
    errors: int
    input_tokens: int
    output_tokens: int
    cost_usd: float | None
    latency_p50_s: float | None
    latency_p95_s: float | None
    judged: int
    positive: int


class DashboardBody(msgspec.Struct, frozen=True, kw_only=True):
    """What came of a file over time.

    Attributes:
        zone: the time zone in which days begin; UTC, when the one that was asked for is not known here.
        start: of the first bucket.
        end: of the last one.
        total: over all of it.
        drawn: latencies and judgments are those of so many logs, drawn at random; None: of all.
    """

    file: FileBody
    grain: Grain
    zone: str
    start: datetime
    end: datetime
    buckets: list[BucketBody]
    total: BucketBody
    drawn: int | None


async def get_dashboard(call: Call) -> Response:
    """What came of a file over time: logs, errors, latency, tokens, cost, and what evaluators found good."""
    query: DashboardQuery = call.query
    span = Span(start=query.start, end=query.to, grain=query.grain, zone=query.zone)
    found = await dashboards.dashboard(call.ports, call.principal, file=call.parameters["file"], span=span)
    return ok(
        DashboardBody(
            file=file_body(found.file),
            grain=found.grain,
            zone=found.zone,
            start=found.start,
            end=found.end,
            buckets=[_bucket_body(one) for one in found.buckets],
            total=_bucket_body(found.total),
            drawn=found.drawn,
        )
    )


def _bucket_body(bucket: Bucket) -> BucketBody:
    return BucketBody(**msgspec.structs.asdict(bucket))


OPERATIONS = (
    Operation(
        name="getDashboard",
        method="GET",
        template="/files/{file}/dashboard",
        handler=get_dashboard,
        right=Right.READER,
        query=DashboardQuery,
        response=DashboardBody,
    ),
)
