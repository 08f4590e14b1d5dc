"""Every check of Bedrock."""

from __future__ import annotations

from headrace.conformance.bedrock import (
    aliases,
    auth,
    constraints,
    executions,
    findings,
    flow_changes,
    flow_lists,
    flows,
    invoke,
    invoke_refusals,
    invoke_runs,
    prompts,
    protocol,
    shapes,
    tags,
    versions,
)

AREAS = (
    protocol.area,
    auth.area,
    constraints.area,
    flows.create,
    flows.get,
    flow_changes.update,
    flow_changes.delete,
    flow_lists.listing,
    flow_lists.prepare,
    *findings.AREAS,
    *versions.AREAS,
    *aliases.AREAS,
    tags.area,
    *prompts.AREAS,
    invoke.stream,
    invoke_runs.runs,
    invoke_refusals.refusals,
    *executions.AREAS,
    shapes.area,
)

CHECKS = tuple(check for area in AREAS for check in area.checks)
