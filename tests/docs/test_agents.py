"""The page about agents does what it says, with a model that answers by a script."""

from __future__ import annotations

import contextlib
import io
import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.docs.pages import ADDRESS, ROOT, blocks

from headrace.apis.humanloop import agent_events

pytestmark = pytest.mark.live

PAGE = ROOT / "docs" / "how-to" / "call-agents.md"


def use(name: str, call: str) -> dict[str, Any]:
    return {"toolUse": {"toolUseId": call, "name": name, "input": {"order": "A-7"}}}


ANSWERS = {
    "answers": [
        {"text": "paid back", "answer": "42.50, and they are on their way back."},
        {"text": "42.5", "answer": "It cost 42.50."},
        {
            "text": "Pay it back",
            "answer": {"content": [use("total", "a"), use("refund", "b")], "stop_reason": "tool_use"},
        },
        {"answer": {"content": [use("total", "a")], "stop_reason": "tool_use"}},
    ]
}


def test_the_python_of_the_page_runs_from_top_to_bottom(tmp_path: Path) -> None:
    (tmp_path / "answers.json").write_text(json.dumps(ANSWERS))
    (tmp_path / "headrace.toml").write_text(
        '[[models.route]]\nmatch = "*"\nprovider = "ci"\n'
        '[models.providers.ci]\ntype = "scripted"\nfile = "answers.json"\n'
    )
    settings = {"config": str(tmp_path / "headrace.toml"), "log_level": "error"}
    live = LiveServer(store=f"sqlite:///{tmp_path}/headrace.db", settings=settings).start()
    asked = []

    def refund(order: str) -> str:
        asked.append(order)
        return f"{order} is paid back."

    variables: dict[str, Any] = {
        "json": json,
        "refund": refund,
        "messages": [{"role": "user", "content": "What did A-7 cost?"}],
    }
    with contextlib.redirect_stdout(io.StringIO()) as printed:
        for block in blocks(PAGE):
            if block.language in ("python", "py"):
                source = "\n" * block.line + block.text.replace(ADDRESS, live.url)
                exec(compile(source, PAGE, "exec", dont_inherit=True), variables)
    assert printed.getvalue() == "42.50, and they are on their way back.\nIt cost 42.50."
    assert asked == ["A-7"]
    assert live.stop() == 0


def test_the_page_tells_of_every_event() -> None:
    _, _, section = PAGE.read_text().partition("## Events")
    rows = re.findall(r"^\| `([a-z_]+)`(?:, `([a-z_]+)`)? \|", section, re.MULTILINE)
    told = re.findall(r'yield "(\w+)"', Path(agent_events.__file__).read_text())
    assert {word for row in rows for word in row if word} == set(told)
