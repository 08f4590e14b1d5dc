"""Checks AWS Signature Version 4 on requests (bedrock.md 6.2), in the header and in the query.

Everything that a signature covers is taken as it came over the wire: the path and the query before any
decoding, header values as bytes. Whose key it is, is the caller's question: read the credential, look up
its secret, verify.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from urllib.parse import quote, unquote_to_bytes

from headrace.core.errors import Unauthenticated

ALGORITHM = "AWS4-HMAC-SHA256"
SERVICE = "bedrock"
MAX_SKEW = timedelta(minutes=5)
MAX_EXPIRES_S = 7 * 24 * 3600
UNSIGNED_PAYLOAD = b"UNSIGNED-PAYLOAD"

Headers = Sequence[tuple[bytes, bytes]]

_TIME = re.compile(r"[0-9]{8}T[0-9]{6}Z")
_TERMINATOR = "aws4_request"
_MISMATCH = (
    "The request signature we calculated does not match the signature you provided. Check your AWS Secret "
    "Access Key and signing method, and that no proxy changes the path or the Host header."
)


@dataclass(frozen=True, slots=True, kw_only=True)
class Credential:
    """What a request says about how it was signed.

    Attributes:
        access_key_id: whose key.
        date: the day the key was derived for, ``yyyymmdd``.
        region: the region it was derived for.
        signed_headers: the names of the headers that are covered, in the client's order.
        signature: 64 hexadecimal digits.
        signed_at: the time of a presigned request; otherwise it is in the header X-Amz-Date.
        expires_s: how long a presigned request is good for.
    """

    access_key_id: str
    date: str
    region: str
    signed_headers: tuple[bytes, ...]
    signature: str
    signed_at: str | None = None
    expires_s: int | None = None

    @property
    def is_presigned(self) -> bool:
        """Whether the signature is in the query."""
        return self.expires_s is not None


def find_credential(headers: Headers, raw_query: bytes) -> Credential:
    """The credential of a request, from its Authorization header or its query.

    Raises:
        Unauthenticated: there is none, or it can't be read.
    """
    for name, value in headers:
        if name == b"authorization":
            return parse_authorization(value.decode("latin-1"))
    if b"X-Amz-Signature=" in raw_query:
        return parse_presigned(raw_query)
    raise Unauthenticated("Missing Authentication Token", reason="missing")


def parse_authorization(header: str) -> Credential:
    """Read an Authorization header.

    Raises:
        Unauthenticated: it is not a complete Signature Version 4.
    """
    algorithm, _, rest = header.partition(" ")
    if algorithm != ALGORITHM:
        raise Unauthenticated(f"Authorization header must begin with {ALGORITHM}.", reason="incomplete")
    fields = dict(part.strip().partition("=")[::2] for part in rest.split(","))
    for field in ("Credential", "SignedHeaders", "Signature"):
        if not fields.get(field):
            raise Unauthenticated(f"Authorization header requires '{field}' parameter.", reason="incomplete")
    return _credential(fields["Credential"], fields["SignedHeaders"], fields["Signature"])


def parse_presigned(raw_query: bytes) -> Credential:
    """Read the credential of a presigned request.

    Raises:
        Unauthenticated: it is not a complete Signature Version 4.
    """
    fields = {key.decode("latin-1"): value.decode("latin-1") for key, value in _decoded_pairs(raw_query)}
    if fields.get("X-Amz-Algorithm") != ALGORITHM:
        raise Unauthenticated(f"X-Amz-Algorithm must be {ALGORITHM}.", reason="incomplete")
    for field in ("Credential", "SignedHeaders", "Signature", "Date", "Expires"):
        if not fields.get(f"X-Amz-{field}"):
            raise Unauthenticated(f"The query requires 'X-Amz-{field}'.", reason="incomplete")
    expires = fields["X-Amz-Expires"]
    if not re.fullmatch("[0-9]{1,6}", expires) or not 1 <= int(expires) <= MAX_EXPIRES_S:
        raise Unauthenticated(f"X-Amz-Expires must be between 1 and {MAX_EXPIRES_S}.", reason="incomplete")
    return _credential(
        fields["X-Amz-Credential"],
        fields["X-Amz-SignedHeaders"],
        fields["X-Amz-Signature"],
        signed_at=fields["X-Amz-Date"],
        expires_s=int(expires),
    )


def verify(
    credential: Credential,
    *,
    method: str,
    raw_path: bytes,
    raw_query: bytes,
    headers: Headers,
    body: bytes,
    secret: str,
    now: datetime,
    region: str | None = None,
    allow_unsigned_payload: bool = False,
) -> None:
    """Check that the request was signed with this secret, lately, and not changed since.

    Args:
        credential: what `find_credential` read from this request.
        method: in upper case.
        raw_path: the path as it came over the wire.
        raw_query: the query as it came over the wire, without the question mark.
        headers: names in lower case.
        body: the whole body.
        secret: the key's secret.
        now: the present, aware.
        region: the only region to accept; None accepts any.
        allow_unsigned_payload: accept a request that says its body is not covered.

    Raises:
        Unauthenticated: it was not.
    """
    if region is not None and credential.region != region:
        raise Unauthenticated(
            f"Credential should be scoped to a valid region, not '{credential.region}'.", reason="signature"
        )
    values = _by_name(headers)
    signed_at = credential.signed_at or values.get(b"x-amz-date", b"").decode("latin-1")
    _check_time(credential, signed_at, now)
    canonical_request = b"\n".join(
        (
            method.encode(),
            _canonical_path(raw_path),
            _canonical_query(raw_query, is_presigned=credential.is_presigned),
            *_canonical_headers(credential, values),
            b"",
            b";".join(credential.signed_headers),
            _payload_hash(values, body, allow_unsigned=allow_unsigned_payload),
        )
    )
    expected = _signature(credential, signed_at, canonical_request, secret)
    if not hmac.compare_digest(expected, credential.signature):
        raise Unauthenticated(_MISMATCH, reason="signature")


def _signature(credential: Credential, signed_at: str, canonical_request: bytes, secret: str) -> str:
    scope = f"{credential.date}/{credential.region}/{SERVICE}/{_TERMINATOR}"
    text = f"{ALGORITHM}\n{signed_at}\n{scope}\n{hashlib.sha256(canonical_request).hexdigest()}"
    key = _signing_key(secret, credential.date, credential.region)
    return hmac.digest(key, text.encode(), "sha256").hex()


def _credential(
    scope: str, headers: str, signature: str, *, signed_at: str | None = None, expires_s: int | None = None
) -> Credential:
    # A key id may hold slashes, the rest of the scope may not.
    parts = scope.rsplit("/", 4)
    if len(parts) != 5 or not all(parts) or parts[4] != _TERMINATOR or not scope.isascii():
        raise Unauthenticated(
            f"Credential must have the form <key>/<date>/<region>/{SERVICE}/{_TERMINATOR}.",
            reason="incomplete",
        )
    access_key_id, date, region, service, _ = parts
    if service != SERVICE:
        raise Unauthenticated(
            f"Credential should be scoped to correct service: '{SERVICE}'.", reason="signature"
        )
    signed_headers = tuple(name.encode("latin-1") for name in headers.lower().split(";"))
    if b"host" not in signed_headers:
        raise Unauthenticated("'Host' must be a 'SignedHeader' in the signature.", reason="incomplete")
    if not re.fullmatch("[0-9a-f]{64}", signature):
        raise Unauthenticated("The signature must be 64 hexadecimal digits.", reason="incomplete")
    return Credential(
        access_key_id=access_key_id,
        date=date,
        region=region,
        signed_headers=signed_headers,
        signature=signature,
        signed_at=signed_at,
        expires_s=expires_s,
    )


def _check_time(credential: Credential, signed_at: str, now: datetime) -> None:
    if not _TIME.fullmatch(signed_at):
        raise Unauthenticated(
            "The request requires an X-Amz-Date such as 20250313T121021Z.", reason="incomplete"
        )
    if signed_at[:8] != credential.date:
        raise Unauthenticated(
            "Date in Credential scope does not match YYYYMMDD from X-Amz-Date.", reason="signature"
        )
    try:
        then = datetime.fromisoformat(signed_at)
    except ValueError as error:
        raise Unauthenticated(f"X-Amz-Date {signed_at} is no time.", reason="incomplete") from error
    if then > now + MAX_SKEW:
        raise Unauthenticated(
            f"Signature not yet current: {signed_at} is later than {_show(now)}.", reason="expired"
        )
    good_for = timedelta(seconds=credential.expires_s) if credential.expires_s is not None else MAX_SKEW
    if now > then + good_for:
        raise Unauthenticated(
            f"Signature expired: {signed_at} is more than {good_for} earlier than {_show(now)}.",
            reason="expired",
        )


def _show(time: datetime) -> str:
    return time.astimezone(UTC).strftime("%Y%m%dT%H%M%SZ")


def _by_name(headers: Headers) -> Mapping[bytes, bytes]:
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        value = b" ".join(value.split())
        values[name] = values[name] + b"," + value if name in values else value
    return values


def _canonical_headers(credential: Credential, values: Mapping[bytes, bytes]) -> Iterable[bytes]:
    for name in credential.signed_headers:
        value = values.get(name)
        if value is None:
            raise Unauthenticated(
                f"The signed header '{name.decode('latin-1')}' is not in the request.", reason="signature"
            )
        yield name + b":" + value


def _canonical_path(raw_path: bytes) -> bytes:
    """The path without empty and dot segments, percent-encoded once more."""
    segments: list[bytes] = []
    for segment in raw_path.split(b"/"):
        if segment == b"..":
            del segments[-1:]
        elif segment not in (b"", b"."):
            segments.append(segment)
    last = b"/" if segments and raw_path.endswith(b"/") else b""
    return quote(b"/" + b"/".join(segments) + last, safe="/~").encode()


def _canonical_query(raw_query: bytes, *, is_presigned: bool) -> bytes:
    if not raw_query:
        return b""
    pairs = sorted(
        (quote(key, safe="-_.~"), quote(value, safe="-_.~"))
        for key, value in _decoded_pairs(raw_query)
        if not (is_presigned and key == b"X-Amz-Signature")
    )
    return "&".join(f"{key}={value}" for key, value in pairs).encode()


def _decoded_pairs(raw_query: bytes) -> list[tuple[bytes, bytes]]:
    """The pairs of a query. A plus sign is a plus sign: Signature Version 4 knows no form encoding."""
    pairs = (part.partition(b"=") for part in raw_query.split(b"&") if part)
    return [(unquote_to_bytes(key), unquote_to_bytes(value)) for key, _, value in pairs]


def _payload_hash(values: Mapping[bytes, bytes], body: bytes, *, allow_unsigned: bool) -> bytes:
    declared = values.get(b"x-amz-content-sha256")
    if declared == UNSIGNED_PAYLOAD:
        if not allow_unsigned:
            raise Unauthenticated("This server does not accept unsigned payloads.", reason="signature")
        return UNSIGNED_PAYLOAD
    actual = hashlib.sha256(body).hexdigest().encode()
    if declared is not None and declared != actual:
        raise Unauthenticated("X-Amz-Content-SHA256 is not the hash of the body.", reason="signature")
    return actual


@lru_cache(maxsize=256)
def _signing_key(secret: str, date: str, region: str) -> bytes:
    key = f"AWS4{secret}".encode()
    for part in (date, region, SERVICE, _TERMINATOR):
        key = hmac.digest(key, part.encode(), "sha256")
    return key
