"""What a Lambda ARN may stand for in the configuration."""

from __future__ import annotations

import re

import msgspec

from headrace.backends.aws import AwsPlace
from headrace.backends.hooks import Hook

HANDLER = re.compile(r"^[A-Za-z_]\w*(\.[A-Za-z_]\w*)*:[A-Za-z_]\w*$")


class LambdaRoute(AwsPlace, frozen=True, kw_only=True, tag="lambda", forbid_unknown_fields=True):
    """A function of AWS Lambda.

    Attributes:
        match: a pattern of ARNs with or without qualifier, ``name:qualifier``, or names.
        function: the name or ARN to invoke; empty is the flow's.
    """

    match: str
    function: str = ""


class HttpRoute(Hook, frozen=True, kw_only=True, tag="http", forbid_unknown_fields=True):
    """An address that takes the event and answers the result."""

    match: str


class HandlerRoute(msgspec.Struct, frozen=True, kw_only=True, tag="handler", forbid_unknown_fields=True):
    """A function in the server's own process.

    Attributes:
        handler: ``module:function``.
    """

    match: str
    handler: str

    def __post_init__(self) -> None:
        check_handler(self.handler)


def check_handler(name: str) -> None:
    """Refuse what is no handler's name."""
    if not HANDLER.match(name):
        raise ValueError(f"handler must be `module:function`, not `{name}`")


FunctionRoute = LambdaRoute | HttpRoute | HandlerRoute
