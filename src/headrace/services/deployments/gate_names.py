"""The evaluators and datasets that gates name: kept by ids, so that files can move, and shown by paths."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

import msgspec

from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.gates import GateSpec, On, Path, Score, WatchedScore
from headrace.core.kinds.evaluator import ReturnType, read_spec
from headrace.core.ports import Transaction
from headrace.services.tree import tree
from headrace.services.versions.views import default_version

MEASURED = frozenset({ReturnType.BOOLEAN, ReturnType.NUMBER})
Name = Callable[[str, str, Path], str]
"""Another name for a file of a kind, from the one at a place of a spec."""
R = TypeVar("R")


def kept(tx: Transaction, spec: GateSpec) -> GateSpec:
    """A spec with ids in the place of paths.

    Raises:
        Invalid: something that it names is not there, or an evaluator's judgments can't be measured.
    """

    def name(kind: str, ref: str, path: Path) -> str:
        try:
            file = tree.find_anyhow(tx, kind=kind, ref=ref)
        except NotFound as error:
            message = f"There is no {kind} `{ref}`."
            raise Invalid.at(*path, message=message, kind="reference") from error
        if kind == "evaluator":
            _check_is_measured(tx, file, path)
        return file.id

    return _renamed(spec, name)


def shown(tx: Transaction, spec: GateSpec) -> GateSpec:
    """A spec with paths in the place of ids; what is gone keeps its id."""
    return _renamed(spec, lambda _, ref, __: path_of(tx, ref))


def path_of(tx: Transaction, id: str) -> str:
    """The path of a file; its id when it is gone."""
    file = tx.files.get(id=id)
    return id if file is None else file.path


def _check_is_measured(tx: Transaction, file: File, path: Path) -> None:
    returns = read_spec(default_version(tx, file).content).return_type
    if returns not in MEASURED:
        message = (
            f"Evaluator `{file.path}` returns `{returns}`; a gate can only measure evaluators that return "
            "`boolean` or `number`."
        )
        raise Invalid.at(*path, message=message, kind="evaluator")


def _renamed(spec: GateSpec, name: Name) -> GateSpec:
    rules = tuple(_rule(rule, name, ("rules", place)) for place, rule in enumerate(spec.rules))
    watch = spec.watch
    if watch is not None:
        path: Path = ("watch", "rules")
        watched = tuple(_rule(rule, name, (*path, place)) for place, rule in enumerate(watch.rules))
        watch = msgspec.structs.replace(watch, rules=watched)
    return msgspec.structs.replace(spec, rules=rules, watch=watch)


def _rule(rule: R, name: Name, path: Path) -> R:
    if isinstance(rule, Score | WatchedScore):
        rule = msgspec.structs.replace(
            rule, evaluator=name("evaluator", rule.evaluator, (*path, "evaluator"))
        )
    if isinstance(rule, Score) and rule.on.dataset is not None:
        dataset = name("dataset", rule.on.dataset, (*path, "on", "dataset"))
        rule = msgspec.structs.replace(rule, on=On(dataset=dataset))
    return rule
