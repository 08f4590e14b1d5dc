"""What nothing refers to any more in the memory store."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from headrace.core.files import File
from headrace.core.versions import Version
from headrace.storage.memory.files import version_claims
from headrace.storage.memory.tables import Rows, Shared


class Cleaning:
    def __init__(self, account: str, rows: Rows, shared: Shared) -> None:
        self._account = account
        self._rows = rows
        self._shared = shared

    def removed_files(self, *, before: datetime) -> list[str]:
        return sorted(file_id for file_id, at in self._rows.removed_at.items() if at < before)

    def _files(self) -> list[File]:
        return [*self._rows.files.values(), *self._rows.hidden.values()]

    def _is_hidden(self, version: Version, before: datetime) -> bool:
        removed_at = self._rows.removed_at.get(version.file_id)
        return any(at is not None and at < before for at in (version.deleted_at, removed_at))

    def hidden_versions(self, *, before: datetime, after: str, take: int) -> list[tuple[str, str]]:
        found = [
            (version.id, file.id)
            for file in self._files()
            for version in self._rows.of(file.id).versions.values()
            if version.id > after and self._is_hidden(version, before)
        ]
        return sorted(found)[:take]

    def free_versions(
        self, *, file_id: str, ids: Collection[str], before: datetime, since: datetime
    ) -> dict[str, int]:
        versions = self._rows.of(file_id).versions
        hidden = [one for one in dict.fromkeys(ids) if one in versions]
        held = self._held(file_id, since) | self._held_by_evaluations()
        return {
            one: self._rows.usage_of(version_id=one).logs_count
            for one in hidden
            if self._is_hidden(versions[one], before) and one not in held and not self._is_told(file_id, one)
        }

    def _held(self, file_id: str, since: datetime) -> set[str]:
        of_file = self._rows.of(file_id)
        held = {
            run.version_id
            for (account, _), run in self._shared.executions.items()
            if account == self._account and run.file_id == file_id and run.started_at >= since
        }
        if file_id in self._rows.files:
            held |= {one.version_id for one in self._rows.approvals.values() if one.file_id == file_id}
            held |= {one.version_id for one in self._rows.watches.values() if one.file_id == file_id}
            held |= {release.version_id for release in of_file.live_releases()}
            held |= {draft.snapshot_id for draft in of_file.drafts.values() if draft.snapshot_id is not None}
        return held

    def _held_by_evaluations(self) -> set[str]:
        runs = list(self._rows.runs.values())
        found = {run.version_id for run in runs} | {run.dataset_version_id for run in runs}
        found |= {seat.version_id for seat in self._rows.seats.values()}
        found |= {monitor.version_id for monitor in self._rows.monitors.values()}
        found |= {job.object for job in self._shared.jobs.values() if job.account == self._account}
        return {one for one in found if one is not None}

    def _is_told(self, file_id: str, version_id: str) -> bool:
        """Whether a move of a file that is there names it."""
        moves = self._rows.of(file_id).moves.values()
        return file_id in self._rows.files and any(
            version_id.encode() in msgspec.json.encode(move) for move in moves
        )

    def remove_versions(self, *, file_id: str, ids: Collection[str]) -> None:
        of_file = self._rows.of(file_id)
        for number, release in list(of_file.releases.items()):
            if release is not None and release.version_id in ids:
                of_file.releases.put(number, None)
        for one in ids:
            version = of_file.versions.get(one)
            if version is not None:
                self._rows.claims.give_up(version_claims(version))
                self._rows.file_of.drop(one)
                of_file.versions.drop(one)

    def contents(self, *, kinds: Collection[str], after: str, take: int) -> list[tuple[str, str, bytes]]:
        found = [
            (version.id, file.kind, version.content)
            for file in self._files()
            if file.kind in kinds
            for version in self._rows.of(file.id).versions.values()
            if version.id > after
        ]
        return sorted(found)[:take]

    def remove_draft(self, *, file_id: str) -> None:
        self._rows.of(file_id).drafts.drop("")

    def files_with_datapoints(self) -> list[str]:
        keys = [*self._rows.datapoint_contents, *self._rows.dataset_parts]
        return sorted({file_id for file_id, _ in keys})

    def dataset_versions(self, *, file_id: str) -> dict[str, bytes]:
        return {one.id: one.content for one in self._rows.of(file_id).versions.values()}

    def datapoints(self, *, file_id: str, after: str, take: int) -> list[tuple[str, str]]:
        found = [
            (digest, one)
            for (file, digest), one in self._rows.datapoint_contents.items()
            if file == file_id and digest > after
        ]
        return sorted(found)[:take]

    def parts(self, *, file_id: str, after: str, take: int) -> list[str]:
        keys = self._rows.dataset_parts
        return sorted(digest for file, digest in keys if file == file_id and digest > after)[:take]

    def named(self, *, ids: Collection[str]) -> set[str]:
        logs = {log.source_datapoint_id for log in self._rows.logs.values()}
        slots = {slot.datapoint_id for run in self._rows.slots.values() for slot in run.values()}
        runs = {
            run.datapoint_id
            for (account, _), run in self._shared.executions.items()
            if account == self._account
        }
        return set(ids) & {one for one in logs | slots | runs if one is not None}

    def remove_datapoints(self, *, file_id: str, ids: Collection[str]) -> None:
        for one in ids:
            datapoint = self._rows.datapoints.get(one)
            if datapoint is not None and datapoint.file_id == file_id:
                self._rows.datapoint_contents.drop((file_id, datapoint.digest))
                self._rows.datapoints.drop(one)

    def remove_parts(self, *, file_id: str, digests: Collection[str]) -> None:
        for digest in digests:
            self._rows.dataset_parts.drop((file_id, digest))
