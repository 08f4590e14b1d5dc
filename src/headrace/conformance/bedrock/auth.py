"""Who may ask: signatures that are missing, wrong or late (bedrock 6.2). Skipped where anybody may."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from headrace.conformance.bedrock.client import Bedrock
from headrace.conformance.checks import Area, CannotTell
from headrace.conformance.expecting import equal
from headrace.conformance.signing import Credentials, signed
from headrace.conformance.wire import Answer

area = Area("bedrock", "auth")
LONG_AGO = timedelta(hours=1)
OPEN_STATUS = 200
NOBODY = Credentials(access_key_id="AKIAAAAAAAAAAAAAAAAA", secret="none")  # noqa: S106 - nobody's


def _closed(aws: Bedrock) -> None:
    """Go on only where a stranger is turned away, or is expected to be."""
    if not aws.setup.expects_auth and _asked(aws, NOBODY).status == OPEN_STATUS:
        raise CannotTell("the server lets anybody in, and --expect-auth was not given")


def _asked(
    aws: Bedrock,
    credentials: Credentials,
    *,
    now: datetime | None = None,
    spoil: Mapping[str, str] | None = None,
) -> Answer:
    headers = signed(
        credentials,
        region=aws.setup.region,
        method="GET",
        target=aws.setup.agent.base + "/flows/",
        headers={"Host": aws.setup.agent.host},
        body=b"",
        now=now,
    )
    return aws.send("GET", "/flows/", headers={**headers, **(spoil or {})}, is_signed=False)


@area.documented("6.1")
def no_signature(aws: Bedrock) -> None:
    """A request without a signature is MissingAuthenticationTokenException."""
    _closed(aws)
    answer = aws.send("GET", "/flows/", is_signed=False)
    aws.check_error(answer, status=403, code="MissingAuthenticationTokenException")


@area.documented("6.1")
def unknown_key(aws: Bedrock) -> None:
    """A key that does not exist is UnrecognizedClientException."""
    _closed(aws)
    answer = _asked(aws, NOBODY)
    aws.check_error(answer, status=403, code="UnrecognizedClientException")


@area.documented("6.1")
def wrong_secret(aws: Bedrock) -> None:
    """A signature by another secret is InvalidSignatureException."""
    _closed(aws)
    answer = _asked(aws, replace(aws.setup.credentials, secret="another"))  # noqa: S106 - made up
    aws.check_error(answer, status=403, code="InvalidSignatureException")


@area.documented("6.2")
def changed_header(aws: Bedrock) -> None:
    """A signed header that was changed afterwards breaks the signature."""
    _closed(aws)
    later = (datetime.now(UTC) + timedelta(seconds=2)).strftime("%Y%m%dT%H%M%SZ")
    answer = _asked(aws, aws.setup.credentials, spoil={"X-Amz-Date": later})
    aws.check_error(answer, status=403, code="InvalidSignatureException")


@area.documented("6.2")
def old_signature(aws: Bedrock) -> None:
    """A signature of an hour ago is refused with 403."""
    _closed(aws)
    answer = _asked(aws, aws.setup.credentials, now=datetime.now(UTC) - LONG_AGO)
    equal("the status", answer.status, 403)


@area.documented("6.1")
def incomplete_signature(aws: Bedrock) -> None:
    """An Authorization header without its parts is IncompleteSignatureException."""
    _closed(aws)
    answer = _asked(aws, aws.setup.credentials, spoil={"Authorization": "AWS4-HMAC-SHA256 Credential=a"})
    equal(
        "x-amzn-ErrorType",
        answer.headers.get("x-amzn-errortype", "").partition(":")[0],
        "IncompleteSignatureException",
    )


@area.documented("6.2")
def signature_over_an_arn(aws: Bedrock) -> None:
    """The path is encoded once more for the signature, so that ARNs in paths can be signed."""
    _closed(aws)
    arn = str(aws.ok("GetFlow", aws.line())["arn"])
    equal("the id", aws.ok("GetFlow", arn).get("id"), aws.line())


@area.documented("6.2")
def signature_over_a_query(aws: Bedrock) -> None:
    """Names and values of the query are sorted and encoded for the signature."""
    _closed(aws)
    query = [("skipResourceInUseCheck", "true"), ("includedData", "ALL_DATA"), ("a b", "ü/~")]
    aws.ok("GetFlow", aws.line(), query=query)
