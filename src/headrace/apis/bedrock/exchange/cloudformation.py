"""Reading CloudFormation templates: the resources of Bedrock's flows and prompts (bedrock 1.7)."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from headrace.apis.bedrock.exchange.bundle import (
    ORDER,
    Bundle,
    Item,
    ItemKind,
    Note,
    new_mark,
    reference,
    referred,
)
from headrace.apis.bedrock.exchange.casing import Reading
from headrace.apis.bedrock.exchange.documents import CREATES, Unreadable
from headrace.apis.bedrock.exchange.plain import load_json
from headrace.apis.bedrock.exchange.template import NO_VALUE, Scope, Unmappable, as_text, filled
from headrace.apis.bedrock.model import ServiceModel

TYPES: Mapping[str, ItemKind] = {
    "AWS::Bedrock::Flow": ItemKind.FLOW,
    "AWS::Bedrock::FlowVersion": ItemKind.FLOW_VERSION,
    "AWS::Bedrock::FlowAlias": ItemKind.FLOW_ALIAS,
    "AWS::Bedrock::Prompt": ItemKind.PROMPT,
    "AWS::Bedrock::PromptVersion": ItemKind.PROMPT_VERSION,
}
"""The types of resources that are made here."""

ATTRIBUTES: Mapping[ItemKind, frozenset[str]] = {
    ItemKind.FLOW: frozenset({"Ref", "Arn", "Id", "Version"}),
    ItemKind.FLOW_VERSION: frozenset({"Ref", "FlowId", "Version"}),
    ItemKind.FLOW_ALIAS: frozenset({"Ref", "Arn", "Id", "FlowId"}),
    ItemKind.PROMPT: frozenset({"Ref", "Arn", "Id", "Version"}),
    ItemKind.PROMPT_VERSION: frozenset({"Ref", "Arn", "PromptId", "PromptArn", "Version"}),
}
"""What other resources may ask of one."""

OWNERS: Mapping[ItemKind, str] = {
    ItemKind.FLOW_VERSION: "FlowArn",
    ItemKind.FLOW_ALIAS: "FlowArn",
    ItemKind.PROMPT_VERSION: "PromptArn",
}
"""The property that says what a version or alias belongs to."""

STAND_INS: Mapping[tuple[str, str], tuple[str, str]] = {
    ("AWS::IAM::Role", "Arn"): ("RoleName", "arn:{partition}:iam::{account}:role/{name}"),
    ("AWS::Lambda::Function", "Arn"): (
        "FunctionName",
        "arn:{partition}:lambda:{region}:{account}:function:{name}",
    ),
    ("AWS::Serverless::Function", "Arn"): (
        "FunctionName",
        "arn:{partition}:lambda:{region}:{account}:function:{name}",
    ),
    ("AWS::S3::Bucket", "Ref"): ("BucketName", "{name}"),
    ("AWS::S3::Bucket", "Arn"): ("BucketName", "arn:{partition}:s3:::{name}"),
}
"""What an attribute of a resource that is not made here is on AWS: the property that names it, and how."""

_PLACEHOLDER = re.compile(r"\$\{([^}]*)\}")
_BUCKET_LETTERS = re.compile(r"[^a-z0-9.-]")
HISTORY = "Headrace"
"""The key of a resource's metadata under which an export keeps what CloudFormation has no property for."""


@dataclass(frozen=True, slots=True, kw_only=True)
class TemplateReader:
    """Makes a bundle of a template.

    Attributes:
        place: ``partition``, ``region`` and ``account`` of the server.
        parameters: values for the template's parameters, or for ``Resource.Attribute`` of what is not made.
        s3_root: where ``s3://bucket/key`` is found as ``bucket/key``; None when nowhere.
        source: what the template is called in notes.
    """

    model: ServiceModel
    place: Mapping[str, str]
    parameters: Mapping[str, str]
    s3_root: Path | None
    source: str
    mark: str = field(default_factory=new_mark)
    notes: list[Note] = field(default_factory=list)

    def read(self, template: Mapping[str, Any]) -> Bundle:
        """The template's resources as items; what can't be mapped is in ``notes``.

        Raises:
            Unreadable: a parameter has no value, or a section is not what it is in a template.
        """
        resources = _section(template, "Resources")
        made: set[str] = set()
        scope = Scope(
            values=self._values(_section(template, "Parameters")),
            mappings=_section(template, "Mappings"),
            conditions=_section(template, "Conditions"),
            attribute=lambda name, attribute: self._attribute(resources, made, name, attribute),
        )
        kinds = {name: _kind(resource) for name, resource in resources.items()}
        for name in [name for name, kind in kinds.items() if kind is None]:
            self._note(name, f"{resources[name].get('Type')} is not made here.")
        ours = [(kind, name) for name, kind in kinds.items() if kind is not None]
        items = []
        for kind, name in sorted(ours, key=lambda one: ORDER[one[0]]):
            item = self._item(scope, kind, name, resources[name])
            if item is not None:
                made.add(name)
                items.append(item)
        return Bundle(mark=self.mark, items=tuple(items))

    def _values(self, declared: Mapping[str, Any]) -> Mapping[str, Any]:
        defaults = {name: one["Default"] for name, one in declared.items() if one.get("Default") is not None}
        given = {name: _parameter(name, value) for name, value in {**defaults, **self.parameters}.items()}
        missing = [name for name in declared if name not in given]
        if missing:
            raise Unreadable(
                f"These parameters have no default: {', '.join(missing)}. Use --parameter NAME=VALUE."
            )
        values: dict[str, Any] = {
            name: _listed(given[name]) if "List" in str(one.get("Type")) else given[name]
            for name, one in declared.items()
        }
        pseudo = {
            "AWS::Region": self.place["region"],
            "AWS::AccountId": self.place["account"],
            "AWS::Partition": self.place["partition"],
            "AWS::URLSuffix": "amazonaws.com",
            "AWS::StackName": self.parameters.get("AWS::StackName", "headrace"),
            "AWS::NoValue": NO_VALUE,
        }
        return {**pseudo, **values}

    def _attribute(self, resources: Mapping[str, Any], made: set[str], name: str, attribute: str) -> Any:
        """What an attribute of a resource comes to."""
        kind = _kind(resources[name]) if name in resources else None
        given = self.parameters.get(f"{name}.{attribute}")
        if given is not None:
            return given
        if kind is None:
            return self._stand_in(resources, name, attribute)
        if attribute not in ATTRIBUTES[kind]:
            raise Unmappable(f"{attribute} of the {kind.value} {name} can't be referred to here")
        if name not in made:
            raise Unmappable(f"it refers to {name}, which is not made")
        return reference(self.mark, name, attribute)

    def _stand_in(self, resources: Mapping[str, Any], name: str, attribute: str) -> str:
        resource = resources.get(name)
        if resource is None:
            raise Unmappable(f"nothing in the template is called {name}")
        rule = STAND_INS.get((str(resource.get("Type")), attribute))
        if rule is None:
            raise Unmappable(
                f"{attribute} of {name} ({resource.get('Type')}) is not known here; "
                f"give it with --parameter {name}.{attribute}=VALUE"
            )
        naming, pattern = rule
        called = (resource.get("Properties") or {}).get(naming)
        if not isinstance(called, str):
            called = _BUCKET_LETTERS.sub("-", name.lower()) if naming == "BucketName" else name
        text = pattern.format(name=called, **self.place)
        self._note(name, f"It is not made here; its {attribute} is taken to be {text}.")
        return text

    def _item(self, scope: Scope, kind: ItemKind, name: str, resource: Mapping[str, Any]) -> Item | None:
        """One resource as an item; None when it can't be one."""
        try:
            condition = resource.get("Condition")
            kept = (resource.get("Metadata") or {}).get(HISTORY) or {}
            if condition is not None and not kept and not scope.holds(condition):
                self._note(name, f"Its condition {condition} does not hold.")
                return None
            properties = scope.evaluate(resource.get("Properties") or {})
            return self._mapped(kind, name, properties, scope.evaluate(kept))
        except Unmappable as problem:
            self._note(name, f"Not made: {problem}.")
        except Unreadable as problem:
            self._note(name, f"Not made: {problem}")
        except (TypeError, ValueError, LookupError, AttributeError, RecursionError) as problem:
            self._note(
                name, f"Not made: a function in it is not used as CloudFormation wants it ({problem!r})."
            )
        return None

    def _mapped(self, kind: ItemKind, name: str, properties: dict[str, Any], kept: Mapping[str, Any]) -> Item:
        owner = self._owner(kind, name, properties)
        test_tags = properties.pop("TestAliasTags", {}) if kind is ItemKind.FLOW else {}
        if kind is ItemKind.FLOW:
            _bring_definition(properties, self._object)
        if kind is ItemKind.PROMPT:
            _bring_texts(properties, self._object)
        owners = {ItemKind.FLOW_VERSION: ItemKind.FLOW, ItemKind.PROMPT_VERSION: ItemKind.PROMPT}
        content = kept.get("Content")
        return Item(
            name=name,
            kind=kind,
            source=f"{self.source}: {name}",
            members=self._read(kind, name, properties),
            owner=owner,
            is_prepared=kind is ItemKind.FLOW,  # the handlers prepare what they make (bedrock 1.7)
            content=None if content is None else self._read(owners[kind], name, content),
            number=int(kept["Number"]) if "Number" in kept else None,
            draft_alias_tags=test_tags,
        )

    def _owner(self, kind: ItemKind, name: str, properties: dict[str, Any]) -> str | None:
        if kind not in OWNERS:
            return None
        arn = properties.pop(OWNERS[kind], None)
        if arn is None:
            raise Unmappable(f"it has no {OWNERS[kind]}")
        found = referred(self.mark, arn)
        return found[0] if found else str(arn)

    def _read(self, kind: ItemKind, name: str, properties: Mapping[str, Any]) -> dict[str, Any]:
        operation = self.model.operations[CREATES[kind]]
        reading = Reading(self.model.shapes[operation.service])
        members: dict[str, Any] = reading.read(dict(properties), operation.input)
        for path in reading.unknown:
            self._note(name, f"The property {path} has no counterpart in the API and was left out.")
        return members

    def _object(self, location: Mapping[str, Any]) -> str:
        """The text of an object that a template keeps in S3."""
        bucket, key = str(location.get("Bucket")), str(location.get("Key"))
        if self.s3_root is None:
            raise Unmappable(
                f"it is kept in s3://{bucket}/{key}; say with --s3-root where that is on this disk"
            )
        try:
            path = (self.s3_root / bucket / key).resolve()
            if not path.is_relative_to(self.s3_root.resolve()) or not path.is_file():
                raise Unmappable(f"there is no file {path} for s3://{bucket}/{key}")
            return path.read_text("utf-8")
        except (OSError, RuntimeError, UnicodeDecodeError) as error:  # RuntimeError: links that go in circles
            raise Unmappable(f"the file for s3://{bucket}/{key} can't be read: {error}") from None

    def _note(self, name: str, reason: str) -> None:
        note = Note(source=f"{self.source}: {name}", reason=reason)
        if note not in self.notes:
            self.notes.append(note)


def _section(template: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    """A section of a template: a map of maps; empty when it is absent."""
    section = {} if template.get(name) is None else template[name]
    if not isinstance(section, dict) or not all(isinstance(one, dict) for one in section.values()):
        raise Unreadable(f"Its {name} are no map of maps.")
    return section


def _kind(resource: Mapping[str, Any]) -> ItemKind | None:
    """What a resource is made as; None when it isn't made."""
    return TYPES.get(str(resource.get("Type")))


def _parameter(name: str, value: Any) -> str:
    """The value of a parameter. CloudFormation knows it as text, whatever YAML made of it."""
    try:
        return as_text(value)
    except Unmappable as problem:
        raise Unreadable(f"The parameter {name}: {problem}.") from None


def _listed(text: str) -> list[str]:
    return [one.strip() for one in text.split(",")]


def _bring_definition(properties: dict[str, Any], read_object: Callable[[Mapping[str, Any]], str]) -> None:
    """Put a definition that is given as text, or kept in S3, where a definition belongs."""
    substitutions = properties.pop("DefinitionSubstitutions", {})
    text = properties.pop("DefinitionString", None)
    location = properties.pop("DefinitionS3Location", None)
    if text is None and location is not None:
        text = read_object(location)
    if text is not None:
        values = {name: as_text(value) for name, value in substitutions.items()}
        text = filled(_PLACEHOLDER, lambda found: values.get(found[1], found[0]), text)
        try:
            properties["Definition"] = load_json(text)
        except Unreadable as error:
            raise Unmappable(
                f"the text of its definition can't be read after substitution: {error}"
            ) from None


def _bring_texts(properties: dict[str, Any], read_object: Callable[[Mapping[str, Any]], str]) -> None:
    """Put the texts of a prompt's variants that are kept in S3 where texts belong."""
    for variant in properties.get("Variants", ()):
        template = variant.get("TemplateConfiguration", {}).get("Text", {})
        location = template.pop("TextS3Location", None)
        if location is not None:
            template["Text"] = read_object(location)
