"""Deployments (humanloop 1.12-1.14, 2.8)."""

from __future__ import annotations

from typing import Any

import pytest
from tests.unit.services.conftest import Registry

from headrace.core.access import Right
from headrace.core.errors import Forbidden, NotFound
from headrace.services.deployments import deployments
from headrace.services.versions.views import VersionView


def deploy(registry: Registry, made: VersionView, environment: str) -> VersionView:
    return registry.run(
        deployments.deploy(
            registry.ports,
            registry.principal,
            kind="flow",
            ref=made.file.id,
            environment=environment,
            version_id=made.version.id,
        )
    )


def undeploy(registry: Registry, made: VersionView, environment: str) -> None:
    registry.run(
        deployments.undeploy(
            registry.ports, registry.principal, kind="flow", ref=made.file.id, environment=environment
        )
    )


def names(view: VersionView) -> list[str]:
    return [environment.name for environment in view.environments]


def history(registry: Registry, made: VersionView) -> list[Any]:
    return list(registry.inside(lambda tx: tx.pointers.history(file_id=made.file.id)))


def test_deploying_replaces_and_both_versions_have_changed(registry: Registry) -> None:
    first = registry.upsert({"x": 1})
    second = registry.upsert({"x": 2})
    deployed = deploy(registry, second, "production")
    assert names(deployed) == ["production"]
    assert deployed.version.updated_at > second.version.updated_at
    replaced = registry.get(first.file.id, version_id=first.version.id)
    assert names(replaced) == []
    assert replaced.version.updated_at == deployed.version.updated_at
    assert registry.get(first.file.id).version == deployed.version


def test_one_version_may_be_in_many_environments(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    assert names(deploy(registry, made, "staging")) == ["production", "staging"]


def test_an_environment_is_named_by_id_or_by_name(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    staging = registry.inside(lambda tx: tx.environments.all())[1]
    assert deploy(registry, made, staging.id).environments[1] == staging
    undeploy(registry, made, staging.id)
    with pytest.raises(NotFound, match="Environment nowhere does not exist"):
        deploy(registry, made, "nowhere")
    with pytest.raises(NotFound, match="Environment nowhere does not exist"):
        undeploy(registry, made, "nowhere")


def test_repeating_a_deployment_adds_no_move(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    once = deploy(registry, made, "staging")
    moves = history(registry, made)
    assert deploy(registry, made, "staging") == once
    assert history(registry, made) == moves


def test_moves_are_a_log(registry: Registry) -> None:
    first = registry.upsert({"x": 1})
    second = registry.upsert({"x": 2})
    deploy(registry, second, "production")
    deploy(registry, first, "production")
    undeploy(registry, first, "production")
    moves = history(registry, first)
    assert [move.version_id for move in moves] == [
        first.version.id,
        second.version.id,
        first.version.id,
        None,
    ]
    assert [move.is_automatic for move in moves] == [True, False, False, False]
    assert {move.moved_by for move in moves} == {registry.principal.user.id}


def test_undeploying_changes_the_version_and_only_once(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    undeploy(registry, made, "production")
    after = registry.get(made.file.id)
    assert names(after) == []
    assert after.version.updated_at > made.version.updated_at
    undeploy(registry, made, "production")
    assert registry.get(made.file.id) == after
    with pytest.raises(NotFound):
        registry.get(made.file.id, environment="production")


def test_a_version_of_another_file_is_not_deployed(registry: Registry) -> None:
    one = registry.upsert({"x": 1}, path="one")
    other = registry.upsert({"x": 1}, path="other")
    with pytest.raises(NotFound, match=other.version.id):
        registry.run(
            deployments.deploy(
                registry.ports,
                registry.principal,
                kind="flow",
                ref=one.file.id,
                environment="staging",
                version_id=other.version.id,
            )
        )


def test_every_environment_is_listed(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    listed = registry.run(
        deployments.list_deployments(registry.ports, registry.principal, kind="flow", ref=made.file.id)
    )
    assert [(view.environment.name, view.deployed) for view in listed] == [
        ("production", made),
        ("staging", None),
    ]


def test_deploying_needs_an_editor(registry: Registry) -> None:
    made = registry.upsert({"x": 1})
    runner = registry.as_user(Right.RUNNER)
    with pytest.raises(Forbidden):
        registry.run(
            deployments.undeploy(
                registry.ports, runner, kind="flow", ref=made.file.id, environment="production"
            )
        )
    with pytest.raises(Forbidden):
        registry.run(
            deployments.deploy(
                registry.ports,
                runner,
                kind="flow",
                ref=made.file.id,
                environment="staging",
                version_id=made.version.id,
            )
        )
