"""Methods that call models and run code, and those of templates, prompt files and tools' environments."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from tests.contract.humanloop.methods.world import ASYNC, PYTHON, Row, View, World

WEATHER = {"name": "weather", "description": "Tells the weather.", "parameters": {"type": "object"}}
ANSWERS = {
    "answers": [
        {"text": "Sunny", "answer": {"text": "It is sunny in Bern."}},
        {
            "text": "WEATHER",
            "answer": {
                "content": [{"toolUse": {"toolUseId": "c1", "name": "weather", "input": {"in": "Bern"}}}],
                "stop_reason": "tool_use",
            },
        },
        {"answer": {"text": "Paris, of course.", "input_tokens": 12, "output_tokens": 4}},
    ]
}
"""What models say here, by what they are asked."""

CONFIG = (
    '[[models.route]]\nmatch = "*"\nprovider = "ci"\n'
    '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
)
ASK = [{"role": "user", "content": "What is the capital of France?"}]
ASK_WEATHER = [{"role": "user", "content": "WEATHER?"}]
TOLD = [{"role": "tool", "content": "Sunny", "tool_call_id": "c1"}]
ADD = {"source_code": "def add(x, y):\n    return x + y\n", "tool_type": "python"}
PROMPT_FILE = "---\nmodel: gpt-4o\ntemperature: 0.5\n---\n\n<system>\n  Be brief.\n</system>\n"
VARIABLES = [{"name": "CITY", "value": "Bern"}, {"name": "UNIT", "value": "C"}]


def write_config(folder: Path) -> Path:
    """The settings of a server whose models answer by the script."""
    (folder / "answers.json").write_text(json.dumps(ANSWERS))
    path = folder / "headrace.toml"
    path.write_text(CONFIG)
    return path


def _forecaster(world: World) -> View:
    """An agent with a tool that only its caller can carry out."""
    tools = [{"type": "inline", "json_schema": WEATHER, "on_agent_call": "continue"}]
    made: View = world.once(
        "forecaster",
        lambda: world.client.agents.upsert(path=world.path("Forecaster"), model="gpt-4o", tools=tools),
    )
    return made


def _waiting(world: World) -> str:
    """The id of a call of that agent that waits for what the tool says."""
    path = _forecaster(world).path
    return str(
        world.once("waiting", lambda: world.client.agents.call(path=path, messages=ASK_WEATHER)).log_id
    )


def _with_variables(world: World) -> str:
    """The id of a tool with two variables."""
    tool = world.file("tool").id
    world.once("variables", lambda: world.client.tools.add_environment_variable(tool, request=VARIABLES))
    return str(tool)


def _values(listed: Any) -> dict[str, str]:
    return {one.name: one.value for one in listed}


PROMPT_ROWS = (
    Row(
        method="prompts.call",
        operation="CallPrompt",
        arguments=lambda w: {"path": w.file("prompt").path, "inputs": {"name": "Ann"}, "messages": ASK},
        holds=lambda w, a: (
            (a.logs[0].output, a.logs[0].prompt_tokens, a.prompt.version_id, a.log_id)
            == ("Paris, of course.", 12, w.file("prompt").version_id, a.id)
            and w.log(a.id).output == "Paris, of course."
        ),
    ),
    Row(
        method="prompts.call_stream",
        operation="CallPrompt",
        arguments=lambda w: {"path": w.file("prompt").path, "inputs": {"name": "Ann"}, "messages": ASK},
        holds=lambda w, a: (
            len(a) > 1
            and "".join(piece.output for piece in a) == "Paris, of course."
            and {(piece.prompt_id, piece.version_id) for piece in a}
            == {(w.file("prompt").id, w.file("prompt").version_id)}
            and {w.log(piece.id).output for piece in a} == {"Paris, of course."}
        ),
    ),
    Row(
        method="prompts.populate",
        operation="PopulatePrompt",
        arguments=lambda w: {"id": w.file("prompt").id, "request": {"name": "Ann"}},
        holds=lambda w, a: (a.id, a.populated_template) == (w.file("prompt").id, "Hello Ann"),
    ),
    Row(
        method="prompts.populate_template",
        asks="nothing: the client fills the template by itself",
        arguments=lambda w: {"template": w.file("prompt").template, "inputs": {"name": "Ann"}},
        holds=lambda w, a: a == "Hello Ann",
        clients=(PYTHON,),
    ),
    Row(
        method="prompts.serialize",
        operation="SerializePrompt",
        arguments=lambda w: {"id": w.file("prompt").id, "version_id": w.second("prompt").version_id},
        holds=lambda w, a: a.startswith("---\n") and "model: gpt-4o" in a and "Hello {{name}}" in a,
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="prompts.deserialize",
        operation="DeserializePrompt",
        arguments=lambda w: {"prompt": PROMPT_FILE},
        holds=lambda w, a: (
            (a.model, a.temperature, a.template[0].role, a.template[0].content)
            == ("gpt-4o", 0.5, "system", "Be brief.")
        ),
        clients=(PYTHON, ASYNC),
    ),
)

TOOL_ROWS = (
    Row(
        method="tools.call",
        operation="CallTool",
        arguments=lambda w: {"path": w.path("Add"), "tool": ADD, "inputs": {"x": 40, "y": 2}},
        holds=lambda w, a: (
            (a.output, a.error, a.tool.path) == ("42", None, w.path("Add")) and w.log(a.id).output == "42"
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="tools.add_environment_variable",
        operation="AddToolEnvironmentVariables",
        arguments=lambda w: {"id": w.file("tool").id, "request": VARIABLES},
        holds=lambda w, a: [one.name for one in a] == ["CITY", "UNIT"],
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="tools.get_environment_variables",
        operation="ListToolEnvironmentVariables",
        arguments=lambda w: {"id": _with_variables(w)},
        holds=lambda w, a: (
            _values(a) == _values(w.client.tools.get_environment_variables(w.file("tool").id))
            and list(_values(a)) == ["CITY", "UNIT"]
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="tools.delete_environment_variable",
        operation="DeleteToolEnvironmentVariable",
        arguments=lambda w: {"id": _with_variables(w), "name": "CITY"},
        holds=lambda w, a: [one.name for one in a] == ["UNIT"],
        clients=(PYTHON, ASYNC),
    ),
)

AGENT_ROWS = (
    Row(
        method="agents.call",
        operation="CallAgent",
        arguments=lambda w: {"path": w.file("agent").path, "inputs": {"name": "Ann"}, "messages": ASK},
        holds=lambda w, a: (
            (a.output_message.content, a.log_status, a.agent.version_id, a.log_id)
            == ("Paris, of course.", "complete", w.file("agent").version_id, a.id)
            and w.log(a.id).output_message.content == "Paris, of course."
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="agents.call_stream",
        operation="CallAgent",
        arguments=lambda w: {"path": _forecaster(w).path, "messages": ASK_WEATHER},
        holds=lambda w, a: (
            a[0].type == "agent_turn_start"
            and a[-1].type == "agent_turn_suspend"
            and len({event.log_id for event in a}) == 1
            and w.log(a[0].log_id).log_status == "incomplete"
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="agents.continue_call",
        operation="ContinueAgent",
        arguments=lambda w: {"log_id": _waiting(w), "messages": TOLD},
        holds=lambda w, a: (
            (a.id, a.log_status, a.output_message.content)
            == (_waiting(w), "complete", "It is sunny in Bern.")
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="agents.continue_call_stream",
        operation="ContinueAgent",
        arguments=lambda w: {"log_id": _waiting(w), "messages": TOLD},
        holds=lambda w, a: (
            {event.log_id for event in a} == {_waiting(w)}
            and (a[0].type, a[-1].type) == ("agent_turn_continue", "agent_turn_end")
            and w.log(_waiting(w)).output_message.content == "It is sunny in Bern."
        ),
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="agents.serialize",
        operation="SerializeAgent",
        arguments=lambda w: {"id": w.file("agent").id},
        holds=lambda w, a: a.startswith("---\n") and "model: gpt-4o" in a and "Hello {{name}}" in a,
        clients=(PYTHON, ASYNC),
    ),
    Row(
        method="agents.deserialize",
        operation="DeserializeAgent",
        arguments=lambda w: {"agent": PROMPT_FILE.replace("---\n\n", "max_iterations: 3\n---\n\n")},
        holds=lambda w, a: (a.model, a.max_iterations, a.template[0].content) == ("gpt-4o", 3, "Be brief."),
        clients=(PYTHON, ASYNC),
    ),
)

ROWS = (*PROMPT_ROWS, *TOOL_ROWS, *AGENT_ROWS)
