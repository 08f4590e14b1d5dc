"""Why a store can't be opened, or was used wrongly. None of these is ever an answer to a request.

StoreError
├─ NoSuchStore       its URL names none
├─ StoreLocked       another process has it open
├─ StoreOccupied     processes of another release have it open, which can't share it with this one
├─ StoreTooNew       a later release of Headrace wrote it
├─ StoreUnfinished   it is the target of a copy that did not come to its end
├─ StoreOutdated     an earlier release of Headrace wrote it, and it is only to be read
├─ StoreDamaged      it is not what this code would have made
├─ StoreUnusable     the machine does not let it be opened: no room, no right
└─ ReadOnly          a use case that only reads tried to write: a bug
"""

from __future__ import annotations


class StoreError(Exception):
    """The store can't be used like this."""


class NoSuchStore(StoreError, ValueError):
    """The URL names no store."""


class StoreLocked(StoreError):
    """Another process has the store open."""


class StoreOccupied(StoreError):
    """Processes of another release use the store, which can't share it with this one."""


class StoreTooNew(StoreError):
    """The store was written by a later release of Headrace."""


class StoreUnfinished(StoreError):
    """The store is the target of a copy that did not come to its end."""


class StoreOutdated(StoreError):
    """The store was written by an earlier release of Headrace."""


class StoreDamaged(StoreError):
    """The store is not what Headrace would have made."""


class StoreUnusable(StoreError):
    """The machine does not let the store be opened."""


class ReadOnly(StoreError):
    """A use case that was given to `read` tried to write."""
