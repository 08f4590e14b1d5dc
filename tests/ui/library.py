"""What screens of files are looked at with: an example that was loaded, many files, a flow of many versions."""

from __future__ import annotations

import os
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
from tests.contract.inprocess import InProcess, in_process

from headrace.core.files import Directory, File
from headrace.core.ports import Transaction
from headrace.core.versions import Release, Version
from headrace.settings import Settings

START = datetime(2026, 1, 1, tzinfo=UTC)
FOLDERS = 20
JUDGED = 12
"""So many runs of the example have a judgment; two fail."""


HOME = "000000000000"


@contextmanager
def library(folder: Path) -> Iterator[InProcess]:
    """A server in this process that serves the pages, with nothing in its store."""
    settings = Settings(
        store=f"sqlite:///{folder / 'headrace.db'}", web_folder=os.environ.get("HEADRACE_TEST_WEB", "")
    )
    # The browser is driven by a loop of this thread, so another one makes the server's.
    with ThreadPoolExecutor(max_workers=1) as other:
        server = in_process(settings)
        running = other.submit(server.__enter__).result()
        try:
            yield running
        finally:
            other.submit(server.__exit__, None, None, None).result()


def api(url: str, method: str, path: str, /, **body: Any) -> Any:
    """Ask a server's own API, or with a path that begins with ``/v5`` the Humanloop API."""
    address = path if path.startswith("/v5") else f"/api{path}"
    headers = {"x-api-key": "any"}
    answer = httpx.request(method, url + address, json=body or None, headers=headers, timeout=60)
    answer.raise_for_status()
    return answer.json() if answer.content else None


def load_example(url: str) -> str:
    """Load the example, and wait until its runs are judged; the id of its flow."""
    made = str(api(url, "POST", "/examples/tickets")["file"]["id"])
    for _ in range(400):  # each look takes a few milliseconds at least
        found = api(url, "GET", f"/files/{made}/versions")["versions"]
        if sum(one["judgments"] for version in found for one in version["findings"]) == JUDGED:
            return made
    raise AssertionError("the runs of the example were not judged")


def add_files(tx: Transaction, total: int) -> None:
    """So many flows without a version, in a few directories."""
    root = tx.files.at(path="")
    assert isinstance(root, Directory)
    for folder in range(FOLDERS):
        path = f"team {folder:02}"
        tx.files.add_directory(
            Directory(id=f"dir_{folder}", path=path, parent_id=root.id, created_at=START, updated_at=START)
        )
    for number in range(total):
        tx.files.add(_file(number, number % FOLDERS))


def _file(number: int, folder: int) -> File:
    at = START + timedelta(seconds=number)
    return File(
        id=f"fl_many{number}",
        kind="flow",
        path=f"team {folder:02}/Flow {number:05}",
        directory_id=f"dir_{folder}",
        short_id=f"MANY{number:06}",
        short_name=f"many-{number}",
        description=None,
        readme=None,
        tags=(),
        created_by="usr_local",
        created_at=at,
        updated_at=at,
        last_number=0,
    )


def add_versions(tx: Transaction, file_id: str, total: int) -> None:
    """So many numbered versions of a file; their contents are no graphs."""
    for number in range(1, total + 1):
        at = START + timedelta(hours=number)
        content = b'{"says": "version %d"}' % number
        tx.versions.add(
            Version(
                id=f"flv_many{number}",
                file_id=file_id,
                digest=f"{number:064x}",
                content=content,
                name=None,
                description=f"Change number {number}",
                created_by="usr_local",
                created_at=at,
                updated_at=at,
                last_used_at=at,
                logs_count=0,
                is_runnable=False,
                is_upserted=True,
            )
        )
        tx.releases.add(
            Release(
                file_id=file_id,
                number=number,
                version_id=f"flv_many{number}",
                content=content,
                description=None,
                short_name="many-0",
                created_by="usr_local",
                created_at=at,
                is_runnable=False,
            )
        )
        tx.files.issue_number(id=file_id, number=number, at=at)
