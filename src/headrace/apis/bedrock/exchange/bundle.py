"""What an import is made of: requests in an order that works, and references among their results."""

from __future__ import annotations

import re
import secrets
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from typing import Any

import msgspec

from headrace.core.errors import Invalid
from headrace.services.exchange.exchange import Act


class ItemKind(StrEnum):
    """What an item makes; in the order in which they are carried out."""

    PROMPT = "prompt"
    PROMPT_VERSION = "prompt version"
    FLOW = "flow"
    FLOW_VERSION = "flow version"
    FLOW_ALIAS = "flow alias"


ORDER = {kind: rank for rank, kind in enumerate(ItemKind)}


class Item(msgspec.Struct, frozen=True, kw_only=True):
    """One resource to be made.

    Attributes:
        name: what it is called where it comes from; other items refer to it by this.
        source: where it comes from, for people.
        members: those of the request that creates it, by their wire names; texts may hold references.
        owner: of a version or alias, the name of the item that it belongs to, or an identifier of a
            resource that the server has.
        is_prepared: whether a flow is prepared after it was made.
        content: of a version that is not made of its owner's draft: the members of its owner's request.
        number: of a version, the number it had.
        draft_alias_tags: of a flow, the tags of its alias for the draft.
    """

    name: str
    kind: ItemKind
    source: str
    members: dict[str, Any]
    owner: str | None = None
    is_prepared: bool = False
    content: dict[str, Any] | None = None
    number: int | None = None
    draft_alias_tags: dict[str, str] = {}


class Bundle(msgspec.Struct, frozen=True, kw_only=True):
    """An import.

    Attributes:
        mark: what references begin with; not to be guessed, so that no text of anybody's looks like one.
        items: sorted by `ORDER`.
    """

    mark: str
    items: tuple[Item, ...]


class Note(msgspec.Struct, frozen=True, kw_only=True):
    """Something in a source that has no counterpart, or is not what it was.

    Attributes:
        source: where.
        reason: what and why, as a sentence.
    """

    source: str
    reason: str


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of an item. Ids are absent in a rehearsal, which keeps nothing."""

    source: str
    kind: ItemKind
    name: str
    act: Act
    id: str | None = None
    arn: str | None = None
    version: str | None = None
    status: str | None = None


class Report(msgspec.Struct, frozen=True, kw_only=True):
    """What an import did."""

    is_rehearsal: bool
    outcomes: Sequence[Outcome]
    notes: Sequence[Note]


def new_mark() -> str:
    """A mark for one bundle."""
    return secrets.token_hex(8)


def reference(mark: str, name: str, attribute: str) -> str:
    """Text that stands for an attribute of an item's result."""
    return f"@{mark}:{name}:{attribute}@"


def referred(mark: str, text: object) -> tuple[str, str] | None:
    """The item and the attribute, when a value is a reference and nothing else."""
    found = _pattern(mark).fullmatch(text) if isinstance(text, str) else None
    return (found["name"], found["attribute"]) if found else None


def references(mark: str, text: str) -> list[str]:
    """The items that a text refers to."""
    return [found["name"] for found in _pattern(mark).finditer(text)] if mark in text else []


def check_distinct(bundle: Bundle) -> None:
    """Refuse two items that would be one thing: the second would undo the first.

    Raises:
        Invalid: there are such; where they come from is named.
    """
    sources: dict[tuple[ItemKind, str | None, str], list[str]] = defaultdict(list)
    for item in bundle.items:
        name = item.members.get("name")
        if isinstance(name, str):
            sources[item.kind, item.owner, name].append(item.source)
    for (kind, _, name), found in sources.items():
        if len(found) > 1:
            raise Invalid(message=f"There is more than one {kind.value} {name}: {', '.join(found)}.")


def resolve(mark: str, value: Any, results: Mapping[str, Mapping[str, str]]) -> Any:
    """A value with the references in its texts replaced.

    Raises:
        LookupError: it refers to something that has no such result.
    """

    def replace(match: re.Match[str]) -> str:
        return results[match["name"]][match["attribute"]]

    pattern = _pattern(mark)
    return map_texts(value, lambda text: pattern.sub(replace, text) if mark in text else text)


def map_texts(value: Any, change: Callable[[str], Any]) -> Any:
    """A JSON value with every text in it changed; names of members stay."""
    if isinstance(value, str):
        return change(value)
    if isinstance(value, dict):
        return {name: map_texts(inner, change) for name, inner in value.items()}
    if isinstance(value, list):
        return [map_texts(inner, change) for inner in value]
    return value


def _pattern(mark: str) -> re.Pattern[str]:
    return re.compile(f"@{re.escape(mark)}:(?P<name>[^:@]+):(?P<attribute>[A-Za-z]+)@")
