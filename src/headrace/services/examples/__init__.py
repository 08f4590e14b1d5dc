"""Examples that can be loaded into a store: real versions, really run and really judged."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.deployments import EnvironmentTag
from headrace.core.errors import NotFound
from headrace.core.files import File
from headrace.core.kinds.evaluator import KIND as EVALUATOR
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read
from headrace.services.deployments import rollouts
from headrace.services.deployments.pointers import Where
from headrace.services.evaluators import monitors
from headrace.services.evaluators.monitors import EvaluatorRef
from headrace.services.runs import flow_calls
from headrace.services.runs.flow_calls import Asked, Flows
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView

SOURCE = "example"
"""What the logs of the runs say of where they come from."""
NAMES = ("tickets",)
_encode = msgspec.json.encode


class ExampleVersion(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an example's flow."""

    name: str
    description: str
    definition: dict[str, Any]


class ExampleEvaluator(msgspec.Struct, frozen=True, kw_only=True):
    """Who judges the runs of an example."""

    path: str
    spec: dict[str, Any]


class Example(msgspec.Struct, frozen=True, kw_only=True):
    """An example.

    Attributes:
        about: what there is to be seen of it.
        inputs: what each version is run with.
    """

    title: str
    about: str
    path: str
    description: str
    versions: tuple[ExampleVersion, ...]
    evaluator: ExampleEvaluator
    inputs: tuple[dict[str, Any], ...]


class Loaded(msgspec.Struct, frozen=True, kw_only=True):
    """What became of an example.

    Attributes:
        runs: how many were made; none when its flow was there already.
    """

    file: File
    evaluator: File
    runs: int


@cache
def examples() -> Mapping[str, Example]:
    """All of them, by their names."""
    here = Path(__file__).parent
    decode = msgspec.json.Decoder(Example).decode
    return {name: decode((here / f"{name}.json").read_bytes()) for name in NAMES}


async def loaded(ports: Ports, principal: Principal) -> Mapping[str, str]:
    """The ids of the flows of those that were loaded, by their names."""
    principal.require(Right.READER)

    def look(tx: Transaction) -> Mapping[str, str]:
        found = {name: tx.files.at(path=one.path) for name, one in examples().items()}
        return {name: file.id for name, file in found.items() if isinstance(file, File)}

    return await read(ports, principal, look)


async def load(flows: Flows, ports: Ports, principal: Principal, name: str) -> Loaded:
    """Make an example's flow and evaluator, and run each version. What is there already stays as it is.

    Raises:
        NotFound: there is no such example.
        AlreadyExists: something else stands at one of its paths.
        QuotaExceeded, Unavailable: it could not be run.
    """
    principal.require(Right.EDITOR)
    example = examples().get(name)
    if example is None:
        message = f"There is no example `{name}`; there are: {', '.join(NAMES)}."
        raise NotFound("example", name, message)
    is_there = await read(ports, principal, lambda tx: isinstance(tx.files.at(path=example.path), File))
    made = [await _version(ports, principal, example, one) for one in example.versions]
    file = made[0].file
    judge = await _evaluator(ports, principal, example.evaluator)
    if is_there:
        return Loaded(file=file, evaluator=judge.file, runs=0)
    await _attach(ports, principal, file, judge)
    await _deploy_newest(ports, principal, made[-1])
    for shown in made:
        for given in example.inputs:
            asked = Asked(file_id=file.id, version_id=shown.version.id, inputs=given, source=SOURCE)
            await flow_calls.call(flows, ports, principal, asked)
    return Loaded(file=file, evaluator=judge.file, runs=len(made) * len(example.inputs))


async def _version(ports: Ports, principal: Principal, example: Example, one: ExampleVersion) -> VersionView:
    content = {"definition": one.definition}
    submission = Submission(
        kind="flow",
        ref=None,
        path=example.path,
        content=_encode(content),
        parsed=content,
        name=one.name,
        description=one.description,
        texts=versions.FileTexts(description=example.description),
    )
    return await versions.upsert(ports, principal, submission)


async def _evaluator(ports: Ports, principal: Principal, judge: ExampleEvaluator) -> VersionView:
    submission = Submission(
        kind=EVALUATOR.name, ref=None, path=judge.path, content=_encode(judge.spec), parsed=judge.spec
    )
    return await versions.upsert(ports, principal, submission)


async def _attach(ports: Ports, principal: Principal, file: File, judge: VersionView) -> None:
    found = EvaluatorRef(version_id=judge.version.id)
    await monitors.update(ports, principal, kind=file.kind, ref=file.id, activate=[found], deactivate=[])


async def _deploy_newest(ports: Ports, principal: Principal, newest: VersionView) -> None:
    """Let an environment have the newest version that is not the default one, if there is any such."""

    def look(tx: Transaction) -> str | None:
        others = (one.id for one in tx.environments.all() if one.tag is not EnvironmentTag.DEFAULT)
        return next(others, None)

    environment = await read(ports, principal, look)
    if environment is not None:
        where = Where(kind=newest.file.kind, ref=newest.file.id, environment=environment)
        await rollouts.point(ports, principal, where, to=newest.version.id)
