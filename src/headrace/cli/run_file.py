"""Running a definition in a file, without a server or a store."""

from __future__ import annotations

import asyncio
import json
import uuid
from collections.abc import AsyncGenerator, Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import click

from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.model import load
from headrace.backends.config import BadConfig, Config, read_config, scripted_only
from headrace.cli.given import text_of
from headrace.core.canonical import digest
from headrace.core.definition import Definition
from headrace.core.effects import JSON, EffectContext
from headrace.core.errors import Invalid
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.jsontext import json_text
from headrace.core.validate import Severity, validate
from headrace.engine.plan import Plan, compile_plan
from headrace.engine.run import Answer, Pause, RunContext, StartInput, resume, run
from headrace.settings import Settings
from headrace.world import build_world

UNSOUND = 2
"""The exit status when a definition can't run."""
NO_FLOW = "0000000000"
"""What stands for the id of a flow that has none."""


class NoPrompts:
    """For flows that belong to no store: they can refer to no prompt."""

    async def find(self, arn: str, context: EffectContext) -> Mapping[str, JSON] | None:
        return None


def run_file(
    settings: Settings, path: Path, document: Any, *, scripted: str | None, ask: Callable[[], str | None]
) -> Iterator[bytes]:
    """Run a definition: lines of JSON, as the console answers them.

    Args:
        scripted: a file of answers for all models, instead of what the configuration says of models.
        ask: gives the answer to what the run asked last; None ends it there.
    """
    plan, config, name = read_plan(path), _config(settings, scripted), str(uuid.uuid4())
    yield json.dumps({"execution": name}).encode()
    with asyncio.Runner() as runner:
        events = _events(settings, plan, document, config, name, ask)
        try:
            while (line := runner.run(_next(events))) is not None:
                yield line
        finally:
            runner.run(events.aclose())


async def _next(events: AsyncGenerator[bytes, None]) -> bytes | None:
    return await anext(events, None)


def read_plan(path: Path) -> Plan:
    """The definition in a file, ready to run; what is wrong with it is printed and ends the command."""
    try:
        content = json.loads(text_of(path))
    except ValueError as error:
        raise click.UsageError(f"{path} is not JSON: {error}") from None
    if isinstance(content, dict) and "definition" in content:
        content = content["definition"]
    try:
        shaped = Codec(load()).normalise_definition(content)
        definition = Definition.parse(shaped)
        findings = validate(definition)
        for finding in findings:
            click.echo(f"{finding.severity.value}: {finding.message} ({finding.type.value})", err=True)
        if not any(finding.severity is Severity.ERROR for finding in findings):
            return compile_plan(definition, digest=digest(json.dumps(shaped).encode()))
    except Invalid as error:
        for problem in error.problems:
            place = ".".join(map(str, problem.path)) or "the definition"
            click.echo(f"Error: {place}: {problem.message}", err=True)
    raise SystemExit(UNSOUND)


def _config(settings: Settings, scripted: str | None) -> Config:
    path = Path(settings.config)
    try:
        config = read_config(path) if path.exists() else Config()
    except BadConfig as error:
        raise click.ClickException(str(error)) from None
    if scripted is None:
        return config
    return scripted_only(config, Path(scripted))


async def _events(
    settings: Settings,
    plan: Plan,
    document: Any,
    config: Config,
    name: str,
    ask: Callable[[], str | None],
) -> AsyncGenerator[bytes, None]:
    world = build_world(settings, NoPrompts(), config=config)
    place = Place(region=settings.region, account=settings.account)
    context = RunContext(
        execution_id=name,
        account=settings.account,
        flow_arn=place.flow_arn(NO_FLOW),
        alias_arn=place.alias_arn(NO_FLOW, DRAFT_ALIAS),
        effects=world.effects,
        traces=True,
        limit_s=settings.execution_timeout,
        node_limit_s=settings.node_timeout,
    )
    going = run(plan, StartInput(node=plan.scope.starts[0].name, document=document), context)
    try:
        while True:
            async for event in going:
                yield json_text(event)
            pause = going.pause
            answer = None if pause is None else ask()
            if pause is None or answer is None:
                return
            going = resume(plan, pause, Answer(node=Pause.read(pause).node, text=answer), context)
    finally:
        await going.aclose()
        await world.close()
