"""Clients that start executions in the background, and stop some."""

from __future__ import annotations

import time
from typing import Any

from tests.chaos.work import ROLE, chain
from tests.soak.requests import document, routing, token
from tests.soak.site import Client, Site

STEPS = 3
STEP_S = 0.02
MOST_GOING = 60
"""No more are started while so many have not been seen to end."""
SEEN_END = ("Succeeded", "Failed", "TimedOut", "Aborted")


class Starter:
    """Starts executions of one flow by its alias."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._client = site.client(number)
        self._flow = self._alias = ""
        self._going: list[str] = []

    async def act(self) -> None:
        """One execution more, or a look at those that go on."""
        if not self._flow:
            await self._make()
        if len(self._going) >= MOST_GOING or self._site.luck.random() < 0.3:
            await self._look()
            return
        run, begin = f"e-{self._site.luck.getrandbits(96):x}", self._site.luck.randrange(1000)
        body = document("", "Start")
        body["inputs"][0]["content"]["document"] = {"n": begin, "pause_s": STEP_S}
        body["flowExecutionName"] = run
        told = await self._client.until_told("StartFlowExecution", "POST", f"{self._where}/executions", body)
        if told.status != 200 and not (told.status == 409 and told.tries > 1):
            self._site.complain(f"StartFlowExecution was answered {told.status}: {told.answer.text}")
            return
        await self._site.keep("run", id=run, flow=self._flow, alias=self._alias, input=str(begin))
        self._going.append(run)
        if self._site.luck.random() < 0.15:
            await self._stop(run)

    @property
    def _where(self) -> str:
        return f"/flows/{self._flow}/aliases/{self._alias}"

    async def _make(self) -> None:
        client, given = self._client, token(self._site.luck)
        body: dict[str, Any] = {
            "name": f"steps-{given}",
            "executionRoleArn": ROLE,
            "definition": chain(STEPS),
        }
        flow = (await client.done("CreateFlow", "POST", "/flows/", {**body, "clientToken": given})).json()[
            "id"
        ]
        await client.done("PrepareFlow", "POST", f"/flows/{flow}/")
        version = {"description": given, "clientToken": given}
        await client.done("CreateFlowVersion", "POST", f"/flows/{flow}/versions", version)
        alias = {"name": "live", "routingConfiguration": routing("1"), "clientToken": given}
        told = await client.done("CreateFlowAlias", "POST", f"/flows/{flow}/aliases", alias)
        self._flow, self._alias = flow, told.json()["id"]

    async def _look(self) -> None:
        if not self._going:
            return
        run = self._site.luck.choice(self._going)
        told = await self._client.done("GetFlowExecution", "GET", f"{self._where}/executions/{run}")
        if told.json()["status"] in SEEN_END:
            self._going.remove(run)

    async def _stop(self, run: str) -> None:
        told = await self._client.until_told(
            "StopFlowExecution", "POST", f"{self._where}/executions/{run}/stop"
        )
        if told.status not in (200, 409):
            self._site.complain(f"StopFlowExecution was answered {told.status}: {told.answer.text}")
        elif told.status == 200:
            await self._site.keep("stopped", id=run)


async def check_run(site: Site, client: Client, id: str, *, within_s: float) -> None:
    """An execution has ended, well unless it was stopped, with what comes out of it."""
    run = site.model.runs[id]
    where = f"/flows/{run.flow}/aliases/{run.alias}/executions/{id}"
    status = await _end(client, where, within_s)
    if not within_s and status not in SEEN_END:
        return
    if status == "Aborted" and run.was_stopped:
        return
    if status != "Succeeded":
        site.complain(f"execution {id} of {run.flow} is {status}")
        return
    told = await client.done("ListFlowExecutionEvents", "GET", f"{where}/events?eventType=Flow")
    found = [one["flowOutputEvent"] for one in told.json()["flowExecutionEvents"] if "flowOutputEvent" in one]
    outputs = [one["fields"][0]["content"]["document"] for one in found]
    if outputs != [int(run.input) + STEPS]:
        site.complain(f"execution {id} of {run.flow} gave {outputs}, not {[int(run.input) + STEPS]}")


async def _end(client: Client, where: str, within_s: float) -> str:
    ends_s = time.monotonic() + within_s
    while True:
        status = str((await client.done("GetFlowExecution", "GET", where)).json()["status"])
        if status in SEEN_END or time.monotonic() > ends_s:
            return status
        await client.rest()
