"""Documents put together by what they belong to, for those who write them in another form."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from headrace.apis.bedrock.exchange.bundle import ItemKind
from headrace.apis.bedrock.exchange.documents import Document, kind_of

CONTENT: Mapping[ItemKind, tuple[str, ...]] = {
    ItemKind.FLOW: ("definition", "executionRoleArn", "customerEncryptionKeyArn"),
    ItemKind.PROMPT: ("variants", "defaultVariant", "customerEncryptionKeyArn"),
}
"""The members that a version copies from its draft."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Family:
    """A flow or prompt with its versions and aliases."""

    kind: ItemKind
    draft: Document
    versions: list[Document] = field(default_factory=list)
    aliases: list[Document] = field(default_factory=list)

    def is_of_draft(self, version: Document) -> bool:
        """Whether a version has the content that the draft has."""
        return all(version.get(name) == self.draft.get(name) for name in CONTENT[self.kind])

    def content(self, version: Document) -> dict[str, Any]:
        """The part of a version that came from a draft."""
        return {name: version[name] for name in CONTENT[self.kind] if name in version}


def families(documents: Iterable[Document]) -> Sequence[Family]:
    """Prompts, then flows, each with what belongs to it."""
    found: dict[str, Family] = {}
    for document in documents:
        kind = kind_of(document)
        if kind in CONTENT:
            found[document["id"]] = Family(kind=kind, draft=document)
        elif kind is ItemKind.FLOW_ALIAS:
            found[document["flowId"]].aliases.append(document)
        else:
            found[document["id"]].versions.append(document)
    return sorted(found.values(), key=lambda family: family.kind is ItemKind.FLOW)


class Labels:
    """Names that are unique in what is written."""

    def __init__(self, letters: str) -> None:
        self._others = re.compile(f"[^{letters}]+")
        self._taken: set[str] = set()

    def label(self, *words: str) -> str:
        """A name made of these words' letters."""
        wanted = label = "".join(self._others.sub("", word) for word in words)
        number = 1
        while label.lower() in self._taken:
            number += 1
            label = f"{wanted}x{number}"
        self._taken.add(label.lower())
        return label
