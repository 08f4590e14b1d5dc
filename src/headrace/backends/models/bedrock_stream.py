"""The events in which Amazon Bedrock answers, put together (its operation ConverseStream)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from headrace.backends.failures import BEDROCK
from headrace.core.effects import EffectFailed, Fault
from headrace.core.parsing import Unreadable, parse_answer


class Events:
    """Puts an answer together while it comes, in the thread that reads it.

    Args:
        heard: told each piece of the text.
    """

    def __init__(self, heard: Callable[[str], None]) -> None:
        self._heard = heard
        self._blocks: dict[int, dict[str, Any]] = {}
        self._reason = "end_turn"
        self._usage: Mapping[str, Any] = {}

    def take(self, event: Mapping[str, Any]) -> None:
        """The next event."""
        if "contentBlockStart" in event:
            start = event["contentBlockStart"]
            use = start.get("start", {}).get("toolUse")
            if use is not None:
                told = {"toolUseId": use["toolUseId"], "name": use["name"], "input": ""}
                self._blocks[start["contentBlockIndex"]] = {"toolUse": told}
        elif "contentBlockDelta" in event:
            self._add(event["contentBlockDelta"]["contentBlockIndex"], event["contentBlockDelta"]["delta"])
        elif "messageStop" in event:
            self._reason = event["messageStop"]["stopReason"]
        elif "metadata" in event:
            self._usage = event["metadata"].get("usage", {})

    def _add(self, index: int, delta: Mapping[str, Any]) -> None:
        if "text" in delta:
            block = self._blocks.setdefault(index, {"text": ""})
            block["text"] += delta["text"]
            self._heard(delta["text"])
        elif "toolUse" in delta:
            self._blocks[index]["toolUse"]["input"] += delta["toolUse"].get("input", "")
        elif "reasoningContent" in delta:
            self._think(index, delta["reasoningContent"])

    def _think(self, index: int, thought: Mapping[str, Any]) -> None:
        if "redactedContent" in thought:
            self._blocks[index] = {"reasoningContent": {"redactedContent": thought["redactedContent"]}}
            return
        block = self._blocks.setdefault(index, {"reasoningContent": {"reasoningText": {"text": ""}}})
        told = block["reasoningContent"]["reasoningText"]
        told["text"] += thought.get("text", "")
        if "signature" in thought:
            told["signature"] = thought["signature"]

    def answer(self) -> dict[str, Any]:
        """All of it as Converse would have answered it.

        Raises:
            EffectFailed: what a tool is to be called with is not JSON.
        """
        content = [_whole(block) for _, block in sorted(self._blocks.items())]
        return {
            "output": {"message": {"role": "assistant", "content": content}},
            "stopReason": self._reason,
            "usage": self._usage,
        }


def _whole(block: dict[str, Any]) -> dict[str, Any]:
    if "toolUse" not in block:
        return block
    use = block["toolUse"]
    try:
        return {"toolUse": {**use, "input": parse_answer(use["input"] or "{}")}}
    except Unreadable as error:
        raise EffectFailed(
            f"The model called the tool `{use['name']}` with arguments that are not JSON: {error}",
            resource=BEDROCK,
            fault=Fault.GATEWAY,
        ) from None
