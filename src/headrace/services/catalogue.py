"""What there is, for who looks around: a file and how it stands, directories, files by their names."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal, Right, User
from headrace.core.deployments import PointerKind
from headrace.core.files import File
from headrace.core.logs import Usage
from headrace.core.ports import Transaction
from headrace.core.versions import Draft, Version
from headrace.services import subjects
from headrace.services.base import Ports, read


class About(msgspec.Struct, frozen=True, kw_only=True):
    """A file, and how it stands.

    Attributes:
        author: who made it; None when that user is gone.
        newest: its newest version; None while it has none.
        number: the highest number of that version.
        versions: how many it has.
        runnable: how many live numbers of it can run.
        draft: what is being edited; None when that is nothing.
        is_off: whether calls of it are refused.
        usage: over all its versions.
    """

    file: File
    author: User | None
    newest: Version | None
    number: int | None
    versions: int
    runnable: int
    draft: Draft | None
    is_off: bool
    usage: Usage

    @property
    def is_runnable(self) -> bool:
        """Whether there is anything of it that can run: a numbered version, or a draft that was prepared."""
        return self.runnable > 0 or (self.draft is not None and self.draft.snapshot_id is not None)


async def about(ports: Ports, principal: Principal, file: str) -> About:
    """A file of any kind, by its id or path, and how it stands.

    Raises:
        NotFound: there is none.
    """
    principal.require(Right.READER)
    return await read(ports, principal, lambda tx: _about(tx, subjects.file_of(tx, file)))


def _about(tx: Transaction, file: File) -> About:
    newest = tx.versions.newest(file_id=file.id)
    numbers = [] if newest is None else tx.releases.of_version(version_id=newest.id)
    state = tx.pointers.get(file_id=file.id, kind=PointerKind.FLOW, pointer_id=file.id)
    return About(
        file=file,
        author=tx.access.user(id=file.created_by),
        newest=newest,
        number=max(numbers, default=None),
        versions=tx.versions.count(file_id=file.id),
        runnable=tx.releases.count_runnable(file_id=file.id),
        draft=tx.drafts.get(file_id=file.id),
        is_off=state is not None and state.is_off,
        usage=tx.logs.usage_of_file(file_id=file.id),
    )
