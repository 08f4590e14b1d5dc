"""The Humanloop objects that responses about files are made of.

Every documented key is always there, with null when empty: a client that finds one missing takes the object
for another type (humanloop 0.3, 0.6, 1.1).
"""

from __future__ import annotations

from typing import Annotated, Any, Generic, Literal, TypeVar

import msgspec

from headrace.core.agents import OnCall
from headrace.core.kinds.evaluator import EvaluatorSpec
from headrace.core.links import Link
from headrace.core.prompts import ChatMessage, ResponseFormat, ToolFunction

Time = Annotated[str, msgspec.Meta(description="UTC, ISO 8601, with microseconds.")]
JsonObject = Annotated[msgspec.Raw, msgspec.Meta(extra_json_schema={"type": "object"})]


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


class InputResponse(msgspec.Struct, frozen=True, kw_only=True):
    """The name of what a version is used with (humanloop 2.10)."""

    name: str


class FileResponse(msgspec.Struct, frozen=True, kw_only=True):
    """What a version of a file of any kind is shown with (humanloop 0.9, 1.1)."""

    path: str
    id: str
    directory_id: str
    version_name: str | None
    version_description: str | None
    name: str
    description: str | None
    schema: dict[str, Any] | None
    readme: str | None
    tags: tuple[str, ...]
    version_id: str
    environments: tuple[EnvironmentResponse, ...]
    created_at: Time
    updated_at: Time
    created_by: UserResponse | None
    last_used_at: Time


class LoggedFileResponse(FileResponse, frozen=True, kw_only=True):
    """What a version of a file is shown with that has logs: all kinds but datasets."""

    version_logs_count: int
    evaluator_aggregates: tuple[EvaluatorAggregate, ...] | None
    evaluators: tuple[MonitoringEvaluatorResponse, ...]


class FlowResponse(LoggedFileResponse, frozen=True, kw_only=True):
    """A version of a flow (humanloop 1.1)."""

    attributes: JsonObject
    type: Literal["flow"]


class LinkedToolResponse(msgspec.Struct, frozen=True, kw_only=True):
    """A tool that a prompt refers to, as it is deployed."""

    id: str
    version_id: str
    name: str
    description: str
    strict: bool | None
    parameters: dict[str, Any] | None


class ModelFileResponse(LoggedFileResponse, frozen=True, kw_only=True):
    """What versions of prompts and of agents are shown with."""

    model: str
    endpoint: Literal["complete", "chat", "edit"] | None
    template: str | list[ChatMessage] | None
    template_language: Literal["default", "jinja"] | None
    provider: str | None
    max_tokens: int | None
    temperature: float | None
    top_p: float | None
    stop: str | list[str] | None
    presence_penalty: float | None
    frequency_penalty: float | None
    other: dict[str, Any] | None
    seed: int | None
    response_format: ResponseFormat | None
    reasoning_effort: Literal["high", "medium", "low"] | int | None
    attributes: dict[str, Any] | None
    total_logs_count: int
    inputs: tuple[InputResponse, ...]
    raw_file_content: str | None


class PromptResponse(ModelFileResponse, frozen=True, kw_only=True):
    """A version of a prompt (humanloop appendix A)."""

    tools: list[ToolFunction] | None
    linked_tools: list[LinkedToolResponse] | None
    type: Literal["prompt"]


class LinkedFileResponse(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="file"):
    """A tool of an agent that is a file, with that file; null when it is gone."""

    link: Link
    on_agent_call: OnCall | None
    file: AnyFile | None


class InlineToolResponse(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="inline"):
    """A tool of an agent that is no file."""

    json_schema: ToolFunction
    on_agent_call: OnCall | None


class AgentResponse(ModelFileResponse, frozen=True, kw_only=True):
    """A version of an agent (humanloop appendix A).

    Attributes:
        committed_by, committed_at, status: of former times, when versions were not final at once.
    """

    tools: list[LinkedFileResponse | InlineToolResponse]
    max_iterations: int | None
    committed_by: UserResponse | None
    committed_at: Time
    status: Literal["committed"]
    type: Literal["agent"]


class ToolResponse(LoggedFileResponse, frozen=True, kw_only=True):
    """A version of a tool (humanloop appendix A)."""

    function: ToolFunction | None
    source_code: str | None
    setup_values: dict[str, Any] | None
    attributes: dict[str, Any] | None
    tool_type: str | None
    signature: str | None
    total_logs_count: int
    inputs: tuple[InputResponse, ...]
    type: Literal["tool"]


class EvaluatorResponse(LoggedFileResponse, frozen=True, kw_only=True):
    """A version of an evaluator (humanloop appendix A)."""

    spec: EvaluatorSpec
    attributes: dict[str, Any] | None
    total_logs_count: int
    inputs: tuple[InputResponse, ...]
    type: Literal["evaluator"]


class CreateDatapoint(msgspec.Struct, frozen=True, kw_only=True):
    """A case of a dataset (humanloop appendix A). Null means absent."""

    inputs: dict[str, str] | None = None
    messages: list[ChatMessage] | None = None
    target: dict[str, str | int | float | bool | list[Any] | dict[str, Any]] | None = None


class DatapointResponse(CreateDatapoint, frozen=True, kw_only=True):
    """A case of a dataset, as it is kept."""

    id: str


class PaginatedDatapoints(msgspec.Struct, frozen=True, kw_only=True):
    """A page of datapoints (humanloop 0.7)."""

    records: list[DatapointResponse]
    page: int
    size: int
    total: int


class DatasetResponse(FileResponse, frozen=True, kw_only=True):
    """A version of a dataset (humanloop appendix A)."""

    type: Literal["dataset"]
    datapoints_count: int
    datapoints: list[DatapointResponse] | None
    attributes: dict[str, Any] | None


class VersionReference(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="version"):
    """One version of an evaluator."""

    version: EvaluatorResponse


class EnvironmentReference(msgspec.Struct, frozen=True, kw_only=True, tag_field="type", tag="environment"):
    """Whatever version of an evaluator is deployed to an environment."""

    file: EvaluatorResponse
    environment: EnvironmentResponse


class MonitoringEvaluatorResponse(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator that is attached to a file (humanloop 2.12)."""

    version_reference: VersionReference | EnvironmentReference
    version: EvaluatorResponse | None
    state: Literal["active", "inactive"]
    created_at: Time
    updated_at: Time


AnyFile = Annotated[
    msgspec.Raw,
    msgspec.Meta(
        extra_json_schema={
            "oneOf": [
                {"$ref": f"#/components/schemas/{one.__name__}"}
                for one in (
                    PromptResponse,
                    ToolResponse,
                    EvaluatorResponse,
                    DatasetResponse,
                    FlowResponse,
                    AgentResponse,
                )
            ]
        }
    ),
]
"""A version of a file of any kind; ``type`` tells which."""
Shown = TypeVar("Shown", bound=FileResponse)


class FileEnvironmentResponse(msgspec.Struct, Generic[Shown], frozen=True, kw_only=True):
    """An environment and what one file has in it (humanloop 1.14)."""

    id: str
    created_at: Time
    name: str
    tag: Literal["default", "other"]
    file: Shown | None


class PaginatedFiles(msgspec.Struct, Generic[Shown], frozen=True, kw_only=True):
    """A page of files (humanloop 0.7)."""

    records: list[Shown]
    page: int
    size: int
    total: int


class ListFiles(msgspec.Struct, Generic[Shown], frozen=True, kw_only=True):
    """All versions of a file."""

    records: list[Shown]
