"""The memory store's contents of files."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.ports import EVERYTHING, Clash
from headrace.core.versions import Draft, Release, Version
from headrace.storage.memory.tables import Claim, Rows


def version_claims(version: Version) -> list[Claim]:
    """What no other version may have while this one is there."""
    digest = ("version_digest", version.file_id, version.digest)
    if version.name is None or version.deleted_at is not None:
        return [digest]
    return [("version_name", version.file_id, version.name), digest]


class Versions:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, id: str) -> Version | None:
        version = self.kept(id=id)
        is_live = version and version.file_id in self._rows.files and version.deleted_at is None
        return version if is_live else None

    def kept(self, *, id: str) -> Version | None:
        file_id = self._rows.file_of.get(id)
        return self._used(self._rows.of(file_id).versions[id]) if file_id else None

    def _used(self, version: Version) -> Version:
        usage = self._rows.usage_of(version_id=version.id)
        last = usage.last_used_at or version.created_at
        return msgspec.structs.replace(version, logs_count=usage.logs_count, last_used_at=last)

    def _claimed(self, *claim: str) -> Version | None:
        return self.kept(id=self._rows.claims.get(claim, ""))

    def by_digest(self, *, file_id: str, digest: str) -> Version | None:
        return self._claimed("version_digest", file_id, digest)

    def by_name(self, *, file_id: str, name: str) -> Version | None:
        return self._claimed("version_name", file_id, name)

    def add(self, version: Version) -> None:
        self._rows.claims.check(version_claims(version))
        if version.id in self._rows.file_of:
            raise Clash("id")
        self._rows.require_file(version.file_id)
        self._rows.claims.take(version.id, version_claims(version))
        self._rows.file_of.put(version.id, version.file_id)
        self._rows.of(version.file_id).versions.put(version.id, version)

    def update(self, version: Version) -> None:
        versions = self._rows.of(version.file_id).versions
        if version.id in versions:
            self._rows.claims.check(version_claims(version), owner=version.id)
            self._rows.claims.give_up(version_claims(versions[version.id]))
            self._rows.claims.take(version.id, version_claims(version))
            versions.put(version.id, version)

    def of_file(
        self, *, file_id: str, before: tuple[datetime, str] | None = None, take: int = EVERYTHING
    ) -> list[Version]:
        live = self._rows.of(file_id).live_versions()
        found = [one for one in live if before is None or (one.created_at, one.id) < before]
        newest_first = sorted(found, key=lambda one: (one.created_at, one.id), reverse=True)
        return [self._used(version) for version in newest_first[:take]]

    def newest(self, *, file_id: str) -> Version | None:
        live = {version.id: version for version in self.of_file(file_id=file_id)}
        releases = [r for r in self._rows.of(file_id).live_releases() if r.version_id in live]
        if releases:
            return live[max(releases, key=lambda release: release.number).version_id]
        return next(iter(live.values()), None)

    def count(self, *, file_id: str) -> int:
        return len(self._rows.of(file_id).live_versions())


class Releases:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, file_id: str, number: int) -> Release | None:
        return self._rows.of(file_id).releases.get(number)

    def add(self, release: Release) -> None:
        releases = self._rows.of(release.file_id).releases
        if release.version_id not in self._rows.of(release.file_id).versions:
            raise Clash("reference")
        if release.number in releases:
            raise Clash("release_number")
        releases.put(release.number, release)
        file = self._rows.files.get(release.file_id)
        if file is not None:
            last = max(file.last_number, release.number)
            after = msgspec.structs.replace(file, last_number=last, updated_at=release.created_at)
            self._rows.files.put(file.id, after)

    def remove(self, *, file_id: str, number: int) -> None:
        releases = self._rows.of(file_id).releases
        if number in releases:
            releases.put(number, None)

    def of_version(self, *, version_id: str) -> list[int]:
        releases = self._rows.of(self._rows.file_of.get(version_id, "")).live_releases()
        return sorted(release.number for release in releases if release.version_id == version_id)

    def runnable(self, *, file_id: str, before: int | None, take: int) -> list[Release]:
        found = [
            release
            for release in self._rows.of(file_id).live_releases()
            if release.is_runnable and (before is None or release.number < before)
        ]
        return sorted(found, key=lambda release: release.number, reverse=True)[:take]

    def count_runnable(self, *, file_id: str) -> int:
        return sum(release.is_runnable for release in self._rows.of(file_id).live_releases())


class Drafts:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, file_id: str) -> Draft | None:
        return self._rows.of(file_id).drafts.get("")

    def put(self, draft: Draft) -> None:
        self._rows.require_file(draft.file_id)
        self._rows.of(draft.file_id).drafts.put("", draft)
