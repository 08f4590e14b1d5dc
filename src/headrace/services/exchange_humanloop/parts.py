"""What is moved, piece by piece: each part says all about itself and names others by their ids.

Parts come in batches in the order of `Batch`'s members; a part that refers to another comes later.
"""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Annotated

import msgspec

from headrace.core.evaluations import RunStatus
from headrace.core.logs import LogStatus

NULL = msgspec.Raw(b"null")
Moment = Annotated[datetime, msgspec.Meta(tz=True)]
Whole = Annotated[int, msgspec.Meta(ge=-(2**63), le=2**63 - 1)]
"""A whole number that every store can hold."""


class Author(msgspec.Struct, frozen=True, kw_only=True):
    """Who made something."""

    id: str
    email: str
    full_name: str


class DirectoryPart(msgspec.Struct, frozen=True, kw_only=True):
    """A directory; the root has the empty path.

    Attributes:
        kept_id: the id it had; None when nobody knows it.
        created_at: at the latest then.
    """

    path: str
    kept_id: str | None
    created_at: Moment

    @property
    def id(self) -> str:
        return self.path or "the root"


class EnvironmentPart(msgspec.Struct, frozen=True, kw_only=True):
    """An environment.

    Attributes:
        created_at: None when nobody knows.
    """

    id: str
    name: str
    is_default: bool
    created_at: Moment | None = None


class FilePart(msgspec.Struct, frozen=True, kw_only=True):
    """A file without its versions.

    Attributes:
        path: where it was.
        is_stray: whether it was only found within logs or settings of others: it was deleted, or left out.
    """

    id: str
    kind: str
    path: str
    description: str | None = None
    readme: str | None = None
    tags: tuple[str, ...] = ()
    author: Author | None = None
    created_at: Moment
    updated_at: Moment
    is_stray: bool = False


class DatapointPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A datapoint of a dataset; the versions that have it come in a later batch.

    Attributes:
        value: its inputs, messages and target, as a request would send them.
    """

    id: str
    file_id: str
    value: msgspec.Raw


class VersionPart(msgspec.Struct, frozen=True, kw_only=True):
    """A version.

    Attributes:
        kind: of its file.
        content: the members that make it up, as a request would send them; of a dataset its attributes and,
            in their order, the digests of its datapoints.
        is_hidden: whether it is in no list and only logs show it.
    """

    id: str
    file_id: str
    kind: str
    content: msgspec.Raw
    name: str | None = None
    description: str | None = None
    author: Author | None = None
    created_at: Moment
    updated_at: Moment
    last_used_at: Moment
    is_hidden: bool = False


class DeploymentPart(msgspec.Struct, frozen=True, kw_only=True):
    """A version in an environment.

    Attributes:
        environment_name: for where it has another id.
    """

    file_id: str
    version_id: str
    environment_id: str
    environment_name: str

    @property
    def id(self) -> str:
        return f"{self.file_id} {self.environment_id}"


class MonitorPart(msgspec.Struct, frozen=True, kw_only=True):
    """An evaluator attached to a file: one version of it, or what an environment has.

    Attributes:
        environment_name: for where it has another id.
    """

    file_id: str
    evaluator_id: str
    version_id: str | None
    environment_id: str | None
    environment_name: str | None
    is_active: bool
    created_at: Moment
    updated_at: Moment

    @property
    def id(self) -> str:
        return f"{self.file_id} {self.version_id or f'{self.evaluator_id} {self.environment_id}'}"


class LogPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A log; its members are those of `headrace.core.logs.Log`.

    Attributes:
        parent_id: the log it is a child of.
        judgment: any JSON.
        payload: an object; its members are those of `headrace.core.logs.Payload`.
    """

    id: str
    kind: str
    file_id: str
    version_id: str
    created_at: Moment
    status: LogStatus | None = None
    start_time: Moment | None = None
    end_time: Moment | None = None
    provider_latency_s: float | None = None
    parent_id: str | None = None
    judged_id: str | None = None
    judgment: msgspec.Raw = NULL
    marked_completed: bool | None = None
    is_automatic: bool = False
    user: str | None = None
    environment: str | None = None
    source: str | None = None
    source_datapoint_id: str | None = None
    is_saved: bool = True
    prompt_tokens: Whole | None = None
    reasoning_tokens: Whole | None = None
    output_tokens: Whole | None = None
    prompt_cost: float | None = None
    output_cost: float | None = None
    finish_reason: str | None = None
    payload: msgspec.Raw = msgspec.Raw(b"{}")


class SeatPart(msgspec.Struct, frozen=True, kw_only=True):
    """A version of an evaluator that judges in an evaluation."""

    version_id: str
    is_orchestrated: bool
    added_at: Moment


class EvaluationPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """An evaluation of a file, without its runs."""

    id: str
    file_id: str
    name: str | None = None
    seats: tuple[SeatPart, ...] = ()
    author: Author | None = None
    created_at: Moment
    updated_at: Moment


class RunPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A run, without the evaluations that it is part of and without its logs.

    Attributes:
        file_id: the file that is evaluated.
        version_id: None: logs of any version.
    """

    id: str
    file_id: str
    version_id: str | None = None
    dataset_id: str | None = None
    dataset_version_id: str | None = None
    is_orchestrated: bool = False
    status: RunStatus
    author: Author | None = None
    created_at: Moment


class RunLinkPart(msgspec.Struct, frozen=True, kw_only=True):
    """A run as part of an evaluation."""

    evaluation_id: str
    run_id: str
    is_control: bool
    added_at: Moment

    @property
    def id(self) -> str:
        return f"{self.evaluation_id} {self.run_id}"


class RunLogPart(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A log as part of a run.

    Attributes:
        datapoint_id: the datapoint it was made from, as it was called.
        digest: of that datapoint, in case it is called otherwise here.
    """

    run_id: str
    log_id: str
    datapoint_id: str | None = None
    digest: str | None = None

    @property
    def id(self) -> str:
        return f"{self.run_id} {self.log_id}"


class Batch(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """Some parts, mostly all of one sort.

    Attributes:
        is_rehearsal: nothing is kept; what would happen is told.
    """

    directories: tuple[DirectoryPart, ...] = ()
    environments: tuple[EnvironmentPart, ...] = ()
    files: tuple[FilePart, ...] = ()
    datapoints: tuple[DatapointPart, ...] = ()
    versions: tuple[VersionPart, ...] = ()
    deployments: tuple[DeploymentPart, ...] = ()
    monitors: tuple[MonitorPart, ...] = ()
    logs: tuple[LogPart, ...] = ()
    evaluations: tuple[EvaluationPart, ...] = ()
    runs: tuple[RunPart, ...] = ()
    run_links: tuple[RunLinkPart, ...] = ()
    run_logs: tuple[RunLogPart, ...] = ()
    is_rehearsal: bool = False


class Act(StrEnum):
    """What was done about a part."""

    MADE = "made"
    UNCHANGED = "unchanged"
    """It was there, and just so."""
    DIFFERENT = "different"
    """It was there and is not like this; it was left alone."""
    REFUSED = "refused"
    """It could not be made."""


class Outcome(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """What became of one part.

    Attributes:
        note: why it was refused, how it differs, or what about it is not as it was.
    """

    id: str
    act: Act
    note: str | None = None
