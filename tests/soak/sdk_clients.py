"""The clients that people have, in threads, with the retries that they come with: boto3 and humanloop."""

from __future__ import annotations

import asyncio
import threading
import time
from typing import Any

from tests.contract.conftest import boto_client, humanloop_client
from tests.soak.requests import flow_body, token
from tests.soak.site import Site
from tests.soak.weather import DOWN, SICK

PAUSE_S = 0.2
RETRIES: dict[str, Any] = {
    "retries": {"total_max_attempts": 6, "mode": "standard"},
    "connect_timeout": 5,
    "read_timeout": 30,
}


class SdkClients:
    """One thread a client. Belongs to the event loop that it is made on.

    Args:
        site: threads draw from its luck, too; who draws when is not in the seed.
    """

    def __init__(self, site: Site) -> None:
        self._site = site
        self._loop = asyncio.get_running_loop()
        self._threads = [
            threading.Thread(target=self._work, args=(act,), daemon=True)
            for act in (self._boto, self._humanloop)
        ]
        for thread in self._threads:
            thread.start()

    async def close(self) -> None:
        """Wait for their ends."""
        for thread in self._threads:
            await asyncio.to_thread(thread.join, 60)

    def _work(self, make: Any) -> None:
        act = make(f"http://127.0.0.1:{self._site.ports[0]}")
        while not self._site.is_over:
            began_s = time.monotonic()
            try:
                act()
            except Exception as error:
                if not any(self._site.weather.was(kind, began_s, time.monotonic()) for kind in (DOWN, SICK)):
                    self._site.complain(
                        f"{make.__name__.strip('_')} failed while nothing was broken: {error!r}"
                    )
            time.sleep(PAUSE_S)

    def _keep(self, what: str, **members: Any) -> None:
        asyncio.run_coroutine_threadsafe(self._site.keep(what, **members), self._loop).result(60)

    def _count(self, name: str) -> None:
        self._site.calls[name, 200] += 1

    def _boto(self, url: str) -> Any:
        agent = boto_client(url, **RETRIES)

        def act() -> None:
            name = f"boto3-{token(self._site.luck)}"
            flow = agent.create_flow(**flow_body(name, f"mark-{name}"))["id"]
            self._keep("flow", id=flow, name=name)
            agent.prepare_flow(flowIdentifier=flow)
            given = token(self._site.luck)
            self._keep("asked", flow=flow, token=given)
            made = agent.create_flow_version(flowIdentifier=flow, description=given, clientToken=given)
            number = int(made["version"])
            self._keep("version", flow=flow, number=number, token=given, mark=f"mark-{name}")
            self._count("boto3: a flow with a version")

        return act

    def _humanloop(self, url: str) -> Any:
        client = humanloop_client(url, "any")
        path = f"soak/humanloop-{token(self._site.luck)}"

        def act() -> None:
            text = token(self._site.luck)
            made = client.flows.upsert(path=path, attributes={"text": text})
            fact = {"operations": "flows", "id": made.id, "path": path}
            self._keep("upsert", **fact, content=text, version=made.version_id)
            assert made.version_id in {one.version_id for one in client.flows.list_versions(made.id).records}
            self._count("humanloop: a version, and all of them")

        return act
