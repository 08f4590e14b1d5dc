"""Who may do what: organisations, users, keys and the right that a key carries."""

from __future__ import annotations

from datetime import datetime
from enum import IntEnum

import msgspec

from headrace.core.errors import Forbidden

DEFAULT_ACCOUNT = "000000000000"


class Right(IntEnum):
    """What a key allows; each right includes the ones below it."""

    READER = 1
    """Reads."""
    RUNNER = 2
    """Also invokes flows, writes logs and judges."""
    EDITOR = 3
    """Also writes files and versions, and deploys."""
    ADMIN = 4
    """Also manages keys and environments, and overrides gates."""


class Organisation(msgspec.Struct, frozen=True, kw_only=True):
    """A tenant. Nothing of one organisation is ever visible to another.

    Attributes:
        account: twelve digits; the organisation's id, and the AWS account of its ARNs.
    """

    account: str
    name: str
    created_at: datetime


class User(msgspec.Struct, frozen=True, kw_only=True):
    """A person or a machine that keys are issued to.

    Attributes:
        id: ``usr_…``.
    """

    id: str
    email: str
    full_name: str
    created_at: datetime


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """One credential in its two forms: an API key and an AWS access key pair.

    Attributes:
        id: ``key_…``; what `headrace keys revoke` takes.
        account: the organisation that the key opens.
        user_id: whose it is.
        right: what it allows.
        name: what its owner calls it.
        api_key_hash: SHA-256 of the API key, hexadecimal; the key itself is not kept.
        access_key_id: the public half of the AWS pair.
        secret_sealed: the secret half, encrypted with the server's key, because SigV4 must recompute it.
        revoked_at: since when it opens nothing.
    """

    id: str
    account: str
    user_id: str
    right: Right
    name: str
    api_key_hash: str
    access_key_id: str
    secret_sealed: str
    created_at: datetime
    revoked_at: datetime | None = None


class Principal(msgspec.Struct, frozen=True, kw_only=True):
    """Who is asking, in which organisation, with which right.

    Attributes:
        key_id: the key that was shown; None in open mode.
    """

    account: str
    user: User
    right: Right
    key_id: str | None = None

    def require(self, right: Right) -> None:
        """Raise Forbidden unless this principal has ``right``."""
        if self.right < right:
            raise Forbidden(
                f"This needs a key with the right '{right.name.lower()}'; "
                f"the key that was used has '{self.right.name.lower()}'."
            )
