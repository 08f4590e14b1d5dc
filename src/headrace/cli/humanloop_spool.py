"""What was read of an export, on disk: without doubles, in the order in which it can be brought in."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any, TypeVar

import msgspec

from headrace.core.files import ancestors
from headrace.services.exchange_humanloop.parts import (
    NULL,
    DatapointPart,
    DeploymentPart,
    DirectoryPart,
    EnvironmentPart,
    EvaluationPart,
    FilePart,
    LogPart,
    MonitorPart,
    RunLinkPart,
    RunLogPart,
    RunPart,
    VersionPart,
)
from headrace.storage.sql.queries import parse

JUDGED_BY_SERVER = ("python", "llm")
"""The evaluators whose judgments the server makes."""
_SQL = parse(Path(__file__).with_name("humanloop_spool.sql").read_text(encoding="utf-8"))
_encode = msgspec.json.Encoder().encode
T = TypeVar("T")


class Short(msgspec.Struct, frozen=True, kw_only=True):
    """A version or a run of which fewer logs or datapoints were found than it was said to have.

    Attributes:
        path: of the version's file, or where the run's evaluation stood.
    """

    version_id: str
    path: str
    expected: int
    found: int


class Trouble(msgspec.Struct, frozen=True, kw_only=True):
    """Something that can't be read: where it stands, and why not."""

    source: str
    reason: str


class Spool:
    """Takes parts as they are read, and gives them out again.

    Attributes:
        troubles: what could not be read.
        repairs: how many texts were no strict JSON.
        copies: how many logs came as copies of one that was there.
        short_datapoints: versions of datasets that lack some.
    """

    def __init__(self, folder: Path) -> None:
        self.troubles: list[Trouble] = []
        self.repairs = 0
        self.copies = 0
        self.short_datapoints: list[Short] = []
        self._known_versions: set[str] = set()
        self._served: dict[str, bool] = {}
        self._db = sqlite3.connect(folder / "spool.db", isolation_level=None)
        self._db.executescript(_SQL["schema"])

    def close(self) -> None:
        self._db.close()

    def directory(self, part: DirectoryPart) -> None:
        self._run("put_directory", path=part.path, id=part.kept_id, created_at=_text(part.created_at))

    def environment(self, part: EnvironmentPart) -> None:
        row = self._run("environment", id=part.id).fetchone()
        if row is None or msgspec.json.decode(row[0], type=EnvironmentPart).created_at is None:
            self._run("put_environment", id=part.id, part=_encode(part))

    def file(self, part: FilePart) -> None:
        self._run(
            "put_file",
            id=part.id,
            kind=part.kind,
            path=part.path,
            is_stray=part.is_stray,
            part=_encode(part),
        )

    def version(self, part: VersionPart, *, logs_count: int | None, is_stray: bool) -> None:
        self._known_versions.add(part.id)
        self._run(
            "put_version",
            id=part.id,
            file_id=part.file_id,
            kind=part.kind,
            created_at=_text(part.created_at),
            updated_at=_text(part.updated_at),
            logs_count=logs_count,
            is_stray=is_stray,
            part=_encode(part),
        )
        if part.kind == "evaluator":
            self._served.setdefault(part.id, _is_served(part))

    def knows_version(self, id: str) -> bool:
        return id in self._known_versions

    def deployment(self, part: DeploymentPart) -> None:
        self._run("put_deployment", id=part.id, file_id=part.file_id, part=_encode(part))

    def monitor(self, part: MonitorPart) -> None:
        self._run(
            "put_monitor",
            id=part.id,
            file_id=part.file_id,
            created_at=_text(part.created_at),
            part=_encode(part),
        )

    def log(self, part: LogPart) -> None:
        text = _encode(part)
        row = self._run("log", id=part.id).fetchone()
        if row is not None:
            self.copies += 1
            if row[0] == text:
                return
            part = merged(msgspec.json.decode(row[0], type=LogPart), part)
            text = _encode(part)
        self._run(
            "put_log",
            id=part.id,
            kind=part.kind,
            file_id=part.file_id,
            version_id=part.version_id,
            parent_id=part.parent_id,
            judged_id=part.judged_id,
            created_at=_text(part.created_at),
            part=text,
        )

    def datapoint(self, part: DatapointPart, *, digest: str) -> None:
        self._run("put_datapoint", file_id=part.file_id, digest=digest, part=_encode(part))

    def datapoints(self, *, version_id: str, path: str, expected: int | None, found: int) -> None:
        if expected is not None and expected > found:
            short = Short(version_id=version_id, path=path, expected=expected, found=found)
            self.short_datapoints.append(short)

    def member(self, *, version_id: str, digest: str) -> None:
        self._run("put_member", version_id=version_id, digest=digest)

    def evaluation(self, part: EvaluationPart) -> None:
        self._run("put_evaluation", id=part.id, created_at=_text(part.created_at), part=_encode(part))

    def run(self, part: RunPart, link: RunLinkPart) -> None:
        self._run("put_run", id=part.id, created_at=_text(part.created_at), part=_encode(part))
        self._run("put_run_link", id=link.id, added_at=_text(link.added_at), part=_encode(link))

    def run_log(self, part: RunLogPart) -> None:
        self._run("put_run_log", run_id=part.run_id, log_id=part.log_id, part=_encode(part))

    def run_stats(self, *, run_id: str, source: str, expected: int) -> None:
        self._run("put_run_stats", run_id=run_id, source=source, expected=expected)

    def trouble(self, source: str, reason: str) -> None:
        self.troubles.append(Trouble(source=source, reason=reason))

    def repaired(self) -> None:
        self.repairs += 1

    def settle(self) -> None:
        """Everything was read: find out in which order logs can be brought in."""
        self._db.executescript(_SQL["index_logs"])
        self._run("place_first")
        rank = 1
        while self._run("place_next", rank=rank).rowcount > 0:
            rank += 1
        self._run("place_rest", rank=rank)
        self._run("order_places")

    def directory_parts(self) -> Iterator[DirectoryPart]:
        """Those that hold files and those above them, from the root down."""
        seen: set[str] = set()
        known = {path: (its_id, at) for path, its_id, at in self._run("directories")}
        for path, (_, created_at) in known.items():
            for one in [*ancestors(path), path]:
                if one not in seen:
                    seen.add(one)
                    its_id, at = known.get(one, (None, created_at))
                    yield DirectoryPart(path=one, kept_id=its_id, created_at=datetime.fromisoformat(at))

    def environment_parts(self) -> Iterator[EnvironmentPart]:
        yield from self._parts("environments", EnvironmentPart)

    def file_parts(self, kind: str, *, is_stray: bool) -> Iterator[FilePart]:
        """Files of a kind, with times that span those of their versions."""
        for text, created_at, updated_at in self._run("files", kind=kind, is_stray=is_stray):
            part = msgspec.json.decode(text, type=FilePart)
            times = (datetime.fromisoformat(created_at), datetime.fromisoformat(updated_at))
            yield msgspec.structs.replace(part, created_at=times[0], updated_at=times[1])

    def datapoint_parts(self) -> Iterator[DatapointPart]:
        """The datapoints of each dataset, each once."""
        yield from self._parts("datapoints", DatapointPart)

    def version_parts(self, kind: str) -> Iterator[VersionPart]:
        """Versions of files of a kind. One that only logs show of a file that is listed was deleted."""
        for text, is_stray in self._run("versions", kind=kind):
            part = msgspec.json.decode(text, type=VersionPart)
            yield msgspec.structs.replace(
                part, is_hidden=part.is_hidden and not is_stray, content=self._content(part)
            )

    def _content(self, part: VersionPart) -> msgspec.Raw:
        """A version's content; of a dataset that only runs show with the datapoints that those show."""
        members = [digest for (digest,) in self._run("members", version_id=part.id)]
        if not members:
            return part.content
        content = msgspec.json.decode(part.content, type=dict[str, msgspec.Raw])
        return msgspec.Raw(_encode({**content, "datapoints": members}))

    def deployment_parts(self, kind: str) -> Iterator[DeploymentPart]:
        yield from self._parts("deployments", DeploymentPart, kind=kind)

    def monitor_parts(self, kind: str) -> Iterator[MonitorPart]:
        yield from self._parts("monitors", MonitorPart, kind=kind)

    def log_parts(self) -> Iterator[tuple[LogPart, int]]:
        """Logs, each after those it needs, and how many judgments took the place of each.

        What is said of judgments does not tell who posted them; the newest of an evaluator that the server
        runs is taken for the server's.
        """
        for text, kind, turn in self._run("logs"):
            part = msgspec.json.decode(text, type=LogPart)
            if kind == "evaluator" and part.judged_id is not None:
                is_automatic = self._served.get(part.version_id, False) == (turn == 0)
                part = msgspec.structs.replace(part, is_automatic=is_automatic)
            yield part, turn

    def evaluation_parts(self) -> Iterator[EvaluationPart]:
        """Oldest first."""
        yield from self._parts("evaluations", EvaluationPart)

    def run_parts(self) -> Iterator[RunPart]:
        """Oldest first."""
        yield from self._parts("runs", RunPart)

    def run_link_parts(self) -> Iterator[RunLinkPart]:
        """In the order in which they were added."""
        yield from self._parts("run_links", RunLinkPart)

    def run_log_parts(self) -> Iterator[RunLogPart]:
        """Run by run, oldest log first."""
        yield from self._parts("run_logs", RunLogPart)

    def count(self, table: str) -> dict[str, int]:
        """How many ``files``, ``versions`` or ``logs`` there are of each kind."""
        return dict(self._run(f"count_{table}").fetchall())

    def short_versions(self) -> list[Short]:
        """Versions of which fewer logs were found than they were said to have."""
        return [
            Short(version_id=version_id, path=path, expected=expected, found=found)
            for version_id, path, expected, found in self._run("short_versions")
        ]

    def short_runs(self) -> list[Short]:
        """Runs of which fewer logs were found than they were said to have."""
        return [
            Short(version_id=run_id, path=source, expected=expected, found=found)
            for run_id, source, expected, found in self._run("short_runs")
        ]

    def _parts(self, name: str, type: type[T], **values: Any) -> Iterator[T]:
        for (text,) in self._run(name, **values):
            yield msgspec.json.decode(text, type=type)

    def _run(self, name: str, **values: Any) -> sqlite3.Cursor:
        return self._db.execute(_SQL[name], values)


def merged(one: LogPart, other: LogPart) -> LogPart:
    """Two copies of a log as one: the fuller one, with what only the other has (humanloop 6, quirk 4)."""
    if _filled(other) > _filled(one):
        one, other = other, one
    missing = {
        name: value
        for name in one.__struct_fields__
        if _is_empty(getattr(one, name)) and not _is_empty(value := getattr(other, name))
    }
    payload = {**_members(other), **_members(one)}
    return msgspec.structs.replace(one, **missing, payload=msgspec.Raw(_encode(payload)))


def _filled(part: LogPart) -> int:
    return len(_members(part)) + sum(not _is_empty(getattr(part, name)) for name in part.__struct_fields__)


def _is_empty(value: Any) -> bool:
    return value is None or (isinstance(value, msgspec.Raw) and bytes(value) == bytes(NULL))


def _members(part: LogPart) -> dict[str, msgspec.Raw]:
    return msgspec.json.decode(part.payload, type=dict[str, msgspec.Raw])


def _is_served(part: VersionPart) -> bool:
    spec = msgspec.json.decode(part.content).get("spec")
    return isinstance(spec, dict) and spec.get("evaluator_type") in JUDGED_BY_SERVER


def _text(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds")
