"""A server with clients, flows and answers: what a test is given."""

from __future__ import annotations

import importlib
import itertools
import json
import os
import re
import tempfile
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from types import TracebackType
from typing import Any

from headrace.backends.models.scripted import Line
from headrace.testing.answers import Answers, lines_of, read_lines, script_of
from headrace.testing.failures import FlowRefused
from headrace.testing.flows import Flow
from headrace.testing.process import Process
from headrace.testing.wire import Answered, Wire

ROLE = "arn:aws:iam::000000000000:role/flows"
REGION = "us-east-1"
MOST_NAME_CHARS = 60


class Headrace:
    """A running server, with an empty store in memory unless the settings name another.

    Models answer by a script: lines that a test gives, then those of a file. What no line fits fails the run.

    Args:
        answers: a file of answers, in JSON or YAML.
        settings: of the server, by their names; `HEADRACE_…` variables from outside are not read. With
            ``scripted`` empty, models are what the configuration says.
        root: what the names of flows' files are relative to.
    """

    def __init__(
        self,
        *,
        answers: Path | None = None,
        settings: Mapping[str, Any] | None = None,
        root: Path | None = None,
    ) -> None:
        self._root = root or Path.cwd()
        self._base = [] if answers is None else read_lines(answers)
        self._lines: list[Line] = []
        self._flows: dict[str, Flow] = {}
        self._numbers = itertools.count(1)
        self._written_ns = 0
        self._folder = tempfile.TemporaryDirectory(prefix="headrace-test-")
        folder = Path(self._folder.name)
        self._script = folder / "answers.json"
        self._write()
        config = folder / "headrace.toml"  # not the one that may lie where the tests are run
        config.touch()
        usual = {"store": "memory:", "scripted": str(self._script), "config": str(config)}
        wanted = {**usual, **(settings or {})}
        self._is_scripted = wanted["scripted"] == str(self._script)
        try:
            self._process = Process({name: _text(value) for name, value in wanted.items()}, folder / "log")
        except BaseException:
            self._folder.cleanup()
            raise
        self.url = self._process.url
        self._wire = Wire(self.url)

    def __enter__(self) -> Headrace:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """End the server."""
        self._process.close()
        self._folder.cleanup()

    # Flows.

    def flow(self, definition: str | Path | Mapping[str, Any]) -> Flow:
        """Create a flow and prepare it; the same again gives the same.

        Args:
            definition: the name of a JSON file, or what is in one: a definition, or an object that has it
                under ``definition``, as AWS answers.

        Raises:
            FlowRefused: it can't be created or prepared; with all that is wrong with it.
        """
        __tracebackhide__ = True
        name, content = self._read(definition)
        key = json.dumps(content, sort_keys=True)
        if key not in self._flows:
            self._flows[key] = self._made(name, content)
        return self._flows[key]

    def _read(self, definition: str | Path | Mapping[str, Any]) -> tuple[str, Any]:
        __tracebackhide__ = True
        name: str = "flow"
        content: Any = definition
        if not isinstance(definition, Mapping):
            path = self._root / definition
            try:
                name, content = str(definition), json.loads(path.read_text(encoding="utf-8"))
            except (OSError, ValueError) as error:
                raise FlowRefused(f"{path}: {error}") from None
        is_wrapped = isinstance(content, Mapping) and "definition" in content
        return name, content["definition"] if is_wrapped else content

    def _made(self, name: str, content: Any) -> Flow:
        __tracebackhide__ = True
        stem = re.sub(r"[^0-9a-zA-Z]+", "-", Path(name).stem).strip("-")[:MOST_NAME_CHARS] or "flow"
        wanted = {"name": f"{stem}-{next(self._numbers)}", "executionRoleArn": ROLE, "definition": content}
        try:
            id_ = self._wire.call("POST", "/flows/", wanted)["id"]
            self._wire.call("POST", f"/flows/{id_}/", {})
            prepared = self._wire.call("GET", f"/flows/{id_}/")
        except Answered as refused:
            raise FlowRefused(f"{name} is refused: {refused}") from None
        if prepared["status"] != "Prepared":
            told = "\n".join(f"  {one['severity']}: {one['message']}" for one in prepared["validations"])
            raise FlowRefused(f"{name} can't run:\n{told}")
        return Flow(self._wire, id=id_, name=name)

    # Answers.

    def answers(self, answers: Answers) -> None:
        """Have models answer so from now on, before what was said earlier.

        Args:
            answers: by the names of nodes: a text, an answer with more, or a list of them that are given one
                after another; or lines as a file has them.

        Raises:
            BadAnswers: they are none.
            ValueError: models are what the configuration says.
        """
        if not self._is_scripted:
            raise ValueError("Models answer as the configuration says here, so no answers can be given.")
        self._lines = [*lines_of(answers), *self._lines]
        self._write()

    def forget_answers(self) -> None:
        """Take back what was given by `answers`; the file's remain."""
        if self._lines:
            self._lines = []
            self._write()

    def _write(self) -> None:
        """Write the script, with a time of its own: by that the server knows that it is another."""
        lines: Sequence[Line] = [*self._lines, *self._base]
        part = self._script.with_suffix(".part")
        part.write_bytes(script_of(lines))
        self._written_ns = max(time.time_ns(), self._written_ns + 1_000_000)
        os.utime(part, ns=(self._written_ns, self._written_ns))
        part.replace(self._script)

    # Clients.

    @cached_property
    def bedrock(self) -> Any:
        """A boto3 client for `bedrock-agent`: flows, their versions and aliases."""
        return self._boto("bedrock-agent")

    @cached_property
    def runtime(self) -> Any:
        """A boto3 client for `bedrock-agent-runtime`: what runs them."""
        return self._boto("bedrock-agent-runtime")

    @cached_property
    def humanloop(self) -> Any:
        """A client of the humanloop package."""
        module = _module("humanloop", "headrace.humanloop")
        httpx = _module("httpx", "headrace.humanloop")
        plain = httpx.Client(trust_env=False, timeout=60, follow_redirects=True)
        return module.Humanloop(api_key="any", base_url=f"{self.url}/v5", httpx_client=plain)

    def _boto(self, service: str) -> Any:
        boto3 = _module("boto3", "headrace.bedrock and headrace.runtime")
        config = importlib.import_module("botocore.config").Config(proxies={})
        return boto3.session.Session().client(
            service,
            endpoint_url=self.url,
            region_name=REGION,
            aws_access_key_id="any",
            aws_secret_access_key="any",  # noqa: S106 - without keys, the server takes any
            config=config,
        )

    # The log.

    @property
    def place(self) -> int:
        """Where the server's log ends now."""
        return self._process.place

    def log_since(self, place: int) -> str:
        """The end of what the server logged behind a place."""
        return self._process.said_since(place)


def _module(name: str, wanted: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        if error.name != name:
            raise
        raise ModuleNotFoundError(
            f"{wanted} needs the package {name}: pip install {name}", name=name
        ) from None


def _text(value: Any) -> str:
    return str(value).lower() if isinstance(value, bool) else str(value)
