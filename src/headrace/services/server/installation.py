"""What a server is: what whoever uses it may know of how it was set up. No secret is in it, and no path."""

from __future__ import annotations

import msgspec


class Provider(msgspec.Struct, frozen=True, kw_only=True):
    """Who answers for models.

    Attributes:
        name: what the configuration calls it.
        kind: what it speaks, such as `openai`.
        models: the patterns of the models that it answers for, in the order in which they are tried.
        takes_key: whether it is asked with a key, so that organisations may have their own.
    """

    name: str
    kind: str
    models: tuple[str, ...]
    takes_key: bool


class Limit(msgspec.Struct, frozen=True, kw_only=True):
    """A limit, and the setting that says it.

    Attributes:
        variable: the environment variable that sets it.
        default: what it is when that is not set.
        meaning: what it is for.
    """

    variable: str
    value: int | float
    default: int | float
    unit: str
    meaning: str


class Retention(msgspec.Struct, frozen=True, kw_only=True):
    """What is kept of runs, and how long.

    Attributes:
        content: `all`, `metadata` (no values) or `none` (no events).
        runs_days: so long ended runs are kept; 0 is for ever.
        logs_days: so long logs are kept, unless something else was said of their file; 0 is for ever.
    """

    content: str
    runs_days: int
    logs_days: int


class Installation(msgspec.Struct, frozen=True, kw_only=True):
    """How a server was set up.

    Attributes:
        version: of Headrace.
        store: what it keeps everything in: `sqlite`, `postgresql` or `memory`.
        region: the AWS region of its ARNs.
        has_background: whether it can carry executions out in the background.
        limits: everything that is set with a unit.
    """

    version: str
    store: str
    region: str
    sandbox: str
    has_background: bool
    retention: Retention
    providers: tuple[Provider, ...]
    limits: tuple[Limit, ...]
