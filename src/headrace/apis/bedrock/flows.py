"""The operations on flows and their versions (bedrock 1.4): wire members in, wire members out."""

from __future__ import annotations

from typing import Any

import msgspec

from headrace.apis.bedrock.call import Call, Values
from headrace.apis.bedrock.codec import Params
from headrace.apis.bedrock.findings import wire_finding, wire_findings
from headrace.core.kinds.flow import FlowContent, read_content, write_content
from headrace.core.versions import DRAFT, DraftStatus
from headrace.services.versions import drafts, releases
from headrace.services.versions.drafts import DraftView, Edit
from headrace.services.versions.releases import Order, ReleaseView

KIND = "flow"


async def create_flow(call: Call) -> Values:
    """CreateFlow. A broken definition is accepted; preparing it tells what is wrong."""
    flow = await drafts.create(call.ports, call.principal, edit_of(call.params), token=call.token())
    return flow_members(call, flow)


async def get_flow(call: Call) -> Values:
    """GetFlow: the draft, and what was found when it was last prepared."""
    flow = await drafts.get(call.ports, call.principal, kind=KIND, ref=call.flow)
    if call.params.get("includedData") == "METADATA_ONLY":
        return {**flow_members(call, flow), "definition": None}
    return {**flow_members(call, flow), "validations": wire_findings(flow.draft.findings)}


async def update_flow(call: Call) -> Values:
    """UpdateFlow: replaces all; what is not given is gone."""
    flow = await drafts.update(call.ports, call.principal, ref=call.flow, edit=edit_of(call.params))
    return flow_members(call, flow)


async def delete_flow(call: Call) -> Values:
    """DeleteFlow."""
    is_forced = call.params.get("skipResourceInUseCheck", False)
    file = await drafts.delete(call.ports, call.principal, kind=KIND, ref=call.flow, is_forced=is_forced)
    return {"id": file.short_id}


async def list_flows(call: Call) -> Values:
    """ListFlows, newest first."""
    page = call.page()
    found = await drafts.list_drafts(
        call.ports, call.principal, kind=KIND, before=page.after_moment, take=page.size + 1
    )
    shown = found[: page.size]
    last = shown[-1].file if shown else None
    return {
        "flowSummaries": [_flow_summary(call, flow) for flow in shown],
        "nextToken": last and page.token_after_moment(len(found), last.created_at, last.id),
    }


async def prepare_flow(call: Call) -> Values:
    """PrepareFlow. The outcome is there at once, but the answer says what AWS's says (bedrock 1.3)."""
    flow = await drafts.prepare(call.ports, call.principal, ref=call.flow)
    return {"id": flow.file.short_id, "status": DraftStatus.PREPARING.value}


async def validate_flow_definition(call: Call) -> Values:
    """ValidateFlowDefinition: nothing is kept."""
    found = await drafts.check(call.ports, call.principal, call.params["definition"])
    return {"validations": [wire_finding(finding) for finding in found]}


async def create_flow_version(call: Call) -> Values:
    """CreateFlowVersion: the prepared snapshot under the next number."""
    order = Order(
        kind=KIND, ref=call.flow, description=call.params.get("description"), operation=call.operation
    )
    return version_members(call, await releases.create(call.ports, call.principal, order, token=call.token()))


async def get_flow_version(call: Call) -> Values:
    """GetFlowVersion."""
    found = await releases.get(
        call.ports, call.principal, kind=KIND, ref=call.flow, number=call.params["flowVersion"]
    )
    values = version_members(call, found)
    return {**values, "definition": None} if call.params.get("includedData") == "METADATA_ONLY" else values


async def list_flow_versions(call: Call) -> Values:
    """ListFlowVersions, highest number first."""
    page = call.page(call.flow)
    found = await releases.list_releases(
        call.ports, call.principal, kind=KIND, ref=call.flow, before=page.after, take=page.size + 1
    )
    shown = found[: page.size]
    return {
        "flowVersionSummaries": [_release_summary(call, one) for one in shown],
        "nextToken": page.token(len(found), shown[-1].release.number) if shown else None,
    }


async def delete_flow_version(call: Call) -> Values:
    """DeleteFlowVersion: takes the number back for ever."""
    gone = await releases.delete(
        call.ports,
        call.principal,
        kind=KIND,
        ref=call.flow,
        number=call.params["flowVersion"],
        is_forced=call.params.get("skipResourceInUseCheck", False),
    )
    return {"id": gone.file.short_id, "version": str(gone.release.number)}


def edit_of(params: Params) -> Edit:
    """What a request says of a flow."""
    return Edit(
        kind=KIND,
        short_name=params["name"],
        description=params.get("description"),
        content=write_content(
            definition=params.raw("definition") if "definition" in params else None,
            role=params["executionRoleArn"],
            key=params.get("customerEncryptionKeyArn"),
        ),
        labels=params.get("tags", {}),
    )


def _content(call: Call, content: FlowContent) -> dict[str, Any]:
    return {
        "executionRoleArn": call.default_role if content.role is msgspec.UNSET else content.role,
        "customerEncryptionKeyArn": None if content.key is msgspec.UNSET else content.key,
        "definition": None if content.definition is msgspec.UNSET else bytes(content.definition),
    }


def flow_members(call: Call, flow: DraftView) -> dict[str, Any]:
    """A flow and its draft as the wire shows them."""
    return {**_flow_summary(call, flow), **_content(call, read_content(flow.draft.content))}


def _flow_summary(call: Call, flow: DraftView) -> dict[str, Any]:
    file, draft = flow.file, flow.draft
    return {
        "name": file.short_name,
        "description": file.description,
        "id": file.short_id,
        "arn": call.place.flow_arn(file.short_id),
        "status": draft.status.value,
        "createdAt": file.created_at,
        "updatedAt": draft.updated_at,
        "version": DRAFT,
    }


def version_members(call: Call, made: ReleaseView) -> dict[str, Any]:
    """A flow's version as the wire shows it."""
    return {
        **_release_summary(call, made),
        "name": made.release.short_name,
        "description": made.release.description,
        **_content(call, read_content(made.release.content)),
    }


def _release_summary(call: Call, made: ReleaseView) -> dict[str, Any]:
    return {
        "id": made.file.short_id,
        "arn": call.place.flow_arn(made.file.short_id),
        "status": DraftStatus.PREPARED.value,
        "createdAt": made.release.created_at,
        "version": str(made.release.number),
    }
