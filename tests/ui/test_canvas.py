"""The canvas: deep links, the keyboard, the table beside it, the picture as a file, and many nodes."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.things import FLOWS_FOLDER, new_name
from tests.contract.conftest import LiveServer
from tests.contract.native.asking import Asker
from tests.ui.conftest import Screen

MOST = 40
"""So many nodes may a definition have."""


@pytest.fixture
def asker(server: LiveServer) -> Asker:
    return Asker(url=server.url)


def many(count: int) -> dict[str, Any]:
    """A definition of so many nodes: branches that meet again, three nodes to a column."""
    nodes: list[dict[str, Any]] = [
        {"name": "Start", "type": "Input", "outputs": [{"name": "document", "type": "String"}]}
    ]
    connections: list[dict[str, Any]] = []

    def join(source: str, output: str, target: str, taken: str) -> None:
        name = f"{source}To{target}{taken}"
        configuration = {"data": {"sourceOutput": output, "targetInput": taken}}
        made = {"name": name, "type": "Data", "source": source, "target": target}
        connections.append({**made, "configuration": configuration})

    for number in range(count - 2):
        name, source = f"Step{number}", f"Step{number - 3}" if number > 2 else "Start"
        code = {"inlineCode": {"code": "text", "language": "Python_3"}}
        ports = {"inputs": [{"name": "text", "type": "String", "expression": "$.data"}]}
        outputs = [{"name": "response", "type": "String"}]
        made = {"name": name, "type": "InlineCode", "configuration": code, **ports, "outputs": outputs}
        nodes.append(made)
        join(source, "response" if number > 2 else "document", name, "text")
    taken = [{"name": "document", "type": "String", "expression": "$.data"}]
    nodes.append({"name": "End", "type": "Output", "inputs": taken})
    join(f"Step{count - 3}", "response", "End", "document")
    return {"nodes": nodes, "connections": connections}


def version_of(asker: Asker, whole: dict[str, Any]) -> str:
    """A flow with this definition as a version; its id."""
    path = f"looked at/{new_name()}"
    flow = asker.ask("POST", "flows", body={"path": path, "definition": whole})["file"]["id"]
    found = asker.ask("POST", "files", flow, "draft", "prepare")
    assert found["status"] == "Prepared", found["findings"]
    asker.ask("POST", "files", flow, "versions")
    return str(flow)


def node(page: Any, name: str) -> Any:
    return page.locator(f'.react-flow__node[data-id="{name}"]')


def is_seen(page: Any, name: str) -> bool:
    """Whether all of a node is inside the canvas."""
    one, frame = node(page, name).bounding_box(), page.locator(".react-flow").bounding_box()
    return bool(
        one["x"] >= frame["x"]
        and one["y"] >= frame["y"]
        and one["x"] + one["width"] <= frame["x"] + frame["width"]
        and one["y"] + one["height"] <= frame["y"] + frame["height"]
    )


def test_forty_nodes(screen: Screen, asker: Asker) -> None:
    flow = version_of(asker, many(MOST))
    screen.open(f"#/f/{flow}/editor?version=1")
    page = screen.page
    node(page, "End").wait_for()
    page.wait_for_function("document.querySelectorAll('.react-flow__edge').length === 39")
    assert page.locator(".react-flow__node").count() == MOST
    assert all(is_seen(page, name) for name in ("Start", "Step17", "End")), "it is fitted in"
    page.locator(".react-flow__minimap").wait_for()
    boxes = [node(page, f"Step{number}").bounding_box() for number in range(MOST - 2)]
    overlapping = [
        (one, other)
        for place, one in enumerate(boxes)
        for other in boxes[:place]
        if abs(one["x"] - other["x"]) < one["width"] and abs(one["y"] - other["y"]) < one["height"]
    ]
    assert overlapping == []
    screen.axe()
    screen.shot("canvas-forty")


def test_a_link_leads_to_a_node(screen: Screen, asker: Asker) -> None:
    flow = version_of(asker, many(MOST))
    screen.open(f"#/f/{flow}/editor?version=1&node=Step30")
    page = screen.page
    page.get_by_role("complementary", name="Node Step30").wait_for()
    page.wait_for_function(
        "document.querySelector('[data-id=\"Step30\"]').getBoundingClientRect().width > 60"
    )
    assert is_seen(page, "Step30")
    page.get_by_role("button", name="Fit View").click()
    node(page, "Step31").click()
    page.get_by_role("complementary", name="Node Step31").wait_for()
    assert "node=Step31" in page.url
    page.locator(".react-flow__pane").click(position={"x": 5, "y": 5})
    page.get_by_role("complementary", name="Node Step31").wait_for(state="detached")
    assert "node=" not in page.url


def test_arrow_keys_go_along_connections(screen: Screen, asker: Asker) -> None:
    flow = version_of(asker, many(8))
    screen.open(f"#/f/{flow}/editor?version=1")
    page = screen.page
    node(page, "Step1").wait_for()
    node(page, "Step1").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_role("complementary", name="Node Step4").wait_for()
    assert page.evaluate("document.activeElement.dataset.id") == "Step4"
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    page.get_by_role("complementary", name="Node Start").wait_for()


@pytest.mark.skipif(
    not FLOWS_FOLDER, reason="HEADRACE_TEST_FLOWS does not say where the flow definitions are"
)
def test_the_table_says_the_same(screen: Screen, asker: Asker) -> None:
    assert FLOWS_FOLDER
    whole = json.loads((Path(FLOWS_FOLDER) / "aws_samples_conditions_flow.json").read_text())
    path = f"looked at/{new_name()}"
    flow = asker.ask("POST", "flows", body={"path": path, "definition": whole})["file"]["id"]
    screen.open(f"#/f/{flow}/editor")
    page = screen.page
    page.get_by_text("As a table").click()
    rows = page.get_by_role("region", name="Nodes as a table").get_by_role("row")
    rows.nth(1).wait_for()
    assert rows.count() == len(whole["nodes"]) + 1
    turns = [one for one in whole["connections"] if one["type"] == "Conditional"]
    for one in turns:
        told = f"{one['target']} (when {one['configuration']['conditional']['condition']})"
        assert told in rows.filter(has=page.get_by_role("rowheader", name=one["source"])).inner_text()
    dashed = page.locator(".react-flow__edge.conditional path.react-flow__edge-path")
    assert dashed.count() == len(turns)
    assert dashed.first.evaluate("one => getComputedStyle(one).strokeDasharray") == "5px, 4px"
    screen.axe()


def test_the_picture_is_kept_as_a_file(screen: Screen, asker: Asker, tmp_path: Path) -> None:
    flow = version_of(asker, many(8))
    screen.open(f"#/f/{flow}/editor?version=1")
    page = screen.page
    node(page, "End").wait_for()
    with page.expect_download() as download:
        page.get_by_role("button", name="Save as SVG").click()
    assert download.value.suggested_filename.endswith(" 1.svg")
    download.value.save_as(tmp_path / "flow.svg")
    text = (tmp_path / "flow.svg").read_text()
    assert len(re.findall("<g>", text)) == 8
    assert text.count("marker-end") == 7


def test_a_hundred_nodes_are_moved_smoothly(screen: Screen, server: LiveServer) -> None:
    """What a version of a program's own may hold; Bedrock's shapes end at forty."""
    path = f"looked at/{new_name()}"
    flow = server.humanloop().flows.upsert(path=path, attributes=many(100))
    screen.open(f"#/f/{flow.id}/editor?version=1")
    page = screen.page
    node(page, "Step97").wait_for()
    frame = page.locator(".react-flow").bounding_box()
    page.mouse.move(frame["x"] + 30, frame["y"] + 30)
    page.evaluate(
        "() => { window.__frames = 0;"
        " const count = () => { window.__frames += 1; requestAnimationFrame(count); }; count(); }"
    )
    before = page.evaluate("[performance.now(), window.__frames]")
    page.mouse.down()
    for step in range(30):
        page.mouse.move(frame["x"] + 30 + step * 8, frame["y"] + 30 + step * 4)
    page.mouse.up()
    after = page.evaluate("[performance.now(), window.__frames]")
    seconds, frames = (after[0] - before[0]) / 1000, after[1] - before[1]
    assert frames / seconds > 10, (frames, seconds)
