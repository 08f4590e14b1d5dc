"""Texts that would like to be more than texts: on no screen is one carried out, or leads anywhere."""

from __future__ import annotations

import re
from typing import Any

import pytest
from tests.contract.conftest import LiveServer
from tests.ui.conftest import ROOT, Screen

ROUTES = (ROOT / "ui" / "src" / "shell" / "routes.tsx").read_text()
TABS = re.findall(r'^ {2}tab\("(\w+)"', ROUTES, re.MULTILINE)
MARK = "owned"
TEXT = (
    f"\"'><img src=x onerror=window.{MARK}=1><svg/onload=window.{MARK}=1><script>window.{MARK}=1</script>"
    f"<iframe srcdoc='<script>parent.{MARK}=1</script>'></iframe><a href=javascript:window.{MARK}=1>go</a>"
    f'[md](javascript:window.{MARK}=1) ![md](x" onerror="window.{MARK}=1) <style>body{{display:none}}</style>'
    f"<base href=//evil.example/><meta http-equiv=refresh content=0;url=//evil.example> {{{{7*7}}}} ${{7*7}}"
    "\u202egnp.exe \u2066x"
)
NAME = "a <img src=x onerror=window.owned=1> \"'> b"
LOOK = """(text) => ({
  owned: window.owned ?? null,
  elements: [...document.querySelectorAll("#root img, iframe, object, embed, base, #root style, #root script, meta[http-equiv]")]
    .filter((one) => !(one.src ?? "").startsWith(location.origin + "/ui/"))
    .map((one) => one.outerHTML.slice(0, 200)),
  links: [...document.querySelectorAll("a[href], form[action]")]
    .map((one) => one.getAttribute("href") ?? one.getAttribute("action"))
    .filter((link) => !link.startsWith("#") && !link.startsWith("/")),
  isShown: document.body.innerText.includes(text),
})"""


@pytest.fixture
def links(server: LiveServer) -> list[str]:
    """Screens that show what was written to harm."""
    client = server.humanloop()
    said: dict[str, Any] = {"version_name": TEXT[:200], "version_description": TEXT}
    flow = client.flows.upsert(path=f"hostile/{NAME}", attributes={TEXT: TEXT, "list": [TEXT]}, **said)
    client.flows.upsert(path=f"hostile/{NAME}", attributes={TEXT: TEXT + "2"})
    prompt = client.prompts.upsert(path=f"hostile/{NAME} p", model=TEXT[:100], template=TEXT, **said)
    spec: dict[str, Any] = {
        "arguments_type": "target_free",
        "return_type": "boolean",
        "evaluator_type": "human",
    }
    judge = client.evaluators.upsert(path=f"hostile/{NAME} e", spec={**spec, "instructions": TEXT}, **said)
    dataset = client.datasets.upsert(
        path=f"hostile/{NAME} d", datapoints=[{"inputs": {TEXT: TEXT}, "target": {"t": TEXT}}], **said
    )
    log = client.flows.log(
        id=flow.id,
        inputs={TEXT: TEXT},
        messages=[{"role": "user", "content": TEXT}, {"role": "assistant", "content": TEXT}],
        output=TEXT,
        error=TEXT,
        user=TEXT,
        source=TEXT,
        metadata={TEXT: TEXT},
    )
    client.prompts.log(
        id=prompt.id,
        trace_parent_id=log.id,
        output=TEXT,
        output_message={"role": "assistant", "content": TEXT},
    )
    client.evaluators.log(id=judge.id, parent_id=log.id, judgment=True)
    tabs = [f"#/f/{flow.id}/{tab}" for tab in TABS]
    tabs += [f"#/f/{prompt.id}/{tab}" for tab in ("content", "versions", "logs")]
    more = ["#/", "#/logs", f"#/logs/{log.id}", "#/evaluators", f"#/evaluators/{judge.id}", "#/settings"]
    more += [f"#/f/{flow.id}/diff?from=1&to=2", f"#/f/{dataset.id}/content", f"#/logs?search={TEXT[4:20]}"]
    return [*more, *tabs, f"#/{TEXT}", f"#/f/{TEXT}/overview"]


def test_no_text_is_carried_out(screen: Screen, links: list[str]) -> None:
    screen.allowed = ["status of 4"]  # what is asked for by a name that nobody has is not found
    shown = 0
    for link in links:
        screen.open(link)
        found = screen.page.evaluate(LOOK, "onerror=window.owned=1")
        assert found["owned"] is None, link
        assert found["elements"] == [], link
        assert found["links"] == [], link
        assert screen.page.url.startswith(f"{screen.url}/#"), link
        shown += found["isShown"]
    assert shown > len(links) / 2, "the screens show what was written, as letters"
