"""A value for every argument that the methods take, and which of them stand instead of each other."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from tests.contract.humanloop.kinds import external
from tests.contract.humanloop.methods.logs import SPOKEN, logged
from tests.contract.humanloop.methods.world import FILES, FLOW, Row, View, World, after

EARLY, LATE = datetime(2026, 1, 2, 3, 4, 5, tzinfo=UTC), datetime(2026, 1, 2, 3, 4, 9, tzinfo=UTC)
FUNCTION = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}, "strict": False}
TOOL = {"name": "add", "description": "Adds.", "parameters": {"type": "object"}}

Value = Callable[[World, str], Any]
"""A value in a world, for a method of files of a kind."""


def _point(world: World) -> str:
    """The id of a datapoint."""
    dataset = world.client.datasets.get(world.file("dataset").id, include_datapoints=True)
    return str(dataset.datapoints[0].id)


def _run(world: World, kind: str) -> str:
    """The id of a run that waits for a log of the file."""
    evaluation: View = world.once(
        "awaiting",
        lambda: world.client.evaluations.create(
            file={"id": world.file(kind).id}, name=f"Awaiting {world.tag}", evaluators=[]
        ),
    )
    run = world.client.evaluations.create_run(
        evaluation.id,
        dataset={"version_id": world.file("dataset").version_id},
        version={"version_id": world.file(kind).version_id},
        orchestrated=False,
    )
    return str(run.id)


def _kernel(world: World, kind: str) -> Any:
    """The content of the first version, as a log or call of the file brings it."""
    return FILES[kind].content(1)


VALUES: Mapping[str, Value] = {
    # files and versions
    "id": lambda w, kind: w.file(kind).id,
    "path": lambda w, kind: w.file(kind).path if kind in FILES else w.path("Another"),
    "name": lambda w, kind: f"other {w.tag}",
    "directory_id": lambda w, kind: w.client.directories.create(path=w.path("Target")).id,
    "parent_id": lambda w, kind: w.client.directories.create(path=f"target {w.tag}").id,
    "version_id": lambda w, kind: w.second(kind).version_id,
    "environment": lambda w, kind: after(w.staged(kind), "staging"),
    "version_name": lambda w, kind: "v1",
    "version_description": lambda w, kind: "the first",
    "description": lambda w, kind: "what it is for",
    "tags": lambda w, kind: ["a", "b"],
    "readme": lambda w, kind: "# Read me",
    "attributes": lambda w, kind: {"team": "a"},
    # prompts and agents
    "endpoint": lambda w, kind: "chat",
    "template_language": lambda w, kind: "default",
    "provider": lambda w, kind: "openai",
    "max_tokens": lambda w, kind: 100,
    "temperature": lambda w, kind: 0.5,
    "top_p": lambda w, kind: 0.9,
    "stop": lambda w, kind: ["END"],
    "presence_penalty": lambda w, kind: 0.1,
    "frequency_penalty": lambda w, kind: 0.2,
    "other": lambda w, kind: {"best_of": 2},
    "response_format": lambda w, kind: {"type": "json_object"},
    "reasoning_effort": lambda w, kind: "low",
    "tools": lambda w, kind: (
        [TOOL]
        if kind == "prompt"
        else [{"type": "inline", "json_schema": FUNCTION, "on_agent_call": "continue"}]
    ),
    "linked_tools": lambda w, kind: [w.file("tool").id],
    "max_iterations": lambda w, kind: 3,
    "prompt": _kernel,
    "agent": _kernel,
    "tool": _kernel,
    "flow": _kernel,
    "spec": lambda w, kind: external("number"),
    # tools and datasets
    "function": lambda w, kind: FUNCTION,
    "source_code": lambda w, kind: "def add(x, y):\n    return x + y\n",
    "setup_values": lambda w, kind: {"unit": "C"},
    "tool_type": lambda w, kind: "python",
    "action": lambda w, kind: "set",
    "include_datapoints": lambda w, kind: True,
    # lists
    "page": lambda w, kind: 1,
    "size": lambda w, kind: 100,
    "user_filter": lambda w, kind: "local",
    "sort_by": lambda w, kind: "updated_at",
    "order": lambda w, kind: "asc",
    "template": lambda w, kind: False,
    "type": lambda w, kind: ["flow", "prompt"],
    "include_raw_file_content": lambda w, kind: True,
    "search": lambda w, kind: "1+2",
    "metadata_search": lambda w, kind: "nothing",
    "start_date": lambda w, kind: EARLY,
    "end_date": lambda w, kind: datetime.now(UTC),
    "include_parent": lambda w, kind: True,
    "in_trace_filter": lambda w, kind: True,
    "sample": lambda w, kind: 5,
    "include_trace_children": lambda w, kind: True,
    "deactivate": lambda w, kind: [{"evaluator_version_id": w.judge().version_id}],
    # logs and calls
    "messages": lambda w, kind: [{"role": "user", "content": "1+2?"}],
    "output_message": lambda w, kind: SPOKEN,
    "inputs": lambda w, kind: {"name": "Ann"},
    "output": lambda w, kind: "3",
    "error": lambda w, kind: "odd",
    "log_status": lambda w, kind: "complete",
    "start_time": lambda w, kind: EARLY,
    "end_time": lambda w, kind: LATE,
    "created_at": lambda w, kind: EARLY,
    "provider_latency": lambda w, kind: 0.5,
    "stdout": lambda w, kind: "printed",
    "provider_request": lambda w, kind: {"a": [1]},
    "provider_response": lambda w, kind: {"b": None},
    "source": lambda w, kind: "tests",
    "metadata": lambda w, kind: {"team": "a"},
    "source_datapoint_id": lambda w, kind: _point(w),
    "run_id": _run,
    "trace_parent_id": lambda w, kind: logged(w).id,
    "user": lambda w, kind: "ann",
    "log_environment": lambda w, kind: "label",
    "save": lambda w, kind: True,
    "log_id": lambda w, kind: f"chosen {w.tag}",
    "prompt_tokens": lambda w, kind: 7,
    "reasoning_tokens": lambda w, kind: 2,
    "output_tokens": lambda w, kind: 3,
    "prompt_cost": lambda w, kind: 0.25,
    "output_cost": lambda w, kind: 0.5,
    "finish_reason": lambda w, kind: "stop",
    "tool_choice": lambda w, kind: "auto",
    "marked_completed": lambda w, kind: True,
    "provider_api_keys": lambda w, kind: {"openai": "sk-of-nobody"},
    "num_samples": lambda w, kind: 2,
    "return_inputs": lambda w, kind: True,
    "logprobs": lambda w, kind: 1,
    "suffix": lambda w, kind: "after",
    # evaluations
    "file": lambda w, kind: {"path": w.file("flow").path},
    "use_existing_logs": lambda w, kind: True,
}
"""By the argument's name."""

VALUES_OF: Mapping[tuple[str, str], Value] = {
    ("files.list_files", "path"): lambda w, kind: after(w.file("flow"), w.home),
    ("directories.update", "path"): lambda w, kind: f"renamed {w.tag}",
}
"""Where a method takes something else by that name."""

KERNELS = {"prompt", "agent", "tool", "flow", "spec"}
"""A content that comes with a log or a call."""

INSTEAD: Mapping[str, set[str]] = {
    "id": {"path"},
    "name": {"path"},
    "path": {"id", "name"},
    "directory_id": {"path"},
    "parent_id": {"path"},
    "environment": {"version_id", *KERNELS},
    "version_id": {"environment", *KERNELS},
    **{kernel: {"version_id", "environment"} for kernel in KERNELS},
}
"""What an argument stands instead of, so that each is tried by itself."""

GIVEN: Mapping[str, Callable[[World], Mapping[str, Any]]] = {
    "agents.call_stream": lambda w: {"path": w.file("agent").path, "inputs": {"name": "Ann"}},
    "datasets.list_datapoints": lambda w: {"id": w.file("dataset").id},
    "datasets.upsert": lambda w: {"path": w.file("dataset").path},
    "directories.create": lambda w: {"name": f"below {w.tag}"},
    "evaluators.log": lambda w: {"path": w.file("evaluator").path},
    "files.retrieve_by_path": lambda w: {"path": w.file("flow").path},
    "flows.log": lambda w: {"path": w.file("flow").path, "flow": FLOW.content(1)},
    "tools.call": lambda w: {"path": w.file("tool").path},
}
"""What such a method is given here instead of what its row gives, which goes on about the file of its kind."""

UNSHOWN = {"id", *KERNELS, "version_id"}
"""Arguments whose names mean something else in answers."""

UNSHOWN_OF = {
    ("agents.call", "end_time"),  # an agent's turn ends when it does
    ("agents.call_stream", "end_time"),
    ("prompts.upsert", "linked_tools"),  # shown with what they are
}
"""Arguments that come back as something else."""


def parameter(name: str) -> str:
    """An argument's name in the tables: a label of logs has other names beside a query of the same name."""
    return "log_environment" if name.endswith("_request_environment") else name


def parameters(client: Any, row: Row) -> list[str]:
    """The names of the arguments that a method has, in the client that hides no signature."""
    resource, _, method = row.method.partition(".")
    signature = inspect.signature(getattr(getattr(client, resource), method))
    named = (one.name for one in signature.parameters.values() if one.kind is one.KEYWORD_ONLY)
    return [name for name in named if name != "request_options"]


def trials(names: list[str], given: Mapping[str, Any]) -> list[list[str]]:
    """The arguments that are tried together, beyond those given: all that get along, then each of the others."""
    left = [name for name in names if name not in given]
    together = [name for name in left if name not in INSTEAD]
    return [one for one in (together, *([name] for name in left if name in INSTEAD)) if one]


def given_with(row: Row, names: list[str], trial: list[str], world: World) -> dict[str, Any]:
    """The arguments of a row and of the trial, without what these stand instead of."""
    resource = row.method.partition(".")[0]
    kind = next((one.name for one in FILES.values() if one.operations == resource), "flow")
    replaced = {other for name in trial for other in INSTEAD.get(name, ())} & set(names)
    given = {**row.arguments(world), **GIVEN.get(row.method, lambda _: {})(world)}
    kept = {name: value for name, value in given.items() if name not in replaced}
    for name in trial:
        kept[name] = VALUES_OF.get((row.method, name), VALUES[parameter(name)])(world, kind)
    return kept


def check_shown(row: Row, trial: list[str], given: Mapping[str, Any], shown: Mapping[str, Any]) -> None:
    """What was sent is what is shown under the same name, if anything is."""
    for name in trial:
        member = "environment" if parameter(name) == "log_environment" else name
        if member in shown and name not in UNSHOWN and (row.method, name) not in UNSHOWN_OF:
            assert _plain(shown[member]) == _plain(given[name]), f"{row.method} {name}: {shown[member]}"


def _plain(value: Any) -> Any:
    """A value without members that are null, and with times as text."""
    if isinstance(value, datetime):
        return value.replace(tzinfo=None).isoformat(timespec="microseconds")
    if isinstance(value, dict):
        return {name: _plain(one) for name, one in value.items() if one is not None}
    return [_plain(one) for one in value] if isinstance(value, list) else value
