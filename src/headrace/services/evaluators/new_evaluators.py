"""Evaluators as whoever writes one in a form has them kept: the way every version of a file is."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from headrace.core.access import Principal
from headrace.core.kinds import evaluator
from headrace.services.base import Ports
from headrace.services.evaluators import evaluator_types
from headrace.services.versions import versions
from headrace.services.versions.versions import Submission
from headrace.services.versions.views import VersionView


class NewEvaluator(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator to be, or a new version of one.

    Attributes:
        ref: its id; or None.
        path: where it is to be; or None. One of the two is needed.
        name: of the version.
        description: of the version.
    """

    ref: str | None
    path: str | None
    spec: Mapping[str, Any]
    name: str | None = None
    description: str | None = None


async def keep(ports: Ports, principal: Principal, new: NewEvaluator) -> VersionView:
    """Find the version with this content, or make it; make the evaluator too when its path is free.

    Raises:
        Invalid, NotFound, AlreadyExists: as `versions.upsert`; Invalid also of a spec that breaks a rule.
    """
    _, content = evaluator_types.read_new(new.spec)
    submission = Submission(
        kind=evaluator.KIND.name,
        ref=new.ref,
        path=new.path,
        content=msgspec.json.encode(content),
        parsed=content,
        name=new.name,
        description=new.description,
    )
    return await versions.upsert(ports, principal, submission)
