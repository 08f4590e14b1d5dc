"""The table of every method that a client has."""

from __future__ import annotations

from collections.abc import Mapping

from tests.contract.humanloop.methods import calls, evaluations, files, logs
from tests.contract.humanloop.methods.world import NPM, PYTHON, Row

_PROGRAM = "test_typescript.py::test_a_chat_agent_is_traced_whole"

DECORATORS = (
    Row(
        method="flow",
        asks="to log the call, and to take its span",
        clients=(PYTHON, NPM),
        elsewhere={
            PYTHON: "test_decorators.py::test_a_flow_is_traced_with_its_tools_and_flows",
            NPM: _PROGRAM,
        },
    ),
    Row(
        method="tool",
        asks="to take the span of the call",
        clients=(PYTHON, NPM),
        elsewhere={
            PYTHON: "test_decorators.py::test_a_tool_is_the_version_that_an_upsert_makes",
            NPM: _PROGRAM,
        },
    ),
    Row(
        method="prompt",
        asks="to take the spans of the calls of models within",
        clients=(PYTHON, NPM),
        elsewhere={PYTHON: "test_decorators.py::test_a_chat_agent_is_traced_whole", NPM: _PROGRAM},
    ),
)

ROWS: Mapping[str, Row] = {
    row.method: row for row in (*files.ROWS, *logs.ROWS, *calls.ROWS, *evaluations.ROWS, *DECORATORS)
}
"""Every row, by its method."""
