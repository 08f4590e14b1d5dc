"""Some events of a run by their numbers, without reading the others.

A run may have very many events, and a page of a list holds few: an event that is not shown is never decoded.
"""

from __future__ import annotations

from collections.abc import Iterable
from functools import partial
from typing import TypeAlias

import msgspec

from headrace.core.access import Principal
from headrace.core.execution import Event
from headrace.core.ports import Transaction
from headrace.core.records import EventBatch
from headrace.services.base import Ports, read

BATCHES_A_READ = 8
"""After so many others get their turn."""

Kinds: TypeAlias = frozenset[str]
"""Kinds of events, by the words they are kept under."""


class NumberedEvent(msgspec.Struct, frozen=True, kw_only=True):
    """An event and its number in the run, from zero."""

    number: int
    event: Event


EventPage: TypeAlias = list[NumberedEvent]


class _Kind(msgspec.Struct, gc=False):
    event: str


_kinds = msgspec.json.Decoder(list[_Kind])
_slices = msgspec.json.Decoder(list[msgspec.Raw])
_event = msgspec.json.Decoder(Event)


def kinds_of(types: Iterable[type[msgspec.Struct]]) -> Kinds:
    """The kinds of events that some classes stand for."""
    return frozenset(str(one.__struct_config__.tag) for one in types)


async def page(
    ports: Ports, principal: Principal, *, execution_id: str, kinds: Kinds, first: int, take: int
) -> EventPage:
    """Up to ``take`` events of some kinds, in order, from the number ``first`` on."""
    found: EventPage = []
    following: int | None = first
    while following is not None and len(found) < take:
        look = partial(_look, execution_id=execution_id, kinds=kinds, first=following, take=take - len(found))
        some, following = await read(ports, principal, look)
        found += some
    return found


def _look(
    tx: Transaction, execution_id: str, kinds: Kinds, first: int, take: int
) -> tuple[EventPage, int | None]:
    """Some of what is looked for, and the number from which to look on; None when there is nothing more."""
    found: EventPage = []
    for _ in range(BATCHES_A_READ):
        batches = tx.executions.events(execution_id=execution_id, first=first, take=1)
        if not batches:
            return found, None
        found += _of_kinds(batches[0], kinds, first, take - len(found))
        first = batches[0].first + batches[0].size
        if len(found) >= take:
            break
    return found, first


def _of_kinds(batch: EventBatch, kinds: Kinds, first: int, take: int) -> EventPage:
    # A word is looked for much faster than a batch is taken apart, and those of the flow are in few batches.
    if not any(kind.encode() in batch.body for kind in kinds):
        return []
    skipped = max(first - batch.first, 0)
    told = enumerate(_kinds.decode(batch.body))
    places = [place for place, kind in told if place >= skipped and kind.event in kinds][:take]
    if not places:
        return []
    texts = _slices.decode(batch.body)
    return [NumberedEvent(number=batch.first + place, event=_event.decode(texts[place])) for place in places]
