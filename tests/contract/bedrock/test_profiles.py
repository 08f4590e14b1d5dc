"""AWS's quotas and rates, as one setting (bedrock 1.6, 6.3)."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, definition, refused

FAST = {"rate_limit": "0", "rate_limit_reads": "0"}


def test_quotas_of_aws(make_server: Any) -> None:
    client = checked_client(make_server(profile="aws", store="memory:", **FAST).url)
    flow = client.create_flow(name="flow-0", executionRoleArn=ROLE, definition=definition())["id"]
    client.prepare_flow(flowIdentifier=flow)
    prompt = client.create_prompt(name="prompt")["id"]
    for number in range(10):
        client.create_flow_version(flowIdentifier=flow)
        client.create_prompt_version(promptIdentifier=prompt)
        client.create_flow_alias(
            flowIdentifier=flow, name=f"alias-{number}", routingConfiguration=[{"flowVersion": "DRAFT"}]
        )
    with refused("ServiceQuotaExceededException", 402, "10"):
        client.create_flow_version(flowIdentifier=flow)
    with refused("ServiceQuotaExceededException", 402, "10"):
        client.create_prompt_version(promptIdentifier=prompt)
    with refused("ServiceQuotaExceededException", 402, "10"):
        client.create_flow_alias(
            flowIdentifier=flow, name="more", routingConfiguration=[{"flowVersion": "DRAFT"}]
        )
    for number in range(1, 100):
        client.create_flow(name=f"flow-{number}", executionRoleArn=ROLE)
    with refused("ServiceQuotaExceededException", 402, "100"):
        client.create_flow(name="flow-100", executionRoleArn=ROLE)


def test_shapes_of_aws(make_server: Any) -> None:
    client = checked_client(make_server(profile="aws", store="memory:", **FAST).url)
    wide = definition()
    wide["connections"] = [{**wide["connections"][0], "name": f"cc{index}"} for index in range(21)]
    with refused("ValidationException", 400, "definition.connections"):
        client.create_flow(name="wide", executionRoleArn=ROLE, definition=wide)


def test_a_setting_of_its_own_wins(make_server: Any) -> None:
    settings = {"profile": "aws", "quota_flows": "1", "strict_limits": "false", "store": "memory:", **FAST}
    client = checked_client(make_server(**settings).url)
    wide = definition()
    wide["connections"] = [{**wide["connections"][0], "name": f"cc{index}"} for index in range(21)]
    client.create_flow(name="only", executionRoleArn=ROLE, definition=wide)
    with refused("ServiceQuotaExceededException", 402, "1"):
        client.create_flow(name="more", executionRoleArn=ROLE)


def test_rates(make_server: Any) -> None:
    client = checked_client(make_server(profile="aws", store="memory:").url)
    for call, most in ((lambda: client.validate_flow_definition(definition={}), 2), (client.list_flows, 10)):
        started = time.monotonic()
        done = _calls_until_throttled(client, call, tries=500)
        refilled = (time.monotonic() - started) * most
        assert done is not None
        assert most <= done <= most + refilled


def test_no_rates_by_default(bedrock: Any) -> None:
    assert _calls_until_throttled(bedrock, bedrock.list_flows, tries=40) is None


def _calls_until_throttled(client: Any, call: Callable[[], Any], *, tries: int) -> int | None:
    """How many calls went well at once; None when none was refused."""
    for done in range(tries):
        try:
            call()
        except client.exceptions.ThrottlingException:
            return done
    return None
