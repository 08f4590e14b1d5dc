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
        self._given: list[tuple[str, ItemKind, Document]] = []
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
        arns = self._arns()
        items = [self._item(arns, *one) for one in self._with_owners() if not self._dangles(*one)]
        return Bundle(
            mark=self._mark, items=tuple(sorted(items, key=lambda item: (ORDER[item.kind], item.number or 0)))
        )

    def _dangles(self, source: str, kind: ItemKind, document: Document) -> bool:
        """Whether it is an alias of a version that is gone, while other versions of its flow are here."""
        if kind is not ItemKind.FLOW_ALIAS:
            return False
        numbers = {
            one["version"]
            for _, found, one in self._given
            if found is ItemKind.FLOW_VERSION and one.get("id") == document.get("flowId")
        }
        flows = {one.get("id") for _, found, one in self._given if found is ItemKind.FLOW}
        targets = {str(route.get("flowVersion")) for route in document["routingConfiguration"]}
        if document.get("flowId") not in flows or targets <= numbers | {DRAFT}:
            return False
        reason = f"The alias {document.get('name')} was left out: its version is not there."
        self.notes.append(Note(source=source, reason=reason))
        return True

    def _with_owners(self) -> Sequence[tuple[str, ItemKind, Document]]:
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

    def _arns(self) -> Mapping[str, tuple[str, str]]:
        """The prompts among the documents, by the ARNs that definitions may name them by."""
        found = {}
        for _, kind, document in self._with_owners():
            arn = _PROMPT_ARN.fullmatch(document.get("arn", ""))
            if arn and kind in (ItemKind.PROMPT, ItemKind.PROMPT_VERSION):
                found[arn[0]] = (_name(kind, document), "Arn")
        return found

    def _item(
        self, arns: Mapping[str, tuple[str, str]], source: str, kind: ItemKind, document: Document
    ) -> Item:
        def redirect(text: str) -> str:
            return reference(self._mark, *arns[text]) if text in arns else text

        kept = {name: map_texts(value, redirect) for name, value in document.items()}
        number = int(kept["version"]) if kind in (ItemKind.FLOW_VERSION, ItemKind.PROMPT_VERSION) else None
        owner = _OWNERS.get(kind)
        if kind is ItemKind.FLOW_ALIAS:
            kept["routingConfiguration"] = [self._route(kept, one) for one in kept["routingConfiguration"]]
        return Item(
            name=_name(kind, document),
            kind=kind,
            source=source,
            members=self._members(kind, kept),
            owner=owner and self._owner(owner, str(kept.get("flowId") or kept.get("id"))),
            is_prepared=kept.get("status") == "Prepared" or self._has_versions(kind, kept),
            content=self._members(owner, kept) if owner and number is not None else None,
            number=number,
            draft_alias_tags=kept.get("testAliasTags") or {},
        )

    def _members(self, kind: ItemKind, kept: Mapping[str, Any]) -> dict[str, Any]:
        shape = self._model.shapes["bedrock-agent"][self._model.operations[CREATES[kind]].input]
        wanted = [name for name, member in shape.members.items() if member.location is None]
        return {name: value for name, value in kept.items() if name in wanted}

    def _owner(self, kind: ItemKind, id: str) -> str:
        """The item of that id, or the id itself, which the server may know."""
        return next(
            (
                _name(found, document)
                for _, found, document in self._with_owners()
                if found is kind and document.get("id") == id
            ),
            id,
        )

    def _has_versions(self, kind: ItemKind, kept: Mapping[str, Any]) -> bool:
        """Whether a flow came as its versions only: what was released was prepared."""
        return kind is ItemKind.FLOW and not any(
            found is ItemKind.FLOW and document.get("id") == kept.get("id")
            for _, found, document in self._given
        )

    def _route(self, alias: Mapping[str, Any], route: Mapping[str, Any]) -> Mapping[str, Any]:
        target = str(route.get("flowVersion"))
        for _, kind, document in self._given:
            is_target = (document.get("id"), document.get("version")) == (alias.get("flowId"), target)
            if kind is ItemKind.FLOW_VERSION and is_target:
                return {"flowVersion": reference(self._mark, _name(kind, document), "Version")}
        return route


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
