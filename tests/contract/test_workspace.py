"""Directories of files beside a live server: pulled, edited, pushed, in both orders of work."""

from __future__ import annotations

import json
import os
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
from headrace.cli.client import RemoteConsole
from headrace.workspace.folder import Folder
from headrace.workspace.remote import Remote

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


class _CutError(BaseException):
    """The process is gone."""


def _cut_after(monkeypatch: pytest.MonkeyPatch, owner: Any, name: str, count: int) -> None:
    """Let a process be killed before its call number ``count``; from then on it does nothing more."""
    whole, left = getattr(owner, name), [count]

    def call(*arguments: Any, **options: Any) -> Any:
        left[0] -= 1
        if left[0] < 0:
            raise _CutError
        return whole(*arguments, **options)

    monkeypatch.setattr(owner, name, call)


def _runs_to_its_end(clone: Clone, command: str) -> bool:
    try:
        clone.run(command)
    except _CutError:
        return False
    return True


def test_a_pull_that_is_cut_off_anywhere_is_done_again(
    live: LiveServer, make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _seed(live)
    start, whole = make_clone(live, "start"), make_clone(live, "whole")
    start.run("pull")
    node = {**NODE, "name": "Renamed"}
    client.flows.upsert(
        path="support/triage", attributes={"definition": {"nodes": [node], "connections": []}}
    )
    client.tools.upsert(path="tools/add", source_code="def add(a, b):\n    return b", function=None)
    client.flows.upsert(path="new/one", attributes=FLOW)
    client.prompts.delete(id=_id(start, "support/Antwort ü"))
    shutil.copytree(start.root, whole.root)
    whole.run("pull")
    for count in range(100):
        clone = make_clone(live, f"cut {count}")
        shutil.copytree(start.root, clone.root)
        with monkeypatch.context() as patch:
            _cut_after(patch, Folder, "write", count)
            is_whole = _runs_to_its_end(clone, "pull")
        assert clone.did("pull").get("support/triage") in (None, "written")
        assert clone.files() == whole.files()
        assert clone.run("status", "--exit-code")["is_in_step"]
        if is_whole:
            break
    assert count > 5


def test_what_is_written_after_a_cut_is_not_overwritten(
    live: LiveServer, make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    client.flows.upsert(path="support/triage", attributes={**FLOW, "team": "there"})
    with monkeypatch.context() as patch:
        _cut_after(patch, Folder, "write", 2)
        assert not _runs_to_its_end(clone, "pull")
    clone.edit("flows/support/triage.yaml", "limit: 1.0", "limit: 7")
    mine = clone.text("flows/support/triage.yaml")
    assert clone.did("pull", status=1)["support/triage"] == "kept"
    assert clone.text("flows/support/triage.yaml") == mine


def test_a_push_that_is_cut_off_anywhere_is_done_again(
    make_server: Any, live: LiveServer, make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch
) -> None:
    _seed(live)
    start = make_clone(live, "start")
    start.run("pull")
    lines = start.text("deployments.yaml").replace("tools/add:\n", "tools/add:\n  staging: newest\n")
    start.put("deployments.yaml", lines)
    start.forget()
    monkeypatch.setattr("headrace.workspace.remote.MOST_FILES", 2)
    for count in range(20):
        server = make_server()
        clone = Clone(url=server.url, root=start.root.parent / f"cut {count}")
        shutil.copytree(start.root, clone.root)
        with monkeypatch.context() as patch:
            patch.setattr("headrace.workspace.state.save", lambda *_: None)  # who is killed keeps nothing
            _cut_after(patch, RemoteConsole, "call", count)
            is_whole = _runs_to_its_end(clone, "push")
        clone.run("push")
        assert clone.run("status", "--exit-code")["is_in_step"]
        client = server.humanloop()
        for path in ("support/triage", "support/agent"):
            file = client.files.retrieve_by_path(path=path)
            assert len(getattr(client, f"{file.type}s").list_versions(id=file.id).records) == 1
        tool = client.files.retrieve_by_path(path="tools/add")
        assert {one.name for one in tool.environments} == {"production", "staging"}
        server.stop()
        if is_whole:
            break
    assert count > 3


def test_names_of_a_server_never_lead_out(live: LiveServer, make_clone: MakeClone, tmp_path: Path) -> None:
    client = live.humanloop()
    paths = [
        "..x/.git/hooks",
        "CON/nul",
        "a\\..\\b",
        "c:d",
        "Case/X",
        "case/x",
        "case/y",
        "%2e%2e/x",
        ".headrace",
    ]
    for path in paths:
        client.flows.upsert(path=path, attributes={"path": path})
    client.flows.upsert(path="z" * 254, attributes={})
    clone = make_clone(live)
    clone.run("pull", status=2)  # one name is too long for a file
    names = list(clone.files())
    assert len({name.casefold() for name in names}) == len(names) == len(paths) + 1
    assert all(not part.startswith(".") for name in names for part in name.split("/"))
    clone.forget()
    assert set(clone.differs()) == {"z" * 254}


def test_links_are_no_way_out(live: LiveServer, make_clone: MakeClone, tmp_path: Path) -> None:
    _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    outside = tmp_path / "outside.md"
    outside.write_text("secret")
    text = clone.root / "flows/support/triage/Answer.prompt.md"
    text.unlink()
    text.symlink_to(outside)
    clone.put("flows/leak.yaml", "a: !text ../../outside.md\nb: !text /etc/passwd\n")
    done = clone.run("push", status=2)
    assert {one["name"] for one in done["problems"]} == {"flows/support/triage.yaml", "flows/leak.yaml"}
    assert done["lines"] == []
    assert "secret" not in json.dumps(done)
    client = live.humanloop()
    client.flows.upsert(path="support/triage", attributes={**FLOW, "team": "there"})
    clone.run("pull", "--theirs", status=2)
    assert outside.read_text() == "secret"


def test_gates_hold(live: LiveServer, make_clone: MakeClone) -> None:
    _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    gate = clone.root.parent / "gate.json"
    gate.write_text('{"rules": [{"type": "approval", "by": 1}]}')
    environment = {"HEADRACE_URL": live.url, "HEADRACE_API_KEY": "any"}
    arguments = ["gate", "set", "support/triage", "--in", "production", "--rules", str(gate)]
    done = CliRunner().invoke(main, arguments, env=environment)
    assert done.exit_code == 0, done.output
    clone.edit("flows/support/triage.yaml", "team: support", "team: here")
    clone.edit(
        "deployments.yaml", "support/triage:\n  production: v1", "support/triage:\n  production: newest #"
    )
    would = clone.run("push", "--dry-run")
    assert [one["did"] for one in would["lines"]] == ["version", "moved"]
    assert clone.did("push", status=1) == {
        "support/triage": "version",
        "support/triage production": "refused",
    }
    assert clone.differs() == {"support/triage production": ("changed", None)}


def test_what_is_wrong_with_one_file_does_not_hold_up_others(live: LiveServer, make_clone: MakeClone) -> None:
    clone = make_clone(live)
    clone.put("prompts/bad.prompt", "---\nmodel: m\nmax_iterations: 3\n---\n")
    clone.put("evaluators/bad2.yaml", "return_type: boolean\n")
    clone.put("flows/good.yaml", "a: 1\n")
    clone.put("flows/broken.yaml", "a: [\n")
    done = clone.run("push", status=2)
    assert {one["path"]: one["did"] for one in done["lines"] if "pointer" not in one} == {
        "bad": "refused",
        "bad2": "refused",
        "good": "made",
    }
    assert [one["name"] for one in done["problems"]] == ["flows/broken.yaml"]
    assert "max_iterations" in next(one["note"] for one in done["lines"] if one["path"] == "bad")


def test_somebody_is_faster(live: LiveServer, make_clone: MakeClone, monkeypatch: pytest.MonkeyPatch) -> None:
    client = _seed(live)
    clone = make_clone(live)
    clone.run("pull")
    clone.edit("flows/support/triage.yaml", "team: support", "team: here")
    clone.edit("tools/tools/add.py", "a + b", "b + a")
    whole = Remote.overview

    def overview(remote: Remote) -> Any:
        found = whole(remote)
        client.flows.upsert(path="support/triage", attributes={**FLOW, "team": "there"})
        return found

    with monkeypatch.context() as patch:
        patch.setattr(Remote, "overview", overview)
        assert clone.did("push", status=1) == {"support/triage": "refused", "tools/add": "version"}
    assert clone.differs()["support/triage"] == ("changed", "changed")


def test_the_store_itself_is_as_good_as_its_server(tmp_path: Path) -> None:
    root = tmp_path / "files"
    (root / "flows").mkdir(parents=True)
    (root / "flows/a.yaml").write_text("a: 1\n")
    store = f"sqlite:///{tmp_path / 'new.db'}"
    run = CliRunner().invoke
    assert run(main, ["status", "--dir", str(root), "--store", store]).exit_code == 2  # there is no store
    (tmp_path / "headrace.toml").write_text("")
    made = run(main, ["keys", "create", "--email", "a@example.com", "--store", store])
    assert made.exit_code == 0, made.output
    pushed = run(main, ["push", "--dir", str(root), "--store", store])
    assert pushed.exit_code == 0, pushed.output
    assert "made" in pushed.output
    assert run(main, ["status", "--exit-code", "--dir", str(root), "--store", store]).exit_code == 0
    (root / "flows/a.yaml").write_text("a: 2\n")
    shown = run(main, ["status", "--exit-code", "--diff", "--dir", str(root), "--store", store])
    assert shown.exit_code == 1
    assert "-a: 1\n+a: 2\n" in shown.output


FOLDER = os.environ.get("HEADRACE_TEST_FLOWS")


@pytest.mark.skipif(FOLDER is None, reason="HEADRACE_TEST_FLOWS does not name the folder of definitions")
def test_real_flows_are_pulled_edited_and_pushed(live: LiveServer, make_clone: MakeClone) -> None:
    assert FOLDER is not None
    client, paths = live.humanloop(), []
    for file in sorted(Path(FOLDER).glob("*.json")):
        definition = json.loads(file.read_text())
        if isinstance(definition, dict) and "nodes" in definition:
            client.flows.upsert(path=f"real/{file.stem}", attributes={"definition": definition})
            paths.append(f"real/{file.stem}")
    assert len(paths) > 10
    clone = make_clone(live)
    clone.run("pull")
    assert clone.run("push")["lines"] == []
    texts = sorted(clone.root.rglob("*.prompt.md"))
    assert len(texts) > 5
    for text in texts:
        text.write_text(text.read_text() + "Please.\n")
    edited = {path.parent.relative_to(clone.root / "flows").as_posix() for path in texts}
    assert clone.did("push") == dict.fromkeys(edited, "version")
    for path in paths:
        records = client.flows.list_versions(id=_id(clone, path)).records
        assert len(records) == (2 if path in edited else 1)
