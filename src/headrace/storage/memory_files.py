"""The memory store's files and their contents."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.files import Directory, File
from headrace.core.ports import EVERYTHING, Clash, FileSort
from headrace.core.versions import Draft, Release, Version
from headrace.storage.memory_tables import Claim, Rows


def _file_claims(file: File) -> list[Claim]:
    return [("path", file.path), ("short_name", file.kind, file.short_name), ("short_id", file.short_id)]


class Files:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, id: str) -> File | None:
        return self._rows.files.get(id)

    def _claimed(self, kind: str, *claim: str) -> File | None:
        file = self._rows.files.get(self._rows.claims.get(claim, ""))
        return file if file and file.kind == kind else None

    def by_short_id(self, *, kind: str, short_id: str) -> File | None:
        return self._claimed(kind, "short_id", short_id)

    def by_short_name(self, *, kind: str, short_name: str) -> File | None:
        return self._claimed(kind, "short_name", kind, short_name)

    def at(self, *, path: str) -> File | Directory | None:
        found = self._rows.claims.get(("path", path), "")
        return self._rows.files.get(found) or self._rows.directories.get(found)

    def _check_id(self, id: str) -> None:
        if id in self._rows.files or id in self._rows.hidden or id in self._rows.directories:
            raise Clash("id")

    def add(self, file: File) -> None:
        self._rows.claims.check(_file_claims(file))
        self._check_id(file.id)
        self._rows.claims.take(file.id, _file_claims(file))
        self._rows.files.put(file.id, file)

    def update(self, file: File) -> None:
        before = self._rows.files.get(file.id)
        if before:
            self._rows.claims.check(_file_claims(file), owner=file.id)
            self._rows.claims.give_up(_file_claims(before))
            self._rows.claims.take(file.id, _file_claims(file))
            last = max(before.last_number, file.last_number)
            self._rows.files.put(file.id, msgspec.structs.replace(file, last_number=last))

    def issue_number(self, *, id: str, number: int, at: datetime) -> None:
        file = self._rows.files.get(id)
        if file:
            last = max(file.last_number, number)
            self._rows.files.put(id, msgspec.structs.replace(file, last_number=last, updated_at=at))

    def remove(self, *, id: str, at: datetime) -> None:
        file = self._rows.files.get(id)
        if file:
            self._rows.claims.give_up([claim for claim in _file_claims(file) if claim[0] != "short_id"])
            self._rows.files.drop(id)
            self._rows.hidden.put(id, file)

    def count(self, *, kind: str) -> int:
        return sum(file.kind == kind for file in self._rows.files.values())

    def page(
        self,
        *,
        kind: str,
        name: str | None,
        user: str | None,
        sort: FileSort,
        descending: bool,
        skip: int,
        take: int,
    ) -> tuple[list[File], int]:
        found = [
            file
            for file in self._rows.files.values()
            if file.kind == kind
            and (name is None or name.casefold() in file.name.casefold())
            and (user is None or self._is_by(file, user.casefold()))
        ]
        found.sort(key=lambda file: (getattr(file, sort), file.id), reverse=descending)
        return found[skip : skip + take], len(found)

    def _is_by(self, file: File, wanted: str) -> bool:
        versions = self._rows.of(file.id).live_versions()
        makers = {file.created_by, *(version.created_by for version in versions)}
        users = [user for user in self._rows.users.values() if user.id in makers]
        return any(wanted in user.email.casefold() or wanted in user.full_name.casefold() for user in users)

    def drafted(
        self, *, kind: str, before: tuple[datetime, str] | None, take: int
    ) -> list[tuple[File, Draft]]:
        found = [
            (file, draft)
            for file in self._rows.files.values()
            for draft in self._rows.of(file.id).drafts.values()
            if file.kind == kind and (before is None or (file.created_at, file.id) < before)
        ]
        found.sort(key=lambda pair: (pair[0].created_at, pair[0].id), reverse=True)
        return found[:take]

    def directory(self, *, id: str) -> Directory | None:
        return self._rows.directories.get(id)

    def add_directory(self, directory: Directory) -> None:
        self._rows.claims.check([("path", directory.path)])
        self._check_id(directory.id)
        self._rows.claims.take(directory.id, [("path", directory.path)])
        self._rows.directories.put(directory.id, directory)


def _version_claims(version: Version) -> list[Claim]:
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
        self._rows.claims.check(_version_claims(version))
        if version.id in self._rows.file_of:
            raise Clash("id")
        self._rows.require_file(version.file_id)
        self._rows.claims.take(version.id, _version_claims(version))
        self._rows.file_of.put(version.id, version.file_id)
        self._rows.of(version.file_id).versions.put(version.id, version)

    def update(self, version: Version) -> None:
        versions = self._rows.of(version.file_id).versions
        if version.id in versions:
            self._rows.claims.check(_version_claims(version), owner=version.id)
            self._rows.claims.give_up(_version_claims(versions[version.id]))
            self._rows.claims.take(version.id, _version_claims(version))
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
