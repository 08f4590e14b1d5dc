"""Clients of the Bedrock API whose answers are checked against botocore's model."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest
from tests.contract.bedrock.conformance import checked_client
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer


@pytest.fixture(scope="session")
def bedrock(server: LiveServer) -> Any:
    """A checked boto3 client of the session's server."""
    return checked_client(server.url)


@pytest.fixture
def make_flow(bedrock: Any) -> Callable[..., Mapping[str, Any]]:
    """Make a flow with a sound definition; what is given replaces what it would have."""

    def make(*, is_prepared: bool = False, **members: Any) -> Mapping[str, Any]:
        wanted = {"name": new_name(), "executionRoleArn": ROLE, "definition": definition(), **members}
        flow: Mapping[str, Any] = bedrock.create_flow(**wanted)
        if is_prepared:
            bedrock.prepare_flow(flowIdentifier=flow["id"])
        return flow

    return make


@pytest.fixture
def prepared(make_flow: Callable[..., Mapping[str, Any]]) -> str:
    """The id of a prepared flow of the test's own."""
    return str(make_flow(is_prepared=True)["id"])
