"""The composition root: settings in, a running application out. Everything is constructed here."""

from __future__ import annotations

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from headrace.apis.bedrock.api import BedrockApi, BedrockConfig
from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.exchange.service import BedrockExchange
from headrace.apis.bedrock.model import ServiceModel, load
from headrace.apis.console import ConsoleApi
from headrace.apis.console_executions import ConsoleExecutions
from headrace.apis.console_humanloop import ConsoleHumanloop
from headrace.apis.console_runs import ConsoleRuns
from headrace.apis.cors import Cors
from headrace.apis.gate import Gate, Throttle
from headrace.apis.health import HealthApi
from headrace.apis.humanloop.api import HumanloopApi
from headrace.apis.humanloop.exchange.service import HumanloopExchange
from headrace.apis.humanloop.judged import judged_log
from headrace.apis.native.api import NativeApi
from headrace.apis.native.operations import Reach
from headrace.apis.otel.api import OtlpApi
from headrace.apis.pages import FOLDER, PagesApi
from headrace.apis.pipeline import Api, App
from headrace.apis.readiness import Readiness
from headrace.apis.sessions import SessionsApi
from headrace.core.access import Principal
from headrace.core.clock import SystemClock
from headrace.core.durable import Program
from headrace.core.ids import RandomIds
from headrace.core.ports import Store
from headrace.core.processes import Process, Role
from headrace.core.validate import GENEROUS, TypeLimits
from headrace.rules import FlowRules
from headrace.services import access
from headrace.services.base import Limits, Ports
from headrace.services.calls import Calls
from headrace.services.comparisons import Comparisons
from headrace.services.durable_executions import Durables
from headrace.services.flow_calls import Flows
from headrace.services.generating import Means
from headrace.services.lease import Lease
from headrace.services.processes import Presence, this_process
from headrace.services.runs import Runs
from headrace.services.stored_prompts import StoredPrompts
from headrace.services.upkeep import Upkeep
from headrace.settings import Settings
from headrace.storage import open_store
from headrace.storage.limits import StoreLimits
from headrace.storage.place import path_of
from headrace.vault import BadKey, KeyVault, key_beside, new_key
from headrace.world import (
    build_calls,
    build_carrying,
    build_comparisons,
    build_executing,
    build_runs,
    build_worker,
    build_world,
    capacity_of,
    installation_of,
)

log = logging.getLogger("headrace.app")


@runtime_checkable
class Annotated(Protocol):
    """A store that can hold a note about who uses it."""

    def annotate(self, note: Mapping[str, str]) -> None: ...


@dataclass(frozen=True, slots=True, kw_only=True)
class Server:
    """A server that is ready to be listened for.

    Attributes:
        gate: says whether it is in open mode.
        local: the default organisation's own user, with all rights.
        runs: what flows run in.
        exchange: imports and exports of Bedrock.
        moves: those of Humanloop.
        readiness: whether it is about to end.
    """

    app: App
    ports: Ports
    runs: Runs
    gate: Gate
    local: Principal
    settings: Settings
    exchange: BedrockExchange
    moves: HumanloopExchange
    readiness: Readiness

    def annotate(self, note: Mapping[str, str]) -> None:
        """Leave word for commands on this machine, where the store has a place for it."""
        if isinstance(self.ports.store, Annotated):
            self.ports.store.annotate(note)


async def build(settings: Settings, *, store: Store | None = None, local_token: str = "") -> Server:
    """Open the store and put the server together.

    Args:
        store: used instead of the one that the settings name.
        local_token: what the command line on this machine shows instead of a key; empty is none.
    """
    store = store or open_store(settings.store, _store_limits(settings))
    model = load()
    codec = Codec(model, strict=settings.strict_limits)
    process = _process(settings, Role.SERVER)
    ports = _ports(settings, store, codec, process)
    local = await _local(settings, ports)
    gate = Gate(ports, local, local_token=local_token)
    exchange = BedrockExchange(
        ports=ports, codec=codec, region=settings.region, default_role=settings.default_role
    )
    moves = HumanloopExchange(ports=ports, timestamps_with_zone=settings.zoned_timestamps)
    world = build_world(settings, StoredPrompts(store))
    runs = build_runs(settings, ports, world)
    shows = judged_log(timestamps_with_zone=settings.zoned_timestamps)
    carrying = build_carrying(settings, ports, runs, local.account, _names(settings))
    calls = build_calls(settings, world)
    means = Means(calls=calls, flows=Flows(runs=runs, names=_names(settings)))
    worker = build_worker(settings, ports, local.account, world, means, shows=shows, engine=carrying.engine)
    presence = Presence(ports, local.account, process, timeout_s=settings.process_timeout)
    upkeep = Upkeep(ports, local.account, kept_days=settings.keep_runs, answer_s=settings.answer_timeout)
    readiness = Readiness()
    durables = Durables(
        runs=runs, most_going=settings.quota_executions, engine=carrying.engine, lacks=carrying.lacks
    )
    comparisons = build_comparisons(settings, ports, world, runs, calls, _names(settings), shows=shows)
    apis = _apis(settings, ports, gate, durables, comparisons, model, codec, exchange, moves)
    app = _app(
        settings,
        (HealthApi(ports, readiness), *apis),
        gate,
        readiness,
        starts=(presence.start, upkeep.start, *carrying.starts, worker.start),
        closes=(
            worker.close,
            *carrying.closes,
            upkeep.close,
            runs.recorder.close,
            presence.close,
            world.close,
            store.close,
        ),
    )
    return Server(
        app=app,
        ports=ports,
        runs=runs,
        gate=gate,
        local=local,
        settings=settings,
        exchange=exchange,
        moves=moves,
        readiness=readiness,
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class WorkerProcess:
    """A process that only carries out durable executions, ready to be started.

    Attributes:
        app: starts it and ends it, and answers who asks for its health.
        readiness: whether it is about to end.
        lacks: what is missing to carry out anything; None when nothing is.
    """

    app: App
    ports: Ports
    readiness: Readiness
    lacks: str | None


async def build_worker_process(settings: Settings, *, around: Callable[[Program], Program]) -> WorkerProcess:
    """Open the store, and put together what carries out executions that servers have started.

    Args:
        around: what is done about each, around its being carried out.
    """
    store = open_store(settings.store, _store_limits(settings))
    process = _process(settings, Role.WORKER)
    ports = _ports(settings, store, Codec(load(), strict=settings.strict_limits), process)
    account, readiness = settings.account, Readiness()
    world = build_world(settings, StoredPrompts(store))
    runs = build_runs(settings, ports, world)
    carrying = build_carrying(settings, ports, runs, account, _names(settings), around=around)
    presence = Presence(ports, account, process, timeout_s=settings.process_timeout)
    starts, closes = (*carrying.starts,), (*carrying.closes,)
    if carrying.engine is not None:
        worker = build_executing(settings, ports, account, carrying.engine)
        starts, closes = (*starts, worker.start), (worker.close, *closes)
    app = App(
        (HealthApi(ports, readiness, is_alone=True),),
        max_body_bytes=settings.max_body,
        body_timeout_s=settings.body_timeout or None,
        logs_all=settings.log_requests,
        on_startup=_in_turn(presence.start, *starts),
        on_shutdown=_in_turn(*closes, runs.recorder.close, presence.close, world.close, store.close),
        readiness=readiness,
    )
    return WorkerProcess(app=app, ports=ports, readiness=readiness, lacks=carrying.lacks)


def _process(settings: Settings, role: Role) -> Process:
    """This process, under an id of its own."""
    now, capacity = SystemClock().now(), capacity_of(settings)
    return this_process(id=RandomIds().long("prc_"), now=now, role=role, capacity=capacity)


async def _local(settings: Settings, ports: Ports) -> Principal:
    """The default organisation's own user; both are made when they are missing."""
    environments = [name for name in settings.environments.split(",") if name]
    local = await access.ensure_organisation(
        ports, account=settings.account, name="default", environments=environments
    )
    if ports.store.is_shared and not await access.opens_secrets(ports):
        log.warning(
            "HEADRACE_SECRET_KEY is not that of the newest AWS secret in the store, which is of no use here: "
            "all processes of a store need the same key"
        )
    return local


def _store_limits(settings: Settings) -> StoreLimits:
    return StoreLimits(
        connections=settings.store_connections,
        timeout_s=settings.store_timeout,
        connect_timeout_s=settings.store_connect_timeout,
    )


def _humanloop(
    settings: Settings, ports: Ports, gate: Gate, throttle: Throttle, calls: Calls
) -> HumanloopApi:
    return HumanloopApi(
        ports,
        gate,
        throttle,
        calls,
        timestamps_with_zone=settings.zoned_timestamps,
        max_page=settings.max_page,
        max_body_bytes=settings.max_body,
    )


def _apis(
    settings: Settings,
    ports: Ports,
    gate: Gate,
    durables: Durables,
    comparisons: Comparisons,
    model: ServiceModel,
    codec: Codec,
    exchange: BedrockExchange,
    moves: HumanloopExchange,
) -> tuple[Api, ...]:
    """The protocols, in the order in which they are asked whose a request is."""
    throttle = Throttle(settings.rate_limit, settings.rate_burst, read_rate_per_s=settings.rate_limit_reads)
    names, calls = _names(settings), comparisons.calls
    more = (
        *ConsoleRuns(ports, gate, durables.runs, names).rows(),
        *ConsoleExecutions(ports, gate, durables, names).rows(),
        *ConsoleHumanloop(gate, moves).rows(),
    )
    return (
        PagesApi(Path(settings.web_folder) if settings.web_folder else FOLDER),
        SessionsApi(ports, gate, lifetime_s=settings.session_lifetime, is_tls=bool(settings.tls_certificate)),
        ConsoleApi(ports, gate, exchange, more=more),
        NativeApi(
            Reach(
                ports=ports,
                runs=durables.runs,
                durables=durables,
                calls=calls,
                names=names,
                comparisons=comparisons,
                gate=gate,
                installation=installation_of(settings),
            ),
            gate,
            throttle,
        ),
        _humanloop(settings, ports, gate, throttle, calls),
        OtlpApi(ports, gate, throttle, max_body_bytes=settings.max_body),
        BedrockApi(
            ports=ports,
            runs=durables.runs,
            durables=durables,
            gate=gate,
            throttle=throttle,
            model=model,
            codec=codec,
            config=BedrockConfig(region=settings.region, default_role=settings.default_role),
        ),
    )


def _names(settings: Settings) -> Callable[[str], Place]:
    """What an organisation's resources are called outside."""
    return lambda account: Place(region=settings.region, account=account)


Step = Callable[[], Awaitable[None]]


def _app(
    settings: Settings,
    apis: tuple[Api, ...],
    gate: Gate,
    readiness: Readiness,
    *,
    starts: tuple[Step, ...],
    closes: tuple[Step, ...],
) -> App:
    """The application, with what is done in turn when it starts and when it ends."""
    origins = [origin for origin in settings.allowed_origins.split(",") if origin]
    return App(
        apis,
        max_body_bytes=settings.max_body,
        body_timeout_s=settings.body_timeout or None,
        cors=Cors(frozenset(origins), gate.is_open) if origins else None,
        logs_all=settings.log_requests,
        on_startup=_in_turn(*starts),
        on_shutdown=_in_turn(*closes),
        readiness=readiness,
    )


def _in_turn(*steps: Step) -> Step:
    async def take() -> None:
        for step in steps:
            await step()

    return take


def _ports(settings: Settings, store: Store, codec: Codec, process: Process) -> Ports:
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
