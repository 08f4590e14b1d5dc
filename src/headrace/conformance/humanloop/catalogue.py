"""Every check of Humanloop."""

from __future__ import annotations

from headrace.conformance.humanloop import (
    directories,
    evaluations,
    files,
    kinds,
    logs,
    protocol,
    traces,
    upsert,
    versions,
)

AREAS = (
    protocol.auth,
    protocol.area,
    *upsert.AREAS,
    *files.AREAS,
    *versions.AREAS,
    directories.area,
    *logs.AREAS,
    traces.area,
    *kinds.AREAS,
    evaluations.area,
)

CHECKS = tuple(check for area in AREAS for check in area.checks)
