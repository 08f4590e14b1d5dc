"""Answers out of a file that the operator writes: what a team's tests of its flows need.

The file is read again when it changed, so that a test can rewrite it while the server runs.
"""

from __future__ import annotations

import asyncio
import re
import threading
from collections import OrderedDict
from collections.abc import Callable
from fnmatch import fnmatchcase
from pathlib import Path
from typing import Any

import msgspec

from headrace.backends.failures import BEDROCK, load
from headrace.backends.models.echo import prompt_text, spell
from headrace.core.effects import (
    EffectContext,
    EffectFailed,
    Fault,
    ModelReply,
    ModelRequest,
    SpeakingModels,
    Usage,
)

MOST_EXECUTIONS = 10_000
"""So many executions' places in the sequences are remembered."""
SHOWN_PROMPT = 300


class Scripted(msgspec.Struct, frozen=True, kw_only=True, tag="scripted", forbid_unknown_fields=True):
    """Answers from a file.

    Attributes:
        file: YAML or JSON; relative to the configuration.
    """

    file: str


class Refusal(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """An error instead of an answer."""

    fault: Fault = Fault.DEPENDENCY
    message: str = "The script says so."


class Answer(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer.

    Attributes:
        text: what the model says.
        content: Converse's content blocks instead of a text.
        delay_s: how long it takes.
    """

    text: str | None = None
    content: list[dict[str, Any]] | None = None
    error: Refusal | None = None
    stop_reason: str = "end_turn"
    input_tokens: int = 0
    output_tokens: int = 0
    delay_s: float = 0.0

    def __post_init__(self) -> None:
        if sum(value is not None for value in (self.text, self.content, self.error)) != 1:
            raise ValueError("an answer has one of text, content, error")


class Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """When to answer what.

    Attributes:
        node, model: patterns of the node's name and the model; absent fits all.
        text: a regular expression that is searched for in the prompt; absent fits all.
        answer: what is said each time.
        answers: what is said one after another.
        per: whether ``answers`` begin anew with each execution, or go on over all of them.
    """

    node: str = "*"
    model: str = "*"
    text: str = ""
    answer: str | Answer | None = None
    answers: list[str | Answer] | None = None
    per: str = "execution"

    def __post_init__(self) -> None:
        if (self.answer is None) == (self.answers is None):
            raise ValueError("a line has either answer or answers")
        if self.per not in ("execution", "server"):
            raise ValueError("per is execution or server")
        try:
            re.compile(self.text)
        except re.error as error:
            raise ValueError(f"text is no regular expression: {error}") from None


class Script(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The whole file; the first line that fits answers."""

    answers: list[Line]


class ScriptedModels(SpeakingModels):
    """Answers by the script, and nothing else: no fitting line is an error."""

    def __init__(self, path: Path, *, name: str) -> None:
        self._path = path
        self._name = name
        self._lock = threading.Lock()
        self._read: tuple[tuple[int, int], Script] | None = None
        self._places: OrderedDict[tuple[int, str], int] = OrderedDict()

    async def converse(self, request: ModelRequest, context: EffectContext) -> ModelReply:
        script = await asyncio.to_thread(self._script)
        answer = self._answer(script, request, context)
        if answer.delay_s:
            await asyncio.sleep(answer.delay_s)
        if answer.error is not None:
            raise EffectFailed(answer.error.message, resource=BEDROCK, fault=answer.error.fault)
        return ModelReply(
            content=answer.content if answer.content is not None else [{"text": answer.text}],
            stop_reason=answer.stop_reason,
            usage=Usage(input_tokens=answer.input_tokens, output_tokens=answer.output_tokens),
            provider=self._name,
            model=request.model_id,
            request_id=context.step,
        )

    async def speak(
        self, request: ModelRequest, context: EffectContext, heard: Callable[[str], None]
    ) -> ModelReply:
        reply = await self.converse(request, context)
        spell(reply.text, heard)
        return reply

    def _script(self) -> Script:
        """The file as it is now."""
        with self._lock:
            try:
                about = self._path.stat()
                stamp = (about.st_mtime_ns, about.st_size)
                if self._read is None or self._read[0] != stamp:
                    self._read = (stamp, read_script(self._path))
                    self._places.clear()
            except OSError as error:
                raise EffectFailed(
                    f"The script {self._path} can't be read: {error.strerror}", resource=BEDROCK
                ) from None
            return self._read[1]

    def _answer(self, script: Script, request: ModelRequest, context: EffectContext) -> Answer:
        prompt = prompt_text(request)
        for index, line in enumerate(script.answers):
            if (
                fnmatchcase(context.node, line.node)
                and fnmatchcase(request.model_id, line.model)
                and re.search(line.text, prompt)
            ):
                said = line.answer if line.answers is None else self._next(index, line, prompt, context)
                assert said is not None
                return Answer(text=said) if isinstance(said, str) else said
        raise self._nothing("has no answer", prompt, context)

    def _next(self, index: int, line: Line, prompt: str, context: EffectContext) -> str | Answer:
        assert line.answers is not None
        key = (index, context.execution_id if line.per == "execution" else "")
        place = self._places.pop(key, 0)
        self._places[key] = place + 1
        if len(self._places) > MOST_EXECUTIONS:
            self._places.popitem(last=False)
        if place >= len(line.answers):
            raise self._nothing(f"has no answer number {place + 1}", prompt, context)
        return line.answers[place]

    def _nothing(self, what: str, prompt: str, context: EffectContext) -> EffectFailed:
        shown = prompt if len(prompt) <= SHOWN_PROMPT else prompt[:SHOWN_PROMPT] + "…"
        return EffectFailed(
            f"The script {self._path.name} {what} for the node `{context.node}` with the prompt: {shown}",
            resource=BEDROCK,
        )


def read_script(path: Path) -> Script:
    """Read a script.

    Raises:
        EffectFailed: it breaks a rule; the message names the file and the place.
        OSError: it can't be read.
    """
    content = path.read_bytes()
    try:
        if path.suffix == ".json":
            return msgspec.json.decode(content, type=Script)
        yaml = load("yaml", extra="yaml", resource=BEDROCK)
        try:
            return msgspec.convert(yaml.safe_load(content), Script)
        except yaml.YAMLError as error:
            raise EffectFailed(f"{path} is no YAML: {error}", resource=BEDROCK) from None
    except msgspec.MsgspecError as error:
        raise EffectFailed(f"{path}: {error}", resource=BEDROCK) from None
