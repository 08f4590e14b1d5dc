"""Reading the API's own answers: GetFlow, GetFlowVersion, GetFlowAlias, GetPrompt, or a bare definition.

Documents of several resources belong together by the ids in them. What an answer says of its resource's
past (ids, times, status) is not kept, except which numbers its versions had.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

from headrace.apis.bedrock.exchange.bundle import (
    ORDER,
    Bundle,
    Item,
    ItemKind,
    Note,
    map_texts,
    new_mark,
    reference,
)
from headrace.apis.bedrock.model import ServiceModel
from headrace.core.versions import DRAFT

Document = Mapping[str, Any]
_Given = tuple[str, ItemKind, Document]
"""Where a document comes from, what it is about, and itself."""

_NUMBER = re.compile("[0-9]{1,5}")
_PROMPT_ARN = re.compile(
    r"arn:aws[^:]*:bedrock:[^:]*:[0-9]{12}:prompt/(?P<id>[0-9a-zA-Z]+)(:(?P<number>[0-9]+))?"
)


class Unreadable(ValueError):
    """A source is not what an import can read."""


CREATES = {
    ItemKind.FLOW: "CreateFlow",
    ItemKind.FLOW_VERSION: "CreateFlowVersion",
    ItemKind.FLOW_ALIAS: "CreateFlowAlias",
    ItemKind.PROMPT: "CreatePrompt",
    ItemKind.PROMPT_VERSION: "CreatePromptVersion",
}
"""The operation that makes each kind of item."""


def kind_of(document: Document) -> ItemKind:
    """What a document is about.

    Raises:
        Unreadable: it can't be told.
    """
    _check_form(document)
    is_version = document.get("version", DRAFT) != DRAFT
    if "routingConfiguration" in document:
        return ItemKind.FLOW_ALIAS
    if "executionRoleArn" in document:
        return ItemKind.FLOW_VERSION if is_version else ItemKind.FLOW
    if "variants" in document or ":prompt/" in document.get("arn", ""):
        return ItemKind.PROMPT_VERSION if is_version else ItemKind.PROMPT
    raise Unreadable("This is no flow, flow version, flow alias, prompt, prompt version or flow definition.")


def _check_form(document: Document) -> None:
    """Hold the members that documents find each other by to what the API's answers have there."""
    for name in ("id", "flowId", "arn", "name"):
        if not isinstance(document.get(name, ""), str):
            raise Unreadable(f"Its {name} is no text.")
    version = document.get("version", DRAFT)
    if version != DRAFT and not (isinstance(version, str) and _NUMBER.fullmatch(version)):
        raise Unreadable(f"Its version is neither {DRAFT} nor a number in quotes.")
    routes = document.get("routingConfiguration", [])
    if not isinstance(routes, list) or not all(isinstance(one, dict) for one in routes):
        raise Unreadable("Its routingConfiguration is no list of objects.")
    tags = document.get("testAliasTags", {})
    if not isinstance(tags, dict) or not all(isinstance(one, str) for one in tags.values()):
        raise Unreadable("Its testAliasTags are no map of texts.")


def is_definition(document: Document) -> bool:
    """Whether a JSON object is a flow's definition and nothing else."""
    return bool(document) and {name.lower() for name in document} <= {"nodes", "connections"}


class DocumentReader:
    """Makes a bundle of documents.

    Args:
        model: knows which members a request has.
    """

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._mark = new_mark()
        self._given: list[_Given] = []
        self.notes: list[Note] = []

    def add(self, document: Document, *, source: str) -> None:
        """Take a document in; a null member counts as absent.

        Raises:
            Unreadable: it is none.
        """
        present = {name: value for name, value in document.items() if value is not None}
        self._given.append((source, kind_of(present), present))

    def add_definition(self, definition: Document, *, name: str, role: str | None, source: str) -> None:
        """Take a bare definition in, as a flow of this name.

        Args:
            role: its execution role; None is the server's default.
        """
        members = {"name": name, "executionRoleArn": role, "definition": definition}
        self._given.append((source, ItemKind.FLOW, {k: v for k, v in members.items() if v is not None}))

    def bundle(self) -> Bundle:
        """Everything that was taken in."""
        everything = self._with_owners()
        index = _Index(self._given, everything)
        items = [self._item(index, *one) for one in everything if not self._dangles(index, *one)]
        return Bundle(
            mark=self._mark, items=tuple(sorted(items, key=lambda item: (ORDER[item.kind], item.number or 0)))
        )

    def _dangles(self, index: _Index, source: str, kind: ItemKind, document: Document) -> bool:
        """Whether it is an alias of a version that is gone, while its flow is here."""
        flow = document.get("flowId")
        if kind is not ItemKind.FLOW_ALIAS or flow not in index.flows:
            return False
        targets = [str(route.get("flowVersion")) for route in document["routingConfiguration"]]
        if all(target == DRAFT or (flow, target) in index.versions for target in targets):
            return False
        reason = f"The alias {document.get('name')} was left out: its version is not there."
        self.notes.append(Note(source=source, reason=reason))
        return True

    def _with_owners(self) -> Sequence[_Given]:
        """The documents, with a flow or prompt for each version that came without its own.

        Its draft becomes the content of its highest version.
        """
        present = {(kind, document.get("id")) for _, kind, document in self._given}
        orphans: dict[tuple[ItemKind, str], list[tuple[str, Document]]] = defaultdict(list)
        for source, kind, document in self._given:
            owner = _OWNERS.get(kind)
            if owner and kind is not ItemKind.FLOW_ALIAS and (owner, document.get("id")) not in present:
                orphans[owner, str(document.get("id"))].append((source, document))
        made = []
        for (owner, _), found in orphans.items():
            source, newest = max(found, key=lambda one: int(one[1]["version"]))
            draft = {name: value for name, value in newest.items() if name != "description"}
            made.append((source, owner, {**draft, "version": DRAFT}))
        return [*made, *self._given]

    def _item(self, index: _Index, source: str, kind: ItemKind, document: Document) -> Item:
        def redirect(text: str) -> str:
            return reference(self._mark, index.prompts[text], "Arn") if text in index.prompts else text

        kept = {name: map_texts(value, redirect) for name, value in document.items()}
        number = int(kept["version"]) if kind in (ItemKind.FLOW_VERSION, ItemKind.PROMPT_VERSION) else None
        owner = _OWNERS.get(kind)
        owner_id = str(kept.get("flowId") or kept.get("id"))
        # A flow that came as its versions only was prepared once: it was released.
        is_released = kind is ItemKind.FLOW and kept.get("id") not in index.flows
        if kind is ItemKind.FLOW_ALIAS:
            kept["routingConfiguration"] = [
                self._route(index, kept, one) for one in kept["routingConfiguration"]
            ]
        return Item(
            name=_name(kind, document),
            kind=kind,
            source=source,
            members=self._members(kind, kept),
            owner=owner and index.files.get((owner, owner_id), owner_id),  # the server may know the id
            is_prepared=kept.get("status") == "Prepared" or is_released,
            content=self._members(owner, kept) if owner and number is not None else None,
            number=number,
            draft_alias_tags=kept.get("testAliasTags") or {},
        )

    def _members(self, kind: ItemKind, kept: Mapping[str, Any]) -> dict[str, Any]:
        shape = self._model.shapes["bedrock-agent"][self._model.operations[CREATES[kind]].input]
        wanted = [name for name, member in shape.members.items() if member.location is None]
        return {name: value for name, value in kept.items() if name in wanted}

    def _route(self, index: _Index, alias: Mapping[str, Any], route: Mapping[str, Any]) -> Mapping[str, Any]:
        name = index.versions.get((alias.get("flowId"), str(route.get("flowVersion"))))
        return route if name is None else {"flowVersion": reference(self._mark, name, "Version")}


class _Index:
    """What documents find each other by; of several, the first.

    Args:
        given: what was taken in.
        everything: the same with an owner for each version.

    Attributes:
        flows: the ids of the flows that were taken in themselves.
        files: the items of flows and prompts, by kind and id.
        versions: the items of flows' versions, by the flow's id and number.
        prompts: the items of prompts and their versions, by the ARNs that definitions may name them by.
    """

    def __init__(self, given: Sequence[_Given], everything: Sequence[_Given]) -> None:
        self.flows = {document.get("id") for _, kind, document in given if kind is ItemKind.FLOW}
        self.files: dict[tuple[ItemKind, str | None], str] = {}
        self.versions: dict[tuple[str | None, str], str] = {}
        self.prompts: dict[str, str] = {}
        for _, kind, document in everything:
            name, own_id = _name(kind, document), document.get("id")
            if kind in _OWNERS.values():
                self.files.setdefault((kind, own_id), name)
            if kind is ItemKind.FLOW_VERSION:
                self.versions.setdefault((own_id, document["version"]), name)
            arn = document.get("arn", "")
            if kind in (ItemKind.PROMPT, ItemKind.PROMPT_VERSION) and _PROMPT_ARN.fullmatch(arn):
                self.prompts[arn] = name


_OWNERS = {
    ItemKind.FLOW_VERSION: ItemKind.FLOW,
    ItemKind.FLOW_ALIAS: ItemKind.FLOW,
    ItemKind.PROMPT_VERSION: ItemKind.PROMPT,
}


def _name(kind: ItemKind, document: Document) -> str:
    """What items call each other by."""
    short = kind.value.replace(" ", "-")
    number = f"-{document['version']}" if kind in (ItemKind.FLOW_VERSION, ItemKind.PROMPT_VERSION) else ""
    owner = f"{document.get('flowId')}-" if kind is ItemKind.FLOW_ALIAS else ""
    return f"{short}-{owner}{document.get('id') or document.get('name')}{number}"
