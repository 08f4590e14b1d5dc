"""Clients of the Bedrock API: flows from a draft to an alias that is called, rivals for a name, flows that go again."""

from __future__ import annotations

import asyncio
import time
from typing import Any

from tests.soak.requests import document, flow_body, mark_in, routing, token
from tests.soak.site import Client, Over, Site
from tests.soak.wire import Answer

MOST_VERSIONS = 400
"""A flow that has so many gets no more; another one takes its place."""


class FlowKeeper:
    """Keeps one flow: edits it, prepares it, makes versions of it, and an alias."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._client = site.client(number)
        self._id = ""
        self._name = ""
        self._alias = ""

    async def act(self) -> None:
        """Make a version of new content, or of the same again."""
        if not self._id or len(self._site.model.flows[self._id].versions) >= MOST_VERSIONS:
            await self._make()
        mark = f"mark-{token(self._site.luck)}"
        await self._client.done("UpdateFlow", "PUT", f"/flows/{self._id}/", flow_body(self._name, mark))
        await self._client.done("PrepareFlow", "POST", f"/flows/{self._id}/")
        for _ in range(self._site.luck.choice((1, 1, 2))):
            await self._version(mark)
        if not self._alias:
            await self._make_alias()
        told = await self._client.done("GetFlow", "GET", f"/flows/{self._id}/")
        if mark_in(told.json()) != mark:
            self._site.complain(f"the draft of {self._id} has {mark_in(told.json())}, not {mark}")

    async def _make(self) -> None:
        name, given = f"flow-{token(self._site.luck)}", token(self._site.luck)
        body = {**flow_body(name, "first"), "clientToken": given}
        told = await self._client.done("CreateFlow", "POST", "/flows/", body)
        await self._site.keep("flow", id=told.json()["id"], name=name)
        self._id, self._name, self._alias = told.json()["id"], name, ""

    async def _version(self, mark: str) -> None:
        given = token(self._site.luck)
        await self._site.keep("asked", flow=self._id, token=given)
        body = {"description": given, "clientToken": given}
        told = await self._client.done("CreateFlowVersion", "POST", f"/flows/{self._id}/versions", body)
        made = told.json()
        if mark_in(made) != mark:
            self._site.complain(f"version {made['version']} of {self._id} has {mark_in(made)}, not {mark}")
        await self._site.keep("version", flow=self._id, number=int(made["version"]), token=given, mark=mark)

    async def _make_alias(self) -> None:
        flow = self._site.model.flows[self._id]
        number, given, began_s = str(max(flow.versions)), token(self._site.luck), time.monotonic()
        body = {"name": "live", "routingConfiguration": routing(number), "clientToken": given}
        told = await self._client.done("CreateFlowAlias", "POST", f"/flows/{self._id}/aliases", body)
        self._alias = told.json()["id"]
        write = {"flow": self._id, "alias": self._alias, "id": given}
        await self._site.keep("aliasing", **write, number=number, began_s=began_s)
        await self._site.keep("aliased", **write, ended_s=told.answer.ended_s)


class AliasUser:
    """Moves aliases of any flow, looks where they lead, and calls flows by them."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._client = site.client(number)

    async def act(self) -> None:
        """One of these, on any flow that has an alias."""
        flows = [(key, one) for key, one in self._site.model.flows.items() if one.aliases]
        if not flows:
            return
        flow_id, flow = self._site.luck.choice(flows)
        alias = next(iter(flow.aliases))
        how = self._site.luck.random()
        if how < 0.25:
            await self._move(flow_id, alias, str(self._site.luck.choice(list(flow.versions))))
        elif how < 0.5:
            told = await self._client.done("GetFlowAlias", "GET", f"/flows/{flow_id}/aliases/{alias}")
            self._check(flow_id, alias, {told.json()["routingConfiguration"][0]["flowVersion"]}, told.answer)
        else:
            await self._call(flow_id, alias)

    async def _move(self, flow: str, alias: str, number: str) -> None:
        write = {"flow": flow, "alias": alias, "id": token(self._site.luck)}
        await self._site.keep("aliasing", **write, number=number, began_s=time.monotonic())
        body = {"name": "live", "routingConfiguration": routing(number)}
        told = await self._client.done("UpdateFlowAlias", "PUT", f"/flows/{flow}/aliases/{alias}", body)
        await self._site.keep("aliased", **write, ended_s=told.answer.ended_s)

    async def _call(self, flow: str, alias: str) -> None:
        topic = f"topic-{self._site.luck.getrandbits(32):x}"
        told = await self._client.done(
            "InvokeFlow", "POST", f"/flows/{flow}/aliases/{alias}", document(topic)
        )
        if b"flowCompletionEvent" not in told.answer.body or topic.encode() not in told.answer.body:
            self._site.judge_broken_stream(f"InvokeFlow of {flow}", told.answer)
            return
        marks = {str(n): mark for n, (_, mark) in self._site.model.flows[flow].versions.items()}
        told_by = {n for n, mark in marks.items() if mark.encode() in told.answer.body}
        self._check(flow, alias, told_by, told.answer)

    def _check(self, flow: str, alias: str, numbers: set[str], answer: Answer) -> None:
        """An answer that one of these versions gave is one that the alias may have led to then."""
        may_be = self._site.model.flows[flow].aliases[alias].may_be(answer.began_s, answer.ended_s)
        if not may_be & numbers:
            self._site.complain(f"alias {alias} of {flow} led to {numbers}; it can only have been {may_be}")


class Rivals:
    """Want the same name at once, for a flow each: one gets it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._clients = [site.client(number) for number in range(3)]

    async def act(self) -> None:
        """One name."""
        name = f"wanted-{token(self._site.luck)}"
        told = await asyncio.gather(*(self._ask(client, name) for client in self._clients))
        winners = [one["id"] for one in told if one]
        if len(winners) != 1:
            self._site.complain(f"{len(winners)} flows were created with the name {name}: {winners}")
        for winner in winners:
            await self._site.keep("flow", id=winner, name=name)

    async def _ask(self, client: Client, name: str) -> Any:
        body = {**flow_body(name, "first"), "clientToken": token(self._site.luck)}
        told = await client.until_told("CreateFlow", "POST", "/flows/", body)
        if told.status not in (201, 409):
            self._site.complain(f"CreateFlow of {name} was answered {told.status}: {told.answer.text}")
        return told.json() if told.status == 201 else None


class Mayfly:
    """Creates a flow and deletes it: it is gone, and its name is free."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._client = site.client(number)
        self._name = f"mayfly-{token(site.luck)}"

    async def act(self) -> None:
        """One life; the name is always the same."""
        body = {**flow_body(self._name, "short"), "clientToken": token(self._site.luck)}
        flow = (await self._client.done("CreateFlow", "POST", "/flows/", body)).json()["id"]
        await self._site.keep("flow", id=flow, name=self._name)
        await self._site.keep("going", id=flow)
        told = await self._client.until_told("DeleteFlow", "DELETE", f"/flows/{flow}/")
        if told.status != 200 and not (told.status == 404 and told.tries > 1):
            self._site.complain(f"DeleteFlow of {flow} was answered {told.status}: {told.answer.text}")
        await self._site.keep("gone", id=flow)
        if self._site.is_over:
            raise Over
        again = await self._client.until_told("GetFlow", "GET", f"/flows/{flow}/")
        if again.status != 404:
            self._site.complain(f"flow {flow} was deleted, and is there: {again.status}")
