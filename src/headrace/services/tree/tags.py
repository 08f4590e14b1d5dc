"""Key-value tags of resources (bedrock 1.1, Tags): not the words that a file is tagged with."""

from __future__ import annotations

from collections.abc import Collection, Mapping

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.errors import Invalid, NotFound, QuotaExceeded
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.ports import Transaction
from headrace.services.base import Ports, read, write
from headrace.services.tree import tree

RESERVED = "aws:"


class Resource(msgspec.Struct, frozen=True, kw_only=True):
    """What tags are on: a file, a flow's alias, or a numbered version of a prompt.

    Attributes:
        ref: the file's id.
    """

    kind: str
    ref: str
    alias: str | None = None
    number: int | None = None


async def add(ports: Ports, principal: Principal, resource: Resource, tags: Mapping[str, str]) -> None:
    """Add tags to a resource, or give them new values.

    Raises:
        Invalid: a key is reserved.
        QuotaExceeded: the resource would have too many.
    """
    principal.require(Right.EDITOR)
    check_keys(tags)
    await write(ports, principal, lambda tx: put(tx, ports, _locate(tx, resource), tags))


async def remove(ports: Ports, principal: Principal, resource: Resource, keys: Collection[str]) -> None:
    """Remove tags; keys that are not there do no harm."""
    principal.require(Right.EDITOR)
    await write(ports, principal, lambda tx: tx.tags.remove(resource=_locate(tx, resource), keys=keys))


async def of(ports: Ports, principal: Principal, resource: Resource) -> dict[str, str]:
    """The tags of a resource."""
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: tx.tags.of(resource=_locate(tx, resource)))


def check_keys(tags: Mapping[str, str]) -> None:
    """Refuse keys that are reserved."""
    for key in tags:
        if key.lower().startswith(RESERVED):
            raise Invalid.at(
                "tags", message=f"Tag keys may not begin with '{RESERVED}': '{key}'.", kind="reserved"
            )


def put(tx: Transaction, ports: Ports, resource: str, tags: Mapping[str, str]) -> None:
    """Add tags inside another use case."""
    if not tags:
        return
    limit = ports.limits.tags
    if len({*tx.tags.of(resource=resource), *tags}) > limit:
        raise QuotaExceeded(f"A resource may have at most {limit} tags.", limit=limit)
    tx.tags.put(resource=resource, tags=tags)


def path_of(kind: str, short_id: str, *, alias: str | None = None, number: int | None = None) -> str:
    """The name of a resource in the store."""
    version = "" if number is None else f":{number}"
    return f"{kind}/{short_id}{version}" + ("" if alias is None else f"/alias/{alias}")


def _locate(tx: Transaction, resource: Resource) -> str:
    file = tree.find(tx, kind=resource.kind, ref=resource.ref)
    if resource.alias not in (None, DRAFT_ALIAS):
        assert resource.alias is not None
        if tx.aliases.get(file_id=file.id, id=resource.alias) is None:
            message = f"Alias {resource.alias} of {resource.kind} {file.short_id} not found."
            raise NotFound("alias", resource.alias, message)
    if resource.number is not None and tx.releases.get(file_id=file.id, number=resource.number) is None:
        message = f"Version {resource.number} of {resource.kind} {file.short_id} not found."
        raise NotFound("version", str(resource.number), message)
    return path_of(resource.kind, file.short_id, alias=resource.alias, number=resource.number)
