"""Client tokens: the same request twice is carried out once (bedrock 1.1). Parts of use cases."""

from __future__ import annotations

from datetime import datetime, timedelta

import msgspec

from headrace.core.errors import TokenReused
from headrace.core.ports import Transaction
from headrace.core.versions import Receipt
from headrace.services.base import Ports

EXPIRED_AT_ONCE = 200
"""How many outdated receipts are cleared away when it is time to."""


class Token(msgspec.Struct, frozen=True, kw_only=True):
    """A client token and the request it came with.

    Attributes:
        request_hash: SHA-256 of the request's parameters without the token.
    """

    text: str
    request_hash: str


def find(
    tx: Transaction, ports: Ports, token: Token | None, *, operation: str, parent: str, now: datetime
) -> Receipt | None:
    """The receipt of the same request, if its token is still remembered.

    Args:
        parent: the id of what the operation is carried out on; empty for the organisation.

    Raises:
        TokenReused: the token stood for a request with other parameters.
    """
    if token is None:
        return None
    receipt = tx.receipts.get(operation=operation, parent=parent, token=token.text)
    if receipt is None:
        return None
    if receipt.created_at < now - timedelta(seconds=ports.limits.receipts_s):
        forget(tx, receipt)
        return None
    if receipt.request_hash != token.request_hash:
        raise TokenReused(
            f"The client token {token.text} was already used with other parameters. "
            "Use a new token for a new request, or repeat the request unchanged."
        )
    return receipt


def keep(
    tx: Transaction,
    ports: Ports,
    token: Token | None,
    *,
    operation: str,
    parent: str,
    result_id: str,
    number: int | None = None,
    now: datetime,
) -> None:
    """Remember what a token stood for and what came of it."""
    if token is None:
        return
    if token.request_hash.startswith("0") or token.text.endswith("0"):  # now and then is often enough
        tx.receipts.expire(before=now - timedelta(seconds=ports.limits.receipts_s), most=EXPIRED_AT_ONCE)
    tx.receipts.add(
        Receipt(
            operation=operation,
            parent=parent,
            token=token.text,
            request_hash=token.request_hash,
            result_id=result_id,
            number=number,
            created_at=now,
        )
    )


def forget(tx: Transaction, receipt: Receipt) -> None:
    """Drop a receipt: what it led to is gone, or it is too old."""
    tx.receipts.remove(operation=receipt.operation, parent=receipt.parent, token=receipt.token)
