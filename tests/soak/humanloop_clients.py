"""Clients of the Humanloop API, and of compare-and-set: contents, traces, judgments, deployments."""

from __future__ import annotations

import asyncio
from typing import Any

from tests.soak.requests import JUDGE, SCORE, token
from tests.soak.site import Client, Over, Refused, Site
from tests.soak.wire import NoAnswer

KINDS = ("flows", "prompts", "datasets")
HOT = 5
"""So many contents of a file are sent again and again, by several at once."""
ENVIRONMENT = "staging"


def content(operations: str, text: str) -> dict[str, Any]:
    """The content of a file of a kind, which is ``text`` and nothing else."""
    if operations == "flows":
        return {"attributes": {"text": text}}
    if operations == "prompts":
        return {"model": "any", "template": text}
    return {"datapoints": [{"inputs": {"text": text}}], "action": "set"}


class Upserter:
    """Sends contents of one file, new ones and old ones, the same one by several clients at once."""

    def __init__(self, site: Site, number: int) -> None:
        self._site = site
        self._operations = KINDS[number % len(KINDS)]
        self.path = f"soak/{self._operations}-{token(site.luck)}"
        self._clients = [site.client(number + more) for more in range(3)]

    async def act(self) -> None:
        """One content, by one client or by all."""
        luck = self._site.luck
        text = f"hot-{luck.randrange(HOT)}" if luck.random() < 0.5 else token(luck)
        clients = self._clients if luck.random() < 0.4 else self._clients[:1]
        await asyncio.gather(*(self._upsert(client, text) for client in clients))

    async def _upsert(self, client: Client, text: str) -> None:
        body = {"path": self.path, **content(self._operations, text)}
        made = (
            await client.done(f"Upsert {self._operations}", "POST", f"/v5/{self._operations}", body)
        ).json()
        await self._site.keep(
            "upsert",
            operations=self._operations,
            id=made["id"],
            path=self.path,
            content=text,
            version=made["version_id"],
        )


class Contenders:
    """Move the environment of one file, each expecting the same: one of them does."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._clients = [site.client(number) for number in range(4)]
        self._path = f"soak/contended-{token(site.luck)}"
        self._versions: list[str] = []
        self._id = ""

    async def act(self) -> None:
        """One race."""
        if len(self._versions) <= len(self._clients):
            await self._prepare()
        where = f"/api/files/{self._id}/pointers/{ENVIRONMENT}"
        seen = (await self._clients[0].done("getPointer", "GET", where)).json()
        targets = [one for one in self._versions if one != seen["version_id"]][: len(self._clients)]
        self._site.luck.shuffle(targets)
        expected = seen["move_id"] or "nothing"
        moving = zip(self._clients, targets, strict=False)
        came = await asyncio.gather(*(self._move(client, where, to, expected) for client, to in moving))
        won = [one for one in came if isinstance(one, dict)]
        if len(won) > 1 or (not won and None not in came):
            self._site.complain(f"{len(won)} of {len(came)} moves that expected {expected} were made: {won}")
        for move in won:
            await self._site.keep("move", file=self._id, move=move["id"], version=move["version_id"])

    async def _prepare(self) -> None:
        text = f"{len(self._versions)}"
        body = {"path": self._path, **content("flows", text)}
        made = (await self._clients[0].done("Upsert flows", "POST", "/v5/flows", body)).json()
        self._id = made["id"]
        self._versions.append(made["version_id"])
        facts = {"id": self._id, "path": self._path, "content": text, "version": made["version_id"]}
        await self._site.keep("upsert", operations="flows", **facts)
        if len(self._versions) <= len(self._clients):
            await self._prepare()

    async def _move(self, client: Client, where: str, to: str, expected: str) -> dict[str, Any] | str | None:
        """The move; why there is none; or None when nobody knows."""
        try:
            answer = await client.once(
                "createMove", "POST", f"{where}/moves", {"to": to, "expected": expected}
            )
        except NoAnswer as error:
            return None if error.was_sent else "not sent"
        if answer.status == 409:
            return "refused"
        if answer.status != 200 or not answer.json()["is_new"]:
            self._site.complain(f"a move to {to} was answered {answer.status}: {answer.text}")
        move: dict[str, Any] = answer.json()["move"]
        return move


class Tracer:
    """Records flows' logs with logs below them, completes and judges them."""

    def __init__(self, site: Site, number: int, flow: str, evaluator: str) -> None:
        self._site = site
        self._client = site.client(number)
        self._flow = flow
        self._evaluator = evaluator

    async def act(self) -> None:
        """One trace."""
        site, luck = self._site, self._site.luck
        root = f"log-{token(luck)}"
        body = {"id": self._flow, "log_id": root, "log_status": "incomplete", "inputs": {"of": root}}
        await self._client.done("LogFlow", "POST", "/v5/flows/log", body)
        await site.keep("trace", id=root, flow=self._flow)
        above = [root]
        for _ in range(luck.randint(1, 5)):
            above.append(await self._below(root, luck.choice(above)))
        output = f"said-{token(luck)}"
        done = {"log_status": "complete", "output": output}
        await self._client.done("UpdateFlowLog", "PATCH", f"/v5/flows/logs/{root}", done)
        await site.keep("trace", id=root, flow=self._flow, output=output)
        if luck.random() < 0.7:  # a second judgment of the same evaluator would take the first one's place
            await self._judge(root)

    async def _below(self, root: str, parent: str) -> str:
        log, output = f"log-{token(self._site.luck)}", token(self._site.luck)
        body = {
            "path": "soak/traced prompt",
            "prompt": {"model": "any", "template": "{{x}}"},
            "log_id": log,
            "trace_parent_id": parent,
            "output": output,
        }
        await self._site.keep("asked_below", trace=root, id=log)
        await self._client.done("LogPrompt", "POST", "/v5/prompts/log", body)
        await self._site.keep("child", trace=root, id=log, output=output)
        return log

    async def _judge(self, root: str) -> None:
        log, value = f"log-{token(self._site.luck)}", self._site.luck.randrange(100)
        body = {"id": self._evaluator, "parent_id": root, "judgment": value, "log_id": log}
        await self._site.keep("asked_below", trace=root, id=log)
        await self._client.done("LogEvaluator", "POST", "/v5/evaluators/log", body)
        await self._site.keep("judgment", trace=root, id=log, value=value)


async def traced_flow(site: Site) -> tuple[str, str]:
    """A flow whose complete logs are judged once by the server itself, and an evaluator that judges elsewhere."""
    client = site.client()
    try:
        flow = (
            await client.done("Upsert flows", "POST", "/v5/flows", {"path": "soak/traced", "attributes": {}})
        ).json()
        made = []
        for name, spec in (("judge", JUDGE), ("score", SCORE)):
            body = {"path": f"soak/{name}", "spec": spec}
            made.append((await client.done("Upsert evaluators", "POST", "/v5/evaluators", body)).json())
        monitor = {"activate": [{"evaluator_version_id": made[0]["version_id"]}]}
        await client.done("UpdateMonitoring", "POST", f"/v5/flows/{flow['id']}/evaluators", monitor)
    except (Over, Refused):
        raise RuntimeError("the server refused what the run begins with") from None
    finally:
        await client.close()
    return flow["id"], made[1]["id"]
