"""What every use case is given, and how one is run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TypeVar

from headrace.core.access import Principal
from headrace.core.canonical import digest
from headrace.core.clock import Clock
from headrace.core.errors import AlreadyExists
from headrace.core.ids import Ids
from headrace.core.ports import Clash, DefinitionRules, Store, Transaction, Vault
from headrace.core.validate import TypeLimits
from headrace.services.bell import Bell
from headrace.services.durable.lease import Lease
from headrace.services.logs.unsaved import Unsaved

T = TypeVar("T")
LARGE_BYTES = 128 * 1024
"""From here on finding a digest takes so long that others are let run meanwhile."""
LOST_RACES = 5
"""How often a use case is run again when another one was faster to a unique value."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Limits:
    """How many there may be.

    Attributes:
        files: files of each kind in an organisation, counted when one is made by name.
        releases: live numbers of a file of each kind, counted when one is asked for by number.
        aliases: aliases of a flow that somebody made.
        tags: key-value tags of a resource.
        node_types: nodes of each type in a definition.
        receipts_s: seconds for which a client token is remembered.
        complete_traces_grow: whether a log may be added below a flow's log that is complete.
        watch_interval_s: so many seconds after a look at what is watched since a move comes the next.
        evaluation_silence_s: so many seconds without a judgment end a run that has all its logs; 0 is never.
    """

    files: Mapping[str, int] = field(default_factory=lambda: {"flow": 1_000_000, "prompt": 1_000_000})
    releases: Mapping[str, int] = field(default_factory=lambda: {"flow": 99_999, "prompt": 99_999})
    aliases: int = 1_000
    tags: int = 50
    node_types: TypeLimits = field(default_factory=TypeLimits)
    receipts_s: int = 86_400
    complete_traces_grow: bool = False
    evaluation_silence_s: float = 0.0
    watch_interval_s: float = 5.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Ports:
    """The outside, as the use cases see it.

    Attributes:
        bell: wakes who works behind the scenes.
        unsaved: what logs hold and do not keep.
        holder: the id of this process, which what it carries out bears; None has no name.
        lease: since when others know that this process is there.
    """

    store: Store
    ids: Ids
    clock: Clock
    rules: DefinitionRules
    vault: Vault
    limits: Limits = field(default_factory=Limits)
    bell: Bell = field(default_factory=Bell)
    unsaved: Unsaved = field(default_factory=Unsaved)
    holder: str | None = None
    lease: Lease = field(default_factory=Lease)


async def read(ports: Ports, principal: Principal, work: Callable[[Transaction], T]) -> T:
    """Run ``work`` on a snapshot of the principal's organisation."""
    return await ports.store.read(principal.account, work)


FAR = 10_000
"""A page further back is looked for beside everything else."""


async def scan(ports: Ports, principal: Principal, work: Callable[[Transaction], T]) -> T:
    """The same as `read` for what may look at very much; see `headrace.core.ports.Store.scan`."""
    return await ports.store.scan(principal.account, work)


async def write(ports: Ports, principal: Principal, work: Callable[[Transaction], T]) -> T:
    """Run ``work`` all-or-nothing in the principal's organisation; see `commit`."""
    return await commit(ports, principal.account, work)


async def commit(ports: Ports, account: str, work: Callable[[Transaction], T]) -> T:
    """Run ``work`` all-or-nothing in an organisation, and wake who does what it asked for.

    A use case looks before it adds, to answer well; the store's constraints decide. When a constraint
    refuses, somebody else was faster, and running the use case again makes it see what they did.
    """
    notes = ports.bell.notes
    for _ in range(LOST_RACES):
        try:
            result = await ports.store.write(account, work)
        except Clash as clash:
            rule = clash.rule
        else:
            ports.bell.ring_since(notes)
            return result
    raise AlreadyExists(f"Others keep taking the same {rule.replace('_', ' ')}. Try again.")


async def digest_of(content: bytes) -> str:
    """The digest of content; see `headrace.core.canonical.digest`."""
    return digest(content) if len(content) < LARGE_BYTES else await asyncio.to_thread(digest, content)
