"""The composition root: settings in, a running application out. Everything is constructed here."""

from __future__ import annotations

import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, runtime_checkable

from headrace.apis.bedrock.api import BedrockApi, BedrockConfig
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
from headrace.apis.repeats import Repeats
from headrace.apis.request_watch import RequestWatch
from headrace.apis.sessions import SessionsApi
from headrace.core.access import Principal
from headrace.core.durable import Engine, Program
from headrace.core.ports import Store
from headrace.core.processes import Role
from headrace.ground import Step, in_turn, names_of, new_process, ports_of, store_limits
from headrace.observing import build_observing
from headrace.services.base import Ports
from headrace.services.calls.calls import Calls
from headrace.services.calls.provider_desk import ProviderDesk
from headrace.services.calls.stored_prompts import StoredPrompts
from headrace.services.comparisons.comparisons import Comparisons
from headrace.services.durable.durable_executions import Durables
from headrace.services.evaluations.generating import Means
from headrace.services.evaluators.judging import Shows
from headrace.services.runs.flow_calls import Flows
from headrace.services.runs.runs import Runs
from headrace.services.server import access
from headrace.services.server.processes import Presence
from headrace.services.server.upkeep import Upkeep
from headrace.services.worker import Worker
from headrace.settings import Settings
from headrace.storage import open_store
from headrace.world import (
    Carrying,
    World,
    build_calls,
    build_carrying,
    build_comparisons,
    build_executing,
    build_runs,
    build_worker,
    build_world,
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
        beside: answers on the port for who watches over the process.
        gate: says whether it is in open mode.
        local: the default organisation's own user, with all rights.
        runs: what flows run in.
        exchange: imports and exports of Bedrock.
        moves: those of Humanloop.
        readiness: whether it is about to end.
    """

    app: App
    beside: App
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
    store = store or open_store(settings.store, store_limits(settings))
    model = load()
    codec = Codec(model, strict=settings.strict_limits)
    process = new_process(settings, Role.SERVER)
    ports = ports_of(settings, store, codec, process)
    local = await _local(settings, ports)
    gate = Gate(ports, local, local_token=local_token)
    exchange = _exchange(settings, ports, codec)
    moves = HumanloopExchange(ports=ports, timestamps_with_zone=settings.zoned_timestamps)
    observing = build_observing(settings, process)
    world = build_world(
        settings, StoredPrompts(store), telemetry=observing.telemetry, desk=ProviderDesk(ports)
    )
    runs = build_runs(settings, ports, world, telemetry=observing.telemetry)
    shows = judged_log(timestamps_with_zone=settings.zoned_timestamps)
    carrying = build_carrying(settings, ports, runs, local.account, names_of(settings))
    calls = build_calls(settings, world)
    worker = _worker(settings, ports, local.account, world, runs, calls, carrying.engine, shows)
    presence = Presence(ports, local.account, process, timeout_s=settings.process_timeout)
    upkeep = _upkeep(settings, ports, local.account)
    readiness = Readiness()
    durables = _durables(settings, runs, carrying)
    comparisons = build_comparisons(settings, ports, world, runs, calls, names_of(settings), shows=shows)
    ends = (world.close, store.close, *observing.closes)
    apis = _apis(settings, ports, gate, durables, comparisons, model, codec, exchange, moves)
    app = _app(
        settings,
        (HealthApi(ports, readiness), observing.metrics(settings, ports, runs, gate), *apis),
        gate,
        readiness,
        observing.watch,
        repeats=_repeats(settings, store, observing.watch),
        starts=(presence.start, *observing.starts, upkeep.start, *carrying.starts, worker.start),
        closes=(worker.close, *carrying.closes, upkeep.close, runs.recorder.close, presence.close, *ends),
    )
    return Server(
        app=app,
        beside=observing.beside(settings, ports, runs, readiness),
        ports=ports,
        runs=runs,
        gate=gate,
        local=local,
        settings=settings,
        exchange=exchange,
        moves=moves,
        readiness=readiness,
    )


def _upkeep(settings: Settings, ports: Ports, account: str) -> Upkeep:
    return Upkeep(
        ports,
        account,
        kept_days=settings.keep_runs,
        kept_log_days=settings.keep_logs,
        answer_s=settings.answer_timeout,
    )


def _exchange(settings: Settings, ports: Ports, codec: Codec) -> BedrockExchange:
    return BedrockExchange(
        ports=ports, codec=codec, region=settings.region, default_role=settings.default_role
    )


def _durables(settings: Settings, runs: Runs, carrying: Carrying) -> Durables:
    return Durables(
        runs=runs, most_going=settings.quota_executions, engine=carrying.engine, lacks=carrying.lacks
    )


def _worker(
    settings: Settings,
    ports: Ports,
    account: str,
    world: World,
    runs: Runs,
    calls: Calls,
    engine: Engine | None,
    shows: Shows,
) -> Worker:
    """What does the work behind the scenes of a server."""
    means = Means(calls=calls, flows=Flows(runs=runs, names=names_of(settings)))
    jobs = runs.recorder.telemetry.counts.jobs
    return build_worker(settings, ports, account, world, means, shows=shows, engine=engine, counts=jobs)


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
    store = open_store(settings.store, store_limits(settings))
    process = new_process(settings, Role.WORKER)
    ports = ports_of(settings, store, Codec(load(), strict=settings.strict_limits), process)
    account, readiness = settings.account, Readiness()
    observing = build_observing(settings, process)
    telemetry = observing.telemetry
    world = build_world(settings, StoredPrompts(store), telemetry=telemetry, desk=ProviderDesk(ports))
    runs = build_runs(settings, ports, world, telemetry=telemetry)
    carrying = build_carrying(settings, ports, runs, account, names_of(settings), around=around)
    presence = Presence(ports, account, process, timeout_s=settings.process_timeout)
    starts, closes = (*observing.starts, *carrying.starts), (*carrying.closes,)
    if carrying.engine is not None:
        worker = build_executing(settings, ports, account, carrying.engine, counts=telemetry.counts.jobs)
        starts, closes = (*starts, worker.start), (worker.close, *closes)
    ends = (runs.recorder.close, presence.close, world.close, store.close, *observing.closes)
    app = observing.beside(
        settings,
        ports,
        runs,
        readiness,
        on_startup=in_turn(presence.start, *starts),
        on_shutdown=in_turn(*closes, *ends),
    )
    return WorkerProcess(app=app, ports=ports, readiness=readiness, lacks=carrying.lacks)


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
    throttle = Throttle(
        settings.rate_limit,
        settings.rate_burst,
        read_rate_per_s=settings.rate_limit_reads,
        refused=durables.runs.recorder.telemetry.counts.refusals,
    )
    names, calls = names_of(settings), comparisons.calls
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


def _app(
    settings: Settings,
    apis: tuple[Api, ...],
    gate: Gate,
    readiness: Readiness,
    watch: RequestWatch,
    *,
    repeats: Repeats | None,
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
        on_startup=in_turn(*starts),
        on_shutdown=in_turn(*closes),
        readiness=readiness,
        watch=watch,
        repeats=repeats,
    )


def _repeats(settings: Settings, store: Store, watch: RequestWatch) -> Repeats | None:
    """Answers to give again; None where requests count against a limit or make spans, or nothing is kept."""
    has_limit = settings.rate_limit or settings.rate_limit_reads
    return None if has_limit or watch.is_tracing or store.is_shared else Repeats(store.changes)
