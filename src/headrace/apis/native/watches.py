"""Over HTTP: what is or was watched since a pointer was moved."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.apis.native.pointers import POINTER
from headrace.core.access import Right
from headrace.core.gates import Watch
from headrace.services.deployments import watching
from headrace.services.tree import subjects


class WatchBody(msgspec.Struct, frozen=True, kw_only=True):
    """A version that is watched since a move, or was.

    Attributes:
        ended_at: null while it goes on.
        outcome: how it ended, in a sentence.
    """

    version_id: str
    move_id: str
    begun_at: datetime
    ends_at: datetime
    ended_at: datetime | None
    outcome: str | None


class WatchList(msgspec.Struct, frozen=True, kw_only=True):
    """The versions that the pointer's last move brought and that were watched since, by their ids."""

    watches: list[WatchBody]


async def get_watches(call: Call) -> Response:
    """What is or was watched since a pointer was last moved."""
    where = await subjects.where_is(
        call.ports, call.principal, file=call.parameters["file"], pointer=call.parameters["pointer"]
    )
    found = await watching.current(call.ports, call.principal, where)
    return ok(WatchList(watches=[_watch(one) for one in found]))


def _watch(watch: Watch) -> WatchBody:
    return WatchBody(**{name: getattr(watch, name) for name in WatchBody.__struct_fields__})


OPERATIONS = (
    Operation(
        name="getWatches",
        method="GET",
        template=f"{POINTER}/watches",
        handler=get_watches,
        right=Right.READER,
        response=WatchList,
    ),
)
