"""Who signed in with a key, for a while: what a browser shows instead of the key.

Nothing of a session is kept: it is what the server signed. It ends with its time, and with its key.
"""

from __future__ import annotations

import hmac
import struct
from base64 import urlsafe_b64decode, urlsafe_b64encode
from binascii import Error as NotBase64

import msgspec

from headrace.core.access import Principal
from headrace.core.errors import Unauthenticated
from headrace.services.base import Ports
from headrace.services.server import access

PURPOSE = "session"
_SAID = struct.Struct(">Q32s")
"""Until when, in seconds since 1970, and the hash of the key."""


class Session(msgspec.Struct, frozen=True, kw_only=True):
    """What was opened.

    Attributes:
        token: what is shown from now on instead of the key.
    """

    token: str
    principal: Principal


async def sign_in(ports: Ports, api_key: str, *, lifetime_s: int) -> Session:
    """Open a session for who holds this key.

    Raises:
        Unauthenticated: nobody does, or it was revoked.
    """
    principal = await access.by_api_key(ports, api_key)
    until_s = int(ports.clock.now().timestamp()) + lifetime_s
    said = _SAID.pack(until_s, bytes.fromhex(access.hash_api_key(api_key)))
    token = urlsafe_b64encode(said + ports.vault.sign(said, purpose=PURPOSE)).decode()
    return Session(token=token, principal=principal)


def key_hash_of(ports: Ports, token: str) -> str:
    """The hash of the key that opened a session.

    Raises:
        Unauthenticated: this server signed no such thing, or its time is over.
    """
    try:
        raw = urlsafe_b64decode(token.encode())
    except (NotBase64, ValueError):
        raw = b""
    said, signature = raw[: _SAID.size], raw[_SAID.size :]
    if len(said) < _SAID.size or not hmac.compare_digest(signature, ports.vault.sign(said, purpose=PURPOSE)):
        raise Unauthenticated("This session is not known here. Sign in again.", reason="unknown")
    until_s, hashed = _SAID.unpack(said)
    if until_s <= ports.clock.now().timestamp():
        raise Unauthenticated("The session is over. Sign in again.", reason="expired")
    key_hash: bytes = hashed
    return key_hash.hex()
