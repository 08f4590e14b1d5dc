"""Writing flows and prompts as Terraform configuration, for ``aws_bedrockagent_flow`` and ``…_prompt``."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from headrace.apis.bedrock.exchange.bundle import ItemKind, Note
from headrace.apis.bedrock.exchange.collection import Family, Labels, families
from headrace.apis.bedrock.exchange.documents import CREATES, Document
from headrace.apis.bedrock.exchange.terraform_schema import BLOCK_NAMES, RESOURCES, Block
from headrace.apis.bedrock.model import ServiceModel, Shape

_TYPES = {ItemKind.FLOW: "aws_bedrockagent_flow", ItemKind.PROMPT: "aws_bedrockagent_prompt"}
_BOUNDARY = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_ESCAPES = str.maketrans({"\\": "\\\\", '"': '\\"', "\n": "\\n", "\r": "\\r", "\t": "\\t"})


def snake(name: str) -> str:
    """``modelId`` as Terraform spells it."""
    return _BOUNDARY.sub("_", name).lower()


def quoted(text: str) -> str:
    """A text as HCL writes it, with nothing in it that Terraform would carry out."""
    safe = text.translate(_ESCAPES).replace("${", "$${").replace("%{", "%%{")
    return '"' + "".join(f"\\u{ord(c):04x}" if ord(c) < 32 or ord(c) == 127 else c for c in safe) + '"'


class ConfigurationWriter:
    """Writes documents as one configuration.

    Attributes:
        notes: what the provider has no argument or resource for. It stands as a comment where it would be.
    """

    def __init__(self, model: ServiceModel) -> None:
        self._model = model
        self._shapes = model.shapes["bedrock-agent"]
        self._labels = Labels("0-9A-Za-z_-")
        self._arns: dict[str, str] = {}
        self.notes: list[Note] = []

    def write(self, documents: Iterable[Document]) -> str:
        """The text of a ``.tf`` file."""
        lines = [line for family in families(documents) for line in (*self._family(family), "")]
        return "\n".join(lines)

    def _family(self, family: Family) -> Iterator[str]:
        draft, type_name = family.draft, _TYPES[family.kind]
        label = self._labels.label(draft["name"] if draft["name"][0].isalpha() else f"_{draft['name']}")
        yield f'resource "{type_name}" "{label}" {{'
        yield from self._body(draft, family, RESOURCES[type_name])
        yield "}"
        self._arns[draft["arn"]] = f"{type_name}.{label}.arn"
        for one in family.versions:
            described = f" ({one['description']})" if "description" in one else ""
            yield self._without_resource(draft, f"version {one['version']}{described}")
        for one in family.aliases:
            target = one["routingConfiguration"][0]["flowVersion"]
            yield self._without_resource(draft, f"alias {one['name']}, which targets {target}")

    def _body(self, draft: Document, family: Family, schema: Block) -> Iterator[str]:
        members = self._shapes[self._model.operations[CREATES[family.kind]].input].members
        wanted = {name: value for name, value in draft.items() if name in members}
        shape = self._shapes[self._model.operations[CREATES[family.kind]].input]
        yield from self._structure(draft["name"], wanted, shape, schema, "  ")

    def _structure(
        self, owner: str, value: Mapping[str, Any], shape: Shape, schema: Block, indent: str
    ) -> Iterator[str]:
        for member, inner in value.items():
            of = self._shapes[shape.members[member].shape]
            spelt = snake(member)
            name = BLOCK_NAMES.get(spelt, spelt)
            if name not in schema:
                yield indent + self._without_argument(owner, member, inner)
            elif schema[name] is None:
                yield f"{indent}{name} = {self._argument(inner, of)}"
            elif of.type == "list":
                for item in inner:
                    yield from self._block(
                        owner, name, item, self._shapes[of.member.shape], schema[name], indent
                    )
            else:
                yield from self._block(owner, name, inner, of, schema[name], indent)

    def _block(
        self, owner: str, name: str, value: Mapping[str, Any], shape: Shape, schema: Block, indent: str
    ) -> Iterator[str]:
        yield f"{indent}{name} {{"
        yield from self._structure(owner, value, shape, schema, indent + "  ")
        yield f"{indent}}}"

    def _argument(self, value: Any, shape: Shape) -> str:
        if shape.document:
            return quoted(json.dumps(value, ensure_ascii=False))
        if isinstance(value, str):
            return self._arns.get(value) or quoted(value)
        if isinstance(value, list):
            return "[" + ", ".join(quoted(one) for one in value) + "]"
        if isinstance(value, dict):
            pairs = ", ".join(f"{quoted(key)} = {quoted(one)}" for key, one in value.items())
            return "{ " + pairs + " }"
        return json.dumps(value)

    def _without_argument(self, owner: str, member: str, value: Any) -> str:
        written = json.dumps(value)
        self.notes.append(Note(source=owner, reason=f"The provider has no argument for {member}: {written}"))
        return f"# The provider has no argument for {member}: {written}"

    def _without_resource(self, draft: Document, what: str) -> str:
        self.notes.append(Note(source=draft["name"], reason=f"The provider has no resource for its {what}."))
        return f"# The provider has no resource for {draft['name']}'s {json.dumps(what)[1:-1]}."
