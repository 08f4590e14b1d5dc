"""Writing a folder like those of the export tool (humanloop 6)."""

from __future__ import annotations

from pathlib import Path
from typing import IO

import msgspec

from headrace.apis.humanloop.exchange.folder import (
    DATAPOINTS,
    DEPLOYMENTS,
    DONE,
    EVALUATION,
    EVALUATIONS,
    FACTS,
    FILES,
    LINES,
    LOGS,
    PLAIN_ID,
    RUNS,
    STATS,
    VERSIONS,
)
from headrace.apis.humanloop.exchange.forms import DeploymentForm, EnvironmentForm
from headrace.apis.humanloop.exchange.service import Piece
from headrace.services.exchange_humanloop.datasets import DATASET

FIRST_PAGE = 1001
PAGE = 1000
"""So many lines a file of logs has: the tool writes one more into the first (humanloop 6, quirk 1)."""
_encode = msgspec.json.Encoder().encode


class NoName(ValueError):
    """An id that can't be the name of a file."""


class _Sort(msgspec.Struct, frozen=True):
    """As much of a version as says of what kind its file is."""

    type: str = ""


class _Deployed(_Sort, frozen=True, kw_only=True):
    """As much of a version as says where it is deployed."""

    version_id: str
    environments: list[EnvironmentForm]


class Writer:
    """Writes the pieces of an export as they come: those of one file after another.

    Attributes:
        files: how many files were written.
        versions: how many versions.
        logs: how many logs.
    """

    def __init__(self, home: Path, *, with_logs: bool) -> None:
        self.files = self.versions = self.logs = 0
        self._home = home
        self._with_logs = with_logs
        self._deployments: list[DeploymentForm] = []
        self._lines: IO[bytes] | None = None
        self._is_at = ("", 0)
        """The folder of the last line, and how many lines it has so far."""

    def take(self, piece: Piece) -> None:
        """Write a piece.

        Raises:
            NoName: an id in it can't be the name of a file.
            OSError: it can't be written.
        """
        match piece.part:
            case "file":
                self._begin(piece)
            case "version":
                self._version(piece)
            case "datapoint":
                self._put_line(f"{DATAPOINTS}/{_plain(piece.id)}", piece)
            case "log":
                self._put_line(LOGS, piece)
                self.logs += 1
            case "evaluation" | "stats" | "run" | "run_log":
                self._of_evaluation(piece)
            case "done":
                self._finish(piece)
            case "end":  # of an export that may have no file
                (self._home / FILES).mkdir(parents=True, exist_ok=True)

    def close(self) -> None:
        """End what was begun."""
        if self._lines is not None:
            self._lines.close()
            self._lines = None

    def _begin(self, piece: Piece) -> None:
        folder = self._folder(piece)
        (folder / VERSIONS).mkdir(parents=True)
        if self._with_logs and msgspec.json.decode(piece.value, type=_Sort).type != DATASET:
            (folder / LOGS).mkdir()
        (folder / FACTS).write_bytes(piece.value)
        self._deployments = []
        self._is_at = ("", 0)
        self.files += 1

    def _version(self, piece: Piece) -> None:
        (self._folder(piece) / VERSIONS / _plain(piece.id)).write_bytes(piece.value)
        shown = msgspec.json.decode(piece.value, type=_Deployed)
        if shown.type == DATASET:
            (self._folder(piece) / DATAPOINTS / _plain(piece.id)).mkdir(parents=True)
        self._deployments += [
            DeploymentForm(
                version_id=shown.version_id,
                environment_id=one.id,
                environment_name=one.name,
                environment_tag=one.tag,
            )
            for one in shown.environments
        ]
        self.versions += 1

    def _of_evaluation(self, piece: Piece) -> None:
        name = f"{EVALUATIONS}/{_plain(piece.evaluation_id or piece.id)}"
        folder = self._folder(piece) / name
        match piece.part:
            case "evaluation":
                for one in (RUNS, *([LOGS] if self._with_logs else [])):
                    (folder / one).mkdir(parents=True)
                (folder / EVALUATION).write_bytes(piece.value)
            case "stats":
                (folder / STATS).write_bytes(piece.value)
            case "run":
                (folder / RUNS / _plain(piece.id)).write_bytes(piece.value)
            case _:
                self._put_line(f"{name}/{LOGS}", piece)

    def _put_line(self, name: str, piece: Piece) -> None:
        """Add to the lines in a folder of the file's."""
        count = self._is_at[1] if self._is_at[0] == name else 0
        number, place = divmod(max(count - 1, 0), PAGE)
        if count == 0 or (place == 0 and count > 1):
            self.close()
            self._lines = (self._folder(piece) / name / f"{number + 1}{LINES}").open("wb")
        assert self._lines is not None, "the first line opens a file"
        self._lines.write(bytes(piece.value) + b"\n")
        self._is_at = (name, count + 1)

    def _finish(self, piece: Piece) -> None:
        self.close()
        folder = self._folder(piece)
        (folder / DEPLOYMENTS).write_bytes(_encode(self._deployments))
        (folder / DONE).write_text("This folder is whole.\n")

    def _folder(self, piece: Piece) -> Path:
        return self._home / FILES / _plain(piece.file_id)


def _plain(name: str) -> str:
    """An id as the name of a file or folder."""
    if not PLAIN_ID.fullmatch(name):
        raise NoName(f"The ID {name!r} can't be the name of a file.")
    return name
