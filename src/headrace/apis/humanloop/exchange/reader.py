"""From the objects of an export to parts. Total: what can't be read is told and passed over."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import msgspec

from headrace.apis.humanloop.dataset_requests import read_case
from headrace.apis.humanloop.exchange.folder import Folder, Found, FoundEvaluation
from headrace.apis.humanloop.exchange.forms import (
    DatapointForm,
    DeploymentForm,
    EnvironmentForm,
    EvaluationForm,
    EvaluationLogForm,
    IdentityForm,
    LogForm,
    MonitorForm,
    NestForm,
    RunForm,
    StatsForm,
    VersionForm,
)
from headrace.apis.humanloop.exchange.lenient import Unreadable, readable, utc
from headrace.apis.humanloop.exchange.sink import Sink
from headrace.apis.humanloop.exchange.translation import (
    directory_part,
    evaluation_part,
    file_part,
    kind_of,
    log_part,
    monitor_part,
    run_link_part,
    run_part,
    version_part,
)
from headrace.core.errors import Invalid
from headrace.services.exchange_humanloop.datasets import DATASET
from headrace.services.exchange_humanloop.parts import (
    DatapointPart,
    DeploymentPart,
    EnvironmentPart,
    RunLogPart,
)

T = TypeVar("T")
_encode = msgspec.json.Encoder().encode
LOG_KINDS = ("flow", "prompt", "tool", "evaluator", "agent")


class Reader:
    """Reads folders. First the facts of all of them, then their evaluations, then the logs."""

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._strays: dict[str, IdentityForm] = {}
        """By run, the versions of datasets that only runs show."""

    def read_facts(self, folder: Folder) -> None:
        """The file, its versions, deployments and monitoring."""
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

    def read_evaluations(self, folder: Folder) -> None:
        """The file's evaluations, with who judges in them and their runs."""
        for found in folder.evaluations():
            evaluation_id = self._evaluation(found, folder)
            if evaluation_id is not None:
                for run in found.runs:
                    self._run(run, evaluation_id, folder)
                self._stats(found)

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
        logs_count = None if is_stray else form.version_logs_count
        self._sink.version(part, logs_count=logs_count, is_stray=is_stray)
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

    def _evaluation(self, found: FoundEvaluation, folder: Folder) -> str | None:
        """An evaluation's id; None when it can't be read."""
        if found.facts is None:
            self._sink.trouble(found.source, "it has no evaluation.json")
            return None
        form = self._form(found.facts, EvaluationForm)
        if form is None:
            return None
        judges = [self._embedded(found.source, bytes(one.version)) for one in form.evaluators or ()]
        try:
            part = evaluation_part(form, folder.id, judges)
        except ValueError as error:
            self._sink.trouble(found.source, str(error))
            return None
        self._sink.evaluation(part)
        return part.id

    def _run(self, found: Found, evaluation_id: str, folder: Folder) -> None:
        form = self._form(found, RunForm)
        if form is None:
            return
        stray = self._new_identity(found.source, bytes(form.dataset))
        dataset, version = (self._embedded(found.source, bytes(one)) for one in (form.dataset, form.version))
        try:
            part = run_part(form, folder.id, dataset=dataset, version=version)
        except ValueError as error:
            self._sink.trouble(found.source, str(error))
            return
        if stray is not None:
            self._strays[part.id] = stray
        self._sink.run(part, run_link_part(form, evaluation_id))

    def _new_identity(self, source: str, text: bytes) -> IdentityForm | None:
        """A version within something else that only runs show."""
        identity = None if text == b"null" else self._decoded(source, text, IdentityForm)
        if identity is None or identity in self._strays.values():
            return identity
        return None if self._sink.knows_version(identity.version_id) else identity

    def _stats(self, found: FoundEvaluation) -> None:
        form = None if found.stats is None else self._form(found.stats, StatsForm)
        for one in () if form is None else form.run_stats:
            self._sink.run_stats(run_id=one.run_id, source=found.source, expected=one.num_logs)

    def _form(self, found: Found, form: type[T]) -> T | None:
        text = self._text(found)
        return None if text is None else self._decoded(found.source, text, form)

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
            self._run_log(source, form)

    def _run_log(self, source: str, form: EvaluationLogForm) -> None:
        log = self._decoded(source, bytes(form.log), NestForm)
        if log is None or form.run_id is None:
            return
        text = bytes(form.datapoint)
        point = None if text == b"null" else self._decoded(source, text, DatapointForm)
        digest: str | None = None
        try:
            digest = None if point is None else read_case(text).digest
        except Invalid as error:
            self._sink.trouble(source, error.message)
        stray = self._strays.get(form.run_id)
        if point is not None and digest is not None and stray is not None:
            part = DatapointPart(id=point.id, file_id=stray.id, value=msgspec.Raw(text))
            self._sink.datapoint(part, digest=digest)
            self._sink.member(version_id=stray.version_id, digest=digest)
        self._sink.run_log(
            RunLogPart(
                run_id=form.run_id,
                log_id=log.id,
                datapoint_id=None if point is None else point.id,
                digest=digest,
            )
        )

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
