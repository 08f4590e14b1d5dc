"""A team that deploys a flow: a server with keys, a git repository that they share, and each one's clone of it."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from subprocess import CompletedProcess
from typing import Any

import yaml
from tests.contract.bedrock.running import invoke
from tests.contract.conftest import LiveServer
from tests.contract.keys import aws_pair, run, run_json
from tests.contract.native.asking import Asker

FLOW = "support/help"
PROMPT = "flows/support/help/Answer.prompt.md"
PLAIN, CHATTY, KIND = (
    "Answer this: {{question}}\n",
    "Answer this at length: {{question}}\n",
    "Answer this kindly: {{question}}\n",
)
"""What the prompt says, version by version."""
SAID = {
    "plain": "Hold the button for ten seconds.",
    "chatty": "Well, that is a good question, and before it is answered there are several things to tell.",
    "kind": "Please hold the button for ten seconds.",
}
"""What a model answers to each of them."""

QUESTIONS = ("How do I reset it?", "Why is it warm?", "Where is the button?", "May it get wet?")
FILES = {
    "flows/support/help.yaml": """\
definition:
  nodes:
    - {name: FlowInput, type: Input, outputs: [{name: document, type: String}]}
    - name: Answer
      type: Prompt
      configuration:
        prompt:
          sourceConfiguration:
            inline:
              modelId: amazon.nova-lite-v1:0
              templateType: TEXT
              templateConfiguration:
                text:
                  text: !text help/Answer.prompt.md
                  inputVariables: [{name: question}]
      inputs: [{name: question, type: String, expression: $.data}]
      outputs: [{name: modelCompletion, type: String}]
    - {name: FlowOutput, type: Output, inputs: [{name: document, type: String, expression: $.data}]}
  connections:
    - name: asked
      type: Data
      source: FlowInput
      target: Answer
      configuration: {data: {sourceOutput: document, targetInput: question}}
    - name: said
      type: Data
      source: Answer
      target: FlowOutput
      configuration: {data: {sourceOutput: modelCompletion, targetInput: document}}
""",
    PROMPT: PLAIN,
    "evaluators/support/Brief.yaml": """\
evaluator_type: python
arguments_type: target_free
return_type: boolean
code: !text Brief.py
""",
    "evaluators/support/Brief.py": "def is_brief(log):\n    return len(log['output'].split()) <= 8\n",
    "evaluators/support/Thumbs.yaml": """\
evaluator_type: external
arguments_type: target_free
return_type: boolean
""",
    "datasets/support/Questions.jsonl": "".join(
        json.dumps({"inputs": {"document": question}}) + "\n" for question in QUESTIONS
    ),
    "deployments.yaml": f"{FLOW}:\n  production: newest\n  staging: newest\n",
}
"""What is committed first: a flow, who judges it, on what, and where it goes."""

GATE = {
    "rules": [
        {
            "type": "score",
            "evaluator": "support/Brief",
            "on": {"dataset": "support/Questions"},
            "min": 0.9,
            "min_judgments": 4,
            "max_regression": 0.02,
        },
        {"type": "approval", "by": 1},
    ],
    "watch": {
        "for_s": 600,
        "rules": [{"type": "score", "evaluator": "support/Thumbs", "min": 0.5, "min_judgments": 3}],
    },
}
_CONFIG = """
[[models.route]]
match = "*"
provider = "script"
[models.providers.script]
type = "scripted"
file = "answers.json"
"""
_ANSWERS = [
    {"text": "at length", "answer": SAID["chatty"]},
    {"text": "kindly", "answer": SAID["kind"]},
    {"answer": SAID["plain"]},
]


@dataclass(frozen=True, slots=True, kw_only=True)
class Person:
    """Somebody with a key and a clone of the repository, who needs nothing else."""

    name: str
    server: LiveServer
    key: dict[str, Any]
    root: Path

    @property
    def humanloop(self) -> Any:
        return self.server.humanloop(self.key["api_key"])

    @property
    def flow_id(self) -> str:
        return str(self.humanloop.files.retrieve_by_path(path=FLOW).id)

    @property
    def native(self) -> Asker:
        return Asker(url=self.server.url, key=self.key["api_key"])

    def headrace(self, *arguments: str, status: int = 0) -> CompletedProcess[str]:
        """Run a command that ends so."""
        done = run(*arguments, HEADRACE_URL=self.server.url, HEADRACE_API_KEY=self.key["api_key"])
        assert done.returncode == status, (done.returncode, done.stdout, done.stderr)
        return done

    def told(self, *arguments: str, status: int = 0) -> str:
        """What a command that ends so prints."""
        return self.headrace(*arguments, status=status).stdout

    def data(self, *arguments: str, status: int = 0) -> Any:
        """The same with ``--json``."""
        return json.loads(self.told(*arguments, "--json", status=status))

    def did(self, command: str, *options: str, status: int = 0) -> dict[str, str]:
        """What ``push`` or ``pull`` did about which file or pointer."""
        lines = self.data(command, "--dir", str(self.root), *options, status=status)["lines"]
        return {" ".join(filter(None, (one["path"], one.get("pointer")))): one["did"] for one in lines}

    def git(self, *arguments: str) -> str:
        who = ["-c", f"user.name={self.name}", "-c", f"user.email={self.name}@example.com"]
        done = subprocess.run(
            ["git", *who, *arguments], cwd=self.root, check=True, capture_output=True, text=True, timeout=30
        )
        return done.stdout

    def write(self, files: dict[str, str]) -> None:
        for name, text in files.items():
            (self.root / name).parent.mkdir(parents=True, exist_ok=True)
            (self.root / name).write_text(text, encoding="utf-8")

    def read(self, name: str) -> str:
        return (self.root / name).read_text(encoding="utf-8")

    def edit(self, name: str, before: str, after: str) -> None:
        """Change what a file says."""
        text = self.read(name)
        assert before in text, text
        self.write({name: text.replace(before, after)})

    def deployed(self, pointer: str) -> str:
        """What an environment has, as the repository says it."""
        said: str = self._deployments()[FLOW][pointer]
        return said

    def deploy(self, **versions: str) -> None:
        """Let the repository say what environments are to have."""
        table = self._deployments()
        table[FLOW] |= versions
        self.write({"deployments.yaml": yaml.safe_dump(table)})

    def _deployments(self) -> dict[str, dict[str, str]]:
        found: dict[str, dict[str, str]] = yaml.safe_load(self.read("deployments.yaml"))
        return found

    def commit(self, message: str) -> None:
        """Commit everything, and let others have it."""
        self.git("add", "--all")
        self.git("commit", "--quiet", "-m", message)
        self.git("push", "--quiet", "origin", "HEAD:main")


class Team:
    """Ann writes the flow, Ben reads what she writes, Olga minds production, and an application serves users."""

    def __init__(self, server: LiveServer, folder: Path) -> None:
        self.server, self._folder = server, folder
        self._origin = folder / "origin.git"
        _git(folder, "init", "--quiet", "--bare", "-b", "main", str(self._origin))
        self.olga = self._person("olga", "admin")  # first: the first key closes the server
        self.ann = self._person("ann", "editor")
        self.ben = self._person("ben", "editor")
        self.application = self._person("application", "runner")
        self._runtime = server.boto("bedrock-agent-runtime", **aws_pair(self.application.key))

    def _person(self, name: str, right: str) -> Person:
        options = ("--email", f"{name}@example.com", "--right", right, "--store", self.server.store)
        root = self._folder / name
        _git(self._folder, "clone", "--quiet", str(self._origin), str(root))
        return Person(name=name, server=self.server, key=run_json("keys", "create", *options), root=root)

    def answer(self, question: str = QUESTIONS[0], environment: str = "production") -> str:
        """What a user is told, by a call with boto3."""
        asked = invoke(self._runtime, self.ann.flow_id, question, alias=environment)
        assert asked.completion == ["SUCCESS"], asked.error
        ((_, said),) = asked.outputs
        return str(said)

    def live(self, pointer: str = "production") -> int:
        """The number of the version that is there."""
        number: int = self.ann.native.ask("GET", "files", FLOW, "pointers", pointer)["number"]
        return number


@contextmanager
def at_work(folder: Path) -> Iterator[Team]:
    """A team and its server. What is watched is looked at when somebody judges, and once an hour besides."""
    (folder / "headrace.toml").write_text(_CONFIG)
    (folder / "answers.json").write_text(json.dumps({"answers": _ANSWERS}))
    settings = {"config": str(folder / "headrace.toml"), "watch_interval": "3600", "log_level": "error"}
    server = LiveServer(store=f"sqlite:///{folder}/headrace.db", settings=settings).start()
    try:
        yield Team(server, folder)
    finally:
        status = server.stop()
    assert status == 0


def _git(folder: Path, *arguments: str) -> None:
    subprocess.run(["git", *arguments], cwd=folder, check=True, capture_output=True, timeout=30)
