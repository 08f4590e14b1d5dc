"""Executions that survive their process: what is frozen when one starts, and who carries it out.

A durable execution is a **program** that is run again from its beginning after a crash. All that it can't
compute anew, the replies of what nodes call, is in its **journal**: pages in order, each durable before the
program goes on. So a program that is run again is given the pages that there are, and comes to where it was.

The engine behind `Engine` sees to it that each program is run to its end, by one live process after another.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Protocol, TypeAlias

import msgspec


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """What any process needs to carry out a durable execution; frozen at its start (bedrock 5.2).

    Attributes:
        content: the content that runs, whatever becomes of its version meanwhile.
        node: the Input node that the document is for.
        output: the output of that node.
        document: the flow's document as JSON text.
        max_parallel: how many nodes may act at the same time; None is no limit.
        latency: ``standard`` or ``optimized``; None when not asked for.
        role: the ARN of the execution role at the start; None when the flow had none.
        key: the ARN of the customer's encryption key at the start; None when the flow had none.
    """

    execution_id: str
    content: bytes
    digest: str
    node: str
    output: str
    document: bytes
    max_parallel: int | None = None
    latency: str | None = None
    role: str | None = None
    key: str | None = None


class Journal(Protocol):
    """What the attempts of one execution share."""

    async def page(self, write: Callable[[], Awaitable[bytes]]) -> bytes:
        """The next page: what an earlier attempt wrote there, else what ``write`` gives, durable on return.

        One at a time.

        Raises:
            Superseded: another process carries out the execution by now.
        """


class Superseded(Exception):
    """Another process has taken over what this one was carrying out; nothing it does counts any more."""


Program: TypeAlias = Callable[[str, str, Journal], Awaitable[None]]
"""Carries out an execution of an organisation (account, execution id): from its beginning, as often as
necessary, until it returns; its journal is dropped then. After `Superseded`, and after being cancelled,
others see to it; after anything else that it raises, it is carried out again, ever less often."""


class Engine(Protocol):
    """Has programs carried out by live processes until they end."""

    @property
    def room(self) -> int:
        """How many more executions may be begun here at the moment."""

    async def start(self) -> None:
        """Begin to carry out, and to take over from processes that are gone."""

    async def begin(self, account: str, execution_id: str) -> bool:
        """Carry out an execution, here; durable when this returns. False when it was begun before.

        Raises:
            Unavailable: it can't be begun here now.
        """

    async def abandon(self, execution_id: str) -> None:
        """It was stopped, by whomever: cancel it if it is carried out here, and never take it up again."""

    async def close(self) -> None:
        """Begin nothing more; hand over what has not ended within the time that is given for it."""
