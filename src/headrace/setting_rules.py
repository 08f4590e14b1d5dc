"""What settings may be: their forms and bounds, and the profiles that set several together."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

PREFIX = "HEADRACE_"


class BadSetting(ValueError):
    """A setting has a value that can't be used."""


PROFILES: Mapping[str, Mapping[str, Any]] = {
    "default": {},
    "aws": {
        "quota_flows": 100,
        "quota_flow_versions": 10,
        "quota_flow_aliases": 10,
        "quota_prompt_versions": 10,
        "quota_executions": 1000,
        "rate_limit": 2.0,
        "rate_limit_reads": 10.0,
        "rate_burst": 0,
        "strict_limits": True,
        "strict_node_counts": True,
    },
}
"""What each profile sets, instead of the defaults (bedrock 1.6)."""


_FORMS = {
    "account": ("[0-9]{12}", "twelve digits"),
    "region": ("[a-z0-9-]{1,20}", "up to twenty lower-case letters, digits and hyphens"),
    "default_role": ("arn:aws(-[^:]+)?:iam::([0-9]{12})?:role/.+", "the ARN of an IAM role"),
    "keep_content": ("all|metadata|none", "all, metadata or none"),
    "sandbox": ("native|monty|off", "native, monty or off"),
    "allowed_origins": (
        r"(\*|https?://[^\s,/]+(,https?://[^\s,/]+)*)?",
        "origins such as https://app.example.com, separated by commas, or *",
    ),
    "environments": (r"([^\s,/]([^,/]*[^\s,/])?(,[^\s,/]([^,/]*[^\s,/])?)*)?", "names, separated by commas"),
    "otlp_endpoint": (
        r"(https?://[^\s/?#@]+(/[^\s?#]*)?)?",
        "an address such as http://collector:4318, with no password in it",
    ),
    "otlp_headers": (
        r"(\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[^,\r\n]*(,\s*[!#$%&'*+.^_`|~0-9A-Za-z-]+\s*=[^,\r\n]*)*)?",
        "name=value pairs, separated by commas",
    ),
    "log_format": ("text|json", "text or json"),
    "log_level": ("debug|info|warning|error", "debug, info, warning or error"),
}
"""What the AWS clients are shown must have the forms that these clients were made for; a few settings are
one of a few words."""

_SECRET = frozenset({"otlp_endpoint", "otlp_headers"})
"""What is not shown to who got it wrong."""
_AT_MOST = {"port": 65_535, "health_port": 65_535, "otlp_share": 1}
_AT_LEAST_ONE = (
    "durable_attempts",
    "call_timeout",
    "concurrent_calls",
    "call_samples",
    "agent_timeout",
    "agent_iterations",
    "agent_depth",
    "concurrent_jobs",
    "judgment_timeout",
    "judgment_attempts",
    "evaluation_concurrency",
    "evaluation_attempts",
    "comparison_parallel",
    "comparison_inputs",
    "comparison_timeout",
    "process_timeout",
    "otlp_queue",
    "otlp_timeout",
    "watch_interval",
    "store_connections",
    "store_timeout",
    "store_connect_timeout",
)


def check_value(name: str, value: Any) -> None:
    """Refuse a value that makes no sense for a setting of that name.

    Raises:
        BadSetting: it is out of bounds, or has another form.
    """
    _check_number(name, value)
    pattern, words = _FORMS.get(name, (None, ""))
    if pattern is not None and re.fullmatch(pattern, value) is None:
        shown = "" if name in _SECRET else f", not {value!r}"
        raise BadSetting(f"{PREFIX}{name.upper()} must be {words}{shown}.")


def _check_number(name: str, value: Any) -> None:
    if not isinstance(value, (int, float)):
        return
    least, most = int(name in _AT_LEAST_ONE), _AT_MOST.get(name)
    if not least <= value < math.inf:  # nor NaN
        raise BadSetting(f"{PREFIX}{name.upper()} must be {least} or more, not {value}.")
    if most is not None and value > most:
        raise BadSetting(f"{PREFIX}{name.upper()} must be {least} to {most}, not {value}.")


def convert(variable: str, text: str, kind: type) -> Any:
    """The value that the text of a variable stands for.

    Raises:
        BadSetting: it stands for none.
    """
    if kind is bool:
        words = {"1": True, "true": True, "yes": True, "0": False, "false": False, "no": False, "": False}
        if text.lower() not in words:
            raise BadSetting(f"{variable} must be true or false, not {text!r}.")
        return words[text.lower()]
    try:
        return kind(text)
    except ValueError:
        word = {int: "a whole number", float: "a number"}[kind]
        raise BadSetting(f"{variable} must be {word}, not {text!r}.") from None
