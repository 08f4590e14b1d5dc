"""The names of what can fail, and the failures that every kind of backend shares."""

from __future__ import annotations

import importlib
import logging
from collections.abc import Iterable
from types import ModuleType

from headrace.core.effects import EffectFailed, Fault

BEDROCK = "Amazon Bedrock"
LAMBDA = "Lambda"
S3 = "Amazon S3"
LEX = "Amazon Lex"

TALKATIVE = {"boto3": ("botocore", logging.INFO), "httpx": ("httpx", logging.WARNING)}
"""Loggers that write session tokens and bodies (botocore below info) or whole URLs (httpx at info)."""


def unrouted(resource: str, what: str, name: str, *, how: str) -> EffectFailed:
    """Nothing is configured to answer for this name.

    Args:
        what: the kind of thing, such as ``model``.
        how: the lines of the configuration that would map it.
    """
    return EffectFailed(
        f"Nothing answers for the {what} `{name}`. Map it in the file that HEADRACE_CONFIG names: {how}",
        resource=resource,
    )


def late(resource: str, who: str, timeout_s: float) -> EffectFailed:
    """It took longer than the node may wait."""
    return EffectFailed(
        f"{who} did not answer within {timeout_s:g} s.", resource=resource, fault=Fault.GATEWAY
    )


SHORTEST_SECRET = 8
"""Shorter values of headers are words like ``json``, and no secrets."""


def redacted(text: str, secrets: Iterable[str]) -> str:
    """What a server said, without the secrets that it was sent; some servers repeat them."""
    for secret in secrets:
        if len(secret) >= SHORTEST_SECRET:
            text = text.replace(secret, "…")
    return text


def load(module: str, *, extra: str, resource: str) -> ModuleType:
    """Import an optional dependency at its first use.

    Raises:
        EffectFailed: it is not installed; the message says what to install.
    """
    if module in TALKATIVE:
        name, level = TALKATIVE[module]
        logging.getLogger(name).setLevel(level)
    try:
        return importlib.import_module(module)
    except ImportError as error:
        raise EffectFailed(
            f"The package {error.name or module} is not installed. Install `headrace[{extra}]`.",
            resource=resource,
        ) from None
