"""What servers and workers both stand on: the process, its ports, the store and its key."""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable
from pathlib import Path

from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.codec import Codec
from headrace.core.clock import SystemClock
from headrace.core.ids import RandomIds
from headrace.core.ports import Store
from headrace.core.processes import Process, Role
from headrace.core.validate import GENEROUS, TypeLimits
from headrace.rules import FlowRules
from headrace.services.base import Limits, Ports
from headrace.services.durable.lease import Lease
from headrace.services.server.processes import this_process
from headrace.settings import Settings
from headrace.storage.limits import StoreLimits
from headrace.storage.place import path_of
from headrace.vault import BadKey, KeyVault, key_beside, new_key
from headrace.world import capacity_of

Step = Callable[[], Awaitable[None]]


def new_process(settings: Settings, role: Role) -> Process:
    """This process, under an id of its own."""
    now, capacity = SystemClock().now(), capacity_of(settings)
    return this_process(id=RandomIds().long("prc_"), now=now, role=role, capacity=capacity)


def store_limits(settings: Settings) -> StoreLimits:
    """How the store is opened."""
    return StoreLimits(
        connections=settings.store_connections,
        timeout_s=settings.store_timeout,
        connect_timeout_s=settings.store_connect_timeout,
    )


def names_of(settings: Settings) -> Callable[[str], Place]:
    """What an organisation's resources are called outside."""
    return lambda account: Place(region=settings.region, account=account)


def in_turn(*steps: Step) -> Step:
    """Several steps as one."""

    async def take() -> None:
        for step in steps:
            await step()

    return take


def ports_of(settings: Settings, store: Store, codec: Codec, process: Process) -> Ports:
    """The outside, as the use cases of a process see it.

    Raises:
        BadKey: the server's key is missing or is none.
    """
    return Ports(
        store=store,
        ids=RandomIds(),
        clock=SystemClock(),
        rules=FlowRules(codec),
        vault=KeyVault(_secret_key(settings, store)),
        limits=Limits(
            files={"flow": settings.quota_flows, "prompt": settings.quota_prompts},
            releases={"flow": settings.quota_flow_versions, "prompt": settings.quota_prompt_versions},
            aliases=settings.quota_flow_aliases,
            node_types=TypeLimits() if settings.strict_node_counts else GENEROUS,
            receipts_s=settings.client_token_lifetime,
            complete_traces_grow=settings.growing_traces,
            evaluation_silence_s=settings.evaluation_silence,
            watch_interval_s=settings.watch_interval,
        ),
        holder=process.id,
        lease=Lease(timeout_s=settings.process_timeout if store.is_shared else math.inf),
    )


def _secret_key(settings: Settings, store: Store) -> str:
    """The configured key, or the one beside the store, or one that lives as long as the process.

    Raises:
        BadKey: the store is shared, so that no key can lie beside it, and none is configured.
    """
    if settings.secret_key:
        return settings.secret_key
    if store.is_shared:
        raise BadKey(
            "A store that several servers can share needs HEADRACE_SECRET_KEY, the same for all of them: "
            "make one with `headrace keys secret`, and keep it as safe as a password."
        )
    path: Path | None = path_of(settings.store)
    return new_key() if path is None else key_beside(path.with_name(path.name + ".key"))
