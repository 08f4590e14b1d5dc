"""A run that waits for an answer, as bytes.

Kept is what can't be computed anew: the values so far, what was skipped, what each step still waits for,
the questions, and what agents remember. Steps are kept by their numbers, which a plan of the same version
always has again; `FORMAT` is raised when the numbering of plans changes, or what is kept.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.errors import Conflict
from headrace.engine.call import Call, Memories, Question
from headrace.engine.frame import ABSENT, Frame
from headrace.engine.machine import Machine
from headrace.engine.nodes.iterator import Items, Spread
from headrace.engine.nodes.loop import Loop, Rounds
from headrace.engine.plan import Plan

FORMAT = 2


class PauseMismatch(Conflict):
    """The waiting run belongs to another version of the flow, or of this server."""


class Pause(msgspec.Struct, frozen=True, kw_only=True):
    """What a waiting run waits for.

    Attributes:
        digest: of the version that runs.
        node: the node that asked.
        memories: what agents remember.
        state: all the rest.
    """

    digest: str
    node: str
    memories: Memories
    state: Mapping[str, Any]

    @staticmethod
    def read(pause: bytes) -> Pause:
        """Read what `Run.pause` gave. Raises PauseMismatch."""
        content = json.loads(pause)
        if content["format"] != FORMAT:
            raise PauseMismatch
        return Pause(
            digest=content["digest"],
            node=content["node"],
            memories=content["memories"],
            state=content["state"],
        )


def save(plan: Plan, machine: Machine) -> bytes:
    """The run as it waits."""
    content = {
        "format": FORMAT,
        "digest": plan.digest,
        "node": machine.questions[0].call.step.name,
        "memories": machine.memories,
        "state": _saved(machine.root, None, machine),
    }
    return json.dumps(content, separators=(",", ":")).encode()


def restore(plan: Plan, pause: bytes, machine: Machine) -> Question:
    """Bring a fresh machine to where the run waits, and give the question that is answered next.

    Raises PauseMismatch.
    """
    content = Pause.read(pause)
    if content.digest != plan.digest:
        raise PauseMismatch
    machine.memories = content.memories
    _fill(machine.root, content.state, machine)
    machine.sort_questions()
    return machine.questions[0]


def _saved(frame: Frame, around: Frame | None, machine: Machine) -> dict[str, Any]:
    # An item's frame begins with the values around it, which are there anyway.
    known = around.values if around is not None and isinstance(frame.owner, Items) else None
    return {
        "values": [
            [slot, value]
            for slot, value in enumerate(frame.values)
            if value is not ABSENT and (known is None or value is not known[slot])
        ],
        "waiting": frame.waiting,
        "skipped": sorted(frame.skipped),
        "unsettled": frame.unsettled,
        "turn": frame.turn,
        "is_open": frame.is_open,
        "parked": frame.parked,
        "spoken": frame.spoken,
        "questions": [
            [one.call.step.index, one.call.turn, one.text, one.memories]
            for one in machine.questions
            if one.call.frame is frame
        ],
        "children": [
            [
                index,
                repetition.save(),
                [[one.index, _saved(one, frame, machine)] for one in repetition.frames()],
            ]
            for index, repetition in (frame.children or {}).items()
        ],
    }


def _fill(frame: Frame, state: Mapping[str, Any], machine: Machine) -> None:
    for slot, value in state["values"]:
        frame.values[slot] = value
    frame.waiting = state["waiting"]
    frame.skipped = set(state["skipped"])
    frame.unsettled = state["unsettled"]
    frame.turn = state["turn"]
    frame.is_open = state["is_open"]
    frame.parked = tuple(state["parked"])
    frame.spoken = tuple(state["spoken"])
    steps = frame.scope.steps
    for index, turn, text, memories in state["questions"]:
        call = Call(frame=frame, step=steps[index], inputs=machine.bind(frame, steps[index]), turn=turn)
        machine.questions.append(Question(call=call, text=text, memories=memories))
    frame.children = {}
    for index, saved, frames in state["children"]:
        behaviour = steps[index].behaviour
        assert isinstance(behaviour, Spread | Loop)
        repetition: Items | Rounds = behaviour.repetition(frame, steps[index])
        frame.children[index] = repetition
        repetition.restore(saved)
        for number, inside in frames:
            _fill(repetition.frame(number), inside, machine)
