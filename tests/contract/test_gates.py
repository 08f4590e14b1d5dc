"""Gates and watches of running servers: what clients are told, who wins, and what outlives a crash."""

from __future__ import annotations

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from humanloop.core.api_error import ApiError
from tests.contract.bedrock.things import ROLE
from tests.contract.conftest import NO_CERTIFICATES, LiveServer
from tests.contract.inprocess import InProcess, in_process
from tests.contract.test_moves import flow_with_versions, history, says
from tests.postgres import cluster
from tests.stores import SECRET_KEY

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import Action, Move
from headrace.core.errors import Conflict
from headrace.core.logs import LogStatus, Payload
from headrace.core.monitoring import Job, Work
from headrace.services.deployments import approvals, gates, rollouts
from headrace.services.deployments.moves import Moved
from headrace.services.deployments.pointers import Where
from headrace.services.deployments.watching import Watching
from headrace.services.logs import logs
from headrace.services.versions import versions as version_services
from headrace.settings import Settings

pytestmark = pytest.mark.live

WITHIN_S = 60
ROUNDS = 8
APPROVAL = b'{"rules":[{"type":"approval","by":1}]}'
WATCH = {"for_s": 600, "rules": [{"type": "score", "evaluator": "Good", "min": 0.5, "min_judgments": 3}]}
BOOLEAN = {"arguments_type": "target_free", "return_type": "boolean", "evaluator_type": "external"}


# What clients see


def gated(server: LiveServer, file: str, pointer: str, spec: dict[str, Any]) -> httpx.Response:
    """Set a gate, or try to."""
    path = f"/api/files/{quote(file)}/pointers/{pointer}/gate"
    return httpx.put(server.url + path, json=spec, headers={"X-API-KEY": "any"}, verify=NO_CERTIFICATES)


class Prompted:
    """A prompt with two versions, the first of them in production, and an evaluator that others carry out."""

    def __init__(self, server: LiveServer) -> None:
        self.server, self.client = server, server.humanloop()
        self.client.evaluators.upsert(path="Good", spec=BOOLEAN)
        made = [self.client.prompts.upsert(path="Ask", model=model) for model in ("m-1", "m-2")]
        self.id, self.versions = made[0].id, [one.version_id for one in made]
        self.environments = {one.name: one.id for one in self.client.prompts.list_environments(self.id)}

    def set_gate(self, **spec: Any) -> None:
        answer = gated(self.server, self.id, "production", spec)
        assert answer.status_code == 200, answer.text

    def deploy(self, number: int) -> None:
        self.client.prompts.set_deployment(
            self.id, self.environments["production"], version_id=self.versions[number - 1]
        )

    def judge(self, *judgments: bool, number: int = 2) -> None:
        for judgment in judgments:
            made = self.client.prompts.log(
                id=self.id, version_id=self.versions[number - 1], output="x", inputs={}
            )
            self.client.evaluators.log(path="Good", parent_id=made.id, judgment=judgment)

    def live(self) -> str:
        return str(self.client.prompts.get(self.id).version_id)

    def history(self) -> list[dict[str, Any]]:
        return self.listed("moves")

    def listed(self, name: str) -> list[dict[str, Any]]:
        path = f"/api/files/{quote(self.id)}/pointers/production/{name}"
        answer = httpx.get(self.server.url + path, headers={"X-API-KEY": "any"}, verify=NO_CERTIFICATES)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()[name]
        return found


def wait_until(is_so: Callable[[], bool]) -> float:
    """How long it took."""
    began = time.monotonic()
    while not is_so():
        assert time.monotonic() - began < WITHIN_S
        time.sleep(0.05)
    return time.monotonic() - began


@pytest.fixture
def live(tmp_path: Path) -> Iterator[LiveServer]:
    """A server that looks at what is watched once an hour, if nobody judges."""
    server = LiveServer(store=f"sqlite:///{tmp_path}/store.db", settings={"watch_interval": "3600"}).start()
    yield server
    assert server.stop() == 0


def test_a_client_is_told_all_that_keeps_a_version_out(live: LiveServer) -> None:
    made = Prompted(live)
    made.set_gate(
        rules=[
            {"type": "score", "evaluator": "Good", "on": {"logs": 10}, "min": 0.9, "min_judgments": 2},
            {"type": "errors", "logs": 10, "max_rate": 0.1, "min_logs": 1},
        ]
    )
    with pytest.raises(ApiError) as refused:
        made.deploy(2)
    assert refused.value.status_code == 409
    for words in ("does not let", "judged 0 of 0 logs", "has 0 logs", "override it with a reason"):
        assert words in str(refused.value.body)
    made.judge(True, True)
    made.deploy(2)
    assert made.live() == made.versions[1]
    assert made.history()[0]["evidence"]["gate"]["is_open"] is True


def test_a_client_of_bedrock_is_told_the_same(live: LiveServer) -> None:
    bedrock = live.boto()
    flow = bedrock.create_flow(name="Gated", executionRoleArn=ROLE, definition=says(1))["id"]
    for _ in range(2):
        bedrock.prepare_flow(flowIdentifier=flow)
        bedrock.create_flow_version(flowIdentifier=flow)
        bedrock.update_flow(flowIdentifier=flow, name="Gated", executionRoleArn=ROLE, definition=says(2))
    routing = [[{"flowVersion": str(number)}] for number in (1, 2)]
    alias = bedrock.create_flow_alias(flowIdentifier=flow, name="live", routingConfiguration=routing[0])["id"]
    answer = gated(live, flow, "live", {"rules": [{"type": "approval", "by": 2}]})
    assert answer.status_code == 200, answer.text
    with pytest.raises(bedrock.exceptions.ConflictException, match="0 of 2 people needed approved version"):
        bedrock.update_flow_alias(
            flowIdentifier=flow, aliasIdentifier=alias, name="live", routingConfiguration=routing[1]
        )
    shown = bedrock.get_flow_alias(flowIdentifier=flow, aliasIdentifier=alias)
    assert shown["routingConfiguration"] == routing[0]
    renamed = bedrock.update_flow_alias(
        flowIdentifier=flow, aliasIdentifier=alias, name="renamed", routingConfiguration=routing[0]
    )
    assert renamed["name"] == "renamed"  # what moves nothing asks no gate


def test_a_gate_that_names_anything_odd_is_refused(live: LiveServer) -> None:
    made = Prompted(live)
    for name in ("a\0b", "x" * 5_000, "../..", "", "ünïcode 🙂", "%00", made.id, "Ask"):
        for rule in ({"evaluator": name, "on": {"logs": 1}}, {"evaluator": "Good", "on": {"dataset": name}}):
            spec = {"rules": [{"type": "score", "min": 0, **rule}]}
            answer = gated(live, made.id, "production", spec)
            assert answer.status_code == 400, answer.text
            assert answer.json()["error"]["problems"][0]["path"][:2] == ["rules", 0]


def test_bad_scores_roll_a_deployment_back_within_seconds(live: LiveServer) -> None:
    made = Prompted(live)
    made.set_gate(watch=WATCH)
    made.deploy(2)
    made.judge(True, False)
    assert made.live() == made.versions[1]
    (watched,) = made.listed("watches")
    assert (watched["version_id"], watched["ended_at"]) == (made.versions[1], None)
    assert watched["move_id"] == made.history()[0]["id"]
    made.judge(False, False)
    took_s = wait_until(lambda: made.live() == made.versions[0])
    assert took_s < 10
    last, before = made.history()[:2]
    assert (last["action"], before["action"]) == ("revert", "move")
    assert "`Good` is 0.25 over 4 logs of version" in last["reason"]
    assert last["evidence"]["watch"]["rules"][0]["figures"]["exact"] == "1/4"
    assert made.listed("watches") == []  # what is there now is not watched


def test_a_watch_outlives_a_crash(live: LiveServer) -> None:
    made = Prompted(live)
    made.set_gate(watch=WATCH)
    made.deploy(2)
    made.judge(False, False, False)
    live.kill()
    live.start()
    made.client = live.humanloop()
    wait_until(lambda: made.live() == made.versions[0])
    assert [move["action"] for move in made.history()][:2] == ["revert", "move"]


# Two servers of one database


@pytest.fixture
def pair() -> Iterator[list[InProcess]]:
    settings = Settings(store=cluster().new(), secret_key=SECRET_KEY, watch_interval=3600.0)
    with ExitStack() as stack:
        yield [stack.enter_context(in_process(settings)) for _ in range(2)]


def at(flow: str) -> Where:
    return Where(kind="flow", ref=flow, environment="production")


def colleague(server: InProcess, name: str) -> Principal:
    user = User(
        id=f"usr_{name}",
        email=f"{name}@example.org",
        full_name=name,
        created_at=server.server.ports.clock.now(),
    )
    account = server.server.local.account
    server.run(server.server.ports.store.write(account, lambda tx: tx.access.add_user(user)))
    return Principal(account=account, user=user, right=Right.EDITOR)


def moved(server: InProcess, flow: str, to: str) -> Moved | Conflict:
    try:
        return server.run(rollouts.point(server.server.ports, server.server.local, at(flow), to=to))
    except Conflict as refused:
        return refused


def test_an_approval_counts_on_the_other_server_from_the_moment_it_is_acknowledged(
    pair: list[InProcess],
) -> None:
    here, there = pair
    flow, versions = flow_with_versions(here, 2)
    ann = colleague(here, "ann")
    here.run(gates.put(here.server.ports, here.server.local, at(flow), APPROVAL))
    for _ in range(ROUNDS):
        assert isinstance(moved(there, flow, versions[1]), Conflict)
        here.run(approvals.approve(here.server.ports, ann, at(flow), version=versions[1]))
        passed = moved(there, flow, versions[1])
        assert isinstance(passed, Moved)
        assert passed.move is not None
        told = json.loads(passed.move.evidence or "")["gate"]["figures"][versions[1]][0]
        assert told["figures"]["approved_by"] == [ann.user.id]
        here.run(approvals.withdraw(here.server.ports, ann, at(flow), version=versions[1]))
        there.run(rollouts.rollback(there.server.ports, there.server.local, at(flow)))


def test_nobody_gets_past_a_gate_that_was_acknowledged(pair: list[InProcess]) -> None:
    flow, versions = flow_with_versions(pair[0], 3)
    is_closed, is_over = threading.Event(), threading.Event()

    def keep_moving(number: int) -> list[tuple[bool, Moved | Conflict]]:
        found = []
        while not is_over.is_set():
            was_closed = is_closed.is_set()
            found.append((was_closed, moved(pair[number % 2], flow, versions[1 + len(found) % 2])))
        return found

    with ThreadPoolExecutor(4) as pool:
        moving = [pool.submit(keep_moving, number) for number in range(4)]
        wait_until(lambda: len(history(pair[0], at(flow))) > 5)
        pair[1].run(gates.put(pair[1].server.ports, pair[1].server.local, at(flow), APPROVAL))
        is_closed.set()
        refused = [moved(pair[0], flow, version) for version in (versions[1], versions[2]) * 3]
        is_over.set()
        found = [one for each in moving for one in each.result()]
    changed = [one for was_closed, one in found if was_closed and isinstance(one, Moved) and one.is_new]
    assert changed == []
    assert any(isinstance(one, Conflict) for one in refused)
    assert len([one for _, one in found if isinstance(one, Moved) and one.is_new]) >= 5


def test_of_two_servers_that_watch_one_rolls_back(pair: list[InProcess]) -> None:
    for number in range(ROUNDS):
        flow, versions = flow_with_versions_at(pair[0], f"watched {number}")
        watch = {"for_s": 600, "rules": [{"type": "errors", "max_rate": 0.1, "min_logs": 2}]}
        spec = json.dumps({"watch": watch}).encode()
        pair[0].run(gates.put(pair[0].server.ports, pair[0].server.local, at(flow), spec))
        done = moved(pair[0], flow, versions[1])
        assert isinstance(done, Moved)
        assert done.move is not None
        for _ in range(2):
            fail(pair[1], flow, versions[1])
        job = Job(
            account=pair[0].server.local.account,
            work=Work.WATCH,
            subject=done.move.id,
            object=versions[1],
            due_at=done.move.moved_at,
        )
        looking = [
            asyncio.run_coroutine_threadsafe(acting(Watching(one.server.ports), job), one.loop)
            for one in pair
        ]
        for one in looking:
            one.result(WITHIN_S)
        actions = [move.action for move in history(pair[1], at(flow))]
        assert actions == [Action.REVERT, Action.MOVE, Action.MOVE]


async def acting(watching: Watching, job: Job) -> None:
    await watching.handler.act(job)


def test_what_a_person_moves_while_it_is_looked_at_stays(pair: list[InProcess]) -> None:
    for number in range(ROUNDS):
        flow, versions = flow_with_versions_at(pair[0], f"raced {number}", count=3)
        watch = {"for_s": 600, "rules": [{"type": "errors", "max_rate": 0.1, "min_logs": 1}]}
        spec = json.dumps({"watch": watch}).encode()
        pair[0].run(gates.put(pair[0].server.ports, pair[0].server.local, at(flow), spec))
        done = moved(pair[0], flow, versions[1])
        assert isinstance(done, Moved)
        assert done.move is not None
        fail(pair[0], flow, versions[1])
        job = Job(
            account=pair[0].server.local.account,
            work=Work.WATCH,
            subject=done.move.id,
            object=versions[1],
            due_at=done.move.moved_at,
        )
        looking = asyncio.run_coroutine_threadsafe(acting(Watching(pair[1].server.ports), job), pair[1].loop)
        assert isinstance(moved(pair[0], flow, versions[2]), Moved)
        looking.result(WITHIN_S)
        told = history(pair[0], at(flow))
        assert told[0].version_id == versions[2], [move.action for move in told]
        assert undone(told) <= {versions[1]}


def undone(told: list[Move]) -> set[str | None]:
    """The versions that were rolled back by themselves."""
    return {move.from_version_id for move in told if move.action is Action.REVERT}


def flow_with_versions_at(server: InProcess, path: str, *, count: int = 2) -> tuple[str, list[str]]:
    made = [prepared(server, path, number) for number in range(count)]
    return made[0][0], [version_id for _, version_id in made]


def prepared(server: InProcess, path: str, number: int) -> tuple[str, str]:
    content = {"attributes": {"is": number}}
    submission = version_services.Submission(
        kind="flow", ref=None, path=path, content=json.dumps(content).encode(), parsed=content
    )
    made = server.run(version_services.upsert(server.server.ports, server.server.local, submission))
    return made.file.id, made.version.id


def fail(server: InProcess, flow: str, version_id: str) -> None:
    new = logs.NewLog(
        kind="flow", ref=flow, version_id=version_id, status=LogStatus.COMPLETE, payload=Payload(error="boom")
    )
    server.run(logs.create(server.server.ports, server.server.local, new))
