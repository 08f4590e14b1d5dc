"""Where things are in a folder that the export tool left behind (humanloop 6). Nothing is understood here.

export.log
files/<file>/file.json                        the default version
files/<file>/.done                            there when the folder is whole
files/<file>/deployments.json
files/<file>/versions/<version>               one version each
files/<file>/logs/1.jsonl …                   when logs were wanted
files/<file>/evaluations/<evaluation>/evaluation.json, stats.json
files/<file>/evaluations/<evaluation>/runs/<run>
files/<file>/evaluations/<evaluation>/logs/1.jsonl …    logs again, with their runs
files/<file>/datapoints/<version>/1.jsonl …   of datasets
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

FILES = "files"
DONE = ".done"
FACTS = "file.json"
DEPLOYMENTS = "deployments.json"
VERSIONS = "versions"
LOGS = "logs"
EVALUATIONS = "evaluations"
EVALUATION = "evaluation.json"
STATS = "stats.json"
RUNS = "runs"
DATAPOINTS = "datapoints"
LINES = ".jsonl"
PLAIN_ID = re.compile(r"[0-9A-Za-z][0-9A-Za-z_.-]{0,254}")
"""The ids that are names of files and folders: one of somewhere else must not lead somewhere else."""


class NoExport(Exception):
    """A folder that the export tool did not leave behind."""


class Found(NamedTuple):
    """A text and where it stood."""

    source: str
    text: bytes


class FoundEvaluation(NamedTuple):
    """What there is of one evaluation, but for its logs; None is not there."""

    source: str
    facts: Found | None
    stats: Found | None
    runs: list[Found]


@dataclass(frozen=True, slots=True, kw_only=True)
class Folder:
    """What there is of one file."""

    path: Path

    @property
    def id(self) -> str:
        return self.path.name

    @property
    def is_whole(self) -> bool:
        return (self.path / DONE).exists()

    @property
    def has_logs(self) -> bool:
        return (self.path / LOGS).is_dir()

    def facts(self) -> Found | None:
        """The default version; None when it is not there."""
        return self._one(FACTS)

    def deployments(self) -> Found | None:
        """A list; None when it is not there."""
        return self._one(DEPLOYMENTS)

    def versions(self) -> Iterator[Found]:
        """Each version."""
        for path in self._below(VERSIONS):
            yield Found(self._source(path), path.read_bytes())

    def logs(self) -> Iterator[Found]:
        """Each log of the file, one line at a time."""
        yield from self._lines(LOGS)

    def evaluations(self) -> Iterator[FoundEvaluation]:
        """Each evaluation of the file."""
        for path in self._below(EVALUATIONS):
            name = f"{EVALUATIONS}/{path.name}"
            runs = [Found(self._source(one), one.read_bytes()) for one in self._below(f"{name}/{RUNS}")]
            facts, stats = self._one(f"{name}/{EVALUATION}"), self._one(f"{name}/{STATS}")
            yield FoundEvaluation(self._source(path), facts, stats, runs)

    def evaluation_logs(self) -> Iterator[Found]:
        """Each log of its evaluations."""
        for path in self._below(EVALUATIONS):
            yield from self._lines(f"{EVALUATIONS}/{path.name}/{LOGS}")

    def datapoints(self, version_id: str) -> Iterator[Found]:
        """Each datapoint of a version."""
        if PLAIN_ID.fullmatch(version_id):
            yield from self._lines(f"{DATAPOINTS}/{version_id}")

    def _one(self, name: str) -> Found | None:
        path = self.path / name
        return Found(self._source(path), path.read_bytes()) if path.is_file() else None

    def _below(self, name: str) -> list[Path]:
        folder = self.path / name
        return sorted(folder.iterdir()) if folder.is_dir() else []

    def _lines(self, name: str) -> Iterator[Found]:
        for path in sorted(self._below(name), key=_page):
            if path.suffix != LINES:
                continue
            with path.open("rb") as lines:
                for number, line in enumerate(lines, 1):
                    if line.strip():
                        yield Found(f"{self._source(path)}:{number}", line)

    def _source(self, path: Path) -> str:
        return str(path.relative_to(self.path.parent.parent))


def _page(path: Path) -> tuple[int, str]:
    return (int(path.stem) if path.stem.isdecimal() else 0, path.name)


def open_export(path: Path) -> list[Folder]:
    """The folders of all files of an export.

    Raises:
        NoExport: ``path`` is none; with what it may be instead.
    """
    if not path.is_dir():
        raise NoExport(f"There is no folder {path}.")
    home = path / FILES
    if home.is_dir():
        folders = [Folder(path=one) for one in sorted(home.iterdir()) if one.is_dir()]
        if not folders or any((one.path / FACTS).is_file() for one in folders):
            return folders
        raise NoExport(f"No folder in {home} holds a {FACTS}: this is no Humanloop export.")
    inside = sorted(one for one in path.iterdir() if (one / FILES).is_dir())
    if inside:
        names = ", ".join(str(one) for one in inside)
        raise NoExport(f"{path} is a folder of exports. Name one of them: {names}.")
    raise NoExport(f"{path} has no folder `{FILES}`: this is no Humanloop export.")
