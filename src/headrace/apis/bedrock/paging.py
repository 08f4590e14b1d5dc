"""Page tokens: opaque to callers, and of no use for another list (bedrock 1.1, Pagination)."""

from __future__ import annotations

import binascii
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode
from typing import Any

import msgspec

from headrace.core.errors import Invalid
from headrace.core.ports import Vault

MAX_PAGE = 10
"""Every list of the model holds at most ten items."""
MAC_LENGTH = 16
_PURPOSE = "page token"


def page_size(asked: int | None) -> int:
    """How many items a page has. More than a list can hold may be asked for, and is not given."""
    return min(asked or MAX_PAGE, MAX_PAGE)


def write_token(vault: Vault, *, of: str, after: Any) -> str:
    """A token for the page after ``after`` of the list ``of`` (operation, parent and filters)."""
    message = msgspec.json.encode(after)
    return urlsafe_b64encode(_mac(vault, of, message) + message).decode().rstrip("=")


def read_token(vault: Vault, token: str | None, *, of: str) -> Any:
    """What ``write_token`` was given; None without a token.

    Raises:
        Invalid: the token was not made for this list.
    """
    if token is None:
        return None
    try:
        raw = urlsafe_b64decode(token + "=" * (-len(token) % 4))
    except (binascii.Error, ValueError):
        raw = b""
    mac, message = raw[:MAC_LENGTH], raw[MAC_LENGTH:]
    if not hmac.compare_digest(mac, _mac(vault, of, message)):
        raise Invalid.at(
            "nextToken",
            message="The nextToken is not one that this list returned.",
            kind="token",
            where="query",
        )
    return msgspec.json.decode(message)


def _mac(vault: Vault, of: str, message: bytes) -> bytes:
    return vault.sign(f"{of}\n".encode() + message, purpose=_PURPOSE)[:MAC_LENGTH]
