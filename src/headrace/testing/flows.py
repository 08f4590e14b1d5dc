"""A flow to be tested: called with a document, it gives what came out."""

from __future__ import annotations

import io
import json
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headrace.cli.progress import Progress, plain
from headrace.core.execution import Event, FlowOutput, InputRequested, NodeFinished
from headrace.core.execution import FlowFailed as RunFailed
from headrace.testing.failures import FlowAsked, FlowFailed
from headrace.testing.wire import Answered, Wire

_event = msgspec.json.Decoder(Event)


@dataclass(frozen=True, slots=True, kw_only=True)
class Run:
    """What came of a run.

    Attributes:
        id: the execution's.
        outputs: what came out, by the names of Output nodes.
        path: the nodes that ended, in the order in which they did.
        trace: what went in and out of each node, to be read.
        question: what it asks, if it waits for an answer.
    """

    id: str
    outputs: dict[str, Any]
    path: tuple[str, ...]
    trace: str
    question: Any = None
    _flow: Flow = field(repr=False)

    def answer(self, text: str) -> Run:
        """Answer the question, and go on to the end or to the next one.

        Raises:
            FlowFailed: it fails now.
        """
        __tracebackhide__ = True
        return self._flow.run(text, execution=self.id)


class Flow:
    """A flow on the server, prepared.

    Args:
        id: by which clients know it.
        name: as it was given.
    """

    def __init__(self, wire: Wire, *, id: str, name: str) -> None:
        self.id = id
        self.name = name
        self._wire = wire

    def __repr__(self) -> str:
        return f"Flow({self.name!r})"

    def __call__(self, document: Any) -> dict[str, Any]:
        """Run it: what came out, by the names of Output nodes.

        Raises:
            FlowFailed: it failed; the message has the node, the reason and the trace.
            FlowAsked: it asks for something: `run` gives the question, and takes the answer.
        """
        __tracebackhide__ = True
        run = self.run(document)
        if run.question is not None:
            raise FlowAsked(
                f"{self.name} asks: {plain(run.question)}\nGive the answer by flow.run(...).answer(...)."
            )
        return run.outputs

    def run(self, document: Any, *, execution: str | None = None) -> Run:
        """Run it, to its end or to a question.

        Args:
            execution: the one whose question the document answers.

        Raises:
            FlowFailed: it failed.
        """
        __tracebackhide__ = True
        wanted = {"flow": self.id, "input": document, "draft": True}
        if execution is not None:
            wanted |= {"execution": execution, "answer": True}
        text = io.StringIO()
        progress = Progress(to=text, is_live=False, shows_lines=True, shows_values=True)
        path: list[str] = []
        try:
            lines = self._wire.lines("/console/runs", wanted)
            id_: str = json.loads(next(lines))["execution"]
            for line in lines:
                event = _event.decode(line)
                progress.see(event)
                if isinstance(event, (NodeFinished, FlowOutput)):
                    path.append(event.node)
        except Answered as refused:
            raise FlowFailed(f"{self.name} was not run: {refused}") from None
        if progress.failure is not None:
            raise self._failed(progress.failure, text.getvalue())
        return Run(
            id=id_,
            outputs={one.node: one.value for one in progress.outputs},
            path=tuple(path),
            trace=text.getvalue(),
            question=_question(progress.question),
            _flow=self,
        )

    def _failed(self, failure: RunFailed, trace: str) -> FlowFailed:
        told = f"{self.name} failed: {failure.message}\n\n{trace}"
        return FlowFailed(told.rstrip(), node=failure.node)


def _question(asked: InputRequested | None) -> Any:
    return None if asked is None else asked.value
