"""Writing CloudFormation templates (bedrock 1.7).

A FlowVersion of CloudFormation copies the flow's present definition; it can't say what an earlier one was.
Versions of earlier definitions are therefore written under a condition that does not hold on AWS, with their
content as metadata, which `headrace import` reads.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from headrace.apis.bedrock.exchange.bundle import ItemKind, Note, map_texts
from headrace.apis.bedrock.exchange.casing import to_pascal
from headrace.apis.bedrock.exchange.cloudformation import HISTORY, OWNERS, TYPES
from headrace.apis.bedrock.exchange.collection import Family, Labels, families
from headrace.apis.bedrock.exchange.documents import CREATES, Document
from headrace.apis.bedrock.model import ServiceModel
from headrace.core.versions import DRAFT

TYPE_NAMES = {kind: name for name, kind in TYPES.items()}
CONDITION = "HeadraceHistory"
_VERSIONS = {ItemKind.FLOW: ItemKind.FLOW_VERSION, ItemKind.PROMPT: ItemKind.PROMPT_VERSION}
_PARAMETER = {
    "Type": "String",
    "Default": "omit",
    "AllowedValues": ["omit", "keep"],
    "Description": "Leave this at omit. Versions of earlier definitions are here for Headrace only.",
}


class TemplateWriter:
    """Writes documents as one template.

    Attributes:
        notes: what CloudFormation has no way to say.
    """

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._labels = Labels("0-9A-Za-z")
        self._arns: dict[str, Any] = {}
        self._resources: dict[str, Any] = {}
        self._has_history = False
        self.notes: list[Note] = []

    def write(self, documents: Iterable[Document]) -> dict[str, Any]:
        """The template."""
        for family in families(documents):
            self._family(family)
        template: dict[str, Any] = {"AWSTemplateFormatVersion": "2010-09-09"}
        if self._has_history:
            template["Parameters"] = {CONDITION: _PARAMETER}
            template["Conditions"] = {CONDITION: {"Fn::Equals": [{"Ref": CONDITION}, "keep"]}}
        return {**template, "Resources": self._resources}

    def _family(self, family: Family) -> None:
        draft, kind = family.draft, family.kind
        label = self._labels.label(kind.value.capitalize(), draft["name"])
        arn = {"Fn::GetAtt": [label, "Arn"]}
        properties = self._properties(kind, draft)
        if draft.get("testAliasTags"):
            properties["TestAliasTags"] = draft["testAliasTags"]
        self._resources[label] = {"Type": TYPE_NAMES[kind], "Properties": properties}
        self._arns[draft["arn"]] = arn
        if kind is ItemKind.FLOW and draft.get("status") != "Prepared":
            self._note(draft, "It is not prepared; CloudFormation prepares each flow it makes.")
        numbers = {one["version"]: self._version(family, one, label, arn) for one in family.versions}
        for alias in family.aliases:
            self._alias(alias, label, arn, numbers)

    def _version(self, family: Family, version: Document, label: str, arn: Any) -> str:
        """Write a version; its label."""
        kind, number = _VERSIONS[family.kind], version["version"]
        kept: dict[str, Any] = {"Number": int(number)}
        written: dict[str, Any] = {"Type": TYPE_NAMES[kind]}
        if not family.is_of_draft(version):
            self._has_history = True
            written["Condition"] = CONDITION
            kept["Content"] = self._properties(family.kind, family.content(version))
            self._note(version, f"Version {number} has earlier content: CloudFormation will not make it.")
        own = self._labels.label(label, "Version", number)
        self._resources[own] = {
            **written,
            "Metadata": {HISTORY: kept},
            "Properties": {OWNERS[kind]: arn, **self._properties(kind, version)},
        }
        if family.kind is ItemKind.PROMPT:
            self._arns[version["arn"]] = {"Fn::GetAtt": [own, "Arn"]}
        return own

    def _alias(self, alias: Document, label: str, arn: Any, numbers: Mapping[str, str]) -> None:
        target = alias["routingConfiguration"][0]["flowVersion"]
        if target != DRAFT and target not in numbers:
            self._note(alias, f"The alias was left out: version {target} is not there.")
            return
        properties = {OWNERS[ItemKind.FLOW_ALIAS]: arn, **self._properties(ItemKind.FLOW_ALIAS, alias)}
        written: dict[str, Any] = {"Type": TYPE_NAMES[ItemKind.FLOW_ALIAS]}
        if target != DRAFT:
            version = numbers[target]
            properties["RoutingConfiguration"] = [{"FlowVersion": {"Fn::GetAtt": [version, "Version"]}}]
            if "Condition" in self._resources[version]:
                written |= {"Condition": CONDITION, "Metadata": {HISTORY: {"IsHistory": True}}}
        own = self._labels.label(label, "Alias", alias["name"])
        self._resources[own] = {**written, "Properties": properties}

    def _properties(self, kind: ItemKind, document: Mapping[str, Any]) -> dict[str, Any]:
        """The members of the request that makes a thing, as properties, with references in place of ARNs."""
        operation = self._model.operations[CREATES[kind]]
        shapes = self._model.shapes[operation.service]
        named = shapes[operation.input].members
        wanted = {
            name: value for name, value in document.items() if name in named and not named[name].location
        }
        spelt = to_pascal(wanted, operation.input, shapes)
        properties: dict[str, Any] = map_texts(spelt, lambda text: self._arns.get(text, text))
        return properties

    def _note(self, document: Document, reason: str) -> None:
        self.notes.append(Note(source=str(document.get("name")), reason=reason))
