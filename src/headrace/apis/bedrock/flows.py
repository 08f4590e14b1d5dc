"""The operations on flows and their versions (bedrock 1.4): wire members in, wire members out."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.codec import Params
from headrace.apis.bedrock.findings import wire_findings
from headrace.apis.bedrock.paging import page_size, read_token, write_token
from headrace.core.access import Principal
from headrace.core.kinds.flow import FlowContent, read_content, write_content
from headrace.core.versions import DRAFT, DraftStatus
from headrace.services import drafts, releases
from headrace.services.base import Ports
from headrace.services.drafts import Edit, FlowView
from headrace.services.receipts import Token
from headrace.services.releases import ReleaseView

Values = Mapping[str, Any]

_sorted = msgspec.json.Encoder(order="sorted").encode


@dataclass(frozen=True, slots=True, kw_only=True)
class Call:
    """One call of an operation.

    Attributes:
        default_role: shown for flows that have no execution role, since responses must have one.
    """

    operation: str
    ports: Ports
    principal: Principal
    params: Params
    place: Place
    default_role: str

    @property
    def flow(self) -> str:
        """The id of the flow that the call is about."""
        return self.place.flow_ref(self.params["flowIdentifier"])

    def token(self) -> Token | None:
        """The client token and a hash of everything else in the request but the flow's identifier.

        An id and an ARN name the same flow, so the identifier is not compared but looked up.
        """
        text = self.params.get("clientToken")
        if text is None:
            return None
        rest = {k: v for k, v in self.params.items() if k not in ("clientToken", "flowIdentifier")}
        return Token(text=text, request_hash=hashlib.sha256(_sorted(rest)).hexdigest())


async def create_flow(call: Call) -> Values:
    """CreateFlow. A broken definition is accepted; preparing it tells what is wrong."""
    flow = await drafts.create(call.ports, call.principal, _edit(call.params), token=call.token())
    return _flow(call, flow)


async def get_flow(call: Call) -> Values:
    """GetFlow: the draft, and what was found when it was last prepared."""
    flow = await drafts.get(call.ports, call.principal, ref=call.flow)
    if call.params.get("includedData") == "METADATA_ONLY":
        return {**_flow(call, flow), "definition": None}
    return {**_flow(call, flow), "validations": wire_findings(flow.draft.findings)}


async def update_flow(call: Call) -> Values:
    """UpdateFlow: replaces all; what is not given is gone."""
    flow = await drafts.update(call.ports, call.principal, ref=call.flow, edit=_edit(call.params))
    return _flow(call, flow)


async def delete_flow(call: Call) -> Values:
    """DeleteFlow."""
    is_forced = call.params.get("skipResourceInUseCheck", False)
    file = await drafts.delete(call.ports, call.principal, ref=call.flow, is_forced=is_forced)
    return {"id": file.short_id}


async def list_flows(call: Call) -> Values:
    """ListFlows, newest first."""
    vault, size = call.ports.vault, page_size(call.params.get("maxResults"))
    after = read_token(vault, call.params.get("nextToken"), of=_list_name(call))
    before = None if after is None else (datetime.fromisoformat(after[0]), str(after[1]))
    flows = await drafts.list_flows(call.ports, call.principal, before=before, take=size + 1)
    token = None
    if len(flows) > size:
        last = flows[size - 1].file
        token = write_token(vault, of=_list_name(call), after=(last.created_at.isoformat(), last.id))
    return {"flowSummaries": [_flow_summary(call, flow) for flow in flows[:size]], "nextToken": token}


async def prepare_flow(call: Call) -> Values:
    """PrepareFlow. The outcome is there at once, but the answer says what AWS's says (bedrock 1.3)."""
    flow = await drafts.prepare(call.ports, call.principal, ref=call.flow)
    return {"id": flow.file.short_id, "status": DraftStatus.PREPARING.value}


async def create_flow_version(call: Call) -> Values:
    """CreateFlowVersion: the prepared snapshot under the next number."""
    made = await releases.create(
        call.ports,
        call.principal,
        ref=call.flow,
        description=call.params.get("description"),
        token=call.token(),
        operation=call.operation,
    )
    return _release(call, made)


async def get_flow_version(call: Call) -> Values:
    """GetFlowVersion."""
    found = await releases.get(call.ports, call.principal, ref=call.flow, number=call.params["flowVersion"])
    values = _release(call, found)
    return {**values, "definition": None} if call.params.get("includedData") == "METADATA_ONLY" else values


async def list_flow_versions(call: Call) -> Values:
    """ListFlowVersions, highest number first."""
    vault, size = call.ports.vault, page_size(call.params.get("maxResults"))
    of = _list_name(call, call.flow)
    before = read_token(vault, call.params.get("nextToken"), of=of)
    found = await releases.list_releases(
        call.ports, call.principal, ref=call.flow, before=before, take=size + 1
    )
    token = write_token(vault, of=of, after=found[size - 1].release.number) if len(found) > size else None
    return {"flowVersionSummaries": [_release_summary(call, one) for one in found[:size]], "nextToken": token}


async def delete_flow_version(call: Call) -> Values:
    """DeleteFlowVersion: takes the number back for ever."""
    gone = await releases.delete(
        call.ports,
        call.principal,
        ref=call.flow,
        number=call.params["flowVersion"],
        is_forced=call.params.get("skipResourceInUseCheck", False),
    )
    return {"id": gone.file.short_id, "version": str(gone.release.number)}


def _list_name(call: Call, parent: str = "") -> str:
    return f"{call.operation} {call.principal.account} {parent}"


def _edit(params: Params) -> Edit:
    return Edit(
        short_name=params["name"],
        description=params.get("description"),
        content=write_content(
            definition=params.raw("definition") if "definition" in params else None,
            role=params["executionRoleArn"],
            key=params.get("customerEncryptionKeyArn"),
        ),
    )


def _content(call: Call, content: FlowContent) -> dict[str, Any]:
    return {
        "executionRoleArn": call.default_role if content.role is msgspec.UNSET else content.role,
        "customerEncryptionKeyArn": None if content.key is msgspec.UNSET else content.key,
        "definition": None if content.definition is msgspec.UNSET else bytes(content.definition),
    }


def _flow(call: Call, flow: FlowView) -> dict[str, Any]:
    return {**_flow_summary(call, flow), **_content(call, read_content(flow.draft.content))}


def _flow_summary(call: Call, flow: FlowView) -> dict[str, Any]:
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


def _release(call: Call, made: ReleaseView) -> dict[str, Any]:
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
