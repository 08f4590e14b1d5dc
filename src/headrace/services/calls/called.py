"""Which version a call is of and whether its log will find its place, before anything is carried out; and the
log itself, afterwards (humanloop 2.5, 2.6, 8.24)."""

from __future__ import annotations

import msgspec

from headrace.core.access import Principal
from headrace.core.deployments import PointerKind
from headrace.core.errors import AlreadyExists, NotFound
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.logs import Log
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports
from headrace.services.deployments import splits, switches
from headrace.services.logs import logs, new_logs, traces
from headrace.services.logs.new_logs import NewLog, Prepared
from headrace.services.logs.traces import DIRECT
from headrace.services.versions import versions
from headrace.services.versions.views import VersionView, default_environment, find_environment, view


class Repeated(msgspec.Struct, frozen=True, kw_only=True):
    """A call that was carried out before.

    Attributes:
        log: the log that it made.
    """

    log: Log
    version: VersionView


class Chosen(msgspec.Struct, frozen=True, kw_only=True):
    """What is to be called, before anything is written.

    Attributes:
        new: the log to be made, of the very version that was found.
        file: None where there is none yet.
        version: None where the call brings its content along.
    """

    new: NewLog
    file: File | None
    version: Version | None


def choose(
    tx: Transaction, prepared: Prepared, *, is_repeatable: bool = True, split_key: str | None = None
) -> Chosen | Repeated:
    """What a call means at the moment.

    Args:
        split_key: what holds calls of a split together; without one each is on its own.

    Raises:
        NotFound: the file, the version or the environment is not there.
        Invalid: nothing names a file, or two things that do disagree.
        AlreadyExists: another request made a log of that id.
        Conflict: what is called, or what it is called by, is switched off.
    """
    new = prepared.new
    known = None if new.id is None else tx.logs.get(id=new.id)
    if known is not None:
        return _repeated(tx, prepared, known, is_repeatable=is_repeatable)
    file = new_logs.named(tx, new)
    is_chosen = new.version_id is not None or new.environment is not None
    if new.content is not None and (file is None or not is_chosen):
        if file is not None:
            switches.check_file(tx, file)
        return Chosen(new=new, file=file, version=None)
    if file is None:
        raise new_logs.not_at(new)
    version = _version(tx, file, new, split_key)
    # What was found is what is called, wherever the environment leads meanwhile.
    pinned = msgspec.structs.replace(
        new, version_id=version.id, environment=None, label=new.label or new.environment
    )
    return Chosen(new=pinned, file=file, version=version)


def _version(tx: Transaction, file: File, new: NewLog, split_key: str | None) -> Version:
    """The version that is called: by its id, or by an environment, which may share its calls out."""
    if new.version_id is not None and new.environment is None:
        switches.check_file(tx, file)
        return versions.select(tx, file, version_id=new.version_id, environment=None)
    named = None if new.environment is None else find_environment(tx, new.environment)
    place = default_environment(tx) if new.environment is None else named
    state = None
    if place is not None:  # select refuses an environment that is not there
        state = switches.state_for_call(tx, file, PointerKind.ENVIRONMENT, place.id)
    share = None
    if state is not None and new.version_id is None:
        share = splits.draw(state, account=tx.account, key=split_key)
    if share is None:
        return versions.select(tx, file, version_id=new.version_id, environment=new.environment)
    return versions.select(tx, file, version_id=share.version_id, environment=None)


def _repeated(tx: Transaction, prepared: Prepared, known: Log, *, is_repeatable: bool) -> Repeated:
    version = tx.versions.kept(id=known.version_id)
    file = tx.files.get(id=known.file_id)
    is_same = known.request_hash is not None and known.request_hash == prepared.request_hash
    if version is None or file is None or not is_same or not is_repeatable:
        raise AlreadyExists(f"A log with ID `{known.id}` already exists.")
    return Repeated(log=known, version=view(tx, file, version))


def settle(
    tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared
) -> tuple[File, Version, VersionView]:
    """The version that is called, made where it is not there, once the log is sure to find its place.

    Raises:
        NotFound, Invalid, Conflict, AlreadyExists: as `headrace.services.logs.logs.create`.
    """
    file, version = new_logs.used(tx, ports, principal, prepared)
    traces.above_new(tx, ports, new_logs.draft(ports, principal, prepared, file, version), DIRECT)
    return file, version, view(tx, file, version)


def record(
    tx: Transaction, ports: Ports, principal: Principal, prepared: Prepared, file: File, version: Version
) -> Log:
    """Keep what came of a call as its log.

    Raises:
        NotFound: the file was deleted meanwhile, with all that could be its logs; or the parent was.
        Conflict: the trace was completed meanwhile.
    """
    if tx.files.get(id=file.id) is None:
        message = f"{KINDS[file.kind].title} `{file.path}` was deleted while it was called."
        raise NotFound(file.kind, file.id, message)
    return logs.keep(tx, ports, principal, prepared, file, version).log
