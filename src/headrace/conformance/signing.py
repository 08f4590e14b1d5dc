"""Signs requests as AWS's SDKs do (bedrock 6.2): Signature Version 4, from the standard library."""

from __future__ import annotations

import hashlib
import hmac
import posixpath
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote, unquote_to_bytes

SERVICE = "bedrock"
ALGORITHM = "AWS4-HMAC-SHA256"


@dataclass(frozen=True, slots=True, kw_only=True)
class Credentials:
    """Who signs.

    Attributes:
        token: of a temporary session; empty otherwise.
    """

    access_key_id: str
    secret: str
    token: str = ""

    def __repr__(self) -> str:
        return f"Credentials(access_key_id={self.access_key_id!r})"


def signed(
    credentials: Credentials,
    *,
    region: str,
    method: str,
    target: str,
    headers: Mapping[str, str],
    body: bytes,
    now: datetime | None = None,
) -> dict[str, str]:
    """The headers with those that sign them.

    Args:
        target: the path as it is sent, with its query.
        headers: with ``Host``; all of them are signed.
    """
    stamp = (now or datetime.now(UTC)).strftime("%Y%m%dT%H%M%SZ")
    told = {**headers, "X-Amz-Date": stamp}
    if credentials.token:
        told["X-Amz-Security-Token"] = credentials.token
    lines = sorted((name.lower(), " ".join(value.split())) for name, value in told.items())
    names = ";".join(name for name, _ in lines)
    path, _, query = target.partition("?")
    canonical = "\n".join(
        [
            method,
            _canonical_path(path),
            _canonical_query(query),
            *(f"{name}:{value}" for name, value in lines),
            "",
            names,
            hashlib.sha256(body).hexdigest(),
        ]
    )
    scope = f"{stamp[:8]}/{region}/{SERVICE}/aws4_request"
    text = "\n".join([ALGORITHM, stamp, scope, hashlib.sha256(canonical.encode()).hexdigest()])
    signature = _hmac(_key(credentials.secret, scope), text).hex()
    told["Authorization"] = (
        f"{ALGORITHM} Credential={credentials.access_key_id}/{scope}, SignedHeaders={names}, "
        f"Signature={signature}"
    )
    return told


def _key(secret: str, scope: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in scope.split("/"):
        key = _hmac(key, part)
    return key


def _hmac(key: bytes, text: str) -> bytes:
    return hmac.new(key, text.encode(), hashlib.sha256).digest()


def _canonical_path(path: str) -> str:
    """Without empty and dot segments, and encoded once more than it is sent."""
    plain = posixpath.normpath("/" + path.lstrip("/"))
    if path.endswith("/") and not plain.endswith("/"):
        plain += "/"
    return quote(plain, safe="/~")


def _canonical_query(query: str) -> str:
    pairs = [pair.partition("=") for pair in query.split("&") if pair]
    encoded = sorted((_encoded(key), _encoded(value)) for key, _, value in pairs)
    return "&".join(f"{key}={value}" for key, value in encoded)


def _encoded(text: str) -> str:
    return quote(unquote_to_bytes(text), safe="-_.~")
