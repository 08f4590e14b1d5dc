"""Methods of logs: recorded, changed, listed, deleted, judged."""

from __future__ import annotations

from typing import Any

from tests.contract.humanloop.methods.world import ASYNC, PYTHON, Row, View, World

SPOKEN = {"role": "assistant", "content": "3"}


def logged(world: World, name: str = "log") -> View:
    """A log of the flow, which is not complete."""
    made: View = world.once(
        name, lambda: world.client.flows.log(path=world.file("flow").path, inputs={"q": "1+2"})
    )
    return made


def _of(world: World, kind: str, **more: Any) -> View:
    """A log of a file of some other kind."""
    made: View = world.once(
        f"{kind} log", lambda: world.operations(kind).log(path=world.file(kind).path, output="3", **more)
    )
    return made


ROWS = (
    Row(
        method="flows.log",
        operation="LogFlow",
        arguments=lambda w: {
            "path": w.path("New"),
            "flow": {"attributes": {"release": 7}},
            "inputs": {"q": [1, None]},
            "output": "3",
            "metadata": {"team": "a"},
            "log_status": "complete",
        },
        holds=lambda w, a: (
            (a.log_status, w.log(a.id).output, w.log(a.id).inputs, w.log(a.id).metadata)
            == ("complete", "3", {"q": [1, None]}, {"team": "a"})
            and (w.log(a.id).flow.id, w.log(a.id).flow.version_id, w.log(a.id).flow.attributes)
            == (a.flow_id, a.version_id, {"release": 7})
        ),
    ),
    Row(
        method="flows.update_log",
        operation="UpdateFlowLog",
        arguments=lambda w: {"log_id": logged(w).id, "output": "3", "log_status": "complete"},
        holds=lambda w, a: (
            (a.id, a.output, a.log_status, a.inputs, a.flow.id, a.trace_children)
            == (logged(w).id, "3", "complete", {"q": "1+2"}, w.file("flow").id, [])
        ),
    ),
    Row(
        method="prompts.log",
        operation="LogPrompt",
        arguments=lambda w: {
            "id": w.file("prompt").id,
            "version_id": w.second("prompt").version_id,
            "trace_parent_id": logged(w).id,
            "output_message": SPOKEN,
            "prompt_tokens": 7,
        },
        holds=lambda w, a: (
            (a.prompt_id, a.version_id) == (w.file("prompt").id, w.second("prompt").version_id)
            and (w.log(a.id).prompt_tokens, w.log(a.id).output_message.content) == (7, "3")
            and [found.id for found in w.log(logged(w).id).trace_children] == [a.id]
        ),
    ),
    Row(
        method="prompts.update_log",
        operation="UpdatePromptLog",
        arguments=lambda w: {
            "id": w.file("prompt").id,
            "log_id": _of(w, "prompt").id,
            "output": "4",
            "finish_reason": "stop",
        },
        holds=lambda w, a: (
            (a.id, a.output, a.finish_reason, a.prompt.id)
            == (_of(w, "prompt").id, "4", "stop", w.file("prompt").id)
        ),
    ),
    Row(
        method="tools.log",
        operation="LogTool",
        arguments=lambda w: {"path": w.file("tool").path, "inputs": {"x": 1}, "output": "3"},
        holds=lambda w, a: (
            (a.tool_id, a.version_id) == (w.file("tool").id, w.file("tool").version_id)
            and (w.log(a.id).inputs, w.log(a.id).output) == ({"x": 1}, "3")
        ),
    ),
    Row(
        method="tools.update",
        operation="UpdateToolLog",
        arguments=lambda w: {"id": w.file("tool").id, "log_id": _of(w, "tool").id, "error": "late"},
        holds=lambda w, a: (
            (a.id, a.error, a.output, a.tool.id) == (_of(w, "tool").id, "late", "3", w.file("tool").id)
        ),
    ),
    Row(
        method="agents.log",
        operation="LogAgent",
        arguments=lambda w: {
            "path": w.file("agent").path,
            "output_message": SPOKEN,
            "log_status": "incomplete",
        },
        holds=lambda w, a: (
            (a.agent_id, a.version_id, a.log_status)
            == (w.file("agent").id, w.file("agent").version_id, "incomplete")
            and w.log(a.id).output_message.content == "3"
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="agents.update_log",
        operation="UpdateAgentLog",
        arguments=lambda w: {
            "id": w.file("agent").id,
            "log_id": _of(w, "agent", log_status="incomplete").id,
            "output": "4",
            "log_status": "complete",
        },
        holds=lambda w, a: (
            (a.id, a.output, a.log_status, a.agent.id)
            == (_of(w, "agent").id, "4", "complete", w.file("agent").id)
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="evaluators.log",
        operation="LogEvaluator",
        arguments=lambda w: {"path": w.judge().path, "parent_id": logged(w).id, "judgment": 4},
        holds=lambda w, a: (
            (a.version_id, a.parent_id) == (w.judge().version_id, logged(w).id)
            and [(found.id, found.judgment) for found in w.log(logged(w).id).evaluator_logs] == [(a.id, 4)]
        ),
    ),
    Row(
        method="logs.get",
        operation="GetLog",
        arguments=lambda w: {"id": logged(w).id},
        holds=lambda w, a: (
            (a.id, a.inputs, a.log_status, a.flow.id, a.trace_children)
            == (logged(w).id, {"q": "1+2"}, "incomplete", w.file("flow").id, [])
        ),
    ),
    Row(
        method="logs.list",
        operation="ListLogs",
        arguments=lambda w: {
            "file_id": logged(w).flow_id,
            "id": [logged(w).id, logged(w, "another").id],
            "size": 1,
        },
        holds=lambda w, a: (
            [(found.id, found.flow.id) for found in a]
            == [(one.id, w.file("flow").id) for one in (logged(w, "another"), logged(w))]
        ),
    ),
    Row(
        method="logs.delete",
        operation="DeleteLogs",
        arguments=lambda w: {"id": [logged(w).id, logged(w, "another").id]},
        holds=lambda w, a: all(
            w.is_gone(lambda one=one: w.log(one.id)) for one in (logged(w), logged(w, "another"))
        ),
    ),
)
