"""What the server is, over HTTP: what a client needs to point at it, and what it allows."""

from __future__ import annotations

import msgspec

from headrace.apis.http import Response
from headrace.apis.native.operations import Call, Operation, ok
from headrace.core.access import Right
from headrace.services.server.installation import Installation


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where the protocols are served, below the server's own address.

    Attributes:
        humanloop: the `base_url` of Humanloop's SDKs.
        bedrock: the `endpoint_url` of AWS's.
        otel: where OpenTelemetry's exporters send traces.
        native: this API.
    """

    humanloop: str
    bedrock: str
    otel: str
    native: str


ENDPOINTS = Endpoints(humanloop="/v5", bedrock="", otel="/v1/traces", native="/api")


class SettingsBody(Installation, frozen=True, kw_only=True):
    """What the server is.

    Attributes:
        account: the organisation that was asked about: twelve digits, its AWS account too.
        is_open: whether there are no keys, so that whoever reaches the server may do everything.
    """

    account: str
    is_open: bool
    endpoints: Endpoints


async def get_settings(call: Call) -> Response:
    """What the server is: its version and store, where clients are to be pointed, what is kept, its limits.

    Of what it calls, only the names are told.
    """
    body = SettingsBody(
        **msgspec.structs.asdict(call.reach.installation),
        account=call.principal.account,
        is_open=await call.reach.gate.is_open(),
        endpoints=ENDPOINTS,
    )
    return ok(body)


OPERATIONS = (
    Operation(
        name="getSettings",
        method="GET",
        template="/settings",
        handler=get_settings,
        right=Right.READER,
        response=SettingsBody,
        errors=(),
    ),
)
