"""How a team deploys: from a commit through a gate into production, and back by itself when users complain.

One test tells it from the first commit to the last, with nothing but what a team has: git, the command line,
boto3 and the `humanloop` package, each person with a key of their own.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest
from humanloop.core.api_error import ApiError
from tests.contract.storytelling import (
    CHATTY,
    FILES,
    FLOW,
    GATE,
    KIND,
    PLAIN,
    PROMPT,
    QUESTIONS,
    SAID,
    Person,
    Team,
    at_work,
)

pytestmark = pytest.mark.live

WITHIN_S = 90.0
SECONDS = timedelta(seconds=10)
"""Within so many a deployment that does badly is rolled back."""
CALLERS = 50
PRODUCTION, STAGING = (("files", FLOW, "pointers", name) for name in ("production", "staging"))


@pytest.fixture
def team(tmp_path: Path) -> Iterator[Team]:
    with at_work(tmp_path) as made:
        yield made


@pytest.mark.slow
@pytest.mark.timeout(300)
def test_from_a_commit_to_a_rollback_by_itself(team: Team) -> None:
    begin(team)
    guard(team)
    is_refused(team)
    fix(team)
    rehearse(team)
    promote(team)
    users_complain(team)
    everybody_knows(team)


# Chapter by chapter


def begin(team: Team) -> None:
    """Ann commits a flow with all that belongs to it, and pushes it to a server that has nothing."""
    team.ann.write(FILES)
    assert team.ann.did("push", "-m", "First answers") == {
        FLOW: "made",
        "support/Brief": "made",
        "support/Thumbs": "made",
        "support/Questions": "made",
        f"{FLOW} staging": "moved",
    }
    team.ann.commit("First answers")
    assert team.live() == team.live("staging") == 1
    assert team.answer() == SAID["plain"]
    assert score(team, "production") == 1


def guard(team: Team) -> None:
    """Olga says what it takes to get into production. Ann may not."""
    rules = team.olga.root / "gate.json"
    team.olga.write({"gate.json": json.dumps(GATE)})
    gate = ("gate", "set", FLOW, "--in", "production", "--rules", str(rules))
    assert "'admin'" in team.ann.headrace(*gate, status=1).stderr
    assert "set by olga" in team.olga.told(*gate)


def is_refused(team: Team) -> None:
    """What Ann writes next is worse, and nobody lets it through: not the command, not an API, not git."""
    release(team, CHATTY, before=PLAIN, message="Tell them more", number=2)
    assert score(team, "staging") == 0
    promoting = ("promote", FLOW, "--from", "staging", "--to", "production")
    refused = team.ann.headrace(*promoting, status=1)
    assert refused.stdout == ""
    for words in (
        "does not let",
        "`support/Brief` is 0 over 4 logs of version",
        "below the minimum of 0.9",
        "worse by 1, more than 0.02",
        "0 of 1 person needed approved version",
    ):
        assert words in refused.stderr, refused.stderr
    closed = team.ann.told(*promoting, "--dry-run", status=1)
    assert "The gate is closed:" in closed
    assert "at length" in closed
    found = team.ann.data("gate", "check", FLOW, "--in", "production", "--version", "2", status=1)
    ((measured, agreed),) = found["figures"].values()
    assert (measured["is_passed"], measured["figures"]["mean"], measured["figures"]["judgments"]) == (
        False,
        0,
        4,
    )
    assert (agreed["is_passed"], agreed["figures"]["approved_by"]) == (False, [])
    with pytest.raises(ApiError) as conflict:
        deploy_with_the_package(team.ann)
    assert conflict.value.status_code == 409
    before = team.ann.deployed("production")
    team.ann.deploy(production="newest")
    assert team.ann.did("push", status=1) == {f"{FLOW} production": "refused"}
    team.ann.deploy(production=before)
    assert team.live() == 1
    assert team.answer() == SAID["plain"]
    assert actions(team) == ["move"]


def fix(team: Team) -> None:
    """Ann writes it anew, and evaluators find it good. Ben has to agree; that Ann does counts for nothing."""
    release(team, KIND, before=CHATTY, message="Be kind instead", number=3)
    assert score(team, "staging") == 1
    check = ("gate", "check", FLOW, "--in", "production", "--version", "3")
    assert [line.split()[0] for line in team.ann.told(*check, status=1).splitlines()[1:]] == ["ok", "NO"]
    approve = (
        "gate",
        "approve",
        FLOW,
        "--in",
        "production",
        "--version",
        "3",
        "--reason",
        "Read all answers",
    )
    assert "made" in team.ann.headrace(*approve, status=1).stderr
    team.ben.git("pull", "--quiet")
    assert team.ben.read(PROMPT) == KIND
    assert team.ben.data("status", "--dir", str(team.ben.root), "--exit-code")["is_in_step"]
    team.ben.headrace(*approve)
    assert team.ann.told(*check).startswith("The gate is open.")


def rehearse(team: Team) -> None:
    """A rehearsal shows Ann what would be, and changes nothing."""
    told = team.ann.told("promote", FLOW, "--from", "staging", "--to", "production", "--dry-run")
    assert "Nothing was changed: this is what would be." in told
    assert "The gate is open." in told
    (changed,) = (line for line in told.splitlines() if "kindly" in line)
    assert "+" in changed, changed
    assert team.live() == 1
    assert actions(team) == ["move"]


def promote(team: Team) -> None:
    """It goes into production, and the next call is answered by it."""
    why = ("--expect", "1", "--reason", "Kinder answers")
    assert team.answer() == SAID["plain"]
    moved = team.ann.data("promote", FLOW, "--from", "staging", "--to", "production", *why)
    assert team.answer() == SAID["kind"]
    assert (moved["before"]["number"], moved["after"]["number"]) == (1, 3)
    assert team.live() == 3
    assert team.ann.did("pull") == {f"{FLOW} production": "written"}
    team.ann.commit("Kinder answers are in production")


def users_complain(team: Team) -> None:
    """Thumbs go down, and it is rolled back by itself. Nobody was asked, and nobody has to do anything."""
    humanloop = team.application.humanloop
    for question in QUESTIONS[:3]:
        team.answer(question)
    logs = until(lambda: of_version(team, 3))
    for log in logs[:3]:
        humanloop.evaluators.log(path="support/Thumbs", parent_id=log.id, judgment=False)
    told_at = datetime.now(UTC)
    until(lambda: team.live() == 1)
    moved_at = datetime.fromisoformat(team.ann.native.ask("GET", *PRODUCTION)["moved_at"])
    assert moved_at - told_at < SECONDS
    assert team.answer() == SAID["plain"]


def everybody_knows(team: Team) -> None:
    """The history tells all of it to whoever may look: by the API, by the command, and in git."""
    moves = team.ben.native.ask("GET", *PRODUCTION, "moves")["moves"]
    assert [(one["action"], one["from_number"], one["number"]) for one in moves] == [
        ("revert", 3, 1),
        ("promote", 1, 3),
        ("move", None, 1),
    ]
    reverted, promoted, _ = moves
    assert (promoted["moved_by"]["name"], promoted["reason"]) == ("ann", "Kinder answers")
    ((measured, agreed),) = promoted["evidence"]["gate"]["figures"].values()
    assert (measured["figures"]["mean"], measured["figures"]["judgments"]) == (1, 4)
    assert "(ben)" in agreed["says"]
    assert promoted["source"] == team.ben.native.ask("GET", *STAGING)["pointer"]["id"]
    assert "`support/Thumbs` is 0 over 3 logs of version" in reverted["reason"]
    assert reverted["evidence"]["watch"]["rules"][0]["figures"]["judgments"] == 3
    lines = team.ben.told("history", FLOW, "--in", "production").splitlines()
    assert [line.split()[4] for line in lines] == ["revert", "promote", "move"]
    assert "by itself  Rolled back by its watch. `support/Thumbs` is 0 over 3 logs" in lines[0]
    assert "1 -> 3" in lines[1]
    assert "by ann  Kinder answers" in lines[1]
    team.ben.git("pull", "--quiet")
    assert team.ben.deployed("production").startswith("v3 ")
    assert team.ben.did("pull") == {f"{FLOW} production": "written"}
    team.ben.commit("The watch rolled it back")
    team.ann.git("pull", "--quiet")
    assert team.ann.deployed("production").startswith("v1 ")
    assert team.ann.data("status", "--dir", str(team.ann.root), "--exit-code")["is_in_step"]
    assert team.ann.git("log", "--format=%an: %s", "--reverse").splitlines() == [
        "ann: First answers",
        "ann: Tell them more",
        "ann: Be kind instead",
        "ann: Kinder answers are in production",
        "ben: The watch rolled it back",
    ]


# What happens again and again


def release(team: Team, text: str, *, before: str, message: str, number: int) -> None:
    """Ann changes the prompt in git and pushes it, which moves staging to the new version."""
    team.ann.edit(PROMPT, before, text)
    team.ann.deploy(staging="newest")
    assert team.ann.did("push", "-m", message) == {FLOW: "version", f"{FLOW} staging": "moved"}
    team.ann.commit(message)
    assert team.live("staging") == number


def score(team: Team, environment: str) -> float:
    """What `support/Brief` finds of the version that is there, run on all questions by the server."""
    humanloop = team.ann.humanloop
    evaluation = humanloop.evaluations.create(
        file={"path": FLOW}, evaluators=[{"path": "support/Brief", "orchestrated": True}]
    )
    humanloop.evaluations.create_run(
        evaluation.id,
        dataset={"path": "support/Questions"},
        version={"path": FLOW, "environment": environment},
        orchestrated=True,
    )

    def completed() -> Any:
        found = humanloop.evaluations.get_stats(evaluation.id)
        return found if found.status == "completed" else None

    ((found,),) = (run.evaluator_stats for run in until(completed).run_stats)
    assert found.total_logs == len(QUESTIONS)
    share: float = found.num_true / found.total_logs
    return share


def deploy_with_the_package(person: Person) -> None:
    """Try to let production have what staging has."""
    flows = person.humanloop.flows
    staged = flows.get(person.flow_id, environment="staging")
    environment = next(one for one in flows.list_environments(staged.id) if one.name == "production")
    flows.set_deployment(staged.id, environment.id, version_id=staged.version_id)


def of_version(team: Team, number: int) -> list[Any] | None:
    """The logs of what users asked that version, once there are three."""
    version = team.ann.data("live", FLOW, "production")["version_id"]
    assert team.live() == number
    page = team.application.humanloop.logs.list(file_id=team.ann.flow_id, size=100)
    found = [one for one in page.items if one.flow.version_id == version and one.source != "evaluation"]
    return found if len(found) >= 3 else None


def actions(team: Team) -> list[str]:
    """What was done to production, newest first."""
    return [one["action"] for one in team.ben.data("history", FLOW, "--in", "production")]


def until(found: Callable[[], Any]) -> Any:
    """What is found in the end."""
    end = time.monotonic() + WITHIN_S
    while not (value := found()):
        assert time.monotonic() < end, "it was not found in time"
        time.sleep(0.05)
    return value


# Many at once


def test_of_fifty_who_expect_the_same_one_moves(team: Team) -> None:
    """Fifty people read what is live, and all of them move it: one has, and each other one is told who."""
    team.ann.write({**FILES, "deployments.yaml": f"{FLOW}:\n  production: newest\n"})
    team.ann.did("push")
    for number, text in enumerate((CHATTY, KIND), start=2):
        team.ann.write({PROMPT: text})
        assert team.ann.did("push") == {FLOW: "version"}, number
    native, barrier = team.ann.native, Barrier(CALLERS)
    expected = native.ask("GET", *PRODUCTION)["move_id"]

    def move(caller: int) -> Any:
        body = {"to": 2 + caller % 2, "expected": expected, "reason": f"caller {caller}"}
        barrier.wait(WITHIN_S)
        return native.send("POST", *PRODUCTION, "moves", body=body)

    with ThreadPoolExecutor(CALLERS) as callers:
        answers = list(callers.map(move, range(CALLERS)))
    assert sorted(one.status_code for one in answers) == [200, *[409] * (CALLERS - 1)]
    (won,) = (one.json() for one in answers if one.status_code == 200)
    for lost in (one.json()["error"] for one in answers if one.status_code == 409):
        assert lost["code"] == "stale"
        assert f"since move {won['move']['id']} by ann" in lost["message"]
    last, first = native.ask("GET", *PRODUCTION, "moves")["moves"]
    assert (last["id"], last["reason"], first["id"]) == (won["move"]["id"], won["move"]["reason"], expected)
