"""Drawing a flow: from nothing to a prepared version by mouse, again by keyboard alone, and what may go wrong."""

from __future__ import annotations

import itertools
import json
from typing import Any

import pytest
from tests.contract.bedrock.things import ROLE, definition, new_name
from tests.contract.conftest import LiveServer
from tests.contract.keys import create_key
from tests.contract.native.asking import Asker
from tests.ui.conftest import Screen

_numbers = itertools.count(1)


@pytest.fixture
def asker(server: LiveServer) -> Asker:
    return Asker(url=server.url)


def made(asker: Asker, **body: Any) -> Any:
    """A flow with a draft."""
    return asker.ask("POST", "flows", body={"path": f"drawn in a browser/{new_name()}", **body})


def opened(screen: Screen, flow: Any, more: str = "") -> Any:
    """The editor of a flow, once its nodes are drawn; the page."""
    screen.open(f"#/f/{flow['file']['id']}/editor{more}")
    screen.page.get_by_role("toolbar", name="Editor").wait_for()
    return screen.page


def node(page: Any, name: str) -> Any:
    return page.locator(f'.react-flow__node[data-id="{name}"]')


def handle(page: Any, name: str, port: str) -> Any:
    return node(page, name).locator(f'[data-handleid="{port}"]')


def drag(page: Any, start: Any, end: Any) -> None:
    """From the middle of one thing to that of another, as a hand does."""
    one, other = start.bounding_box(), end.bounding_box()
    page.mouse.move(one["x"] + one["width"] / 2, one["y"] + one["height"] / 2)
    page.mouse.down()
    page.mouse.move(other["x"] + 5, other["y"] + 5, steps=6)
    page.mouse.move(other["x"] + other["width"] / 2, other["y"] + other["height"] / 2, steps=3)
    page.mouse.up()


def saved(page: Any) -> None:
    page.get_by_role("status").filter(has_text="Saved").wait_for()


def test_from_nothing_to_a_version_by_mouse(screen: Screen, server: LiveServer, asker: Asker) -> None:
    flow = made(asker)
    page = opened(screen, flow)
    node(page, "Input").wait_for()
    screen.shot("editor-empty")
    palette = page.get_by_role("complementary", name="What can be added")
    surface = page.locator(".react-flow__pane").bounding_box()
    palette.get_by_role("button", name="Inline code").drag_to(
        page.locator(".react-flow__pane"),
        target_position={"x": surface["width"] / 2, "y": surface["height"] / 4},
    )
    node(page, "InlineCode").wait_for()
    drag(page, handle(page, "Input", "out document"), handle(page, "InlineCode", "in text"))
    drag(page, handle(page, "InlineCode", "out response"), handle(page, "Output", "in document"))
    node(page, "InlineCode").click()
    panel = page.get_by_role("complementary", name="What is chosen")
    panel.get_by_role("textbox", name="Code").fill("text[::-1]")
    panel.get_by_label("Name", exact=True).fill("Backwards")
    page.keyboard.press("Enter")
    node(page, "Backwards").wait_for()
    assert "node=Backwards" in page.url
    page.locator(".react-flow__pane").click(position={"x": 20, "y": 20})
    panel.get_by_text("Nothing is wrong with it.").wait_for()
    saved(page)
    screen.axe()
    page.get_by_role("button", name="Prepare").click()
    page.get_by_text("prepared", exact=True).wait_for()
    page.get_by_role("button", name="Make a version").click()
    page.get_by_label("What is new").fill("Says it backwards")
    screen.axe()
    page.get_by_role("button", name="Make the version").click()
    page.get_by_role("heading", name="Version 1 is made").wait_for()
    found = server.boto().get_flow_version(flowIdentifier=flow["short_id"], flowVersion="1")
    assert found["description"] == "Says it backwards"
    [code] = [one for one in found["definition"]["nodes"] if one["type"] == "InlineCode"]
    assert code["configuration"]["inlineCode"]["code"] == "text[::-1]"
    ends = {(one["source"], one["target"]) for one in found["definition"]["connections"]}
    assert ends == {("Input", "Backwards"), ("Backwards", "Output")}


def test_from_nothing_to_a_version_by_keyboard(screen: Screen, server: LiveServer, asker: Asker) -> None:
    flow = made(asker)
    page = opened(screen, flow)
    node(page, "Input").wait_for()
    page.keyboard.press("a")
    page.get_by_label("Search node types").wait_for()
    screen.axe()
    page.keyboard.type("prom")
    page.keyboard.press("Enter")
    panel = page.get_by_role("complementary", name="What is chosen")
    panel.get_by_label("Name", exact=True).wait_for()
    page.wait_for_function("document.activeElement.value === 'Prompt'")
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    page.keyboard.type("echo.model")
    assert panel.get_by_label("Model", exact=False).first.input_value() == "echo.model"
    panel.get_by_label("Text", exact=False).last.focus()
    page.keyboard.press("Control+a")
    page.keyboard.type("Translate {{phrase}}")
    panel.get_by_label("Name of phrase").wait_for()
    assert panel.get_by_label("Name of question").count() == 0, "inputs follow the variables"
    panel.get_by_label("To input").focus()
    page.keyboard.type("Output.document")
    panel.get_by_role("button", name="Connect").focus()
    page.keyboard.press("Enter")
    panel.get_by_text("Prompt.modelCompletion → Output.document").wait_for()
    page.keyboard.press("Escape")
    assert page.evaluate("document.activeElement.dataset.id") == "Prompt", "back on the canvas"
    node(page, "Input").focus()
    page.keyboard.press("Enter")
    page.wait_for_function("document.activeElement.value === 'Input'")
    panel.get_by_label("To input").focus()
    page.keyboard.type("Prompt.phrase")
    panel.get_by_role("button", name="Connect").focus()
    page.keyboard.press("Enter")
    panel.get_by_text("Input.document → Prompt.phrase").wait_for()
    saved(page)
    page.get_by_role("button", name="Prepare").focus()
    page.keyboard.press("Enter")
    page.get_by_text("prepared", exact=True).wait_for()
    page.get_by_role("button", name="Make a version").focus()
    page.keyboard.press("Enter")
    page.keyboard.type("By hand")
    page.keyboard.press("Enter")
    page.get_by_role("heading", name="Version 1 is made").wait_for()
    page.keyboard.press("Escape")
    page.get_by_text("version 1", exact=True).wait_for()
    page.get_by_label("What is shown").locator("option", has_text="v1").wait_for(state="attached")
    found = server.boto().get_flow_version(flowIdentifier=flow["short_id"], flowVersion="1")
    assert (found["description"], len(found["definition"]["nodes"])) == ("By hand", 3)


def test_a_connection_is_chosen_and_taken_away(screen: Screen, asker: Asker) -> None:
    flow = made(asker, start="example")
    page = opened(screen, flow, "?node=Shout")
    page.locator(".react-flow__edge").first.click(force=True)
    panel = page.get_by_role("complementary", name="What is chosen")
    panel.get_by_role("heading", name="Connection").wait_for()
    screen.axe()
    page.keyboard.press("Delete")
    page.locator(".react-flow__edge").nth(1).wait_for(state="detached")
    saved(page)
    kept = asker.ask("GET", "files", flow["file"]["id"], "draft")["definition"]
    assert [one["source"] for one in kept["connections"]] == ["Shout"]


def test_nodes_stay_where_they_were_put(screen: Screen, asker: Asker) -> None:
    flow = made(asker, definition=definition())
    page = opened(screen, flow)
    first = page.locator(".react-flow__node").first
    place = "one => one.style.transform"
    laid = first.evaluate(place)
    box = first.bounding_box()
    page.mouse.move(box["x"] + 60, box["y"] + 12)
    page.mouse.down()
    page.mouse.move(box["x"] + 90, box["y"] + 132, steps=5)
    page.mouse.up()
    page.wait_for_function("() => Object.keys(localStorage).some(one => one.startsWith('headrace.places.'))")
    put = first.evaluate(place)
    assert put != laid
    page = opened(screen, flow)
    assert first.evaluate(place) == put
    page.get_by_role("button", name="Tidy up").click()
    page.wait_for_function("() => !Object.keys(localStorage).some(one => one.startsWith('headrace.places.'))")
    assert first.evaluate(place) == laid


def test_undo_and_redo(screen: Screen, asker: Asker) -> None:
    flow = made(asker, start="example")
    page = opened(screen, flow, "?node=Shout")
    page.get_by_role("complementary", name="What is chosen").get_by_role("textbox", name="Code").fill(
        "text.lower()"
    )
    node(page, "Shout").click()
    page.keyboard.press("Delete")
    node(page, "Shout").wait_for(state="detached")
    assert page.locator(".react-flow__edge").count() == 0, "its connections go with it"
    page.keyboard.press("Control+z")
    node(page, "Shout").wait_for()
    page.locator(".react-flow__edge").nth(1).wait_for()
    page.keyboard.press("Control+z")
    saved(page)
    at = ("files", flow["file"]["id"], "draft")
    assert asker.ask("GET", *at)["definition"] == flow["definition"]
    page.keyboard.press("Control+Shift+z")
    page.keyboard.press("Control+Shift+z")
    node(page, "Shout").wait_for(state="detached")


def test_problems_are_listed_and_marked(screen: Screen, asker: Asker) -> None:
    whole = definition()
    whole["nodes"][1]["inputs"][0]["expression"] = "nonsense("
    whole["nodes"].append({"name": "Lonely", "type": "InlineCode"})
    page = opened(screen, made(asker, definition=whole))
    problems = page.get_by_role("region", name="Problems")
    problems.get_by_text("Node 'Lonely' can't be reached from a starting node.").wait_for()
    node(page, "Lonely").get_by_text("!").wait_for()
    screen.axe()
    screen.shot("editor-problems")
    problems.get_by_role("button", name="Show Ask").first.click()
    page.get_by_label("Expression of topic").wait_for()
    assert "node=Ask" in page.url
    page.get_by_label("Expression of topic").fill("$.data")
    node(page, "Ask").get_by_text("!").wait_for(state="detached")
    page.get_by_role("button", name="Prepare").click()
    page.get_by_text("can't run", exact=True).wait_for()


def test_somebody_else_is_not_overwritten(screen: Screen, server: LiveServer, asker: Asker) -> None:
    boto = server.boto()
    name = new_name()
    flow = boto.create_flow(name=name, executionRoleArn=ROLE, definition=definition("before"))
    file = asker.ask("GET", "files", flow["id"], "draft")
    page = opened(screen, file, "?node=Ask")
    screen.allowed.append("412")  # the browser tells of it by itself
    boto.update_flow(
        flowIdentifier=flow["id"], name=name, executionRoleArn=ROLE, definition=definition("theirs")
    )
    text = page.get_by_role("complementary", name="What is chosen").get_by_label("Text", exact=False).last
    text.fill("mine {{topic}}")
    alert = page.get_by_role("alert").filter(has_text="Someone else changed this draft")
    alert.wait_for()
    screen.axe()
    screen.shot("editor-conflict")
    assert "theirs" in json.dumps(boto.get_flow(flowIdentifier=flow["id"])["definition"])
    alert.get_by_role("button", name="Overwrite with mine").click()
    alert.wait_for(state="detached")
    saved(page)
    assert "mine {{topic}}" in json.dumps(boto.get_flow(flowIdentifier=flow["id"])["definition"])
    boto.update_flow(
        flowIdentifier=flow["id"], name=name, executionRoleArn=ROLE, definition=definition("again theirs")
    )
    text.fill("mine again {{topic}}")
    alert.get_by_role("button", name="Show theirs").click()
    alert.wait_for(state="detached")
    page.wait_for_function("document.querySelector('.panel textarea').value.startsWith('again theirs')")
    page.get_by_role("button", name="Undo").click()
    page.wait_for_function("document.querySelector('.panel textarea').value.startsWith('mine again')")


def test_what_can_not_be_kept_stays_on_the_screen(screen: Screen, asker: Asker) -> None:
    flow = made(asker, start="example")
    page = opened(screen, flow, "?node=Shout")
    screen.allowed.append("400")
    page.get_by_label("Expression of text").fill("")
    page.get_by_role("alert").filter(has_text="expression").wait_for()
    page.get_by_role("status").filter(has_text="Not saved").wait_for()
    page.get_by_label("Expression of text").fill("$.data.title")
    saved(page)
    kept = asker.ask("GET", "files", flow["file"]["id"], "draft")["definition"]
    assert kept["nodes"][1]["inputs"][0]["expression"] == "$.data.title"


def test_nodes_are_copied_and_pasted(screen: Screen, asker: Asker) -> None:
    flow = made(asker, start="example")
    page = opened(screen, flow)
    node(page, "Shout").click()
    page.get_by_role("button", name="JSON").click()
    text = page.locator(".json-shown").inner_text()
    assert [one["name"] for one in json.loads(text)["nodes"]] == ["Shout"]
    page.get_by_label("Nodes as JSON").fill("{")
    page.get_by_role("button", name="Add them").click()
    page.get_by_role("alert").filter(has_text="This is not JSON.").wait_for()
    screen.axe()
    page.get_by_label("Nodes as JSON").fill(text)
    page.get_by_role("button", name="Add them").click()
    node(page, "Shout2").wait_for()
    node(page, "Shout2").click()
    page.keyboard.press("Control+c")
    page.keyboard.press("Control+v")
    node(page, "Shout3").wait_for()


def test_what_a_loop_repeats(screen: Screen, asker: Asker) -> None:
    types = {one["name"]: one for one in asker.ask("GET", "node-types")["node_types"]}
    whole = {"nodes": [types["Loop"]["example"]], "connections": []}
    flow = made(asker, definition=whole)
    page = opened(screen, flow, "?node=Loop")
    node(page, "Loop/LoopController").wait_for()
    page.get_by_role("button", name="Edit what it repeats").click()
    node(page, "LoopController").wait_for()
    assert "loop=Loop" in page.url
    page.get_by_role("button", name="Lambda function").click()
    node(page, "LambdaFunction").wait_for()
    screen.shot("editor-loop")
    page.get_by_role("navigation", name="Levels").get_by_role("button", name="The flow").click()
    node(page, "Loop/LambdaFunction").wait_for()
    saved(page)
    kept = asker.ask("GET", "files", flow["file"]["id"], "draft")["definition"]
    inside = kept["nodes"][0]["configuration"]["loop"]["definition"]["nodes"]
    assert [one["name"] for one in inside] == ["LoopInput", "LoopController", "LambdaFunction"]


def test_a_condition_that_is_renamed_stays_connected(screen: Screen, asker: Asker) -> None:
    types = {one["name"]: one for one in asker.ask("GET", "node-types")["node_types"]}
    turn = {
        "name": "Turn",
        "type": "Conditional",
        "source": "Condition",
        "target": "Output",
        "configuration": {"conditional": {"condition": "yes"}},
    }
    nodes = [types[name]["example"] for name in ("Input", "Condition", "Output")]
    flow = made(asker, definition={"nodes": nodes, "connections": [turn]})
    page = opened(screen, flow, "?node=Condition")
    panel = page.get_by_role("complementary", name="What is chosen")
    panel.get_by_role("textbox", name="Name").nth(1).fill("surely")
    panel.get_by_text("Condition when surely → Output").wait_for()
    handle(page, "Condition", "when surely").wait_for()
    saved(page)
    kept = asker.ask("GET", "files", flow["file"]["id"], "draft")["definition"]
    assert kept["connections"][0]["configuration"] == {"conditional": {"condition": "surely"}}


def test_versions_are_only_looked_at(screen: Screen, asker: Asker) -> None:
    flow = made(asker, start="example")
    at = ("files", flow["file"]["id"])
    asker.ask("POST", *at, "draft", "prepare")
    asker.ask("POST", *at, "versions", body={"description": "First"})
    page = opened(screen, flow)
    page.get_by_label("What is shown").select_option("1")
    page.get_by_text("read only").wait_for()
    assert "version=1" in page.url
    node(page, "Shout").click()
    panel = page.get_by_role("complementary", name="Node Shout")
    panel.get_by_text("text.upper()").wait_for()
    assert panel.get_by_role("textbox").count() == 0
    screen.axe()
    screen.shot("editor-version")


def test_who_may_only_read_looks_at_the_draft(make_server: Any, open_screen: Any) -> None:
    live = make_server()
    editor = create_key(live.store, right="editor")["api_key"]
    reader = create_key(live.store, right="reader")["api_key"]
    flow = made(Asker(url=live.url, key=editor), start="example")
    screen: Screen = open_screen(live)
    screen.allowed.append("401")
    screen.open(f"#/f/{flow['file']['id']}/editor")
    screen.page.get_by_label("API key").fill(reader)
    screen.page.keyboard.press("Enter")
    screen.page.get_by_text("read only").wait_for()
    node(screen.page, "Shout").wait_for()
    assert screen.page.get_by_role("button", name="Prepare").count() == 0


def test_a_flow_without_nodes_begins(screen: Screen, server: LiveServer) -> None:
    path = f"drawn in a browser/{new_name()}"
    flow = server.humanloop().flows.upsert(path=path, attributes={"says": "hello"})
    screen.allowed.append("404")
    screen.open(f"#/f/{flow.id}/editor")
    page = screen.page
    page.get_by_role("heading", name="This flow has no graph of nodes").wait_for()
    screen.axe()
    page.get_by_role("button", name="Begin with an example").click()
    node(page, "Shout").wait_for()
