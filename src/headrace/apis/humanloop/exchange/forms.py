"""The objects of an export as far as they are read; whatever else they hold is passed over.

They are what the API answered, in any of its ages, so hardly anything is required (humanloop 6, 11-12).
"""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any

import msgspec

NULL = msgspec.Raw(b"null")
MAX_COUNT = 2**53


class EnvironmentForm(msgspec.Struct, frozen=True):
    """An environment within a version."""

    id: str
    name: str
    tag: str = "other"
    created_at: datetime | None = None


class DeploymentForm(msgspec.Struct, frozen=True):
    """A line of ``deployments.json``."""

    version_id: str
    environment_id: str
    environment_name: str
    environment_tag: str = "other"


class UserForm(msgspec.Struct, frozen=True):
    """The usual form of ``created_by``."""

    id: str
    email_address: str
    full_name: str = ""


class ReferenceForm(msgspec.Struct, frozen=True):
    """What a monitoring evaluator goes by: a version, or an environment of a file."""

    type: str = "version"
    version: msgspec.Raw = NULL
    file: msgspec.Raw = NULL
    environment: EnvironmentForm | None = None


class MonitorForm(msgspec.Struct, frozen=True):
    """A monitoring evaluator."""

    version_reference: ReferenceForm
    state: str = "active"
    version: msgspec.Raw = NULL
    created_at: datetime | None = None
    updated_at: datetime | None = None


class IdentityForm(msgspec.Struct, frozen=True):
    """As much of a version as tells which one it is."""

    id: str
    version_id: str
    created_at: datetime | None = None


class VersionForm(msgspec.Struct, frozen=True):
    """A version of a file of any kind, without its content.

    Attributes:
        commit_message: what a description was called once.
        status: once ``deleted`` for a version that is hidden.
    """

    id: str
    path: str
    version_id: str
    type: str | None = None
    directory_id: str | None = None
    version_name: str | None = None
    version_description: str | None = None
    commit_message: str | None = None
    description: str | None = None
    readme: str | None = None
    tags: list[str] | None = None
    environments: list[EnvironmentForm] | None = None
    evaluators: list[msgspec.Raw] | None = None
    status: str | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    last_used_at: datetime | None = None
    created_by: Any = None
    version_logs_count: int | None = None
    datapoints_count: int | None = None


class DatapointForm(msgspec.Struct, frozen=True):
    """A datapoint."""

    id: str


class NestForm(msgspec.Struct, frozen=True):
    """The logs within a log."""

    id: str
    trace_children: list[msgspec.Raw] | None = None
    evaluator_logs: list[msgspec.Raw] | None = None
    parent: msgspec.Raw = NULL


class LogForm(msgspec.Struct, frozen=True):
    """A log of any kind.

    Attributes:
        parent_id: what an evaluator's log judges.
        trace_status: what ``log_status`` was called until 2025.
    """

    id: str
    flow: msgspec.Raw = NULL
    prompt: msgspec.Raw = NULL
    tool: msgspec.Raw = NULL
    evaluator: msgspec.Raw = NULL
    agent: msgspec.Raw = NULL
    messages: msgspec.Raw = NULL
    output_message: msgspec.Raw = NULL
    inputs: msgspec.Raw = NULL
    output: str | None = None
    error: str | None = None
    stdout: str | None = None
    provider_request: msgspec.Raw = NULL
    provider_response: msgspec.Raw = NULL
    metadata: msgspec.Raw = NULL
    tool_choice: msgspec.Raw = NULL
    start_time: datetime | None = None
    end_time: datetime | None = None
    created_at: datetime | None = None
    provider_latency: float | None = None
    source: str | None = None
    log_status: str | None = None
    trace_status: str | None = None
    source_datapoint_id: str | None = None
    trace_parent_id: str | None = None
    user: str | None = None
    environment: str | None = None
    save: bool | None = None
    prompt_tokens: int | None = None
    reasoning_tokens: int | None = None
    output_tokens: int | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    finish_reason: str | None = None
    parent_id: str | None = None
    judgment: msgspec.Raw = NULL
    marked_completed: bool | None = None


class SeatForm(msgspec.Struct, frozen=True):
    """Who judges in an evaluation."""

    version: msgspec.Raw
    orchestrated: bool = False
    added_at: datetime | None = None


class EvaluationForm(msgspec.Struct, frozen=True):
    """An evaluation."""

    id: str
    file_id: str | None = None
    name: str | None = None
    evaluators: list[SeatForm] | None = None
    created_at: datetime | None = None
    updated_at: datetime | None = None
    created_by: Any = None


class RunForm(msgspec.Struct, frozen=True):
    """A run as part of an evaluation."""

    id: str
    dataset: msgspec.Raw = NULL
    version: msgspec.Raw = NULL
    orchestrated: bool = False
    status: str = "completed"
    control: bool = False
    added_at: datetime | None = None
    created_at: datetime | None = None
    created_by: Any = None


class RunStatsForm(msgspec.Struct, frozen=True):
    """How many logs a run is said to have."""

    run_id: str
    num_logs: Annotated[int, msgspec.Meta(ge=0, le=MAX_COUNT)] = 0


class StatsForm(msgspec.Struct, frozen=True):
    """The stats of an evaluation."""

    run_stats: list[RunStatsForm] = []


class EvaluationLogForm(msgspec.Struct, frozen=True):
    """A line of an evaluation's logs."""

    run_id: str | None = None
    datapoint: msgspec.Raw = NULL
    log: msgspec.Raw = NULL
    evaluator_logs: list[msgspec.Raw] | None = None
