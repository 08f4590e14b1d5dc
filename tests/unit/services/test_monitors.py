"""Which evaluators judge the logs of a file (humanloop 1.15, 2.12)."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest
from tests.unit.services.conftest import Registry

from headrace.core.access import Right
from headrace.core.errors import Forbidden
from headrace.services.deployments import environments
from headrace.services.evaluators import monitors
from headrace.services.evaluators.monitors import EvaluatorRef
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView


def evaluator(registry: Registry, number: int = 0) -> VersionView:
    spec = {
        "arguments_type": "target_free",
        "return_type": "number",
        "evaluator_type": "external",
        "attributes": {"number": number},
    }
    submission = Submission(
        kind="evaluator", ref=None, path="judge", content=json.dumps(spec).encode(), parsed=spec
    )
    return registry.run(versions.upsert(registry.ports, registry.principal, submission))


def update(registry: Registry, file: VersionView, **more: Any) -> VersionView:
    more = {"activate": (), "deactivate": (), "principal": registry.principal, **more}
    principal = more.pop("principal")
    return registry.run(
        monitors.update(registry.ports, principal, kind=file.file.kind, ref=file.file.id, **more)
    )


def test_only_editors_attach(registry: Registry) -> None:
    made = registry.upsert()
    with pytest.raises(Forbidden):
        update(registry, made, principal=registry.as_user(Right.RUNNER))


def test_a_change_is_a_change_of_the_file(registry: Registry) -> None:
    """Humanloop 2.10."""
    made, judge = registry.upsert(), evaluator(registry)
    ref = EvaluatorRef(version_id=judge.version.id)
    attached = update(registry, made, activate=[ref])
    assert attached.file.updated_at == attached.version.updated_at > made.file.updated_at
    assert registry.get(made.file.id) == attached
    assert update(registry, made, activate=[ref], deactivate=[]).file.updated_at == attached.file.updated_at


def test_one_that_is_named_very_often_is_attached_once(registry: Registry) -> None:
    """Whoever asks for it in a request of some megabytes holds nobody up."""
    made, judge = registry.upsert(), evaluator(registry)
    ref = EvaluatorRef(version_id=judge.version.id)
    started = time.process_time()
    attached = update(registry, made, activate=[ref] * 200_000, deactivate=[ref] * 200_000)
    assert len(attached.monitors) == 1
    assert time.process_time() - started < 2


def test_a_version_and_its_environment_are_two_entries(registry: Registry) -> None:
    made, judge = registry.upsert(), evaluator(registry)
    by_version = EvaluatorRef(version_id=judge.version.id)
    by_environment = EvaluatorRef(evaluator_id=judge.file.id, environment="production")
    update(registry, made, activate=[by_environment, by_version])
    rested = update(registry, made, deactivate=[by_version])
    assert [(one.environment is not None, one.monitor.is_active) for one in rested.monitors] == [
        (True, True),
        (False, False),
    ]


def test_what_follows_an_environment_that_is_gone_is_not_shown(registry: Registry) -> None:
    made, judge = registry.upsert(), evaluator(registry)
    registry.run(environments.create(registry.ports, registry.principal, name="preview"))
    ref = EvaluatorRef(evaluator_id=judge.file.id, environment="preview")
    assert len(update(registry, made, activate=[ref]).monitors) == 1
    registry.run(environments.remove(registry.ports, registry.principal, ref="preview", is_forced=False))
    assert registry.get(made.file.id).monitors == ()


def test_an_evaluator_is_shown_without_its_own_monitors(registry: Registry) -> None:
    judge = evaluator(registry)
    shown = update(registry, judge, activate=[EvaluatorRef(version_id=judge.version.id)])
    assert shown.monitors[0].evaluator.monitors == ()
