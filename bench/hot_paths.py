"""The operations whose cost is watched: each the same every time, given to the server without HTTP.

`tests/unit/test_hot_paths.py` holds them to the budgets of `bench.instructions`.
"""

from __future__ import annotations

import gc
import itertools
import json
import tempfile
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

from bench.control_plane import Asked, ask, fill, forty_nodes
from bench.counting import Count, Counting
from bench.engine import items, running
from bench.invoke import ten_pure_nodes
from bench.log_creates import BODY
from bench.registry import ROLE, ten_nodes
from headrace.app import Server, build
from headrace.core.canonical import digest
from headrace.core.definition import Definition
from headrace.core.validate import GENEROUS, validate
from headrace.settings import Settings

WARM = 2
ROUNDS = 5
ITEMS = (10, 40)
FILLER = "x" * 3900

Work = Callable[[], Awaitable[Any]]


@dataclass(frozen=True, slots=True, kw_only=True)
class HotPath:
    """An operation.

    Attributes:
        work: does it once.
        before: what is done each time before it, and not counted.
        less: what is taken off, and what is left is shared by ``per``.
    """

    work: Work
    before: Work | None = None
    less: Work | None = None
    per: int = 1

    async def count(self, counting: Counting) -> Count:
        """What it takes: the least of some rounds, since what else goes on in the process only adds."""
        whole = await self._least(counting, self.work)
        return (
            whole if self.less is None else whole.beyond(await self._least(counting, self.less), per=self.per)
        )

    async def _least(self, counting: Counting, work: Work) -> Count:
        counts = []
        for number in range(WARM + ROUNDS):
            if self.before is not None:
                await self.before()
            with counting.on() as count:
                await work()
            if number >= WARM:
                counts.append(count)
        return min(counts, key=lambda count: count.bytecodes + count.sqlite_steps)


class Site:
    """A server with flows of ten nodes to ask for."""

    def __init__(self, server: Server) -> None:
        self.server = server
        self._numbers = itertools.count()

    async def told(self, method: str, path: str, body: Any = None) -> Any:
        """The JSON of an answer, which has to be no error."""
        answer = await ask(self.server, method, path, body).send()
        found = json.loads(answer or b"null")
        if isinstance(found, dict) and {"message", "detail", "__type"} & found.keys():
            raise RuntimeError(f"{method} {path}: {found}")
        return found

    async def flow(self, name: str, definition: dict[str, Any]) -> str:
        """The id of a prepared flow with version 1."""
        wanted = {"name": name, "executionRoleArn": ROLE, "definition": definition}
        flow = str((await self.told("POST", "/flows/", wanted))["id"])
        await self.told("POST", f"/flows/{flow}/")
        await self.told("POST", f"/flows/{flow}/versions", {})
        return flow

    def version(self, flow: str) -> Asked:
        """CreateFlowVersion with a token of its own."""
        body = {"clientToken": f"bench-{next(self._numbers):034d}", "description": "bench"}
        return ask(self.server, "POST", f"/flows/{flow}/versions", body)

    def upsert(self, path: str) -> Asked:
        """New content of 4 KB."""
        number = next(self._numbers)
        attributes = {"graph": number, "prompt": FILLER, "settings": {"temperature": 0.2, "tags": ["a", "b"]}}
        return ask(self.server, "POST", "/v5/flows", {"path": path, "attributes": attributes})

    async def invocation(self, flow: str, *, traces: bool) -> Asked:
        """InvokeFlow through an alias."""
        wanted = {"name": f"live{traces}", "routingConfiguration": [{"flowVersion": "1"}]}
        alias = (await self.told("POST", f"/flows/{flow}/aliases", wanted))["id"]
        given = [{"nodeName": "Start", "nodeOutputName": "document", "content": {"document": "rain"}}]
        body = {"inputs": given, "enableTrace": traces}
        return ask(self.server, "POST", f"/flows/{flow}/aliases/{alias}", body)


def _now(work: Callable[[], Any]) -> Work:
    async def once() -> None:
        work()

    return once


def inside() -> dict[str, HotPath]:
    """What needs no server."""
    ten, forty = ten_nodes(), forty_nodes()
    text = json.dumps(ten).encode()
    plan, (few, many) = items(), ITEMS

    def item(*, traces: bool) -> HotPath:
        less, work = (running(plan, list(range(count)), traces=traces) for count in (few, many))
        return HotPath(work=work, less=less, per=many - few)

    return {
        "digest of 5 KB": HotPath(work=_now(lambda: digest(text))),
        "validation of 10 nodes": HotPath(
            work=_now(lambda: validate(Definition.parse(ten), limits=GENEROUS))
        ),
        "validation of 40 nodes": HotPath(
            work=_now(lambda: validate(Definition.parse(forty), limits=GENEROUS))
        ),
        "item of an Iterator": item(traces=False),
        "item of an Iterator, traced": item(traces=True),
    }


async def over_wires(site: Site) -> dict[str, HotPath]:
    """What clients ask for."""
    flow = await site.flow("ten", ten_nodes())
    pure = await site.flow("pure", ten_pure_nodes())
    long = await site.flow("long", ten_nodes())
    await fill(site.server, long, up_to=1000)
    kept = await site.told("POST", "/v5/flows", {"path": "upserts/read", "attributes": {"a": FILLER}})
    recorder = site.server.runs.recorder
    read = ask(site.server, "GET", f"/flows/{flow}/versions/1/").send
    get = ask(site.server, "GET", f"/v5/flows/{kept['id']}").send
    invoke = (await site.invocation(pure, traces=False)).send
    traced = (await site.invocation(pure, traces=True)).send
    write = lambda: site.upsert("upserts/other").send()  # noqa: E731
    return {
        "GetFlowVersion": HotPath(work=read),
        "GetFlowVersion after a write": HotPath(work=read, before=write),
        "Get Flow": HotPath(work=get),
        "Get Flow after a write": HotPath(work=get, before=write),
        "ListFlowVersions, a page of 1,000": HotPath(
            work=ask(site.server, "GET", f"/flows/{long}/versions").send, before=write
        ),
        "CreateFlowVersion of 10 nodes": HotPath(work=lambda: site.version(flow).send()),
        "Upsert Flow of 4 KB": HotPath(work=write),
        "Log of a flow": HotPath(work=ask(site.server, "POST", "/v5/flows/log", BODY).send),
        "InvokeFlow of 10 nodes": HotPath(work=invoke, before=recorder.flush),
        "InvokeFlow of 10 nodes, traced": HotPath(work=traced, before=recorder.flush),
        "record and log of InvokeFlow of 10 nodes": HotPath(work=recorder.flush, before=invoke),
    }


@asynccontextmanager
async def prepared() -> AsyncIterator[dict[str, HotPath]]:
    """Every hot path, by its name."""
    with tempfile.TemporaryDirectory() as directory:
        server = await build(Settings(store=f"sqlite:///{directory}/bench.db"))
        try:
            yield {**await over_wires(Site(server)), **inside()}
        finally:
            await server.runs.recorder.close()
            await server.ports.store.close()


async def counted(only: Iterable[str] = ()) -> dict[str, Count]:
    """What each takes."""
    counting = Counting()
    with counting.installed():
        async with prepared() as paths:
            gc.collect()
            gc.freeze()  # as `headrace serve` does when it is ready
            try:
                return {name: await paths[name].count(counting) for name in chosen(paths, only)}
            finally:
                gc.unfreeze()


def chosen(paths: Iterable[str], only: Iterable[str]) -> list[str]:
    """The names that contain one of some words; all, where none are given."""
    words = [word.lower() for word in only]
    return [name for name in paths if not words or any(word in name.lower() for word in words)]
