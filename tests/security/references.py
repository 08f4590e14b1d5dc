"""What in a request may name something that somebody has: each parameter, and each member of a body.

A name that is in none of these tables fails the tests: whoever adds one says what it may name.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import quote

from tests.security.doors import Door
from tests.security.organisations import Organisation

KINDS = ("flow", "prompt", "tool", "evaluator", "dataset", "agent")
Names = tuple[str, ...]
"""Keys of `Organisation.has`; the first is what an ordinary request says."""

PATHS: Mapping[str, Names] = {
    "flowIdentifier": ("bedrock flow", "bedrock flow arn"),
    "flowVersion": ("=1",),
    "aliasIdentifier": ("alias",),
    "flowAliasIdentifier": ("alias",),
    "executionIdentifier": ("execution name", "execution arn"),
    "promptIdentifier": ("bedrock prompt",),
    "resourceArn": ("bedrock flow arn",),
    "environment": ("environment",),
    "environment_id": ("environment",),
    "evaluator": ("evaluator id", "evaluator path"),
    "evaluator_version_id": ("evaluator version",),
    "execution": ("execution", "execution arn"),
    "file": ("bedrock flow", "flow id", "flow path", "prompt id", "prompt path"),
    "key": ("key",),
    "log": ("flow log", "prompt log"),
    "name": ("=TOKEN",),
    "pointer": ("=production", "environment"),
    "provider": ("=script",),
    "run_id": ("run",),
    "step": ("=0",),
    "version": ("=1", "flow version"),
}
"""The parameters of paths. What begins with ``=`` is said as it stands: it is the same for everybody."""
_FILES = tuple(f"{kind} {what}" for kind in KINDS for what in ("id", "path"))
_VERSIONS = tuple(f"{kind} version" for kind in KINDS)
_LOGS = tuple(f"{kind} log" for kind in ("flow", "prompt", "tool", "agent", "evaluator"))
MEMBERS: Mapping[str, Names] = {
    "id": (*_FILES, *_LOGS),
    "path": _FILES,
    "file": _FILES,
    "directory_id": ("directory id",),
    "parent_id": ("directory id", *_LOGS),
    "log_id": _LOGS,
    "log_ids": _LOGS,
    "log": _LOGS,
    "logs": _LOGS,
    "trace_parent_id": _LOGS,
    "source_datapoint_id": ("datapoint",),
    "run_id": ("run",),
    "environment": ("environment",),
    "dataset": ("dataset id", "dataset path", "dataset version"),
    "dataset_version": ("dataset version",),
    "version": _VERSIONS,
    "flow": ("flow version", "bedrock flow"),
    "prompt": ("prompt version",),
    "agent": ("agent version",),
    "tool": ("tool version",),
    "evaluator": ("evaluator id", "evaluator path"),
    "evaluators": ("evaluator id", "evaluator path", "evaluator version"),
    "linked_tools": ("tool version", "tool id"),
    "tools": ("tool id",),
    "activate": ("evaluator version", "evaluator id"),
    "deactivate": ("evaluator version", "evaluator id"),
    "from": ("flow version",),
    "to": ("flow version",),
    "to_move": ("move",),
    "expected": ("move", "flow version"),
    "execution": ("execution", "execution name"),
    "executions": ("execution",),
    "answer": ("execution",),
    "name": ("execution name",),
    "user": ("email",),
    "email": ("email",),
    "target": ("flow version", "flow log"),
    "files": _FILES,
    "file_id": _FILES,
    "version_id": _VERSIONS,
    "ids": (*_FILES, *_VERSIONS),
    "template": ("directory id",),
    "after": ("flow log", "page token", "execution"),
    "before": ("move", "execution", "flow log"),
    "session": ("execution",),
    "pointer": ("environment", "alias"),
    "under": ("folder",),
    "search": ("word",),
    "text": ("word",),
    "metadata": ("word",),
    "metadata_search": ("word",),
    "user_filter": ("email", "word"),
    "verdict": ("evaluator id",),
    "failed_node": ("=Ask",),
}
"""The parameters of queries and the members of bodies that may name something."""
PLAIN = frozenset(
    """action attributes control cost_a_month_usd created_at datapoints description end_time endpoint error finish_reason
    frequency_penalty function include_trace_children inputs judgment log_status logprobs marked_completed
    max_iterations max_tokens messages model num_samples orchestrated other output output_cost
    output_message output_tokens presence_penalty prompt_cost prompt_tokens provider provider_api_keys
    provider_latency provider_request provider_response readme reasoning_effort requests_a_minute tokens_a_day reasoning_tokens
    response_format return_inputs save seed setup_values source source_code spec start_time status stdout
    stop stream suffix tags temperature template_language tool_choice tool_type top_p trace_status
    use_existing_logs version_description version_name definition dry_run full_name head input is_active
    is_default is_off keep_days key last lines override reason right rules shares split_key start watch end_date
    evaluator_aggregates in_trace_filter include_datapoints include_parent include_raw_file_content order
    page sample size sort_by start_date type as chars context digest error first force grain least most
    roots skip take width zone keep_days older_than_days text""".split()  # noqa: SIM905 - easier to read
)
"""Those that name nothing: values, limits, words."""


def value(one: Organisation, name: str) -> str:
    """What an organisation calls something."""
    return name[1:] if name.startswith("=") else one.has[name]


def path_choices(door: Door) -> int:
    """How many ways there are to say what of somebody's a path is about; none where it is about no such thing."""
    said = [_by_place(door, name) or PATHS[name] for name in door.parameters]
    return max((len(names) for names in said if not names[0].startswith("=")), default=0)


def path_values(one: Organisation, door: Door, nth: int = 0) -> dict[str, str]:
    """The parameters of a path, encoded, as an organisation says them."""
    found = {}
    for name in door.parameters:
        said = _by_place(door, name) or PATHS[name]
        found[name] = quote(value(one, said[nth % len(said)]), safe="")
    return found


def _by_place(door: Door, name: str) -> Names | None:
    """What the Humanloop API's parameters name, which depends on where they stand."""
    if door.api != "HumanloopApi" or name not in ("id", "version_id", "log_id"):
        return None
    place = door.template.split("/")[2]
    kind = place.removesuffix("s") if place != "directories" else "directory"
    if name == "id":
        return {"evaluation": ("evaluation",), "log": _LOGS}.get(kind, (f"{kind} id",))
    return (f"{kind} {'version' if name == 'version_id' else 'log'}",)
