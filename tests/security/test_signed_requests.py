"""Signed requests, put to a server: what one is good for, and what not."""

from __future__ import annotations

import pytest
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest
from botocore.credentials import Credentials
from tests.security.asking import Sent, ask, ask_all
from tests.security.conftest import Two
from tests.security.references import path_values


@pytest.mark.live
def test_a_path_that_leads_back_is_no_operation(two: Two) -> None:
    """Signatures cover the path without dots and empty parts; so none with such may mean anything else.

    A request that was signed for one path would else be good for another.
    """
    headers = {"x-api-key": two.ours.keys["admin"]}
    tried = []
    for door in two.doors:
        if door.api != "BedrockApi":
            continue
        path = door.path(**path_values(two.ours, door)).partition("?")[0]
        parts = path.split("/")
        for nth in range(1, len(parts) + 1):
            for more in ((".",), ("..",), ("",), ("x", ".."), ("%2e%2e",), ("%2E",)):
                other = "/".join([*parts[:nth], *more, *parts[nth:]])
                if other.rstrip("/") != path:
                    tried.append(Sent(method=door.method, target=other, headers=headers, body=b"{}"))
    before = two.ours.kept()
    answers = ask_all(two.running, tried)
    taken = [
        one.method + " " + one.target
        for one, answer in zip(tried, answers, strict=True)
        if answer.status < 400
    ]
    assert len(tried) > 500
    assert not taken
    assert two.ours.kept() == before


@pytest.mark.live
def test_a_signature_of_another_service_or_organisation_opens_nothing(two: Two) -> None:
    pair = two.theirs.pair
    for service, secret in (
        ("s3", pair["secret_access_key"]),
        ("bedrock", two.ours.pair["secret_access_key"]),
    ):
        request = AWSRequest("GET", f"{two.running.url}/flows")
        SigV4Auth(Credentials(pair["access_key_id"], secret), service, "us-east-1").add_auth(request)
        headers = {name: str(value) for name, value in request.headers.items()}
        answer = ask(two.running, Sent(method="GET", target="/flows", headers=headers))
        assert (answer.status, answer.headers["x-amzn-errortype"]) == (403, "InvalidSignatureException")
