"""What flows may call, put together from the settings; for the server and for runs without one."""

from __future__ import annotations

import importlib.util
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, fields
from pathlib import Path

import msgspec

from headrace import __version__
from headrace.backends.config import Config, Models, read_config, scripted_only
from headrace.backends.durable.engine import DbosEngine
from headrace.backends.durable.place import JournalSchema
from headrace.backends.durable.place import beside as journals_beside
from headrace.backends.effects import build_effects
from headrace.backends.evaluators.judges import Evaluators
from headrace.backends.knowledge.local import file_of
from headrace.backends.sandbox.counted import CountedSandbox
from headrace.backends.sandbox.limits import SandboxLimits
from headrace.backends.sandbox.outcome import Sandbox
from headrace.backends.sandbox.runners import open_sandbox
from headrace.backends.templates.jinja import JinjaLanguage
from headrace.backends.tools import SandboxedTools
from headrace.core.counts import Spread, Tally
from headrace.core.durable import Engine, Program
from headrace.core.effects import Effects, Prompts, SpeakingModels, ToolRunner
from headrace.core.judging import Judges
from headrace.core.monitoring import Work
from headrace.core.prompt_filling import DefaultLanguage
from headrace.services.base import Ports
from headrace.services.calls.calls import CallLimits, Calls
from headrace.services.calls.provider_desk import ProviderDesk
from headrace.services.comparisons.comparison_scores import Scoring
from headrace.services.comparisons.comparisons import ComparisonLimits, Comparisons
from headrace.services.deployments.watching import Watching
from headrace.services.durable.durable import Carrier, DurableLimits
from headrace.services.durable.durable_worker import Executing
from headrace.services.durable.holding import Held
from headrace.services.evaluations.generating import Generating, Means
from headrace.services.evaluations.silence import Silence
from headrace.services.evaluations.surveying import Surveying
from headrace.services.evaluators.counted_judges import CountedJudges
from headrace.services.evaluators.judging import Judging, Shows
from headrace.services.logs.retention import Expiring
from headrace.services.records import run_logs
from headrace.services.records.recorder import Recorder
from headrace.services.records.run_endings import Endings
from headrace.services.runs.invocations import Names
from headrace.services.runs.keeping import Keeps
from headrace.services.runs.runs import RunLimits, Runs
from headrace.services.server.installation import Installation, Limit, Provider, Retention
from headrace.services.server.provider_keys import WITH_KEYS
from headrace.services.telemetry.telemetry import Telemetry
from headrace.services.tree.uprooting import Uprooting
from headrace.services.worker import Pace, Worker
from headrace.settings import DEFAULT_CONFIG, PREFIX, Settings
from headrace.storage.place import path_of, url_of

JUDGING_PLACES = 2
"""So much code of evaluators runs at once."""
JOB_MARGIN_S = 30.0
"""What a judgment takes beside the evaluator's own time, at the most."""
MISSING_LIBRARY = "Executions in the background need the extra durable: pip install 'headrace[durable]'."


@dataclass(frozen=True, slots=True, kw_only=True)
class World:
    """What flows may call, what carries evaluators out, and how it all is ended."""

    effects: Effects
    models: SpeakingModels
    tools: ToolRunner
    judges: Judges
    closers: tuple[Callable[[], Awaitable[None]], ...]

    async def close(self) -> None:
        """End what was started."""
        for close in self.closers:
            await close()


def config_of(settings: Settings) -> Config:
    """What the file says that the settings name.

    Raises:
        BadConfig: that file can't be used.
    """
    path = Path(settings.config)
    is_optional = settings.config == DEFAULT_CONFIG  # a file that somebody named must be there
    config = Config() if is_optional and not path.exists() else read_config(path)
    return scripted_only(config, Path(settings.scripted)) if settings.scripted else config


def build_world(
    settings: Settings,
    prompts: Prompts,
    *,
    config: Config | None = None,
    telemetry: Telemetry | None = None,
    desk: ProviderDesk | None = None,
) -> World:
    """Everything that flows may call. Nothing is started before it is first used.

    Args:
        config: used instead of the file that the settings name.
        telemetry: hears of what is called; None is nobody.
        desk: knows the organisations' own keys of providers, and their limits; None knows none.

    Raises:
        BadConfig: that file can't be used.
    """
    path = Path(settings.config)
    config = config or config_of(settings)
    telemetry = telemetry or Telemetry()
    sandbox, judging, tools = _sandboxes(settings, telemetry.counts.sandbox)
    outside = build_effects(
        config,
        folder=path.parent,
        knowledge_file=file_of(settings.knowledge, path_of(settings.store)),
        code=sandbox,
        prompts=prompts,
        listener=telemetry,
        desk=desk,
    )
    return World(
        effects=outside.effects,
        models=outside.models,
        tools=SandboxedTools(tools),
        judges=CountedJudges(Evaluators(judging, outside.effects.models), telemetry.counts.judgments),
        closers=(
            outside.close,
            sandbox.close,
            judging.close,
            tools.close,
            *(() if desk is None else (desk.close,)),
        ),
    )


def _sandboxes(settings: Settings, seconds: Spread) -> tuple[Sandbox, Sandbox, Sandbox]:
    """Those of nodes, evaluators and tools: each its own, so that no flow waits for an evaluator."""
    limits = {"nodes": SandboxLimits(), "evaluators": SandboxLimits(concurrent=JUDGING_PLACES)}
    nodes, evaluators, tools = (
        CountedSandbox(open_sandbox(settings.sandbox, limits.get(use, SandboxLimits())), seconds, use_for=use)
        for use in ("nodes", "evaluators", "tools")
    )
    return nodes, evaluators, tools


def build_calls(settings: Settings, world: World) -> Calls:
    """What calls of prompts and tools need."""
    return Calls(
        models=world.models,
        languages={"default": DefaultLanguage(), "jinja": JinjaLanguage()},
        tools=world.tools,
        limits=CallLimits(
            timeout_s=settings.call_timeout,
            concurrent=settings.concurrent_calls,
            samples=settings.call_samples,
            agent_s=settings.agent_timeout,
            iterations=settings.agent_iterations,
            depth=settings.agent_depth,
        ),
    )


def build_runs(settings: Settings, ports: Ports, world: World, *, telemetry: Telemetry | None = None) -> Runs:
    """What carries runs out, with the limits and the record that the settings want.

    Args:
        telemetry: hears of runs; None is nobody.
    """
    return Runs(
        effects=world.effects,
        recorder=Recorder(
            ports.store,
            ports.clock,
            keeps=Keeps(settings.keep_content),
            at_rest=Endings(ports),
            bell=ports.bell,
            telemetry=telemetry,
        ),
        limits=RunLimits(
            execution_s=settings.execution_timeout,
            node_s=settings.node_timeout,
            concurrent=settings.concurrent_runs,
            answer_s=settings.answer_timeout,
        ),
        waits_for_record=settings.wait_for_record,
    )


def build_comparisons(
    settings: Settings,
    ports: Ports,
    world: World,
    runs: Runs,
    calls: Calls,
    names: Callable[[str], Names],
    *,
    shows: Shows,
) -> Comparisons:
    """What compares versions by running them."""
    return Comparisons(
        ports=ports,
        runs=runs,
        calls=calls,
        names=names,
        judging=Scoring(judges=world.judges, shows=shows, timeout_s=settings.judgment_timeout),
        showing=run_logs.Showing(ports, most_steps=settings.run_log_steps),
        limits=ComparisonLimits(
            parallel=settings.comparison_parallel,
            inputs=settings.comparison_inputs,
            timeout_s=settings.comparison_timeout,
        ),
    )


@dataclass(frozen=True, slots=True, kw_only=True)
class Carrying:
    """What carries out durable executions in this process.

    Attributes:
        engine: None when nothing does.
        lacks: what is missing to do so, and what to do about it; None when nothing is, or it is not meant to.
        starts: what is done in turn when the server starts.
        closes: the same when it ends.
    """

    engine: Engine | None = None
    lacks: str | None = None
    starts: tuple[Callable[[], Awaitable[None]], ...] = ()
    closes: tuple[Callable[[], Awaitable[None]], ...] = ()


def capacity_of(settings: Settings) -> int:
    """How many durable executions this process can carry out at the same time."""
    return settings.durable_runs if importlib.util.find_spec("dbos") is not None else 0


def build_carrying(
    settings: Settings,
    ports: Ports,
    runs: Runs,
    account: str,
    names: Callable[[str], Names],
    *,
    around: Callable[[Program], Program] = lambda program: program,
) -> Carrying:
    """What carries out durable executions. Its library is not even imported before there are any.

    Args:
        account: any organisation.
        names: how the outside is told of an organisation's flows and aliases.
        around: what is done about each, around its being carried out.
    """
    capacity, store, process = capacity_of(settings), ports.store, ports.holder
    if not capacity or process is None:
        return Carrying(lacks=MISSING_LIBRARY if settings.durable_runs else None)
    held = Held(ports, account)
    limits = DurableLimits(
        execution_s=settings.durable_timeout, node_s=settings.node_timeout, attempts=settings.durable_attempts
    )

    async def alive() -> set[str]:
        return {one.id for one in await store.read(account, lambda tx: tx.processes.all())}

    engine = DbosEngine(
        JournalSchema(url=settings.store) if store.is_shared else journals_beside(path_of(settings.store)),
        around(Carrier(ports, runs, held, limits, names).carry_out),
        process=process,
        capacity=capacity,
        drain_s=settings.drain_timeout,
        on_room=ports.bell.ring,
        alive=alive,
    )
    return Carrying(engine=engine, starts=(held.start, engine.start), closes=(engine.close, held.close))


def build_worker(
    settings: Settings,
    ports: Ports,
    account: str,
    world: World,
    means: Means,
    *,
    shows: Shows,
    engine: Engine | None = None,
    counts: Tally | None = None,
) -> Worker:
    """What does the work behind the scenes.

    Args:
        account: any organisation.
        means: what the logs of runs are made with.
        shows: makes of a log what evaluators are given.
        engine: carries out durable executions; None leaves them to others.
        counts: counts what was done.
    """
    judging = Judging(ports, world.judges, shows, timeout_s=settings.judgment_timeout)
    handlers = {
        Work.JUDGE: judging.handler,
        Work.UPROOT: Uprooting(ports).handler,
        Work.RECORD: run_logs.Showing(ports, most_steps=settings.run_log_steps).handler,
        Work.SURVEY: Surveying(ports).handler,
        Work.SILENCE: Silence(ports).handler,
        Work.WATCH: Watching(ports).handler,
        Work.EXPIRE: Expiring(ports, kept_days=settings.keep_logs).handler,
        Work.GENERATE: Generating(ports, means, _generating_pace(settings)).handler,
    }
    if engine is not None:
        handlers[Work.EXECUTE] = Executing(ports, engine).handler
    return Worker(ports, account, handlers, _pace(settings), counts=counts)


def build_executing(
    settings: Settings, ports: Ports, account: str, engine: Engine, *, counts: Tally
) -> Worker:
    """What takes up durable executions, and does no other work behind the scenes."""
    handlers = {Work.EXECUTE: Executing(ports, engine).handler}
    return Worker(ports, account, handlers, _pace(settings), counts=counts)


def _generating_pace(settings: Settings) -> Pace:
    return Pace(
        at_once=settings.evaluation_concurrency,
        job_s=max(settings.call_timeout, settings.agent_timeout, settings.execution_timeout) + JOB_MARGIN_S,
        attempts=settings.evaluation_attempts,
    )


def _pace(settings: Settings) -> Pace:
    return Pace(
        at_once=settings.concurrent_jobs,
        job_s=settings.judgment_timeout + JOB_MARGIN_S,
        attempts=settings.judgment_attempts,
        stop_s=settings.shutdown_timeout,
    )


def installation_of(settings: Settings) -> Installation:
    """What whoever uses the server may know of how it was set up."""
    store = url_of(settings.store).partition(":")[0]
    return Installation(
        version=__version__,
        store="postgresql" if store.startswith("postgres") else store,
        region=settings.region,
        sandbox=settings.sandbox,
        has_background=capacity_of(settings) > 0,
        retention=Retention(
            content=settings.keep_content, runs_days=settings.keep_runs, logs_days=settings.keep_logs
        ),
        providers=tuple(_providers(config_of(settings).models)),
        limits=tuple(_limits(settings)),
    )


def _providers(models: Models) -> Iterator[Provider]:
    """Those of the file, and those built in to which it sends some models."""
    for name, provider in models.all_providers().items():
        routed = tuple(route.match for route in models.route if route.provider == name)
        if routed or name in models.providers:
            kind = msgspec.inspect.type_info(type(provider))
            assert isinstance(kind, msgspec.inspect.StructType), "each is one, told apart by its tag"
            tag = str(kind.tag)
            yield Provider(name=name, kind=tag, models=routed, takes_key=tag in WITH_KEYS)


def _limits(settings: Settings) -> Iterator[Limit]:
    usual = Settings()
    for one in fields(settings):
        if one.metadata["unit"]:
            yield Limit(
                variable=PREFIX + one.name.upper(),
                value=getattr(settings, one.name),
                default=getattr(usual, one.name),
                unit=one.metadata["unit"],
                meaning=one.metadata["help"],
            )
