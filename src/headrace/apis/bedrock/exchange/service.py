"""Import and export as the server offers them to its command line: JSON in, JSON out."""

from __future__ import annotations

from collections.abc import Collection

import msgspec

from headrace.apis.bedrock.arns import PARTITION, Place
from headrace.apis.bedrock.codec import Codec
from headrace.apis.bedrock.exchange.bundle import Bundle
from headrace.apis.bedrock.exchange.exporter import Exporter
from headrace.apis.bedrock.exchange.importer import Importer
from headrace.core.access import Principal
from headrace.core.errors import Invalid, Malformed
from headrace.services.base import Ports


class BedrockExchange(msgspec.Struct, frozen=True, kw_only=True):
    """The import and export of Bedrock's flows and prompts.

    Attributes:
        region: of the ARNs.
        default_role: for flows that name none.
    """

    ports: Ports
    codec: Codec
    region: str
    default_role: str

    def place(self, principal: Principal) -> bytes:
        """Where resources of a principal's organisation are, in the words of AWS."""
        place = {"partition": PARTITION, "region": self.region, "account": principal.account}
        return msgspec.json.encode(place)

    async def bring_in(
        self, principal: Principal, body: bytes, *, is_update: bool, is_rehearsal: bool
    ) -> bytes:
        """Carry out a bundle and answer a report.

        Raises:
            Malformed: it is no bundle.
            HeadraceError: an item can't be made; then none is.
        """
        try:
            bundle = msgspec.json.decode(body, type=Bundle)
        except (msgspec.MsgspecError, UnicodeDecodeError) as error:
            raise Malformed(message=f"This is no import: {error}") from None
        except RecursionError:
            raise Invalid(message="The import is nested too deep.") from None
        importer = Importer(
            ports=self.ports,
            codec=self.codec,
            place=Place(region=self.region, account=principal.account),
            default_role=self.default_role,
        )
        report = await importer.run(principal, bundle, is_update=is_update, is_rehearsal=is_rehearsal)
        return msgspec.json.encode(report)

    async def take_out(self, principal: Principal, refs: Collection[str]) -> bytes:
        """The documents of flows, by name or id, and of the prompts they use; of all when none is named.

        Raises:
            NotFound: there is no such flow.
        """
        exporter = Exporter(
            ports=self.ports,
            codec=self.codec,
            place=Place(region=self.region, account=principal.account),
            default_role=self.default_role,
        )
        return msgspec.json.encode(await exporter.run(principal, refs=refs))
