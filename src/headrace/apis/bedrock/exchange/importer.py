"""Carrying a bundle out: each item becomes the request it stands for, and all succeed or none."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import msgspec

from headrace.apis.bedrock import aliases, flows, prompts
from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.call import Call
from headrace.apis.bedrock.codec import Codec, Params
from headrace.apis.bedrock.exchange.bundle import (
    Bundle,
    Item,
    ItemKind,
    Note,
    Outcome,
    Report,
    check_distinct,
    resolve,
)
from headrace.apis.bedrock.exchange.documents import CREATES
from headrace.core.access import Principal
from headrace.core.errors import Invalid, Problem
from headrace.core.files import File
from headrace.core.ids import DRAFT_ALIAS
from headrace.core.versions import DRAFT
from headrace.services.base import Ports
from headrace.services.exchange import exchange
from headrace.services.exchange.exchange import Desk
from headrace.services.tree import tags
from headrace.services.versions import drafts
from headrace.services.versions.drafts import DraftView
from headrace.services.versions.releases import Order

_encode = msgspec.json.Encoder().encode
FILE_KINDS = {ItemKind.FLOW: "flow", ItemKind.PROMPT: "prompt"}


class Importer(msgspec.Struct, frozen=True, kw_only=True):
    """Imports bundles into one organisation.

    Attributes:
        default_role: for flows whose source names no execution role.
    """

    ports: Ports
    codec: Codec
    place: Place
    default_role: str

    async def run(
        self, principal: Principal, bundle: Bundle, *, is_update: bool, is_rehearsal: bool
    ) -> Report:
        """Make everything in a bundle.

        Raises:
            AlreadyExists: something of the same name is there, and this is no update.
            Invalid: an item is not what the API would take, or two are the same thing; they are named.
            HeadraceError: whatever else the API would have answered.
        """
        check_distinct(bundle)
        report = Report(is_rehearsal=is_rehearsal, outcomes=[], notes=[])

        def work(desk: Desk) -> None:
            run = _Run(importer=self, principal=principal, bundle=bundle, desk=desk)
            for item in bundle.items:
                run.take(item)
            nonlocal report
            report = Report(
                is_rehearsal=is_rehearsal,
                outcomes=[_anonymous(one) for one in run.outcomes] if is_rehearsal else run.outcomes,
                notes=run.notes,
            )

        names = [
            (FILE_KINDS[item.kind], str(item.members.get("name")))
            for item in bundle.items
            if item.kind in FILE_KINDS
        ]
        await exchange.bring_in(
            self.ports, principal, work, names=names, is_update=is_update, is_rehearsal=is_rehearsal
        )
        return report


def _anonymous(outcome: Outcome) -> Outcome:
    """Without ids, which a rehearsal gave out and took back."""
    return msgspec.structs.replace(outcome, id=None, arn=None)


@dataclass(frozen=True, slots=True, kw_only=True)
class _Run:
    """One import, inside its transaction.

    Attributes:
        results: what references find, by item and attribute.
        files: the ids of the files that were made, by item.
    """

    importer: Importer
    principal: Principal
    bundle: Bundle
    desk: Desk
    results: dict[str, Mapping[str, str]] = field(default_factory=dict)
    files: dict[str, str] = field(default_factory=dict)
    outcomes: list[Outcome] = field(default_factory=list)
    notes: list[Note] = field(default_factory=list)

    def take(self, item: Item) -> None:
        """Make one item."""
        {
            ItemKind.FLOW: self._file,
            ItemKind.PROMPT: self._file,
            ItemKind.FLOW_VERSION: self._version,
            ItemKind.PROMPT_VERSION: self._version,
            ItemKind.FLOW_ALIAS: self._alias,
        }[item.kind](item)

    def _file(self, item: Item) -> None:
        members = item.members
        if item.kind is ItemKind.FLOW and "executionRoleArn" not in members:
            members = {**members, "executionRoleArn": self.importer.default_role}
            self.notes.append(
                Note(
                    source=item.source,
                    reason="It names no execution role; the server's default stands for it.",
                )
            )
        call = self._call(item, item.kind, members)
        edit = flows.edit_of(call.params) if item.kind is ItemKind.FLOW else prompts.edit_of(call)
        view, act = self.desk.put_file(edit)
        status = None
        if item.kind is ItemKind.FLOW:
            view = self.desk.prepare(view) if item.is_prepared else view
            status = view.draft.status.value
            self._label_draft_alias(view.file, item.draft_alias_tags)
        self.files[item.name] = view.file.id
        arn = self._arn(view.file)
        self._done(item, act, name=view.file.short_name, id=view.file.short_id, arn=arn, status=status)
        self.results[item.name] = {"Arn": arn, "Ref": arn, "Id": view.file.short_id, "Version": DRAFT}

    def _label_draft_alias(self, file: File, labels: Mapping[str, str]) -> None:
        tags.check_keys(labels)
        self.desk.label(tags.path_of(file.kind, file.short_id, alias=DRAFT_ALIAS), labels)

    def _version(self, item: Item) -> None:
        owner = ItemKind.FLOW if item.kind is ItemKind.FLOW_VERSION else ItemKind.PROMPT
        found = self._owner(item, FILE_KINDS[owner])
        call = self._call(item, item.kind, item.members, owner=found.file)
        content = None
        if item.content is not None:
            own = {
                "name": found.file.short_name,
                "executionRoleArn": self.importer.default_role,
                **item.content,
            }
            request = self._call(item, owner, own)
            edit = flows.edit_of(request.params) if owner is ItemKind.FLOW else prompts.edit_of(request)
            content = edit.content
        order = Order(
            kind=found.file.kind,
            ref=found.file.short_name,
            description=call.params.get("description"),
            operation=CREATES[item.kind],
            labels=call.params.get("tags", {}),
        )
        made, act = self.desk.put_release(found, order, content=content, number=item.number)
        self._note_renumbering(item, made.number)
        number, owner_id = str(made.number), found.file.short_id
        arn = self._arn(found.file, made.number)
        self._done(item, act, name=found.file.short_name, id=owner_id, arn=arn, version=number)
        self.results[item.name] = {
            "Arn": arn,
            "Ref": arn if owner is ItemKind.PROMPT else f"{arn}|{number}",
            "Version": number,
            "FlowId": owner_id,
            "FlowArn": arn,
            "PromptId": owner_id,
            "PromptArn": self._arn(found.file),
        }

    def _note_renumbering(self, item: Item, number: int) -> None:
        if item.number not in (None, number):
            reason = f"Version {item.number} is number {number} here: numbers are never used twice."
            self.notes.append(Note(source=item.source, reason=reason))

    def _alias(self, item: Item) -> None:
        file = self._owner(item, "flow").file
        call = self._call(item, item.kind, item.members, owner=file)
        made, act = self.desk.put_alias(file, aliases.edit_of(call), call.params.get("tags", {}))
        arn = self.importer.place.alias_arn(file.short_id, made.alias.id)
        self._done(item, act, name=made.alias.name, id=made.alias.id, arn=arn, version=made.target)
        self.results[item.name] = {"Arn": arn, "Ref": arn, "Id": made.alias.id, "FlowId": file.short_id}

    def _owner(self, item: Item, kind: str) -> DraftView:
        """The file that an item belongs to: of this bundle, or one that was there."""
        assert item.owner is not None, "versions and aliases belong to something"
        place = self.importer.place
        ref = self.files.get(item.owner)
        if ref is None:
            ref = place.flow_ref(item.owner) if kind == "flow" else place.prompt_ref(item.owner)[0]
        return drafts.find(self.desk.tx, kind, ref)

    def _call(
        self, item: Item, kind: ItemKind, members: Mapping[str, Any], *, owner: File | None = None
    ) -> Call:
        """The request that makes a thing, checked as the API checks it."""
        operation = CREATES[kind]
        uri = {} if owner is None else {f"{owner.kind}Identifier": owner.short_id}
        body = _encode(self._resolved(item, members))
        try:
            params = self.importer.codec.decode(operation, uri=uri, query=(), body=body)
        except Invalid as error:
            raise _at(item, error) from error
        return self._bare_call(operation, params)

    def _resolved(self, item: Item, members: Mapping[str, Any]) -> Any:
        try:
            return resolve(self.bundle.mark, dict(members), self.results)
        except LookupError as error:
            raise Invalid(
                message=f"{item.source}: nothing here has a {error.args[0]!r} to refer to."
            ) from None

    def _bare_call(self, operation: str, params: Params) -> Call:
        return Call(
            operation=operation,
            ports=self.importer.ports,
            principal=self.principal,
            params=params,
            place=self.importer.place,
            default_role=self.importer.default_role,
        )

    def _arn(self, file: File, number: int | None = None) -> str:
        place = self.importer.place
        return (
            place.flow_arn(file.short_id) if file.kind == "flow" else place.prompt_arn(file.short_id, number)
        )

    def _done(self, item: Item, act: exchange.Act, **what: str | None) -> None:
        name = what.pop("name") or item.name
        self.outcomes.append(Outcome(source=item.source, kind=item.kind, name=name, act=act, **what))


def _at(item: Item, error: Invalid) -> Invalid:
    """The same error, naming the source that it is in."""
    lines = [f"{_dotted(problem)}: {problem.message}" for problem in error.problems]
    return Invalid(*error.problems, message=f"{item.source}: " + ("; ".join(lines) or error.message))


def _dotted(problem: Problem) -> str:
    return ".".join(str(part) for part in problem.path)
