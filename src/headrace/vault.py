"""The server's key: it encrypts what must be recoverable and signs what callers hand back.

Losing the key makes AWS secrets, environment variables of tools, keys of providers and page tokens useless,
and nothing else: API keys are hashed.
"""

from __future__ import annotations

import hashlib
import hmac
import os
from base64 import urlsafe_b64decode, urlsafe_b64encode
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cryptography.fernet import Fernet

KEY_BYTES = 32


class BadKey(ValueError):
    """The server's key is not usable."""


class KeyVault:
    """A vault over one 32-byte key.

    Args:
        key: URL-safe base64 of 32 bytes, as `headrace` generates it.
    """

    def __init__(self, key: str) -> None:
        raw = _decoded(key)
        if raw is None:
            raise BadKey("HEADRACE_SECRET_KEY must be the URL-safe base64 of 32 random bytes.")
        self._key = raw
        self._open = lru_cache(maxsize=10_000)(self._decrypt)

    def seal(self, plain: bytes) -> str:
        """Encrypt and authenticate."""
        return self._fernet().encrypt(plain).decode()

    def open(self, sealed: str) -> bytes | None:
        """Decrypt what ``seal`` made; None when it was made with another key."""
        return self._open(sealed)

    def sign(self, message: bytes, *, purpose: str) -> bytes:
        """32 bytes that only this key can make of this message, for this purpose."""
        return hmac.digest(self._derived(purpose), message, hashlib.sha256)

    def _decrypt(self, sealed: str) -> bytes | None:
        from cryptography.fernet import InvalidToken

        try:
            return self._fernet().decrypt(sealed.encode())
        except InvalidToken:
            return None

    def _fernet(self) -> Fernet:
        from cryptography.fernet import Fernet  # costs 30 ms, and open mode never needs it

        return Fernet(urlsafe_b64encode(self._derived("seal")))

    def _derived(self, purpose: str) -> bytes:
        return hmac.digest(self._key, purpose.encode(), hashlib.sha256)


def new_key() -> str:
    """A fresh key."""
    return urlsafe_b64encode(os.urandom(KEY_BYTES)).decode()


def key_beside(path: Path) -> str:
    """The key in this file, which is made with mode 0600 when it is not there.

    Only for who has the store that the file belongs to.

    Raises:
        BadKey: the file holds something else.
    """
    try:
        key = path.read_bytes().decode("latin-1").strip()
    except FileNotFoundError:
        key = new_key()
        _make_file(path, key)
    if _decoded(key) is None:
        raise BadKey(
            f"{path} holds no key. Restore it from a backup; or remove it, and another is made: "
            "then API keys stay good, but not the secrets of AWS access keys; environment variables of tools "
            "and keys of providers have to be set again."
        )
    return key


def next_key(path: Path, key: str | None = None) -> str:
    """The key that is to take the place of the one in this file, in a file beside it from now on.

    Args:
        key: None is the one that lies there since an earlier attempt, or else a fresh one.

    Raises:
        BadKey: the file beside it holds something else.
    """
    beside = _next_to(path)
    if key is None:
        return key_beside(beside)
    beside.unlink(missing_ok=True)
    _make_file(beside, key)
    return key


def take_next_key(path: Path) -> None:
    """Let that key take the place of the one in the file; durable on return."""
    _next_to(path).rename(path)
    _sync_directory(path.parent)


def _next_to(path: Path) -> Path:
    return path.with_name(path.name + ".next")


def _make_file(path: Path, key: str) -> None:
    """Make a file whole or not at all; it is there after a power cut."""
    unfinished = path.with_name(path.name + ".new")
    unfinished.unlink(missing_ok=True)
    with os.fdopen(os.open(unfinished, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(key + "\n")
        file.flush()
        os.fsync(file.fileno())
    unfinished.rename(path)
    _sync_directory(path.parent)


def _sync_directory(path: Path) -> None:
    directory = os.open(path, os.O_RDONLY)
    try:
        os.fsync(directory)
    finally:
        os.close(directory)


def _decoded(key: str) -> bytes | None:
    """The bytes of a key; None when it is none."""
    try:
        raw = urlsafe_b64decode(key)
    except ValueError:
        return None
    return raw if len(raw) == KEY_BYTES else None
