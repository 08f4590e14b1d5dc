"""What distinguishes one file kind from another."""

from __future__ import annotations

import msgspec


class FileKind(msgspec.Struct, frozen=True, kw_only=True):
    """A kind of file.

    Attributes:
        name: the word for it, in lower case.
        title: the word for it in messages.
        prefix: of its files' ids.
        version_prefix: of its versions' ids.
        home: the directory where files are made that are given a name and no path; empty for the root.
        is_prepared: whether a draft must be validated before it can be released.
    """

    name: str
    title: str
    prefix: str
    version_prefix: str
    home: str = ""
    is_prepared: bool = False
