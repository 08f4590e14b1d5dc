"""Directories of files beside a live server: pulled, edited, pushed, in both orders of work."""

from __future__ import annotations

import json
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner
from tests.contract.conftest import LiveServer

from headrace.cli import main

pytestmark = pytest.mark.live

NODE = {
    "name": "Answer",
    "type": "Prompt",
    "configuration": {
        "prompt": {
            "sourceConfiguration": {
                "inline": {
                    "modelId": "m",
                    "templateType": "TEXT",
                    "templateConfiguration": {"text": {"text": "Answer this:\n{{question}}"}},
                }
            }
        }
    },
}
FLOW = {"definition": {"nodes": [NODE], "connections": []}, "team": "support", "limit": 1.0}
SPEC = {
    "arguments_type": "target_free",
    "return_type": "boolean",
    "evaluator_type": "python",
    "code": "def f(log):\n    return True\n",
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Clone:
    """A directory of somebody's."""

    url: str
    root: Path
    key: str | None = None

    def run(self, command: str, *options: str, status: int = 0) -> dict[str, Any]:
        """What a command says, as JSON."""
        environment = {"HEADRACE_URL": self.url, "HEADRACE_API_KEY": self.key or "any"}
        arguments = [command, "--dir", str(self.root), "--json", *options]
        done = CliRunner().invoke(main, arguments, env=environment, catch_exceptions=False)
        assert done.exit_code == status, done.output
        found: dict[str, Any] = json.loads(done.stdout) if done.stdout else {"error": done.stderr}
        return found

    def did(self, command: str, *options: str, status: int = 0) -> dict[str, str]:
        """What was done about which file or pointer."""
        lines = self.run(command, *options, status=status)["lines"]
        return {" ".join(filter(None, (one["path"], one.get("pointer")))): one["did"] for one in lines}

    def differs(self) -> dict[str, tuple[str | None, str | None]]:
        """What was done on each side."""
        lines = self.run("status")["lines"]
        return {
            " ".join(filter(None, (one["path"], one.get("pointer")))): (one.get("local"), one.get("server"))
            for one in lines
        }

    def text(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def edit(self, name: str, before: str, after: str) -> None:
        text = self.text(name)
        assert before in text, text
        (self.root / name).write_text(text.replace(before, after), encoding="utf-8")

    def put(self, name: str, text: str) -> None:
        (self.root / name).parent.mkdir(parents=True, exist_ok=True)
        (self.root / name).write_text(text, encoding="utf-8")

    def files(self) -> dict[str, bytes]:
        """All files by name, but for the state."""
        return {
            path.relative_to(self.root).as_posix(): path.read_bytes()
            for path in sorted(self.root.rglob("*"))
            if path.is_file() and ".headrace" not in path.parts and ".git" not in path.parts
        }

    def forget(self) -> None:
        """As if the state were not committed."""
        shutil.rmtree(self.root / ".headrace")


MakeClone = Callable[..., Clone]


@pytest.fixture
def live(make_server: Any) -> LiveServer:
    server: LiveServer = make_server()
    return server


@pytest.fixture
def make_clone(tmp_path: Path) -> MakeClone:
    def make(server: LiveServer, name: str = "clone") -> Clone:
        return Clone(url=server.url, root=tmp_path / name)

    return make


def _seed(server: LiveServer) -> Any:
    client = server.humanloop()
    client.flows.upsert(path="support/triage", attributes=FLOW)
    client.prompts.upsert(
        path="support/Antwort ü",
        model="m",
        template=[{"role": "system", "content": "Be brief.\nBe kind."}, {"role": "user", "content": "{{q}}"}],
        temperature=0.5,
    )
    client.tools.upsert(path="tools/add", source_code="def add(a, b):\n    return a + b", function=None)
    client.evaluators.upsert(path="checks/is fine", spec=SPEC)
    client.datasets.upsert(
        path="cases/first",
        datapoints=[{"inputs": {"q": "a\nb"}, "target": {"output": 1}}, {"inputs": {"q": "ü"}}],
    )
    client.agents.upsert(
        path="support/agent", model="m", template=[{"role": "user", "content": "{{q}}"}], max_iterations=3
    )
    return client


def test_all_kinds_are_pulled_as_readable_files(live: LiveServer, make_clone: MakeClone) -> None:
    _seed(live)
    clone = make_clone(live)
    done = clone.did("pull")
    assert {name for name in done if " production" not in name} == {
        "support/triage",
        "support/Antwort ü",
        "tools/add",
        "checks/is fine",
        "cases/first",
        "support/agent",
    }
    assert set(clone.files()) == {
        "flows/support/triage.yaml",
        "flows/support/triage/Answer.prompt.md",
        "prompts/support/Antwort ü.prompt",
        "tools/tools/add.yaml",
        "tools/tools/add.py",
        "evaluators/checks/is fine.yaml",
        "evaluators/checks/is fine.py",
        "datasets/cases/first.jsonl",
        "agents/support/agent.agent",
        "deployments.yaml",
    }
    assert clone.text("flows/support/triage/Answer.prompt.md") == "Answer this:\n{{question}}\n"
    assert "text: !text triage/Answer.prompt.md" in clone.text("flows/support/triage.yaml")
    assert clone.text("tools/tools/add.py") == "def add(a, b):\n    return a + b\n"
    assert "production: v1 " in clone.text("deployments.yaml")
    before = clone.files()
    assert clone.run("pull")["lines"] == []
    assert clone.files() == before
    assert clone.run("status", "--exit-code")["is_in_step"]
    assert clone.run("push")["lines"] == []


def test_without_the_state_contents_tell_the_same(live: LiveServer, make_clone: MakeClone) -> None:
    _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    clone.forget()
    assert clone.run("status", "--exit-code")["is_in_step"]
    before = clone.files()
    assert clone.run("push")["lines"] == []
    assert clone.files() == before


def test_each_edit_makes_one_version(live: LiveServer, make_clone: MakeClone) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    clone.edit("flows/support/triage/Answer.prompt.md", "Answer this", "Answer briefly")
    clone.edit("prompts/support/Antwort ü.prompt", "0.5", "0.75")
    clone.edit("tools/tools/add.py", "a + b", "b + a")
    clone.edit("evaluators/checks/is fine.py", "True", "False")
    clone.edit("datasets/cases/first.jsonl", '"ü"', '"ö"')
    clone.edit("agents/support/agent.agent", "max_iterations: 3", "max_iterations: 4")
    assert set(clone.differs().values()) == {("changed", None)}
    would = clone.did("push", "--dry-run")
    assert set(would.values()) == {"version"}
    assert len(client.flows.list_versions(id=_id(clone, "support/triage")).records) == 1
    assert clone.did("push", "-m", "shorter") == would
    assert clone.did("push") == {}
    assert clone.run("status", "--exit-code")["is_in_step"]
    versions = client.flows.list_versions(id=_id(clone, "support/triage")).records
    assert len(versions) == 2
    assert versions[0].version_description == "shorter"
    text = versions[0].attributes["definition"]["nodes"][0]["configuration"]["prompt"]
    assert text["sourceConfiguration"]["inline"]["templateConfiguration"]["text"]["text"] == (
        "Answer briefly:\n{{question}}"
    )
    assert len(client.prompts.list_versions(id=_id(clone, "support/Antwort ü")).records) == 2
    dataset = client.datasets.list_versions(id=_id(clone, "cases/first")).records
    assert [one.datapoints_count for one in dataset] == [2, 2]


def _id(clone: Clone, path: str) -> str:
    state = json.loads(clone.text(".headrace/state.json"))
    (known,) = state["servers"].values()
    found: str = known["files"][path]["id"]
    return found


def test_what_was_before_becomes_the_newest_again(live: LiveServer, make_clone: MakeClone) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    name = "flows/support/triage/Answer.prompt.md"
    clone.edit(name, "Answer this", "Say this")
    assert clone.did("push") == {"support/triage": "version"}
    clone.edit(name, "Say this", "Answer this")
    assert clone.did("push") == {"support/triage": "again"}
    assert clone.did("push") == {}
    assert len(client.flows.list_versions(id=_id(clone, "support/triage")).records) == 2
    other = make_clone(live, "other")
    other.run("pull")
    assert other.files() == clone.files()


def test_a_server_that_has_nothing_is_filled(
    live: LiveServer, make_server: Any, make_clone: MakeClone
) -> None:
    _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    other_server = make_server()
    other = Clone(url=other_server.url, root=clone.root)
    done = other.did("push")
    assert {done[path] for path in ("support/triage", "cases/first", "support/agent")} == {"made"}
    assert other.run("status", "--exit-code")["is_in_step"]
    assert clone.run("status", "--exit-code")["is_in_step"]
    before = other.files()
    other.run("pull")
    assert other.files() == before


def test_files_written_by_hand(live: LiveServer, make_clone: MakeClone) -> None:
    clone = make_clone(live)
    clone.put(
        "flows/a/b.yaml",
        "# Sorts questions.\ndefinition:\n  nodes:\n  - name: In  # first\n    type: Input\n    outputs: "
        "[{name: document, type: String}]\n  connections: []\n",
    )
    clone.put("prompts/p.prompt", "---\nmodel: gpt\n---\n<user>\n  Hi {{name}}\n</user>\n")
    clone.put("deployments.yaml", "a/b:\n  production: newest\n")
    assert clone.did("push") == {"a/b": "made", "p": "made"}
    assert clone.text("flows/a/b.yaml").startswith("# Sorts questions.")
    assert clone.text("deployments.yaml").startswith("a/b:\n  production: v1 ")
    assert clone.run("status", "--exit-code")["is_in_step"]
    clone.run("pull")
    assert clone.text("flows/a/b.yaml").startswith("# Sorts questions.")


def test_deployments_are_moved(live: LiveServer, make_clone: MakeClone) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    clone.edit("flows/support/triage/Answer.prompt.md", "Answer", "Reply to")
    table = clone.text("deployments.yaml")
    lines = table.split("\n")
    place = lines.index("support/triage:") + 1
    lines[place] = "  production: newest"
    clone.put("deployments.yaml", "\n".join(lines))
    assert clone.did("push") == {"support/triage": "version", "support/triage production": "moved"}
    assert "  production: v2 " in clone.text("deployments.yaml")
    assert clone.run("status", "--exit-code")["is_in_step"]
    clone.put("deployments.yaml", table)
    assert clone.differs() == {"support/triage production": ("changed", None)}
    assert clone.did("push", "--dry-run") == {"support/triage production": "moved"}
    assert clone.did("push") == {"support/triage production": "moved"}
    assert clone.run("status", "--exit-code")["is_in_step"]
    versions = client.flows.list_versions(id=_id(clone, "support/triage")).records
    client.flows.set_deployment(
        id=_id(clone, "support/triage"), environment_id=_production(client), version_id=versions[0].version_id
    )
    assert clone.differs() == {"support/triage production": (None, "changed")}
    clone.run("pull")
    assert "  production: v2 " in clone.text("deployments.yaml")


def _production(client: Any) -> str:
    found = client.flows.list_environments(id=client.flows.list().items[0].id)
    environment: str = next(one.id for one in found if one.name == "production")
    return environment


def test_both_sides_changed(live: LiveServer, make_clone: MakeClone) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    name = "flows/support/triage.yaml"
    clone.edit(name, "team: support", "team: here")
    client.flows.upsert(path="support/triage", attributes={**FLOW, "team": "there"})
    assert clone.differs()["support/triage"] == ("changed", "changed")
    mine = clone.files()
    assert clone.did("pull", status=1)["support/triage"] == "kept"
    assert clone.files() == mine
    assert clone.did("push", status=1)["support/triage"] == "kept"
    theirs = make_clone(live, "theirs")
    shutil.copytree(clone.root, theirs.root)
    assert theirs.did("pull", "--theirs")["support/triage"] == "written"
    assert "team: there" in theirs.text(name)
    assert clone.did("push", "--ours")["support/triage"] == "version"
    theirs.run("pull")
    assert "team: here" in theirs.text(name)


def test_removed_on_either_side(live: LiveServer, make_clone: MakeClone) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    (clone.root / "tools/tools/add.yaml").unlink()
    assert clone.did("push") == {"tools/add": "left"}
    assert clone.did("push", "--delete", "--dry-run") == {"tools/add": "removed"}
    assert clone.did("push", "--delete")["tools/add"] == "removed"
    with pytest.raises(Exception, match="tools/add"):
        client.files.retrieve_by_path(path="tools/add")
    client.flows.delete(id=_id(clone, "support/triage"))
    assert clone.differs()["support/triage"] == (None, "deleted")
    clone.run("pull")
    assert not (clone.root / "flows").joinpath("support").exists()
    assert clone.run("status", "--exit-code")["is_in_step"]


def test_two_clones_of_a_repository(live: LiveServer, tmp_path: Path, make_clone: MakeClone) -> None:
    _seed(live)
    bare = tmp_path / "origin.git"
    _git(tmp_path, "init", "-q", "--bare", "-b", "main", str(bare))
    one, two = make_clone(live, "one"), make_clone(live, "two")
    _git(tmp_path, "clone", "-q", str(bare), str(one.root))
    one.run("pull")
    _commit(one, "everything")
    _git(tmp_path, "clone", "-q", str(bare), str(two.root))
    name = "flows/support/triage/Answer.prompt.md"
    one.edit(name, "Answer this", "One says")
    one.run("push")
    _commit(one, "one")
    two.edit(name, "Answer this", "Two says")
    assert two.differs()["support/triage"] == ("changed", "changed")
    assert two.did("push", status=1)["support/triage"] == "kept"
    _git(two.root, "commit", "-q", "-a", "-m", "two")
    assert subprocess.run(
        ["git", "-C", str(two.root), "pull", "-q", "--no-rebase"], capture_output=True, check=False
    ).returncode
    two.put(name, "Both say:\n{{question}}\n")
    _git(two.root, "add", "-A")
    _git(two.root, "commit", "-q", "-m", "merged")
    assert two.differs() == {"support/triage": ("changed", None)}
    assert two.did("push") == {"support/triage": "version"}
    _commit(two, "pushed")
    _git(one.root, "pull", "-q", "--no-rebase")
    assert one.run("status", "--exit-code")["is_in_step"]
    assert "Both say" in one.text(name)


def _commit(clone: Clone, message: str) -> None:
    _git(clone.root, "add", "-A")
    _git(clone.root, "commit", "-q", "-m", message)
    _git(clone.root, "push", "-q", "origin", "HEAD:main")


def _git(place: Path, *arguments: str) -> None:
    who = ["-c", "user.name=A", "-c", "user.email=a@example.com"]
    subprocess.run(["git", *who, *arguments], cwd=place, check=True, capture_output=True, timeout=30)
