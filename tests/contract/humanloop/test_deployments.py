"""Deployments (humanloop 1.12-1.14, 2.8, 8.12, 8.16; Appendix B 4)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError

pytestmark = pytest.mark.live


def status(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code)


def test_deploy_read_and_remove(client: Any, path: str, environments: dict[str, str]) -> None:
    """Appendix B 4."""
    made = client.flows.upsert(path=path, attributes={})
    staging = environments["staging"]
    deployed = client.flows.set_deployment(made.id, staging, version_id=made.version_id)
    assert [e.name for e in deployed.environments] == ["production", "staging"]
    assert client.flows.get(made.id, environment="staging").version_id == made.version_id
    assert client.flows.set_deployment(made.id, staging, version_id=made.version_id) == deployed
    assert client.flows.remove_deployment(made.id, staging) is None
    assert status(lambda: client.flows.get(made.id, environment="staging")) == 404
    client.flows.remove_deployment(made.id, staging)
    listed = {e.name: e.file for e in client.flows.list_environments(made.id)}
    assert listed["staging"] is None
    assert listed["production"].version_id == made.version_id


def test_deploying_replaces(client: Any, path: str, environments: dict[str, str]) -> None:
    """2.8: and rolling back is deploying again."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2})
    production = environments["production"]
    deployed = client.flows.set_deployment(first.id, production, version_id=second.version_id)
    assert (deployed.version_id, deployed.attributes) == (second.version_id, {"a": 2})
    assert deployed.updated_at > second.updated_at
    assert client.flows.get(first.id).version_id == second.version_id
    assert client.flows.get(first.id, version_id=first.version_id).environments == []
    back = client.flows.set_deployment(first.id, production, version_id=first.version_id)
    assert client.flows.get(first.id) == back


def test_an_environment_by_its_name(client: Any, path: str) -> None:
    """8.16."""
    made = client.flows.upsert(path=path, attributes={})
    assert len(client.flows.set_deployment(made.id, "staging", version_id=made.version_id).environments) == 2
    client.flows.remove_deployment(made.id, "staging")
    assert len(client.flows.get(made.id).environments) == 1


def test_without_a_default_deployment_the_newest_is_shown(client: Any, path: str) -> None:
    """2.8, 8.12."""
    first = client.flows.upsert(path=path, attributes={"a": 1})
    second = client.flows.upsert(path=path, attributes={"a": 2})
    client.flows.remove_deployment(first.id, "production")
    shown = client.flows.get(first.id)
    assert (shown.version_id, shown.environments) == (second.version_id, [])
    assert client.files.retrieve_by_path(path=path) == shown
    assert status(lambda: client.flows.get(first.id, environment="production")) == 404
    third = client.flows.upsert(path=path, attributes={"a": 3})
    assert third.environments == []
    assert client.flows.get(first.id).version_id == third.version_id


def test_what_is_not_there_is_not_found(client: Any, path: str, home: str) -> None:
    """1.12, 1.13."""
    made = client.flows.upsert(path=path, attributes={})
    other = client.flows.upsert(path=f"{home}/other", attributes={})
    version = made.version_id
    assert status(lambda: client.flows.set_deployment("fl_x", "staging", version_id=version)) == 404
    assert status(lambda: client.flows.set_deployment(made.id, "env_x", version_id=version)) == 404
    assert status(lambda: client.flows.set_deployment(made.id, "staging", version_id="flv_x")) == 404
    assert status(lambda: client.flows.set_deployment(made.id, "staging", version_id=other.version_id)) == 404
    assert status(lambda: client.flows.remove_deployment("fl_x", "staging")) == 404
    assert status(lambda: client.flows.remove_deployment(made.id, "env_x")) == 404


def test_the_version_must_be_named(raw: httpx.Client, path: str) -> None:
    """1.12."""
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    response = raw.post(f"/flows/{made['id']}/environments/staging")
    assert response.status_code == 422
    assert response.json() == {
        "detail": [{"loc": ["query", "version_id"], "msg": "Field required", "type": "missing"}]
    }
