"""The memory store's tree: files, directories, environments."""

from __future__ import annotations

from datetime import datetime

import msgspec

from headrace.core.deployments import Environment, EnvironmentTag, PointerKind
from headrace.core.files import Directory, File, FileQuery
from headrace.core.ports import Clash
from headrace.core.versions import Draft
from headrace.storage.memory.tables import Claim, Rows


def _file_claims(file: File) -> list[Claim]:
    claims: list[Claim] = [("path", file.path)]
    if file.owner_id is None:
        claims.append(("short_name", file.kind, file.short_name))
    return [*claims, ("short_id", file.short_id)]


class Files:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def _shown(self, file: File | None) -> File | None:
        """A hidden file with the place that it shows."""
        owner = None if file is None or file.owner_id is None else self._rows.files.get(file.owner_id)
        if file is None or owner is None:
            return file
        path = f"{owner.path}/{file.name}"
        return msgspec.structs.replace(file, path=path, directory_id=owner.directory_id)

    def get(self, *, id: str) -> File | None:
        return self._shown(self._rows.files.get(id))

    def _claimed(self, kind: str, *claim: str) -> File | None:
        file = self.get(id=self._rows.claims.get(claim, ""))
        return file if file and file.kind == kind else None

    def by_short_id(self, *, kind: str, short_id: str) -> File | None:
        return self._claimed(kind, "short_id", short_id)

    def by_short_name(self, *, kind: str, short_name: str) -> File | None:
        return self._claimed(kind, "short_name", kind, short_name)

    def at(self, *, path: str) -> File | Directory | None:
        found = self._rows.claims.get(("path", path), "")
        return self.get(id=found) or self._rows.directories.get(found)

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
        if before is None:
            return
        last = max(before.last_number, file.last_number)
        after = msgspec.structs.replace(file, last_number=last, owner_id=before.owner_id)
        if before.owner_id is not None:
            after = msgspec.structs.replace(after, path=before.path, directory_id=before.directory_id)
        self._put(before, after)

    def _put(self, before: File, after: File) -> None:
        self._rows.claims.check(_file_claims(after), owner=after.id)
        self._rows.claims.give_up(_file_claims(before))
        self._rows.claims.take(after.id, _file_claims(after))
        self._rows.files.put(after.id, after)

    def issue_number(self, *, id: str, number: int, at: datetime) -> None:
        file = self._rows.files.get(id)
        if file:
            last = max(file.last_number, number)
            self._rows.files.put(id, msgspec.structs.replace(file, last_number=last, updated_at=at))

    def remove(self, *, id: str, at: datetime) -> None:
        if id not in self._rows.files:
            return
        for file in list(self._rows.files.values()):
            if id in (file.id, file.owner_id):
                freed = [claim for claim in _file_claims(file) if claim[0] != "short_id"]
                self._rows.claims.give_up(freed)
                self._rows.files.drop(file.id)
                self._rows.hidden.put(file.id, file)
                self._rows.removed_at.put(file.id, at)

    def _listed(self) -> list[File]:
        return [file for file in self._rows.files.values() if file.owner_id is None]

    def count(self, *, kind: str) -> int:
        return sum(file.kind == kind for file in self._listed())

    def page(self, query: FileQuery, *, skip: int, take: int) -> tuple[list[File], int]:
        found = [file for file in self._listed() if self._matches(file, query)]
        found.sort(key=lambda file: (getattr(file, query.sort), file.id), reverse=query.descending)
        return found[skip : skip + take], len(found)

    def _matches(self, file: File, query: FileQuery) -> bool:
        place = (PointerKind.ENVIRONMENT, query.environment_id)
        return (
            (not query.kinds or file.kind in query.kinds)
            and (query.name is None or query.name.casefold() in file.name.casefold())
            and (query.user is None or self._is_by(file, query.user.casefold()))
            and (not query.under or file.path.startswith(query.under + "/"))
            and (query.environment_id is None or place in self._rows.of(file.id).pointers)
        )

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
            for file in self._listed()
            for draft in self._rows.of(file.id).drafts.values()
            if file.kind == kind and (before is None or (file.created_at, file.id) < before)
        ]
        found.sort(key=lambda pair: (pair[0].created_at, pair[0].id), reverse=True)
        return found[:take]

    def of_directory(self, *, directory_id: str, after: File | None, take: int) -> list[File]:
        place = (after.name, after.id) if after else ("", "")
        found = [file for file in self._listed() if file.directory_id == directory_id]
        found.sort(key=lambda file: (file.name, file.id))
        return [file for file in found if (file.name, file.id) > place][:take]

    def directory(self, *, id: str) -> Directory | None:
        return self._rows.directories.get(id)

    def directories(self) -> list[Directory]:
        return sorted(self._rows.directories.values(), key=lambda directory: directory.path)

    def subdirectories(self, *, directory_id: str) -> list[Directory]:
        return [found for found in self.directories() if found.parent_id == directory_id]

    def _below(self, path: str) -> list[File | Directory]:
        entries: list[File | Directory] = [*self._rows.files.values(), *self._rows.directories.values()]
        return [entry for entry in entries if entry.path.startswith(path + "/")]

    def longest_path(self, *, under: str) -> int:
        return max((len(entry.path) for entry in self._below(under)), default=0)

    def add_directory(self, directory: Directory) -> None:
        self._rows.claims.check([("path", directory.path)])
        self._check_id(directory.id)
        self._put_directory(directory)

    def _put_directory(self, directory: Directory) -> None:
        self._rows.claims.take(directory.id, [("path", directory.path)])
        self._rows.directories.put(directory.id, directory)

    def update_directory(self, directory: Directory) -> None:
        before = self.directory(id=directory.id)
        if before is None:
            return
        below = [] if before.path == directory.path else self._below(before.path)
        self._rows.claims.check([("path", directory.path)], owner=directory.id)
        self._rows.claims.give_up([("path", before.path)])
        self._put_directory(msgspec.structs.replace(directory, created_at=before.created_at))
        for entry in below:
            path = directory.path + entry.path[len(before.path) :]
            after = msgspec.structs.replace(entry, path=path, updated_at=directory.updated_at)
            if isinstance(entry, File) and isinstance(after, File):
                self._put(entry, after)
            elif isinstance(after, Directory):
                self._rows.claims.check([("path", path)], owner=after.id)
                self._rows.claims.give_up([("path", entry.path)])
                self._put_directory(after)

    def _is_used(self, directory_id: str) -> bool:
        return any(file.directory_id == directory_id for file in self._listed()) or any(
            other.parent_id == directory_id for other in self._rows.directories.values()
        )

    def remove_directory(self, *, id: str) -> bool:
        directory = self.directory(id=id)
        if directory is None or self._is_used(id):
            return False
        self._rows.claims.give_up([("path", directory.path)])
        self._rows.directories.drop(id)
        return True


def _environment_claims(environment: Environment) -> list[Claim]:
    claims: list[Claim] = [("environment_name", environment.name)]
    return [*claims, ("environment_default",)] if environment.tag is EnvironmentTag.DEFAULT else claims


class Environments:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def all(self) -> list[Environment]:
        return sorted(self._rows.environments.values(), key=lambda found: (found.created_at, found.id))

    def add(self, environment: Environment) -> None:
        self._rows.claims.check(_environment_claims(environment))
        if environment.id in self._rows.environments:
            raise Clash("id")
        self._rows.claims.take(environment.id, _environment_claims(environment))
        self._rows.environments.put(environment.id, environment)

    def update(self, environment: Environment) -> None:
        before = self._rows.environments.get(environment.id)
        if before:
            after = msgspec.structs.replace(before, name=environment.name, tag=environment.tag)
            self._rows.claims.check(_environment_claims(after), owner=after.id)
            self._rows.claims.give_up(_environment_claims(before))
            self._rows.claims.take(after.id, _environment_claims(after))
            self._rows.environments.put(after.id, after)

    def remove(self, *, id: str) -> None:
        environment = self._rows.environments.get(id)
        if environment:
            self._rows.claims.give_up(_environment_claims(environment))
            self._rows.environments.drop(id)
