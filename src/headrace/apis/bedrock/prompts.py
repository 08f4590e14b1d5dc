"""The operations on prompts and their versions (bedrock 1.5): wire members in, wire members out."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.apis.bedrock.call import Call, Values
from headrace.core.errors import Invalid
from headrace.core.files import File
from headrace.core.kinds.prompt import PromptContent, read_prompt, write_prompt
from headrace.core.versions import DRAFT
from headrace.services.versions import drafts, releases
from headrace.services.versions.drafts import DraftView, Edit
from headrace.services.versions.releases import Order, ReleaseView

KIND = "prompt"


async def create_prompt(call: Call) -> Values:
    """CreatePrompt."""
    return prompt_members(
        call, await drafts.create(call.ports, call.principal, edit_of(call), token=call.token())
    )


async def get_prompt(call: Call) -> Values:
    """GetPrompt: the draft, or the version that is asked for."""
    prompt, number = _identified(call)
    if number in (None, DRAFT):
        values = prompt_members(call, await drafts.get(call.ports, call.principal, kind=KIND, ref=prompt))
    else:
        assert number is not None
        found = await releases.get(call.ports, call.principal, kind=KIND, ref=prompt, number=number)
        values = version_members(call, found)
    if call.params.get("includedData") == "METADATA_ONLY":
        return {**values, "variants": None}
    return values


async def update_prompt(call: Call) -> Values:
    """UpdatePrompt: replaces the draft; versions stay as they are."""
    prompt, number = _identified(call)
    if number not in (None, DRAFT):
        raise Invalid.at(
            "promptIdentifier",
            message="Only the DRAFT of a prompt can be updated.",
            kind="version",
            where="path",
        )
    return prompt_members(
        call, await drafts.update(call.ports, call.principal, ref=prompt, edit=edit_of(call))
    )


async def delete_prompt(call: Call) -> Values:
    """DeletePrompt: the prompt with all its versions, or the one version that is asked for."""
    prompt, number = _identified(call)
    if number is None:
        file = await drafts.delete(call.ports, call.principal, kind=KIND, ref=prompt, is_forced=False)
        return {"id": file.short_id}
    gone = await releases.delete(
        call.ports, call.principal, kind=KIND, ref=prompt, number=number, is_forced=False
    )
    return {"id": gone.file.short_id, "version": str(gone.release.number)}


async def list_prompts(call: Call) -> Values:
    """ListPrompts: the drafts of all prompts, or all versions of one."""
    if "promptIdentifier" in call.params:
        return await _list_versions(call)
    page = call.page()
    found = await drafts.list_drafts(
        call.ports, call.principal, kind=KIND, before=page.after_moment, take=page.size + 1
    )
    shown = found[: page.size]
    last = shown[-1].file if shown else None
    return {
        "promptSummaries": [_summary(prompt_members(call, one)) for one in shown],
        "nextToken": last and page.token_after_moment(len(found), last.created_at, last.id),
    }


async def _list_versions(call: Call) -> Values:
    """The draft first, then the highest number."""
    prompt, _ = _identified(call)
    page = call.page(prompt)
    draft = await drafts.get(call.ports, call.principal, kind=KIND, ref=prompt)
    found = await releases.list_releases(
        call.ports,
        call.principal,
        kind=KIND,
        ref=prompt,
        before=page.after or None,
        take=page.size + 1,
    )
    rows = [version_members(call, one) for one in found]
    if page.after is None:
        rows = [prompt_members(call, draft), *rows]
    shown = rows[: page.size]
    last = shown[-1]["version"] if shown else DRAFT
    # Only the draft fits on the page before the first number: any number is below this one.
    after = 0 if last == DRAFT else int(last)
    return {
        "promptSummaries": [_summary(row) for row in shown],
        "nextToken": page.token(len(rows), after),
    }


async def create_prompt_version(call: Call) -> Values:
    """CreatePromptVersion: the draft under the next number; prompts need no preparing."""
    prompt, number = _identified(call)
    if number not in (None, DRAFT):
        raise Invalid.at(
            "promptIdentifier", message="A version is made of the DRAFT only.", kind="version", where="path"
        )
    order = Order(
        kind=KIND,
        ref=prompt,
        description=call.params.get("description"),
        operation=call.operation,
        labels=call.params.get("tags", {}),
    )
    return version_members(call, await releases.create(call.ports, call.principal, order, token=call.token()))


def _identified(call: Call) -> tuple[str, str | None]:
    """The prompt's id and the version that is asked for, by the ARN or beside it."""
    prompt, in_arn = call.place.prompt_ref(call.params["promptIdentifier"])
    beside = call.params.get("promptVersion")
    if in_arn is not None and beside is not None and in_arn != beside:
        message = f"The ARN names version {in_arn} and promptVersion version {beside}."
        raise Invalid.at("promptVersion", message=message, kind="mismatch", where="query")
    return prompt, in_arn or beside


def edit_of(call: Call) -> Edit:
    """What a request says of a prompt."""
    params = call.params
    names = [variant["name"] for variant in params.get("variants", ())]
    default = params.get("defaultVariant")
    if default is not None and default not in names:
        raise Invalid.at(
            "defaultVariant",
            message=f"The default variant '{default}' is not one of the prompt's variants.",
            kind="mismatch",
        )
    return Edit(
        kind=KIND,
        short_name=params["name"],
        description=params.get("description"),
        content=write_prompt(
            variants=params.raw("variants") if "variants" in params else None,
            default_variant=default,
            key=params.get("customerEncryptionKeyArn"),
        ),
        labels=params.get("tags", {}),
    )


def prompt_members(call: Call, found: DraftView) -> dict[str, Any]:
    """A prompt and its draft as the wire shows them."""
    return {
        "name": found.file.short_name,
        "description": found.file.description,
        **_content(read_prompt(found.draft.content)),
        **_identity(call, found.file, None),
        "version": DRAFT,
        "createdAt": found.file.created_at,
        "updatedAt": found.draft.updated_at,
    }


def version_members(call: Call, found: ReleaseView) -> dict[str, Any]:
    """A prompt's version as the wire shows it."""
    release = found.release
    return {
        "name": release.short_name,
        "description": release.description,
        **_content(read_prompt(release.content)),
        **_identity(call, found.file, release.number),
        "version": str(release.number),
        "createdAt": release.created_at,
        "updatedAt": release.created_at,
    }


def _identity(call: Call, file: File, number: int | None) -> dict[str, Any]:
    return {"id": file.short_id, "arn": call.place.prompt_arn(file.short_id, number)}


def _content(content: PromptContent) -> dict[str, Any]:
    return {
        "customerEncryptionKeyArn": None if content.key is msgspec.UNSET else content.key,
        "defaultVariant": None if content.default_variant is msgspec.UNSET else content.default_variant,
        "variants": None if content.variants is msgspec.UNSET else bytes(content.variants),
    }


SUMMARY = ("name", "description", "id", "arn", "version", "createdAt", "updatedAt")


def _summary(values: dict[str, Any]) -> dict[str, Any]:
    return {name: values[name] for name in SUMMARY}
