"""One call of an operation, and what the operations' modules share."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from headrace.apis.bedrock.arns import Place
from headrace.apis.bedrock.codec import Params
from headrace.apis.bedrock.paging import page_size, read_token, write_token
from headrace.core.access import Principal
from headrace.services.base import Ports
from headrace.services.receipts import Token

Values = Mapping[str, Any]
IDENTIFIERS = frozenset({"clientToken", "flowIdentifier", "promptIdentifier"})
"""Members that are not compared when a token is used again: an id and an ARN name the same thing."""

_sorted = msgspec.json.Encoder(order="sorted").encode


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """One call of an operation.

    Attributes:
        operation: its name.
        params: the request's members.
        default_role: shown for flows that have no execution role, since responses must have one.
        split_key: what holds calls of a split together; None when nothing was said.
    """

    operation: str
    ports: Ports
    principal: Principal
    params: Params
    place: Place
    default_role: str
    split_key: str | None = None

    @property
    def flow(self) -> str:
        """The id of the flow that the call is about."""
        return self.place.flow_ref(self.params["flowIdentifier"])

    def token(self) -> Token | None:
        """The client token, with a hash of what else is asked for."""
        text = self.params.get("clientToken")
        if text is None:
            return None
        rest = {name: value for name, value in self.params.items() if name not in IDENTIFIERS}
        return Token(text=text, request_hash=hashlib.sha256(_sorted(rest)).hexdigest())

    def page(self, parent: str = "") -> Page:
        """The page that is asked for of this operation's list.

        Args:
            parent: what the list belongs to; a token of one parent's list is of no use for another's.
        """
        of = f"{self.operation} {self.principal.account} {parent}"
        after = read_token(self.ports.vault, self.params.get("nextToken"), of=of)
        return Page(call=self, of=of, after=after, size=page_size(self.params.get("maxResults")))


class Page(msgspec.Struct, frozen=True, kw_only=True):
    """A page of a list that is walked by key.

    Attributes:
        of: names the list.
        after: the key of the last item of the page before; None for the first page.
        size: how many items it holds at the most. One more is read, to know whether there is a next page.
    """

    call: Call
    of: str
    after: Any
    size: int

    @property
    def after_moment(self) -> tuple[datetime, str] | None:
        """The key, of lists that are ordered by time and id."""
        return None if self.after is None else (datetime.fromisoformat(self.after[0]), str(self.after[1]))

    def token(self, found: int, after: Any) -> str | None:
        """The token of the next page.

        Args:
            found: how many items were read.
            after: the key of this page's last item.
        """
        return write_token(self.call.ports.vault, of=self.of, after=after) if found > self.size else None

    def token_after_moment(self, found: int, created_at: datetime, item_id: str) -> str | None:
        """The same, of lists that are ordered by time and id."""
        return self.token(found, (created_at.isoformat(), item_id))
