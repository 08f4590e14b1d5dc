"""How the content of one file refers to another."""

from __future__ import annotations

import msgspec


class Link(msgspec.Struct, frozen=True, kw_only=True):
    """A file that content refers to, and which version of it (humanloop appendix A, LinkedFileRequest).

    Attributes:
        environment_id: the environment whose deployed version is meant; None is the default one.
        version_id: the version that is meant; None is whichever is deployed.
    """

    file_id: str
    environment_id: str | None = None
    version_id: str | None = None
