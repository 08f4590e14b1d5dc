"""Which evaluators judge a file's logs (humanloop 1.15, 2.12, 2.13, 8.17-8.19)."""

from __future__ import annotations

from typing import Any

import httpx
import pytest
from humanloop.core.api_error import ApiError
from humanloop.types import (
    EvaluatorResponse,
    MonitoringEvaluatorResponse,
    VersionDeploymentResponse,
    VersionIdResponse,
)
from tests.contract.humanloop.kinds import KINDS, Kind, code, external

pytestmark = pytest.mark.live


def status(call: Any) -> int:
    with pytest.raises(ApiError) as caught:
        call()
    return int(caught.value.status_code)


@pytest.fixture
def flow(client: Any, path: str) -> Any:
    return client.flows.upsert(path=path, attributes={})


@pytest.fixture
def evaluator(client: Any, home: str) -> Any:
    return client.evaluators.upsert(path=f"{home}/Judge", spec=external("number"))


def by_version(evaluator: Any) -> dict[str, str]:
    return {"evaluator_version_id": evaluator.version_id}


def in_environment(evaluator: Any, environment: str) -> dict[str, str]:
    return {"evaluator_id": evaluator.id, "environment_id": environment}


def test_a_version_is_attached(client: Any, flow: Any, evaluator: Any) -> None:
    """2.12: pinned; shown in every version and by every read."""
    monitored = client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)])
    assert monitored.version_id == flow.version_id
    assert monitored.updated_at > flow.updated_at
    (monitor,) = monitored.evaluators
    assert isinstance(monitor, MonitoringEvaluatorResponse)
    assert isinstance(monitor.version_reference, VersionIdResponse)
    assert isinstance(monitor.version_reference.version, EvaluatorResponse)
    assert (monitor.version_reference.type, monitor.state) == ("version", "active")
    assert monitor.version == monitor.version_reference.version == evaluator
    assert monitor.created_at == monitor.updated_at
    client.evaluators.upsert(id=evaluator.id, spec=external("boolean"))
    second = client.flows.upsert(path=flow.path, attributes={"a": 1})
    assert second.evaluators == monitored.evaluators
    assert client.flows.get(flow.id) == monitored
    assert client.files.retrieve_by_path(path=flow.path) == monitored
    for shown in client.flows.list_versions(flow.id).records:
        assert shown.evaluators == monitored.evaluators


def test_an_environment_is_followed(
    client: Any, flow: Any, evaluator: Any, environments: dict[str, str]
) -> None:
    """2.12."""
    activate = [in_environment(evaluator, environments["staging"])]
    (monitor,) = client.flows.update_monitoring(flow.id, activate=activate).evaluators
    reference = monitor.version_reference
    assert isinstance(reference, VersionDeploymentResponse)
    assert (reference.type, reference.environment.name) == ("environment", "staging")
    assert type(reference.file) is EvaluatorResponse
    assert reference.file.id == evaluator.id
    assert monitor.version is None
    client.evaluators.set_deployment(evaluator.id, "staging", version_id=evaluator.version_id)
    (monitor,) = client.flows.get(flow.id).evaluators
    assert monitor.version.version_id == evaluator.version_id
    newer = client.evaluators.upsert(id=evaluator.id, spec=external("boolean"))
    client.evaluators.set_deployment(evaluator.id, "staging", version_id=newer.version_id)
    (monitor,) = client.flows.get(flow.id).evaluators
    assert monitor.version.version_id == monitor.version_reference.file.version_id == newer.version_id
    client.evaluators.remove_deployment(evaluator.id, "staging")
    (monitor,) = client.flows.get(flow.id).evaluators
    assert monitor.version is None


def test_an_environment_by_its_name(client: Any, flow: Any, evaluator: Any) -> None:
    """8.16."""
    activate = [in_environment(evaluator, "production")]
    first = client.flows.update_monitoring(flow.id, activate=activate)
    again = [in_environment(evaluator, first.evaluators[0].version_reference.environment.id)]
    assert client.flows.update_monitoring(flow.id, activate=again) == first


def test_the_shapes_on_the_wire(raw: httpx.Client, path: str, home: str) -> None:
    """1.1: every key of a monitoring evaluator."""
    flow = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    judge = raw.post("/evaluators", json={"path": f"{home}/J", "spec": code()}).json()
    body = {
        "activate": [
            {"evaluator_version_id": judge["version_id"]},
            {"evaluator_id": judge["id"], "environment_id": "production"},
        ],
        "deactivate": None,
    }
    first, second = raw.post(f"/flows/{flow['id']}/evaluators", json=body).json()["evaluators"]
    for monitor in (first, second):
        assert list(monitor) == ["version_reference", "version", "state", "created_at", "updated_at"]
        assert monitor["version"] == judge
    assert first["version_reference"] == {"type": "version", "version": judge}
    environment = judge["environments"][0]
    assert second["version_reference"] == {"type": "environment", "file": judge, "environment": environment}


def test_deactivating_keeps_the_entry(client: Any, flow: Any, evaluator: Any) -> None:
    """2.12, 8.17."""
    active = client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)])
    rested = client.flows.update_monitoring(flow.id, deactivate=[by_version(evaluator)])
    (monitor,) = rested.evaluators
    assert monitor.state == "inactive"
    assert monitor.created_at == active.evaluators[0].created_at
    assert monitor.updated_at > active.evaluators[0].updated_at
    assert client.flows.update_monitoring(flow.id, deactivate=[by_version(evaluator)]) == rested
    (monitor,) = client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)]).evaluators
    assert monitor.state == "active"


def test_what_is_as_it_should_be_stays_as_it_is(client: Any, flow: Any, evaluator: Any) -> None:
    """8.17: activating twice is one entry; what is not attached needs no rest."""
    assert client.flows.update_monitoring(flow.id, deactivate=[by_version(evaluator)]) == flow
    once = client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)] * 2)
    assert len(once.evaluators) == 1
    assert client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)]) == once
    assert client.flows.update_monitoring(flow.id) == once
    assert client.flows.update_monitoring(flow.id, activate=[], deactivate=None) == once


def test_deactivating_comes_first(client: Any, flow: Any, evaluator: Any) -> None:
    """2.12."""
    client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)])
    both = client.flows.update_monitoring(
        flow.id, activate=[by_version(evaluator)], deactivate=[by_version(evaluator)]
    )
    assert [one.state for one in both.evaluators] == ["active"]


def test_entries_are_in_the_order_they_were_attached(client: Any, flow: Any, home: str) -> None:
    judges = [client.evaluators.upsert(path=f"{home}/{n}", spec=code(n)) for n in (2, 0, 1)]
    for judge in judges:
        client.flows.update_monitoring(flow.id, activate=[by_version(judge)])
    shown = client.flows.update_monitoring(flow.id, deactivate=[by_version(judges[0])]).evaluators
    assert [one.version.id for one in shown] == [judge.id for judge in judges]


@pytest.mark.parametrize("kind", [one for one in KINDS if one.has_logs], ids=lambda kind: kind.name)
def test_files_of_every_kind_with_logs_are_monitored(
    client: Any, evaluator: Any, kind: Kind, path: str
) -> None:
    """4.2; 8.19: every type of evaluator may be attached."""
    files = kind.of(client)
    made = files.upsert(path=path, **kind.content(1))
    shown = files.update_monitoring(made.id, activate=[by_version(evaluator)])
    assert type(shown) is kind.shown
    assert [one.version.id for one in shown.evaluators] == [evaluator.id]
    assert files.get(made.id) == shown
    assert type(client.files.retrieve_by_path(path=path)) is kind.shown


@pytest.mark.parametrize("evaluator_type", ["python", "llm", "human", "external"])
def test_every_type_of_evaluator_may_be_attached(
    client: Any, flow: Any, home: str, evaluator_type: str
) -> None:
    """8.19."""
    spec = {**code(), "evaluator_type": evaluator_type, "arguments_type": "target_required"}
    judge = client.evaluators.upsert(path=f"{home}/{evaluator_type}", spec=spec)
    (monitor,) = client.flows.update_monitoring(flow.id, activate=[by_version(judge)]).evaluators
    assert monitor.version.spec.evaluator_type == evaluator_type


def test_an_evaluator_may_monitor_itself(client: Any, evaluator: Any) -> None:
    """4.2: shown within itself without an end of it."""
    shown = client.evaluators.update_monitoring(evaluator.id, activate=[by_version(evaluator)])
    (monitor,) = shown.evaluators
    assert monitor.version.id == evaluator.id
    assert monitor.version.evaluators == []


def test_what_is_not_there_is_not_found(client: Any, flow: Any, evaluator: Any) -> None:
    """1.15; and nothing of the request is done."""
    files = client.flows
    for unknown in (
        {"evaluator_version_id": "evv_x"},
        {"evaluator_version_id": flow.version_id},
        in_environment(evaluator, "env_x"),
        {"evaluator_id": "ev_x", "environment_id": "production"},
        {"evaluator_id": flow.id, "environment_id": "production"},
    ):
        known = by_version(evaluator)
        assert (
            status(lambda one=unknown, two=known: files.update_monitoring(flow.id, activate=[two, one]))
            == 404
        )
        assert status(lambda one=unknown: files.update_monitoring(flow.id, deactivate=[one])) == 404
    assert status(lambda: files.update_monitoring("fl_x", activate=[by_version(evaluator)])) == 404
    assert files.get(flow.id) == flow


@pytest.mark.parametrize(
    "item",
    [
        {},
        {"evaluator_id": "ev_x"},
        {"environment_id": "env_x"},
        {"evaluator_version_id": "evv_x", "evaluator_id": "ev_x"},
        {"evaluator_version_id": "evv_x", "evaluator_id": "ev_x", "environment_id": "env_x"},
    ],
)
@pytest.mark.parametrize("member", ["activate", "deactivate"])
def test_an_evaluator_is_named_in_one_way(
    raw: httpx.Client, path: str, member: str, item: dict[str, str]
) -> None:
    """1.15."""
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    answer = raw.post(f"/flows/{made['id']}/evaluators", json={member: [item]})
    assert answer.status_code == 422
    assert [item["loc"] for item in answer.json()["detail"]] == [["body", member, 0]]


def test_lists_of_evaluators_must_be_lists(raw: httpx.Client, path: str) -> None:
    """0.5."""
    made = raw.post("/flows", json={"path": path, "attributes": {}}).json()
    answer = raw.post(f"/flows/{made['id']}/evaluators", json={"activate": {}, "deactivate": ["evv_x"]})
    assert answer.status_code == 422
    assert [item["loc"] for item in answer.json()["detail"]] == [
        ["body", "activate"],
        ["body", "deactivate", 0],
    ]


def test_an_evaluator_that_is_gone_monitors_nothing(client: Any, flow: Any, evaluator: Any) -> None:
    """2.9."""
    client.flows.update_monitoring(flow.id, activate=[by_version(evaluator)])
    client.evaluators.delete(evaluator.id)
    assert client.flows.get(flow.id).evaluators == []


def test_a_pinned_version_that_was_deleted_is_still_shown(client: Any, flow: Any, evaluator: Any) -> None:
    """2.9: what used a version keeps embedding it."""
    newer = client.evaluators.upsert(id=evaluator.id, spec=external("boolean"))
    client.flows.update_monitoring(flow.id, activate=[by_version(newer)])
    client.evaluators.delete_evaluator_version(newer.id, newer.version_id)
    (monitor,) = client.flows.get(flow.id).evaluators
    assert monitor.version.version_id == newer.version_id
    rested = client.flows.update_monitoring(flow.id, deactivate=[by_version(newer)])
    assert [one.state for one in rested.evaluators] == ["inactive"]


def test_aggregates(client: Any, flow: Any, evaluator: Any, home: str) -> None:
    """2.13: the mean of what each evaluator version found on the logs of each version."""
    second = client.flows.upsert(path=flow.path, attributes={"a": 1})
    truth = client.evaluators.upsert(path=f"{home}/Truth", spec=external("boolean"))
    words = client.evaluators.upsert(path=f"{home}/Words", spec=external("text"))
    logs = [
        client.flows.log(id=flow.id, version_id=version, output=str(n), log_status="complete").id
        for version in (flow.version_id, second.version_id)
        for n in range(2)
    ]
    for log, number, judgment in zip(logs, (1, 2.5, -4, None), (True, False, True, None), strict=True):
        client.evaluators.log(parent_id=log, id=evaluator.id, judgment=number)
        client.evaluators.log(parent_id=log, id=truth.id, judgment=judgment)
        client.evaluators.log(parent_id=log, id=words.id, judgment="fine")

    def means(with_aggregates: bool | None = True) -> list[Any]:
        records = client.flows.list_versions(flow.id, evaluator_aggregates=with_aggregates).records
        return [
            one.evaluator_aggregates
            and {found.evaluator_version_id: found.value for found in one.evaluator_aggregates}
            for one in records
        ]

    assert means() == [
        {evaluator.version_id: -4, truth.version_id: 1},
        {evaluator.version_id: 1.75, truth.version_id: 0.5},
    ]
    assert means(None) == [None, None]
    (aggregate, _) = (
        client.flows.list_versions(flow.id, evaluator_aggregates=True).records[1].evaluator_aggregates
    )
    assert aggregate.evaluator_id in (evaluator.id, truth.id)
    assert aggregate.created_at < aggregate.updated_at


def test_logs_are_counted(client: Any, path: str) -> None:
    """2.10: those of the version, and those of all versions."""
    first = client.prompts.upsert(path=path, model="m")
    second = client.prompts.upsert(path=path, model="n")
    for version in (first, second, second):
        client.prompts.log(id=first.id, version_id=version.version_id, output="x")
    shown = {
        one.version_id: (one.version_logs_count, one.total_logs_count)
        for one in client.prompts.list_versions(first.id).records
    }
    assert shown == {first.version_id: (1, 3), second.version_id: (2, 3)}
    assert client.prompts.get(first.id).last_used_at > first.last_used_at
