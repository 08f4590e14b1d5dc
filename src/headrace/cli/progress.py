"""What happens in a run, on a terminal: a line for each node, and what comes out of the flow."""

from __future__ import annotations

import json
import shutil
import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import IO, Any

import msgspec

from headrace.cli.repetitions import Repetitions
from headrace.core.execution import (
    ConditionsDecided,
    Event,
    FlowAborted,
    FlowFailed,
    FlowFinished,
    FlowOutput,
    FlowResumed,
    FlowStarted,
    InputPort,
    InputRequested,
    Link,
    NodeActed,
    NodeFailed,
    NodeFinished,
    NodeStarted,
    OutputPort,
)

Place = tuple[str, tuple[Link, ...]]
Ending = NodeFinished | ConditionsDecided | NodeFailed | FlowOutput
SHOWN_CHARS = 200
CLEAR_LINE = "\r\x1b[K"


@dataclass(slots=True, kw_only=True)
class Progress:
    """Watches a run.

    Attributes:
        to: where lines go.
        is_live: whether the nodes that run now are shown, too.
        shows_lines: whether each node gets a line.
        shows_values: whether what goes in and comes out is shown, too.
        outputs: what came out of the flow so far.
        question: what the flow asks; None once it is answered.
        failure: how it failed, when it did.
    """

    to: IO[str]
    is_live: bool
    shows_lines: bool
    shows_values: bool
    outputs: list[FlowOutput] = field(default_factory=list)
    question: InputRequested | None = None
    failure: FlowFailed | None = None
    _started: dict[Place, NodeStarted] = field(default_factory=dict)
    _tokens: dict[Place, int] = field(default_factory=dict)
    _repetitions: Repetitions = field(default_factory=Repetitions)
    _started_ns: int | None = None

    def see(self, event: Event) -> None:
        """Something happened."""
        self._repetitions.see(event)
        match event:
            case FlowStarted() | FlowResumed():
                self.question = None
                self._started_ns = event.at_ns
            case NodeStarted():
                self._started[event.node, event.scope] = event
                self.refresh()
            case NodeActed():
                self._count(event)
            case NodeFinished():
                self._end(event, "done")
                self._show_values("out", event.fields)
            case ConditionsDecided():
                self._end(event, "done", "-> " + ", ".join(event.conditions))
            case NodeFailed():
                self._end(event, "failed", event.message)
            case FlowOutput():
                self._end(event, "output")
                self.outputs.append(event)
            case InputRequested():
                self.question = event
            case FlowFinished() | FlowFailed() | FlowAborted():
                self.failure = event if isinstance(event, FlowFailed) else None
                self.to.write(CLEAR_LINE if self.is_live else "")
                self._started_ns = None

    def _count(self, event: NodeActed) -> None:
        if event.usage is not None:
            place = (event.node, event.scope)
            used = event.usage.input_tokens + event.usage.output_tokens
            self._tokens[place] = self._tokens.get(place, 0) + used

    def _end(self, event: Ending, state: str, more: str = "") -> None:
        place = (event.node, event.scope)
        started = self._started.pop(place, None)
        lasted_ms = 0.0 if started is None else (event.at_ns - started.at_ns) / 1e6
        if self.shows_lines:
            tokens = self._tokens.pop(place, 0)
            words = [f"{_name(place):<32} {state:<6} {lasted_ms:9.1f} ms", f"{tokens} tokens" * bool(tokens)]
            line = "  ".join(word for word in (*words, more) if word)
            self.to.write((CLEAR_LINE if self.is_live else "") + line + "\n")
        self._show_values("in", () if started is None else started.fields)
        self.refresh()

    def _show_values(self, side: str, fields: Iterable[tuple[InputPort | OutputPort, Any]]) -> None:
        if self.shows_values:
            for port, value in fields:
                self.to.write(f"    {side:<4}{port.name}: {shortened(value)}\n")

    def refresh(self) -> None:
        """Show on a terminal what runs now, and for how long it has."""
        if not self.is_live or self._started_ns is None:
            return
        running = ", ".join(_name(place) for place in self._started)
        lasted_s = (time.time_ns() - self._started_ns) / 1e9
        words = [f"{lasted_s:.1f} s", *self._repetitions.told(), f"running: {running}" * bool(running)]
        line = "  ".join(word for word in words if word)
        self.to.write(CLEAR_LINE + line[: shutil.get_terminal_size().columns - 1])
        self.to.flush()


def _name(place: Place) -> str:
    node, scope = place
    return node + "".join(f"[{link.index}]" for link in scope)


def shortened(value: Any) -> str:
    """The start of a value as JSON."""
    text = json.dumps(msgspec.to_builtins(value), ensure_ascii=False)
    return text if len(text) <= SHOWN_CHARS else text[:SHOWN_CHARS] + " ..."


def plain(value: Any) -> str:
    """A value as a result: text as it is, anything else as JSON."""
    return value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)
