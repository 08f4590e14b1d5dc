"""Drafts of flows as an editor works on them: looked at, saved when nobody else did, prepared, numbered.

They are the same drafts, snapshots and numbers as those of `drafts` and `releases`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

import msgspec

from headrace.core.access import Principal, Right
from headrace.core.definition import Definition, NodeType
from headrace.core.errors import Invalid, NotFound, Problem, Stale
from headrace.core.files import File, check_path
from headrace.core.ports import Transaction
from headrace.core.validate import Finding, Severity
from headrace.core.validation.nodes import variables
from headrace.core.versions import MAX_RELEASE_DESCRIPTION, Draft
from headrace.services.base import Ports, digest_of, read, write
from headrace.services.tree import places, subjects, tree
from headrace.services.versions import drafts, releases
from headrace.services.versions.drafts import DraftView, Edit
from headrace.services.versions.releases import Order, ReleaseView

FLOW = "flow"
NOTHING = ""
"""The digest of a draft that is not there."""


class Sketch(msgspec.Struct, frozen=True, kw_only=True):
    """A flow and its draft.

    Attributes:
        numbers: those of the version that says the same, ascending.
        findings: what was found when it was last prepared; None when it was not since the last edit.
    """

    file: File
    draft: Draft
    numbers: tuple[int, ...]
    findings: Sequence[Finding] | None


class Verdict(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be said of a definition.

    Attributes:
        problems: what keeps it from being kept, by its place.
        findings: what is wrong with it otherwise; only where it could be kept.
        variables: those of prompts, by the node's path: the names of Loops and its own.
    """

    problems: Sequence[Problem]
    findings: Sequence[Finding]
    variables: Mapping[tuple[str, ...], Sequence[str]]

    @property
    def can_run(self) -> bool:
        """Whether it could be prepared."""
        return not self.problems and all(one.severity is not Severity.ERROR for one in self.findings)


_findings = msgspec.json.Decoder(list[Finding]).decode


async def judge(ports: Ports, principal: Principal, definition: Any) -> Verdict:
    """What is to be said of a definition; nothing is kept."""
    principal.require(Right.READER)
    problems = ports.rules.problems(definition)
    if problems:
        return Verdict(problems=problems, findings=(), variables={})
    shaped = ports.rules.shaped(definition)

    def look(tx: Transaction) -> Verdict:
        def of_prompt(arn: str) -> frozenset[str] | None:
            return drafts.prompt_variables_of(tx, arn)

        found = ports.rules.findings(shaped, prompt_variables=of_prompt, limits=ports.limits.node_types)
        named = _variables(tx, Definition.parse(shaped), ())
        return Verdict(problems=(), findings=found, variables=named)

    return await read(ports, principal, look)


def _variables(
    tx: Transaction, definition: Definition, within: tuple[str, ...]
) -> dict[tuple[str, ...], Sequence[str]]:
    found: dict[tuple[str, ...], Sequence[str]] = {}
    for node in definition.nodes:
        place = (*within, node.name)
        if node.type is NodeType.PROMPT:
            found[place] = variables(node.settings or {}, lambda arn: drafts.prompt_variables_of(tx, arn))
        if node.body is not None:
            found |= _variables(tx, node.body, place)
    return found


async def show(ports: Ports, principal: Principal, *, file: str) -> Sketch:
    """A flow's draft.

    Raises:
        NotFound: there is no such flow, or it never had a graph of nodes.
        Invalid: the file is none.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _sketch(tx, _found(tx, _flow(tx, file))))


def _flow(tx: Transaction, ref: str) -> File:
    file = subjects.file_of(tx, ref)
    if file.kind != FLOW:
        message = f"`{file.path}` is a {file.kind}; only flows are drawn as nodes."
        raise Invalid.at("file", message=message, kind="mismatch", where="path")
    return file


def _found(tx: Transaction, file: File) -> DraftView:
    draft = tx.drafts.get(file_id=file.id)
    if draft is None:
        raise NotFound(
            FLOW, file.path, f"Flow `{file.path}` has no graph of nodes yet. Put one as its draft to begin."
        )
    return DraftView(file=file, draft=draft)


def _sketch(tx: Transaction, view: DraftView) -> Sketch:
    draft = view.draft
    version = tx.versions.by_digest(file_id=view.file.id, digest=draft.digest)
    is_there = version is not None and version.deleted_at is None
    numbers = tx.releases.of_version(version_id=version.id) if version is not None and is_there else ()
    return Sketch(
        file=view.file,
        draft=draft,
        numbers=tuple(sorted(numbers)),
        findings=None if draft.findings is None else _findings(draft.findings),
    )


async def save(
    ports: Ports, principal: Principal, *, file: str, definition: Any, expected: str | None
) -> Sketch:
    """Let a definition be a flow's draft. What stands in the content beside it stays.

    The same definition again changes nothing, so that what is prepared stays prepared.

    Args:
        expected: the digest of the draft that is believed to be there; None expects nothing in particular.

    Raises:
        NotFound: there is no such flow.
        Invalid: the file is none, or the definition breaks a rule of its shape.
        Stale: another draft is there, or somebody was faster.
    """
    principal.require(Right.EDITOR)
    shaped = _shaped(ports, definition)
    before = await read(ports, principal, lambda tx: tx.drafts.get(file_id=_flow(tx, file).id))
    known = _digest(before)
    _check_expected(known, expected)
    content = _with_definition(before, shaped)
    content_digest = await digest_of(content)

    def work(tx: Transaction) -> Sketch:
        flow = _flow(tx, file)
        draft = tx.drafts.get(file_id=flow.id)
        _check_expected(_digest(draft), known)
        if draft is not None and draft.digest == content_digest:
            return _sketch(tx, DraftView(file=flow, draft=draft))
        return _sketch(tx, _kept(tx, ports, principal, flow, draft, content, content_digest))

    return await write(ports, principal, work)


def _shaped(ports: Ports, definition: Any) -> bytes:
    """A definition as JSON text.

    Raises:
        Invalid: it breaks a rule of its shape.
    """
    problems = ports.rules.problems(definition)
    if problems:
        told = [replace(one, path=("definition", *one.path)) for one in problems]
        raise Invalid(*told, message=" ".join(map(rule_of, problems)))
    return msgspec.json.encode(ports.rules.shaped(definition))


def rule_of(problem: Problem) -> str:
    """A broken rule of a definition's shape as a sentence, with its place."""
    place = ".".join(str(part + 1) if isinstance(part, int) else part for part in problem.path)
    return f"`{place or 'definition'}`: {problem.message}."


def _digest(draft: Draft | None) -> str:
    return NOTHING if draft is None else draft.digest


def _check_expected(there: str, expected: str | None) -> None:
    if expected is not None and there != expected:
        message = f"The draft is {there[:12] or 'not there'}; {expected[:12] or 'none'} was expected."
        raise Stale(f"{message} Somebody else changed it.")


def _with_definition(before: Draft | None, definition: bytes) -> bytes:
    """The content of a draft with another definition."""
    members = {} if before is None else msgspec.json.decode(before.content, type=dict[str, msgspec.Raw])
    return msgspec.json.encode({**members, "definition": msgspec.Raw(definition)})


def _kept(
    tx: Transaction,
    ports: Ports,
    principal: Principal,
    flow: File,
    draft: Draft | None,
    content: bytes,
    content_digest: str,
) -> DraftView:
    now = ports.clock.now()
    if draft is None:
        made = drafts.new_draft(ports, principal, flow, content, content_digest, now)
        tx.drafts.put(made)
        return DraftView(file=flow, draft=made)
    edit = Edit(kind=FLOW, short_name=flow.short_name, description=flow.description, content=content)
    return drafts.replace(tx, DraftView(file=flow, draft=draft), edit, content_digest, now)


async def prepare(ports: Ports, principal: Principal, *, file: str, expected: str | None) -> Sketch:
    """Check a flow's draft and, when nothing is wrong with it, make it what runs of the draft use.

    Raises:
        NotFound: there is no such flow, or no draft of it.
        Invalid: the file is none.
        Stale: another draft is there than was expected.
    """
    principal.require(Right.EDITOR)

    def work(tx: Transaction) -> Sketch:
        view = _found(tx, _flow(tx, file))
        _check_expected(view.draft.digest, expected)
        return _sketch(tx, drafts.settle(tx, ports, view, ports.clock.now()))

    return await write(ports, principal, work)


async def release(ports: Ports, principal: Principal, *, file: str, description: str | None) -> ReleaseView:
    """Give a flow's prepared draft the next number.

    Raises:
        NotFound: there is no such flow, or no draft of it.
        Invalid: the file is none, or the description is too long.
        NotPrepared: the draft was edited since it was prepared.
        QuotaExceeded: there is no number left.
    """
    principal.require(Right.EDITOR)
    if description is not None and not 1 <= len(description) <= MAX_RELEASE_DESCRIPTION:
        message = f"A version's description has 1 to {MAX_RELEASE_DESCRIPTION} characters."
        raise Invalid.at("description", message=message, kind="length")
    flow = await read(ports, principal, lambda tx: _found(tx, _flow(tx, file)).file)
    order = Order(kind=FLOW, ref=flow.id, description=description, operation="createVersion")
    return await releases.create(ports, principal, order, token=None)


async def create(
    ports: Ports, principal: Principal, *, path: str, definition: Any, description: str | None
) -> Sketch:
    """Make a flow with a draft at a free path; the directories on the way are made.

    Raises:
        Invalid: the path or the definition breaks a rule.
        AlreadyExists: something is there.
        QuotaExceeded: there are all the flows that there may be.
    """
    principal.require(Right.EDITOR)
    check_path(path, "path")
    content = _with_definition(None, _shaped(ports, definition))
    content_digest = await digest_of(content)

    def work(tx: Transaction) -> Sketch:
        places.check_is_free(tx, path)
        name = tree.free_short_name(tx, ports, FLOW, path)
        edit = Edit(kind=FLOW, short_name=name, description=description, content=content)
        now = ports.clock.now()
        return _sketch(tx, drafts.add(tx, ports, principal, edit, content_digest, now, path=path))

    return await write(ports, principal, work)
