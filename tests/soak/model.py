"""What must be true of the store, given the facts of a journal."""

from __future__ import annotations

import math
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from tests.soak.journal import Fact


@dataclass(slots=True, kw_only=True)
class Write:
    """A value that is written to a register, from when it was asked for until it was acknowledged."""

    value: str
    began_s: float
    ended_s: float = math.inf


class Register:
    """Something with one value at a time, which many write at once: an alias, the target of an environment.

    A read may give a value whose write had begun before the read had ended, unless another write surely took
    its place before the read began.
    """

    def __init__(self) -> None:
        self.writes: dict[str, Write] = {}

    def begin(self, id: str, value: str, began_s: float) -> None:
        """A write is asked for; until it is acknowledged it has no end."""
        self.writes[id] = Write(value=value, began_s=began_s)

    def end(self, id: str, ended_s: float) -> None:
        """A write is acknowledged."""
        self.writes[id].ended_s = ended_s

    def may_be(self, began_s: float, ended_s: float) -> set[str]:
        """What a read between these times may have given."""
        done = [one.began_s for one in self.writes.values() if one.ended_s < began_s]
        newest_s = max(done, default=-math.inf)
        return {
            one.value for one in self.writes.values() if one.began_s < ended_s and one.ended_s >= newest_s
        }


@dataclass(kw_only=True)
class FlowFacts:
    """A flow of the Bedrock API.

    Attributes:
        versions: of each number, the token it was made with and the mark in its definition.
        asked: the tokens of all numbers that were ever asked for.
        aliases: what each of its aliases leads to.
    """

    name: str
    versions: dict[int, tuple[str, str]] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)
    aliases: dict[str, Register] = field(default_factory=lambda: defaultdict(Register))


@dataclass(kw_only=True)
class FileFacts:
    """A file of the Humanloop API: its versions' ids by their content."""

    operations: str
    path: str
    versions: dict[str, str] = field(default_factory=dict)
    moves: dict[str, str] = field(default_factory=dict)
    """The version of each move of its environment that was acknowledged, in the order of the journal."""


@dataclass(kw_only=True)
class TraceFacts:
    """A flow's log with what is below it: the output of each log, and judgments by their ids."""

    flow: str
    output: str | None = None
    children: dict[str, str] = field(default_factory=dict)
    judgments: dict[str, int] = field(default_factory=dict)
    asked: set[str] = field(default_factory=set)


@dataclass(kw_only=True)
class RunFacts:
    """An execution in the background."""

    flow: str
    alias: str
    input: str
    was_stopped: bool = False


@dataclass
class Model:
    """All of it, built fact by fact: those of a run, or out of its journal once more.

    Attributes:
        wrong: what facts say that can't be so together.
        touched: what of each kind was written since somebody last looked.
    """

    flows: dict[str, FlowFacts] = field(default_factory=dict)
    gone: set[str] = field(default_factory=set)
    files: dict[str, FileFacts] = field(default_factory=dict)
    traces: dict[str, TraceFacts] = field(default_factory=dict)
    runs: dict[str, RunFacts] = field(default_factory=dict)
    names: dict[str, str] = field(default_factory=dict)
    wrong: list[str] = field(default_factory=list)
    touched: dict[str, set[str]] = field(default_factory=lambda: defaultdict(set))

    def apply(self, fact: Fact) -> None:
        """Take a fact into account."""
        getattr(self, f"_{fact['is']}")(fact)

    def _begin(self, fact: Fact) -> None:
        """The run's own line."""

    def _flow(self, fact: Fact) -> None:
        name, flow = fact["name"], fact["id"]
        if self.names.setdefault(name, flow) != flow:
            self.wrong.append(f"the name {name} was given to {self.names[name]} and to {flow}")
        self.flows.setdefault(flow, FlowFacts(name=name))
        self.touched["flows"].add(flow)

    def _going(self, fact: Fact) -> None:
        """Somebody has asked for it to be deleted: from here on it may be there or not."""
        flow = self.flows.pop(fact["id"])
        self.names.pop(flow.name, None)

    def _gone(self, fact: Fact) -> None:
        self.gone.add(fact["id"])

    def _asked(self, fact: Fact) -> None:
        self.flows[fact["flow"]].asked.add(fact["token"])

    def _version(self, fact: Fact) -> None:
        flow, number = self.flows[fact["flow"]], fact["number"]
        told = (fact["token"], fact["mark"])
        if flow.versions.setdefault(number, told) != told:
            self.wrong.append(
                f"version {number} of {fact['flow']} was told twice: {flow.versions[number]}, {told}"
            )
        flow.asked.add(fact["token"])
        self.touched["flows"].add(fact["flow"])

    def _aliasing(self, fact: Fact) -> None:
        register = self.flows[fact["flow"]].aliases[fact["alias"]]
        register.begin(fact["id"], fact["number"], fact["began_s"])

    def _aliased(self, fact: Fact) -> None:
        self.flows[fact["flow"]].aliases[fact["alias"]].end(fact["id"], fact["ended_s"])
        self.touched["flows"].add(fact["flow"])

    def _upsert(self, fact: Fact) -> None:
        made = FileFacts(operations=fact["operations"], path=fact["path"])
        file = self.files.setdefault(fact["id"], made)
        content, version = fact["content"], fact["version"]
        if file.versions.setdefault(content, version) != version:
            self.wrong.append(f"equal content of {fact['path']} is {file.versions[content]} and {version}")
        if self.names.setdefault(file.path, fact["id"]) != fact["id"]:
            self.wrong.append(
                f"the path {file.path} was given to {self.names[file.path]} and to {fact['id']}"
            )
        self.touched["files"].add(fact["id"])

    def _move(self, fact: Fact) -> None:
        self.files[fact["file"]].moves[fact["move"]] = fact["version"]
        self.touched["files"].add(fact["file"])

    def _trace(self, fact: Fact) -> None:
        trace = self.traces.setdefault(fact["id"], TraceFacts(flow=fact["flow"]))
        trace.output = fact.get("output", trace.output)
        self.touched["traces"].add(fact["id"])

    def _asked_below(self, fact: Fact) -> None:
        self.traces[fact["trace"]].asked.add(fact["id"])

    def _child(self, fact: Fact) -> None:
        self.traces[fact["trace"]].children[fact["id"]] = fact["output"]
        self.touched["traces"].add(fact["trace"])

    def _judgment(self, fact: Fact) -> None:
        self.traces[fact["trace"]].judgments[fact["id"]] = fact["value"]
        self.touched["traces"].add(fact["trace"])

    def _run(self, fact: Fact) -> None:
        made = RunFacts(flow=fact["flow"], alias=fact["alias"], input=fact["input"])
        self.runs.setdefault(fact["id"], made)
        self.touched["runs"].add(fact["id"])

    def _stopped(self, fact: Fact) -> None:
        self.runs[fact["id"]].was_stopped = True
        self.touched["runs"].add(fact["id"])

    def take_touched(self) -> Mapping[str, set[str]]:
        """What was written since this was last asked."""
        taken, self.touched = self.touched, defaultdict(set)
        return taken

    def sizes(self) -> dict[str, Any]:
        """How much there is."""
        return {
            "flows": len(self.flows),
            "deleted flows": len(self.gone),
            "numbered versions": sum(len(one.versions) for one in self.flows.values()),
            "files": len(self.files),
            "versions by content": sum(len(one.versions) for one in self.files.values()),
            "moves with compare-and-set": sum(len(one.moves) for one in self.files.values()),
            "traces": len(self.traces),
            "logs below them": sum(len(one.children) for one in self.traces.values()),
            "judgments": sum(len(one.judgments) for one in self.traces.values()),
            "executions": len(self.runs),
        }
