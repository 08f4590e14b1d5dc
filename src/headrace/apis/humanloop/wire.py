"""The Humanloop objects that responses are made of, and how the domain becomes them.

Every documented key is always there, with null when empty: a client that finds one missing takes the object
for another type (humanloop 0.3, 0.6, 1.1).
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from functools import lru_cache
from typing import Annotated, Any, Literal

import msgspec

from headrace.core.access import User
from headrace.core.deployments import Environment
from headrace.services.views import DeploymentView, VersionView

Time = Annotated[str, msgspec.Meta(description="UTC, ISO 8601, with microseconds.")]
JsonObject = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]
_ISO_LENGTH = len("2025-05-01T12:00:00.123456")


class UserResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A user (humanloop 2.11)."""

    id: str
    email_address: str
    full_name: str


class EnvironmentResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An environment of the organisation (humanloop 0.9)."""

    id: str
    created_at: Time
    name: str
    tag: Literal["default", "other"]


class EvaluatorAggregate(msgspec.Struct, frozen=True, kw_only=True):
    """The mean judgment of one evaluator version on one file version (humanloop 2.13)."""

    value: float
    evaluator_id: str
    evaluator_version_id: str
    created_at: Time
    updated_at: Time


class FlowResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A version of a flow (humanloop 1.1)."""

    path: str
    id: str
    directory_id: str
    attributes: JsonObject
    version_name: str | None
    version_description: str | None
    name: str
    description: str | None
    schema: dict[str, Any] | None
    readme: str | None
    tags: tuple[str, ...]
    version_id: str
    type: Literal["flow"]
    environments: tuple[EnvironmentResponse, ...]
    created_at: Time
    updated_at: Time
    created_by: UserResponse | None
    last_used_at: Time
    version_logs_count: int
    evaluator_aggregates: tuple[EvaluatorAggregate, ...] | None
    evaluators: tuple[dict[str, Any], ...]


class FileEnvironmentResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An environment and what one file has in it (humanloop 1.14)."""

    id: str
    created_at: Time
    name: str
    tag: Literal["default", "other"]
    file: FlowResponse | None


class PaginatedFlows(msgspec.Struct, frozen=True, kw_only=True):
    """A page of flows (humanloop 0.7)."""

    records: list[FlowResponse]
    page: int
    size: int
    total: int


class ListFlows(msgspec.Struct, frozen=True, kw_only=True):
    """All versions of a flow."""

    records: list[FlowResponse]


class Renderer:
    """Makes responses.

    Args:
        timestamps_with_zone: whether times end in ``Z``. The original's did not, and its Python users compare
            them with naive times (humanloop 8.41).
    """

    def __init__(self, *, timestamps_with_zone: bool) -> None:
        self._zone = "Z" if timestamps_with_zone else ""

    def time(self, moment: datetime) -> str:
        """A moment in UTC, always with six digits of fraction."""
        return _iso(moment) + self._zone

    def environment(self, environment: Environment) -> EnvironmentResponse:
        return EnvironmentResponse(
            id=environment.id,
            created_at=self.time(environment.created_at),
            name=environment.name,
            tag=environment.tag.value,
        )

    def flow(
        self, view: VersionView, *, aggregates: tuple[EvaluatorAggregate, ...] | None = None
    ) -> FlowResponse:
        """A version of a flow.

        Args:
            aggregates: None when they were not asked for.
        """
        file, version = view.file, view.version
        return FlowResponse(
            path=file.path,
            id=file.id,
            directory_id=file.directory_id,
            attributes=msgspec.Raw(version.content),
            version_name=version.name,
            version_description=version.description,
            name=file.name,
            description=file.description,
            schema=None,
            readme=file.readme,
            tags=file.tags,
            version_id=version.id,
            type="flow",
            environments=tuple(self.environment(e) for e in view.environments),
            created_at=self.time(version.created_at),
            updated_at=self.time(version.updated_at),
            created_by=_user(view.created_by),
            last_used_at=self.time(version.last_used_at),
            version_logs_count=version.logs_count,
            evaluator_aggregates=aggregates,
            evaluators=(),
        )

    def flows(self, views: Iterable[VersionView]) -> list[FlowResponse]:
        return [self.flow(view) for view in views]

    def deployment(self, view: DeploymentView) -> FileEnvironmentResponse:
        """An environment with what a file has in it."""
        environment = view.environment
        return FileEnvironmentResponse(
            id=environment.id,
            created_at=self.time(environment.created_at),
            name=environment.name,
            tag=environment.tag.value,
            file=None if view.deployed is None else self.flow(view.deployed),
        )


@lru_cache(maxsize=1000)  # the times of a version are mostly one time, and those of environments never change
def _iso(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")[:_ISO_LENGTH]


def _user(user: User | None) -> UserResponse | None:
    if user is None:
        return None
    return UserResponse(id=user.id, email_address=user.email, full_name=user.full_name)
