"""A large import in pieces: what belongs together stays together, and nothing else does."""

from __future__ import annotations

import msgspec

from headrace.apis.bedrock.exchange.bundle import Bundle, Item, map_texts, references


def pieces(bundle: Bundle) -> list[Bundle]:
    """Bundles that refer to nothing of each other, in the order in which their first items come.

    A version or an alias is with what it is of, and a flow with the prompts that it uses, and so with the
    other flows that use them.
    """
    names = {item.name for item in bundle.items}
    groups = {name: name for name in names}

    def first(name: str) -> str:
        while groups[name] != name:
            groups[name] = groups[groups[name]]
            name = groups[name]
        return name

    for item in bundle.items:
        for other in _others(bundle.mark, item) & names:
            groups[first(other)] = first(item.name)
    found: dict[str, list[Item]] = {}
    for item in bundle.items:
        found.setdefault(first(item.name), []).append(item)
    return [msgspec.structs.replace(bundle, items=tuple(items)) for items in found.values()]


def _others(mark: str, item: Item) -> set[str]:
    """The names that an item refers to; a resource that the server has may be among them."""
    found = set() if item.owner is None else {item.owner}

    def look(text: str) -> str:
        found.update(references(mark, text))
        return text

    map_texts([item.members, item.content], look)
    return found
