"""What prompts, tools and agents are called with, and how much of that there may be at once."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

from headrace.core.effects import SpeakingModels, ToolRunner
from headrace.core.errors import Throttled
from headrace.core.prompt_filling import TemplateLanguage


@dataclass(frozen=True, slots=True, kw_only=True)
class CallLimits:
    """How much there may be.

    Attributes:
        timeout_s: how long a model or a tool may take.
        concurrent: calls that are carried out at once.
        samples: answers that one call of a prompt may ask for.
        agent_s: how long one turn of an agent may take, with everything that it calls.
        iterations: how often an agent's model is asked at most, whatever the agent itself says.
        depth: so many agents may stand above one another, each called by the one above it.
    """

    timeout_s: float = 300.0
    concurrent: int = 1_000
    samples: int = 16
    agent_s: float = 1_800.0
    iterations: int = 50
    depth: int = 5


class Calls:
    """Everything that calls of prompts, tools and agents need.

    Args:
        languages: what templates may be written in, by the word for it.

    Attributes:
        turns: the turns of agents that this process is at, by their ids.
    """

    def __init__(
        self,
        *,
        models: SpeakingModels,
        languages: Mapping[str, TemplateLanguage],
        tools: ToolRunner,
        limits: CallLimits,
    ) -> None:
        self.models = models
        self.languages = languages
        self.tools = tools
        self.limits = limits
        self.turns: set[str] = set()
        self._going = 0

    @property
    def room(self) -> int:
        """How many more calls there may be at the moment."""
        return max(self.limits.concurrent - self._going, 0)

    @contextmanager
    def place(self) -> Iterator[None]:
        """A place for one call.

        Raises:
            Throttled: there is none.
        """
        if not self.room:
            raise Throttled(
                f"There are {self._going} calls going on; this server carries out no more at once."
            )
        self._going += 1
        try:
            yield
        finally:
            self._going -= 1
