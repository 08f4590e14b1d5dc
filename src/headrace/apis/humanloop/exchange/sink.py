"""Where what is read of an export goes."""

from __future__ import annotations

from typing import Protocol

from headrace.services.exchange_humanloop.parts import (
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


class Sink(Protocol):
    """Takes what was read. Of things with one id it keeps the first; of logs it merges all copies."""

    def directory(self, part: DirectoryPart) -> None: ...

    def environment(self, part: EnvironmentPart) -> None: ...

    def file(self, part: FilePart) -> None: ...

    def version(self, part: VersionPart, *, logs_count: int | None, is_stray: bool) -> None:
        """``logs_count``: how many logs it is said to have; None when nobody says.

        ``is_stray``: only something else shows it; another of its id, that is none, takes its place.
        """

    def knows_version(self, id: str) -> bool: ...

    def deployment(self, part: DeploymentPart) -> None: ...

    def monitor(self, part: MonitorPart) -> None: ...

    def log(self, part: LogPart) -> None: ...

    def datapoint(self, part: DatapointPart, *, digest: str) -> None:
        """Of equal ones of a file it keeps the first."""

    def datapoints(self, *, version_id: str, path: str, expected: int | None, found: int) -> None: ...

    def member(self, *, version_id: str, digest: str) -> None:
        """A datapoint of a version of a dataset of which only runs are there."""

    def evaluation(self, part: EvaluationPart) -> None: ...

    def run(self, part: RunPart, link: RunLinkPart) -> None: ...

    def run_log(self, part: RunLogPart) -> None: ...

    def run_stats(self, *, run_id: str, source: str, expected: int) -> None:
        """``expected``: how many logs a run is said to have."""

    def trouble(self, source: str, reason: str) -> None:
        """Something can't be read."""

    def repaired(self) -> None:
        """Something was no strict JSON and was read as near as can be."""
