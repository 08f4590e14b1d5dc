"""From the objects of an export to parts. Total: what can't be read is told and passed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol, TypeVar

import msgspec

from headrace.apis.humanloop.dataset_requests import read_case
from headrace.apis.humanloop.exchange.folder import Folder, Found
from headrace.apis.humanloop.exchange.forms import (
    DatapointForm,
    DeploymentForm,
    EnvironmentForm,
    EvaluationLogForm,
    IdentityForm,
    LogForm,
    MonitorForm,
    NestForm,
    VersionForm,
)
from headrace.apis.humanloop.exchange.lenient import Unreadable, readable, utc
from headrace.apis.humanloop.exchange.translation import (
    directory_part,
    file_part,
    kind_of,
    log_part,
    monitor_part,
    version_part,
)
from headrace.core.errors import Invalid
from headrace.services.exchange_humanloop.datasets import DATASET
from headrace.services.exchange_humanloop.parts import (
    DatapointPart,
    DeploymentPart,
    DirectoryPart,
    EnvironmentPart,
    FilePart,
    LogPart,
    MonitorPart,
    VersionPart,
)

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode
LOG_KINDS = ("flow", "prompt", "tool", "evaluator", "agent")


class Sink(Protocol):
    """Takes what was read. Of things with one id it keeps the first; of logs it merges all copies."""

    def directory(self, part: DirectoryPart) -> None: ...

    def environment(self, part: EnvironmentPart) -> None: ...

    def file(self, part: FilePart) -> None: ...

    def version(self, part: VersionPart, *, logs_count: int | None) -> None:
        """``logs_count``: how many logs it is said to have; None when nobody says."""

    def knows_version(self, id: str) -> bool: ...

    def deployment(self, part: DeploymentPart) -> None: ...

    def monitor(self, part: MonitorPart) -> None: ...

    def log(self, part: LogPart) -> None: ...

    def datapoint(self, part: DatapointPart, *, digest: str) -> None:
        """Of equal ones of a file it keeps the first."""

    def datapoints(self, *, version_id: str, path: str, expected: int | None, found: int) -> None: ...

    def evaluations(self, *, evaluations: int, runs: int) -> None: ...

    def trouble(self, source: str, reason: str) -> None:
        """Something can't be read."""

    def repaired(self) -> None:
        """Something was no strict JSON and was read as near as can be."""


class Reader:
    """Reads folders. First the facts of all of them, then their logs."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def read_facts(self, folder: Folder) -> None:
        """The file, its versions, deployments, monitoring and what is counted only."""
        facts = folder.facts()
        if facts is None:
            self._sink.trouble(f"files/{folder.id}", "it has no file.json")
        if not folder.is_whole:
            self._sink.trouble(f"files/{folder.id}", "the export did not finish this folder")
        for found in folder.versions():
            self._version(found, folder)
        if facts is not None:
            self._version(facts, folder)
        self._deployments(folder)
        self._sink.evaluations(evaluations=folder.count_evaluations(), runs=folder.count_runs())

    def read_logs(self, folder: Folder) -> None:
        """The file's logs and those of its evaluations, with all that is within them."""
        for found in folder.logs():
            self._line(found, self._nest)
        for found in folder.evaluation_logs():
            self._line(found, self._evaluation_log)

    def _version(self, found: Found, folder: Folder | None) -> None:
        """A version; one that only something else shows is in no folder."""
        text = self._text(found)
        form = None if text is None else self._decoded(found.source, text, VersionForm)
        if text is None or form is None:
            return
        try:
            self._keep_version(found.source, text, form, folder)
        except (msgspec.ValidationError, ValueError, OverflowError) as error:
            self._sink.trouble(found.source, str(error))

    def _keep_version(self, source: str, text: bytes, form: VersionForm, folder: Folder | None) -> None:
        is_stray = folder is None
        kind = kind_of(form.type, form.id)
        if kind is None:
            self._sink.trouble(source, f"nothing says of what kind `{form.id}` is")
            return
        members = msgspec.json.decode(text, type=dict[str, msgspec.Raw])
        if kind == DATASET:
            members["datapoints"] = msgspec.Raw(_encode(self._datapoints(form, folder)))
        file = file_part(form, kind, is_stray=is_stray)
        part = version_part(form, kind, members, is_stray=is_stray)
        self._sink.directory(directory_part(form))
        self._sink.file(file)
        self._sink.version(part, logs_count=None if is_stray else form.version_logs_count)
        for environment in form.environments or ():
            self._environment(environment)
            self._deployment(form.id, form.version_id, environment.id, environment.name)
        for raw in form.evaluators or ():
            self._monitor(source, form.id, bytes(raw))

    def _datapoints(self, form: VersionForm, folder: Folder | None) -> list[str]:
        """The digests of a version's datapoints, in order; of one that was read before none."""
        if folder is None or self._sink.knows_version(form.version_id):
            return []
        digests: list[str] = []
        for found in folder.datapoints(form.version_id):
            text = self._text(found)
            named = None if text is None else self._decoded(found.source, text, DatapointForm)
            if text is None or named is None:
                continue
            try:
                digests.append(read_case(text).digest)
            except Invalid as error:
                self._sink.trouble(found.source, error.message)
                continue
            part = DatapointPart(id=named.id, file_id=form.id, value=msgspec.Raw(text))
            self._sink.datapoint(part, digest=digests[-1])
        self._sink.datapoints(
            version_id=form.version_id, path=form.path, expected=form.datapoints_count, found=len(digests)
        )
        return digests

    def _environment(self, form: EnvironmentForm) -> None:
        self._sink.environment(
            EnvironmentPart(
                id=form.id, name=form.name, is_default=form.tag == "default", created_at=utc(form.created_at)
            )
        )

    def _monitor(self, source: str, file_id: str, text: bytes) -> None:
        form = self._decoded(source, text, MonitorForm)
        if form is None:
            return
        reference = form.version_reference
        for raw in (reference.version, reference.file, form.version):
            self._embedded(source, bytes(raw))
        named = reference.version if reference.type == "version" else reference.file
        identity = self._decoded(source, bytes(named), IdentityForm)
        if reference.environment is not None:
            self._environment(reference.environment)
        if identity is not None:
            self._sink.monitor(monitor_part(file_id, form, identity))

    def _deployments(self, folder: Folder) -> None:
        found = folder.deployments()
        text = None if found is None else self._text(found)
        if found is None or text is None:
            return
        for form in self._decoded(found.source, text, list[DeploymentForm]) or ():
            self._sink.environment(
                EnvironmentPart(
                    id=form.environment_id,
                    name=form.environment_name,
                    is_default=form.environment_tag == "default",
                )
            )
            self._deployment(folder.id, form.version_id, form.environment_id, form.environment_name)

    def _deployment(self, file_id: str, version_id: str, environment_id: str, name: str) -> None:
        self._sink.deployment(
            DeploymentPart(
                file_id=file_id, version_id=version_id, environment_id=environment_id, environment_name=name
            )
        )

    def _embedded(self, source: str, text: bytes) -> IdentityForm | None:
        """A version within something else: perhaps its only copy (humanloop 6, quirk 5)."""
        if text == b"null":
            return None
        identity = self._decoded(source, text, IdentityForm)
        if identity is not None and not self._sink.knows_version(identity.version_id):
            self._version(Found(f"{source} ({identity.version_id})", text), None)
        return identity

    def _line(self, found: Found, read: Callable[[str, bytes], None]) -> None:
        text = self._text(found)
        if text is not None:
            read(found.source, text)

    def _evaluation_log(self, source: str, text: bytes) -> None:
        form = self._decoded(source, text, EvaluationLogForm)
        if form is not None and bytes(form.log) != b"null":
            self._nest(source, bytes(form.log))
            for raw in form.evaluator_logs or ():
                self._nest(source, bytes(raw))

    def _nest(self, source: str, text: bytes) -> None:
        """A log and those within it; in a loop, since traces may be deep."""
        waiting = [_Place(text=text)]
        while waiting:
            place = waiting.pop()
            nest = self._decoded(source, place.text, NestForm)
            if nest is None:
                continue
            self._log(source, place)
            waiting += [_Place(text=bytes(one), parent_id=nest.id) for one in nest.trace_children or ()]
            waiting += [_Place(text=bytes(one), judged_id=nest.id) for one in nest.evaluator_logs or ()]
            if bytes(nest.parent) != b"null":
                waiting.append(_Place(text=bytes(nest.parent)))

    def _log(self, source: str, place: _Place) -> None:
        form = self._decoded(source, place.text, LogForm)
        if form is None:
            return
        embedded = {kind: bytes(getattr(form, kind)) for kind in LOG_KINDS}
        kind = next((kind for kind, text in embedded.items() if text != b"null"), None)
        identity = None if kind is None else self._embedded(source, embedded[kind])
        if kind is None or identity is None:
            self._sink.trouble(source, f"log `{form.id}` does not say of which version it is")
            return
        try:
            part = log_part(form, kind, identity, parent_id=place.parent_id, judged_id=place.judged_id)
        except ValueError as error:
            self._sink.trouble(source, f"log `{form.id}`: {error}")
            return
        self._sink.log(part)

    def _text(self, found: Found) -> bytes | None:
        """A text as strict JSON."""
        try:
            text, is_repaired = readable(found.text)
        except Unreadable as error:
            self._sink.trouble(found.source, f"this is no JSON: {error}")
            return None
        if is_repaired:
            self._sink.repaired()
        return text

    def _decoded(self, source: str, text: bytes, form: type[T]) -> T | None:
        try:
            return msgspec.json.decode(text, type=form)
        except (msgspec.ValidationError, OverflowError) as error:
            self._sink.trouble(source, str(error))
            return None


@dataclass(frozen=True, slots=True, kw_only=True)
class _Place:
    """A log within another.

    Attributes:
        parent_id: the log it is a child of, by where it stands.
        judged_id: the log it judges, likewise.
    """

    text: bytes
    parent_id: str | None = None
    judged_id: str | None = None
