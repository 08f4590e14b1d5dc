"""The kinds of files beside flows, as the SDK offers them: one table for the rules that all share."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from humanloop.types import AgentResponse, DatasetResponse, EvaluatorResponse, PromptResponse, ToolResponse


@dataclass(frozen=True, kw_only=True)
class Kind:
    """A kind of files.

    Attributes:
        name: the word for it.
        operations: the client's attribute.
        content: a content, another one for each number, as the arguments of an upsert.
        update_version: the method that relabels a version.
        delete_version: the method that deletes a version.
        shown: the SDK's class.
        prefixes: of its files' and its versions' ids.
        has_logs: whether its versions are logged against, counted and monitored.
        moves_by_id: whether a directory's id says where it is to go.
    """

    name: str
    operations: str
    content: Callable[[int], dict[str, Any]]
    update_version: str
    delete_version: str
    shown: type
    prefixes: tuple[str, str]
    has_logs: bool = True
    moves_by_id: bool = False

    def of(self, client: Any) -> Any:
        """The client's operations."""
        return getattr(client, self.operations)


def code(number: int = 0, **more: Any) -> dict[str, Any]:
    """The spec of an evaluator in Python."""
    return {
        "arguments_type": "target_free",
        "return_type": "number",
        "evaluator_type": "python",
        "code": f"def judge(log):\n    return {number}\n",
        **more,
    }


def external(return_type: str = "boolean", **more: Any) -> dict[str, Any]:
    """The spec of an evaluator that judges elsewhere."""
    return {
        "arguments_type": "target_free",
        "return_type": return_type,
        "evaluator_type": "external",
        **more,
    }


KINDS = (
    Kind(
        name="prompt",
        operations="prompts",
        content=lambda number: {"model": "gpt-4o", "template": "Hello {{name}}", "seed": number},
        update_version="patch_prompt_version",
        delete_version="delete_prompt_version",
        shown=PromptResponse,
        prefixes=("pr_", "prv_"),
    ),
    Kind(
        name="agent",
        operations="agents",
        content=lambda number: {
            "model": "gpt-4o",
            "template": "Hello {{name}}",
            "tools": [
                {
                    "type": "inline",
                    "json_schema": {"name": "add", "description": "Adds.", "parameters": {}},
                    "on_agent_call": "stop",
                }
            ],
            "max_iterations": 2,
            "seed": number,
        },
        update_version="patch_agent_version",
        delete_version="delete_agent_version",
        shown=AgentResponse,
        prefixes=("ag_", "agv_"),
        moves_by_id=True,
    ),
    Kind(
        name="tool",
        operations="tools",
        content=lambda number: {
            "function": {"name": "add", "description": "Adds."},
            "source_code": f"# {number}",
        },
        update_version="update_tool_version",
        delete_version="delete_tool_version",
        shown=ToolResponse,
        prefixes=("tl_", "tv_"),
    ),
    Kind(
        name="evaluator",
        operations="evaluators",
        content=lambda number: {"spec": code(number)},
        update_version="update_evaluator_version",
        delete_version="delete_evaluator_version",
        shown=EvaluatorResponse,
        prefixes=("ev_", "evv_"),
    ),
    Kind(
        name="dataset",
        operations="datasets",
        content=lambda number: {"datapoints": [{"inputs": {"n": str(number)}, "target": {"m": number}}]},
        update_version="update_dataset_version",
        delete_version="delete_dataset_version",
        shown=DatasetResponse,
        prefixes=("ds_", "dsv_"),
        has_logs=False,
    ),
)
