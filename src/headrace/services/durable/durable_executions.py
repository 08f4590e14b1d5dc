"""Executions that go on without their caller: what they are, and finding them (bedrock 5).

`durable_starts` starts them, `durable_ends` stops them.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.durable import Engine
from headrace.core.errors import Invalid, NotFound
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.core.records import Execution
from headrace.services.base import Ports, read
from headrace.services.records import event_pages
from headrace.services.records.event_pages import EventPage, Kinds
from headrace.services.runs.runs import Runs
from headrace.services.runs.targets import KIND, environment_alias
from headrace.services.tree import tree


@dataclass(frozen=True, slots=True, kw_only=True)
class Durables:
    """What durable executions need besides the ports.

    Attributes:
        most_going: how many of an organisation may go on at the same time.
        engine: carries them out in this process; None when others do.
        lacks: what this process would have to have to do so, and what to do about it; None when nothing, or
            when it is not meant to.
    """

    runs: Runs
    most_going: int = 1000
    engine: Engine | None = None
    lacks: str | None = None


class Called(msgspec.Struct, frozen=True, kw_only=True):
    """How a caller names an execution.

    Attributes:
        flow: the flow's id.
        alias: the alias's id, or what names an environment where aliases are asked for.
        name: unique among the executions of the alias.
        of_flow: the flow that the name says it is of; None when it says nothing.
        of_alias: the same of the alias.
    """

    flow: str
    alias: str
    name: str
    of_flow: str | None = None
    of_alias: str | None = None


class Found(msgspec.Struct, frozen=True, kw_only=True):
    """A durable execution, and the flow it is one of."""

    file: File
    execution: Execution

    @property
    def pointer_id(self) -> str:
        """The alias it was started by, or what stands for an environment there."""
        assert self.execution.pointer_id is not None, "a durable one is always started by a pointer"
        return self.execution.pointer_id


class Snapshot(msgspec.Struct, frozen=True, kw_only=True):
    """What a durable execution runs, frozen at its start.

    Attributes:
        definition: JSON text, as it was sent.
        role: the execution role's ARN at that time; None when the flow had none.
        key: the same of the encryption key.
    """

    found: Found
    definition: str
    role: str | None
    key: str | None


class DurableContent(msgspec.Struct, frozen=True):
    """What is read of content that could run; like `FlowContent`, but its author may have written nulls."""

    definition: msgspec.Raw
    role: str | None = msgspec.field(name="executionRoleArn", default=None)
    key: str | None = msgspec.field(name="customerEncryptionKeyArn", default=None)


async def get(ports: Ports, principal: Principal, called: Called) -> Found:
    """A durable execution.

    Raises:
        NotFound: the flow is not there, or the alias has no execution of that name.
        Invalid: what the name says it is of is something else.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: find(tx, called))


async def page(
    ports: Ports,
    principal: Principal,
    *,
    flow: str,
    alias: str | None,
    before: tuple[datetime, str] | None,
    take: int,
) -> list[Found]:
    """Durable executions of a flow (by one alias, or by any), newest first, from just after ``before``
    (start, id) on.

    Raises:
        NotFound: there is no such flow, or there never was such an alias.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> list[Found]:
        file = tree.find(tx, kind=KIND, ref=flow)
        pointer_id = None if alias is None else _pointer_id(tx, file, alias)
        found = tx.executions.durable_page(file_id=file.id, pointer_id=pointer_id, before=before, take=take)
        if not found and before is None and pointer_id is not None:
            _check_pointer(tx, file, pointer_id)
        return [Found(file=file, execution=one) for one in found]

    return await read(ports, principal, look)


async def events(
    ports: Ports, principal: Principal, called: Called, *, kinds: Kinds, first: int, take: int
) -> EventPage:
    """Up to ``take`` events of some kinds, in order, from the number ``first`` on; also while it goes on.

    Raises:
        NotFound, Invalid: as of `get`.
    """
    found = await get(ports, principal, called)
    return await event_pages.page(
        ports, principal, execution_id=found.execution.id, kinds=kinds, first=first, take=take
    )


async def snapshot(ports: Ports, principal: Principal, called: Called) -> Snapshot:
    """What an execution runs.

    Raises:
        NotFound, Invalid: as of `get`.
    """
    principal.require(Right.READER)

    def look(tx: Transaction) -> Snapshot:
        found = find(tx, called)
        ticket = tx.tickets.get(execution_id=found.execution.id)
        assert ticket is not None, "it is made and forgotten with the execution"
        content = msgspec.json.decode(ticket.content, type=DurableContent)
        definition = bytes(content.definition).decode()
        return Snapshot(found=found, definition=definition, role=ticket.role, key=ticket.key)

    return await read(ports, principal, look)


def find(tx: Transaction, called: Called) -> Found:
    """What a caller names; see `get`."""
    file = tree.find(tx, kind=KIND, ref=called.flow)
    pointer_id = _pointer_id(tx, file, called.alias)
    said = (called.of_flow or file.short_id, called.of_alias or pointer_id)
    if said != (file.short_id, pointer_id):
        message = (
            f"The execution {called.name} is of flow {said[0]} and alias {said[1]}, not of flow "
            f"{file.short_id} and alias {pointer_id}."
        )
        raise Invalid.at(message=message, kind="mismatch", where="path")
    execution = tx.executions.durable(file_id=file.id, pointer_id=pointer_id, name=called.name)
    if execution is None:
        message = f"Execution {called.name} of alias {called.alias} of flow {file.short_id} not found."
        raise NotFound("execution", called.name, message)
    return Found(file=file, execution=execution)


def _pointer_id(tx: Transaction, file: File, alias: str) -> str:
    """What an execution keeps of the alias or environment it was started by; also when that is gone."""
    if alias == DRAFT_ALIAS or tx.aliases.get(file_id=file.id, id=alias) is not None:
        return alias
    meant = (one for one in tx.environments.all() if one.name == alias)
    environment = next(meant, None)
    return alias if environment is None else environment_alias(file.id, environment.id)


def _check_pointer(tx: Transaction, file: File, pointer_id: str) -> None:
    known: Collection[str] = (
        DRAFT_ALIAS,
        *(environment_alias(file.id, one.id) for one in tx.environments.all()),
    )
    if pointer_id not in known and tx.aliases.get(file_id=file.id, id=pointer_id) is None:
        raise NotFound("alias", pointer_id, f"Alias {pointer_id} of flow {file.short_id} not found.")
