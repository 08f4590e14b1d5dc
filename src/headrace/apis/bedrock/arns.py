"""Amazon resource names of this server, and the identifiers that clients use for them (bedrock 1.1)."""

from __future__ import annotations

import re

import msgspec

from headrace.core.errors import Invalid, NotFound
from headrace.core.ids import SHORT_LENGTH
from headrace.services.tree.tags import Resource

PARTITION = "aws"
_ARN = re.compile(r"arn:aws:bedrock:(?P<region>[^:]*):(?P<account>[0-9]*):(?P<resource>.+)", re.DOTALL)
_FLOW = re.compile(r"flow/(?P<flow>[0-9a-zA-Z]+)(/alias/(?P<alias>[0-9a-zA-Z]+))?")
_EXECUTION = re.compile(
    r"flow/(?P<flow>[0-9a-zA-Z]+)/alias/(?P<alias>[0-9a-zA-Z]+)/execution/(?P<name>[0-9a-zA-Z-]+)"
)
_PROMPT = re.compile(r"prompt/(?P<prompt>[0-9a-zA-Z]+)(:(?P<number>[1-9][0-9]{0,4}))?")


class Place(msgspec.Struct, frozen=True, kw_only=True):
    """Where this server's resources are, as ARNs say it."""

    region: str
    account: str

    def flow_arn(self, flow_id: str) -> str:
        """The ARN of a flow; a flow's versions have no other."""
        return self._arn(f"flow/{flow_id}")

    def alias_arn(self, flow_id: str, alias_id: str) -> str:
        """The ARN of an alias."""
        return self._arn(f"flow/{flow_id}/alias/{alias_id}")

    def execution_arn(self, flow_id: str, alias_id: str, name: str) -> str:
        """The ARN of an execution in the background."""
        return self._arn(f"flow/{flow_id}/alias/{alias_id}/execution/{name}")

    def prompt_arn(self, prompt_id: str, number: int | None) -> str:
        """The ARN of a prompt, or of one of its versions."""
        return self._arn(f"prompt/{prompt_id}" + ("" if number is None else f":{number}"))

    def _arn(self, resource: str) -> str:
        return f"arn:{PARTITION}:bedrock:{self.region}:{self.account}:{resource}"

    def flow_ref(self, identifier: str) -> str:
        """The id in a ``flowIdentifier``, which is an id or an ARN.

        Raises:
            NotFound: the ARN is of another account or region, or of no flow.
        """
        if not identifier.startswith("arn:"):
            return identifier
        match = self._local(identifier, _FLOW)
        return match["flow"]

    def alias_ref(self, identifier: str, *, flow: str) -> str:
        """The id in an ``aliasIdentifier``, which is an id or an ARN.

        Raises:
            NotFound: the ARN is of another account or region.
            Invalid: the ARN is of another flow's alias.
        """
        if not identifier.startswith("arn:"):
            return identifier
        match = self._local(identifier, _FLOW)
        # A long id does not tell whether the ARN is of that flow; if not, the alias is not found in it.
        is_other_flow = len(flow) == SHORT_LENGTH and match["flow"] != flow
        if is_other_flow or match["alias"] is None:
            message = f"The alias {identifier} does not belong to flow {flow}."
            raise Invalid.at("aliasIdentifier", message=message, kind="mismatch", where="path")
        return match["alias"]

    def execution_ref(self, identifier: str) -> tuple[str, str | None, str | None]:
        """The name in an ``executionIdentifier``, with the ids of flow and alias if it is an ARN.

        Raises:
            NotFound: the ARN is of another account or region, or of no execution.
        """
        if not identifier.startswith("arn:"):
            return identifier, None, None
        match = self._local(identifier, _EXECUTION)
        return match["name"], match["flow"], match["alias"]

    def prompt_ref(self, identifier: str) -> tuple[str, str | None]:
        """The id and the version in a ``promptIdentifier``, which is an id or an ARN.

        Raises:
            NotFound: the ARN is of another account or region, or of no prompt.
        """
        if not identifier.startswith("arn:"):
            return identifier, None
        match = self._local(identifier, _PROMPT)
        return match["prompt"], match["number"]

    def resource(self, arn: str) -> Resource:
        """What an ARN names that may have tags.

        Raises:
            NotFound: it names nothing here, or nothing that may have tags.
        """
        if ":flow/" in arn:
            match = self._local(arn, _FLOW)
            return Resource(kind="flow", ref=match["flow"], alias=match["alias"])
        match = self._local(arn, _PROMPT)
        number = match["number"]
        return Resource(kind="prompt", ref=match["prompt"], number=int(number) if number else None)

    def _local(self, arn: str, pattern: re.Pattern[str]) -> re.Match[str]:
        """The resource of an ARN of this place."""
        whole = _ARN.fullmatch(arn)
        match = pattern.fullmatch(whole["resource"]) if whole else None
        if whole is None or match is None:
            raise NotFound("resource", arn, f"Resource {arn} not found.")
        if (whole["region"], whole["account"]) != (self.region, self.account):
            raise NotFound(
                "resource",
                arn,
                f"Resource {arn} not found: this server is account {self.account} in {self.region}.",
            )
        return match
