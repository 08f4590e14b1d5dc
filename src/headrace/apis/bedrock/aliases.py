"""The operations on aliases of flows (bedrock 1.4): wire members in, wire members out."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from headrace.apis.bedrock.call import Call, Values
from headrace.core.deployments import Alias, Concurrency
from headrace.core.errors import Invalid
from headrace.core.ids import DRAFT_ALIAS
from headrace.services.deployments import aliases
from headrace.services.deployments.aliases import AliasEdit, AliasView

NEWER_THAN_ALL = datetime(9999, 1, 1, tzinfo=UTC)


async def create_flow_alias(call: Call) -> Values:
    """CreateFlowAlias."""
    made = await aliases.create(
        call.ports,
        call.principal,
        ref=call.flow,
        edit=edit_of(call),
        labels=call.params.get("tags", {}),
        token=call.token(),
    )
    return alias_members(call, made)


async def get_flow_alias(call: Call) -> Values:
    """GetFlowAlias."""
    flow, alias = _identified(call)
    return alias_members(call, await aliases.get(call.ports, call.principal, ref=flow, alias=alias))


async def update_flow_alias(call: Call) -> Values:
    """UpdateFlowAlias: replaces all; the next call already goes where it points now."""
    flow, alias = _identified(call)
    changed = await aliases.update(call.ports, call.principal, ref=flow, alias=alias, edit=edit_of(call))
    return alias_members(call, changed)


async def delete_flow_alias(call: Call) -> Values:
    """DeleteFlowAlias."""
    flow, alias = _identified(call)
    gone = await aliases.delete(call.ports, call.principal, ref=flow, alias=alias)
    return {"flowId": gone.file.short_id, "id": gone.alias.id}


async def list_flow_aliases(call: Call) -> Values:
    """ListFlowAliases: TSTALIASID, then newest first."""
    page = call.page(call.flow)
    found = await aliases.list_aliases(
        call.ports, call.principal, ref=call.flow, before=page.after_moment, take=page.size + 1
    )
    shown = found[: page.size]
    last = shown[-1].alias if shown else None
    return {
        "flowAliasSummaries": [alias_members(call, one) for one in shown],
        "nextToken": last and page.token_after_moment(len(found), _moment(last), last.id),
    }


def _moment(alias: Alias) -> datetime:
    """What an alias is ordered by; the born one is as old as its flow, but comes before all others."""
    return NEWER_THAN_ALL if alias.id == DRAFT_ALIAS else alias.created_at


def _identified(call: Call) -> tuple[str, str]:
    """The flow and the alias that a path names; an alias's ARN must agree with the flow."""
    return call.flow, call.place.alias_ref(call.params["aliasIdentifier"], flow=call.flow)


def edit_of(call: Call) -> AliasEdit:
    """What a request says of an alias."""
    (route,) = call.params["routingConfiguration"]
    if "flowVersion" not in route:
        raise Invalid.at(
            "routingConfiguration", 0, "flowVersion", message="Member must not be null", kind="missing"
        )
    limit = call.params.get("concurrencyConfiguration")
    return AliasEdit(
        name=call.params["name"],
        description=call.params.get("description"),
        concurrency=limit and Concurrency(mode=limit["type"], most=limit.get("maxConcurrency")),
        target=route["flowVersion"],
    )


def alias_members(call: Call, found: AliasView) -> dict[str, Any]:
    """An alias as the wire shows it."""
    alias, flow_id = found.alias, found.file.short_id
    limit = alias.concurrency
    return {
        "name": alias.name,
        "description": alias.description,
        "routingConfiguration": [{"flowVersion": found.target}],
        "concurrencyConfiguration": limit and {"type": limit.mode, "maxConcurrency": limit.most},
        "flowId": flow_id,
        "id": alias.id,
        "arn": call.place.alias_arn(flow_id, alias.id),
        "createdAt": alias.created_at,
        "updatedAt": alias.updated_at,
    }
