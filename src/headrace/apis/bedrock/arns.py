"""Amazon resource names of this server, and the identifiers that clients use for them (bedrock 1.1)."""

from __future__ import annotations

import re

import msgspec

from headrace.core.errors import NotFound

PARTITION = "aws"
_FLOW = re.compile(r"arn:aws:bedrock:(?P<region>[^:]+):(?P<account>[0-9]{12}):flow/(?P<id>[0-9a-zA-Z]+)")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where this server's resources are, as ARNs say it."""

    region: str
    account: str

    def flow_arn(self, flow_id: str) -> str:
        """The ARN of a flow; a flow's versions have no other."""
        return f"arn:{PARTITION}:bedrock:{self.region}:{self.account}:flow/{flow_id}"

    def flow_ref(self, identifier: str) -> str:
        """The id in a ``flowIdentifier``, which is an id or an ARN.

        Raises:
            NotFound: the ARN is of another account or region.
        """
        match = _FLOW.fullmatch(identifier)
        if match is None:
            return identifier
        if (match["region"], match["account"]) != (self.region, self.account):
            raise NotFound(
                "flow",
                identifier,
                f"Flow {identifier} not found: this server is account {self.account} in {self.region}.",
            )
        return match["id"]
