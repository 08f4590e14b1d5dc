"""Puts together what flows may call, from the configuration."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

from headrace.backends.agents.router import RoutedAgents
from headrace.backends.aws import Aws
from headrace.backends.config import Config, SoleProvider
from headrace.backends.functions.router import RoutedFunctions
from headrace.backends.handlers import Handlers
from headrace.backends.hooks import Hooks
from headrace.backends.knowledge.router import RoutedKnowledge
from headrace.backends.lex.router import RoutedIntents
from headrace.backends.models.bedrock import BedrockModel, BedrockModels
from headrace.backends.models.echo import Echo, EchoModels
from headrace.backends.models.local import Local, LocalModels
from headrace.backends.models.openai import OpenAi, OpenAiModels
from headrace.backends.models.recording import Record, Replay, ReplayingModels
from headrace.backends.models.router import RoutedModels
from headrace.backends.models.scripted import Scripted, ScriptedModels
from headrace.backends.objects.router import RoutedObjects
from headrace.backends.threads import Threads
from headrace.core.effects import CodeRunner, Effects, ModelProvider, Prompts, SpeakingModels
from headrace.core.providers import Desk
from headrace.core.tracing import ModelListener

Closer = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Outside:
    """Everything that flows may call, and its end.

    Attributes:
        effects: what the engine is given.
        models: the models of that, which may be listened to.
        closers: what ends at the end.
    """

    effects: Effects
    models: SpeakingModels
    closers: Sequence[Closer]

    async def close(self) -> None:
        """Close connections, let go of models, take no more calls."""
        for close in self.closers:
            await close()


def build_effects(
    config: Config,
    *,
    folder: Path,
    knowledge_file: Path | None,
    code: CodeRunner,
    prompts: Prompts,
    listener: ModelListener | None = None,
    desk: Desk | None = None,
) -> Outside:
    """What flows may call by a configuration. Nothing is imported, opened or reached before it is first used.

    Args:
        folder: what relative paths of the configuration begin at.
        knowledge_file: the database of the local knowledge bases; None when there can be none.
        listener: told of every call of a model.
        desk: where each call of a model is let through; None lets all through.
    """
    threads = Threads("headrace-call")
    handler_threads = Threads("headrace-handler")  # a handler that never ends takes no thread of the others
    hooks = Hooks()
    aws = Aws(threads)
    handlers = Handlers(handler_threads, folders=[folder / one for one in config.handlers.path])
    providers = _providers(config, folder, aws)
    models = RoutedModels(config.models.route, providers, config.models.price, listener, desk)
    effects = Effects(
        models=models,
        code=code,
        functions=RoutedFunctions(config.functions.route, aws=aws, hooks=hooks, handlers=handlers),
        objects=RoutedObjects(config.objects.route, folder=folder, aws=aws, threads=threads),
        knowledge=RoutedKnowledge(config.knowledge.route, file=knowledge_file, aws=aws, threads=threads),
        agents=RoutedAgents(config.agents.route, aws=aws, models=models, handlers=handlers),
        intents=RoutedIntents(config.lex.route, aws=aws, hooks=hooks, threads=handler_threads),
        prompts=prompts,
    )
    closable = [one for one in providers.values() if isinstance(one, OpenAiModels | LocalModels)]
    closers = [hooks.close, *(one.close for one in closable), threads.close, handler_threads.close]
    return Outside(effects=effects, models=models, closers=closers)


def _providers(config: Config, folder: Path, aws: Aws) -> dict[str, ModelProvider]:
    specs = config.models.all_providers()
    made = {
        name: _provider(name, spec, folder, aws)
        for name, spec in specs.items()
        if not isinstance(spec, Record)
    }
    recorders = {
        name: ReplayingModels(folder / spec.folder, name=name, source=made[spec.provider])
        for name, spec in specs.items()
        if isinstance(spec, Record)
    }
    return made | recorders


def _provider(name: str, spec: SoleProvider, folder: Path, aws: Aws) -> ModelProvider:
    match spec:
        case BedrockModel():
            return BedrockModels(spec.place, aws, name=name)
        case OpenAi():
            return OpenAiModels(spec, name=name)
        case Local():
            return LocalModels(spec, name=name, folder=folder)
        case Scripted():
            return ScriptedModels(folder / spec.file, name=name)
        case Replay():
            return ReplayingModels(folder / spec.folder, name=name)
        case Echo():
            return EchoModels()
