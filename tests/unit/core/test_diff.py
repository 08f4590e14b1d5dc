"""How edits read: of flows as somebody makes them, and of contents of the other kinds."""

from __future__ import annotations

import copy
import json
import os
import re
from itertools import permutations
from pathlib import Path
from typing import Any

import pytest

from headrace.core.canonical import canonical
from headrace.core.diff import Diff, DoesNotFit, Summary, apply, diff, diff_datapoints
from headrace.core.diff.edits import (
    Added,
    ConnectionAdded,
    ConnectionChanged,
    ConnectionRemoved,
    GraphChanged,
    Moved,
    NodeAdded,
    NodeChanged,
    NodeRemoved,
    Removed,
    Replaced,
    TextChanged,
)
from headrace.core.diff_text import render

CORPUS = Path(__file__).with_name("diff_corpus")
CASES = sorted(path.stem for path in CORPUS.glob("*.txt"))
FLOWS = Path(os.environ.get("HEADRACE_TEST_FLOWS", "/nowhere"))
REAL = sorted(path for path in FLOWS.glob("*.json") if not re.search(r"index|\.prompts", path.name))
needs_flows = pytest.mark.skipif(
    not REAL, reason="HEADRACE_TEST_FLOWS does not name the folder of flow definitions"
)


def _read(path: Path) -> Any:
    return json.loads(path.read_text())


def _case(name: str) -> tuple[Any, Any]:
    own = CORPUS / f"{name}.before.json"
    return _read(own if own.exists() else CORPUS / "desk.json"), _read(CORPUS / f"{name}.json")


def _form(value: Any) -> bytes:
    return canonical(json.dumps(value).encode())


def _graph(found: Diff) -> GraphChanged:
    [edit] = found.edits
    assert isinstance(edit, GraphChanged)
    return edit


def _node(name: str, kind: str = "Prompt", **members: Any) -> dict[str, Any]:
    return {"name": name, "type": kind, **members}


def _data(source: str, target: str, *, output: str = "out", into: str = "in") -> dict[str, Any]:
    return {
        "name": f"{source}{target}{into}",
        "type": "Data",
        "source": source,
        "target": target,
        "configuration": {"data": {"sourceOutput": output, "targetInput": into}},
    }


def _flow(nodes: list[dict[str, Any]], connections: list[dict[str, Any]]) -> dict[str, Any]:
    return {"nodes": nodes, "connections": connections}


class TestCorpus:
    def test_is_there(self) -> None:
        assert len(CASES) >= 20

    @pytest.mark.parametrize("name", CASES)
    def test_reads_as_expected(self, name: str) -> None:
        assert render(diff(*_case(name))) == (CORPUS / f"{name}.txt").read_text()

    @pytest.mark.parametrize("name", CASES)
    def test_is_exact_in_both_directions(self, name: str) -> None:
        before, after = _case(name)
        assert _form(apply(diff(before, after), before)) == _form(after)
        assert _form(apply(diff(after, before), after)) == _form(before)

    @pytest.mark.parametrize("width_columns", [40, 72, 120])
    @pytest.mark.parametrize("name", CASES)
    def test_fits_into_its_width(self, name: str, width_columns: int) -> None:
        lines = render(diff(*_case(name)), width_columns=width_columns).splitlines()
        code = ("code:", "source_code:")
        if any(line.endswith(code) for line in lines):
            return
        for line in lines[1:]:
            assert len(line) <= width_columns or len(line.split()) <= 2, line

    @pytest.mark.parametrize("name", CASES)
    def test_colours_add_nothing_but_colours(self, name: str) -> None:
        plain = render(diff(*_case(name)), width_columns=1000)
        coloured = render(diff(*_case(name)), width_columns=1000, is_coloured=True)
        assert "\x1b[" in coloured
        without = re.sub(r" +$", "", re.sub(r"\x1b\[[0-9]+m", "", coloured), flags=re.MULTILINE)
        assert without == re.sub(r"\[-|-\]|\{\+|\+\}", "", plain)


@needs_flows
class TestRealFlows:
    def test_any_of_them_becomes_any_other(self) -> None:
        for before, after in permutations(map(_read, REAL), 2):
            assert _form(apply(diff(before, after), before)) == _form(after)

    @pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
    def test_renaming_any_node_reads_as_that(self, path: Path) -> None:
        flow = _read(path)
        for node in flow["nodes"]:
            after = _renamed(flow, node["name"], "Something_else")
            assert diff(flow, after).summary == Summary(nodes_renamed=1)
            [found] = _graph(diff(flow, after)).nodes
            assert isinstance(found, NodeChanged)
            assert (found.was, found.name) == (node["name"], "Something_else")

    @pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
    def test_renaming_every_node_reads_as_that(self, path: Path) -> None:
        flow = after = _read(path)
        for node in flow["nodes"]:
            after = _renamed(after, node["name"], f"New_{node['name']}")
        assert diff(flow, after).summary == Summary(nodes_renamed=len(flow["nodes"]))
        for change in _graph(diff(flow, after)).nodes:
            assert isinstance(change, NodeChanged)
            assert change.name == f"New_{change.was}"

    @pytest.mark.parametrize("path", REAL, ids=lambda path: path.stem)
    def test_removing_any_node_and_its_connections_reads_as_that(self, path: Path) -> None:
        flow = _read(path)
        for node in flow["nodes"]:
            after = copy.deepcopy(flow)
            after["nodes"] = [one for one in after["nodes"] if one["name"] != node["name"]]
            ends = ("source", "target")
            after["connections"] = [
                one for one in after["connections"] if node["name"] not in [one[end] for end in ends]
            ]
            gone = len(flow["connections"]) - len(after["connections"])
            assert diff(flow, after).summary == Summary(nodes_removed=1, connections_removed=gone)
            assert diff(after, flow).summary == Summary(nodes_added=1, connections_added=gone)


def _renamed(flow: dict[str, Any], was: str, name: str) -> dict[str, Any]:
    after = copy.deepcopy(flow)
    for node in after["nodes"]:
        node["name"] = name if node["name"] == was else node["name"]
    for connection in after["connections"]:
        for end in ("source", "target"):
            connection[end] = name if connection[end] == was else connection[end]
    return after


class TestNodes:
    def test_twins_are_told_apart_by_their_neighbours(self) -> None:
        nodes = [
            _node("Ask", text="one"),
            _node("Tell", text="two"),
            _node("A", "Output"),
            _node("B", "Output"),
        ]
        before = _flow(nodes, [_data("Ask", "A"), _data("Tell", "B")])
        after = _flow(
            [nodes[0], nodes[1], _node("Second", "Output"), _node("First", "Output")],
            [_data("Ask", "First"), _data("Tell", "Second")],
        )
        changes = _graph(diff(before, after)).nodes
        assert {(one.was, one.name) for one in changes if isinstance(one, NodeChanged)} == {
            ("A", "First"),
            ("B", "Second"),
        }

    def test_neighbours_that_were_renamed_too_tell_twins_apart(self) -> None:
        ends = [_node("A", "Output"), _node("B", "Output")]
        asks = [_node("Ask", text="What is the letter about?"), _node("Tell", text="Sum up the whole letter")]
        before = _flow([*asks, *ends], [_data("Ask", "A"), _data("Tell", "B")])
        after = _flow(
            [
                *({**ask, "name": f"New{ask['name']}"} for ask in asks),
                _node("X", "Output"),
                _node("Y", "Output"),
            ],
            [_data("NewAsk", "Y"), _data("NewTell", "X")],
        )
        changes = _graph(diff(before, after)).nodes
        found = {one.was: one.name for one in changes if isinstance(one, NodeChanged)}
        assert found == {"Ask": "NewAsk", "Tell": "NewTell", "A": "Y", "B": "X"}

    def test_names_that_were_swapped_are_changes_of_what_has_the_names(self) -> None:
        before = _flow([_node("A", text="one"), _node("B", text="two")], [])
        after = _flow([_node("A", text="two"), _node("B", text="one")], [])
        assert diff(before, after).summary == Summary(nodes_changed=2)

    def test_another_node_in_the_same_place_is_another_node(self) -> None:
        ends = [_node("In", "Input"), _node("Out", "Output")]
        one = _node("Sum_up", model="m1", text="Sum up the letter in a sentence or two", temperature=0)
        other = _node("Translate", engine="m2", prompt="Put everything into French, word for word", top=1)
        before = _flow([*ends, one], [_data("In", "Sum_up"), _data("Sum_up", "Out")])
        after = _flow([*ends, other], [_data("In", "Translate"), _data("Translate", "Out")])
        found = _graph(diff(before, after))
        assert [type(change) for change in found.nodes] == [NodeRemoved, NodeAdded]
        [gone, refed, come] = found.connections
        assert isinstance(gone, ConnectionRemoved)
        assert isinstance(refed, ConnectionChanged)
        assert isinstance(come, ConnectionAdded)
        assert (gone.name, refed.was, refed.name, come.name) == (
            "InSum_upin",
            "Sum_upOutin",
            "TranslateOutin",
            "InTranslatein",
        )

    def test_a_node_that_takes_the_name_of_a_removed_one_does_not_take_its_connections(self) -> None:
        before = _flow(
            [_node("In", "Input"), _node("A", "Prompt", text="one"), _node("B", "Agent", arn="two")],
            [_data("In", "A")],
        )
        after = _flow([_node("In", "Input"), _node("A", "Agent", arn="two")], [_data("In", "A")])
        found = _graph(diff(before, after))
        [connection] = found.connections
        assert isinstance(connection, ConnectionChanged)
        assert connection.is_rewired
        assert connection.before == connection.after
        assert "where a node has the name that another had" in render(diff(before, after))

    def test_a_graph_with_two_nodes_of_a_name_is_compared_all_the_same(self) -> None:
        before = _flow([_node("A"), _node("A")], [])
        after = _flow([_node("A"), _node("A", text="x")], [])
        assert diff(before, after).edits == (Added(path=("nodes", 1, "text"), value="x"),)

    def test_a_list_of_connections_may_come_and_go(self) -> None:
        before = {"nodes": [_node("A"), _node("B")]}
        after = {**before, "connections": [_data("A", "B")]}
        there, back = diff(before, after), diff(after, before)
        assert apply(there, before) == after
        assert apply(back, after) == before
        assert there.summary.connections_added == back.summary.connections_removed == 1


class TestConnections:
    ENDS = (_node("A"), _node("B"), _node("C"))

    def _found(self, before: list[dict[str, Any]], after: list[dict[str, Any]]) -> Summary:
        return diff(_flow([*self.ENDS], before), _flow([*self.ENDS], after)).summary

    def test_an_input_that_is_fed_from_elsewhere_is_rewired(self) -> None:
        assert self._found([_data("A", "C")], [_data("B", "C")]) == Summary(connections_rewired=1)

    def test_a_value_that_goes_elsewhere_is_rewired(self) -> None:
        assert self._found([_data("A", "B")], [_data("A", "C")]) == Summary(connections_rewired=1)

    def test_connections_with_nothing_in_common_came_and_went(self) -> None:
        found = self._found([_data("A", "B")], [_data("C", "A")])
        assert found == Summary(connections_added=1, connections_removed=1)

    def test_two_that_exchange_names_are_only_relabelled(self) -> None:
        one, other = _data("A", "B"), _data("B", "C")
        after = [{**one, "name": other["name"]}, {**other, "name": one["name"]}]
        assert self._found([one, other], after) == Summary(connections_relabelled=2)

    def test_what_is_joined_alike_is_known_at_no_cost(self) -> None:
        before = [_data("A", "B"), _data("B", "C"), _data("A", "C")]
        after = [{**one, "name": f"edge{n}"} for n, one in enumerate(before)]
        found = diff(_flow([*self.ENDS], before), _flow([*self.ENDS], after), most_steps=0)
        assert found.summary == Summary(connections_relabelled=3)

    def test_a_connection_goes_with_its_node(self) -> None:
        before = _flow([*self.ENDS], [_data("A", "B"), _data("B", "C")])
        after = _flow([self.ENDS[0], self.ENDS[2]], [])
        assert [type(one) for one in _graph(diff(before, after)).connections] == [ConnectionRemoved] * 2


class TestValues:
    @pytest.mark.parametrize(
        ("before", "after"),
        [(1, True), (0, False), (1, "1"), (None, False), ([], {}), ("", None), (0.5, 0.25)],
    )
    def test_that_differ(self, before: Any, after: Any) -> None:
        assert diff(before, after).edits == (Replaced(path=(), before=before, after=after),)

    @pytest.mark.parametrize(
        ("before", "after"), [(1, 1.0), (0, -0.0), (10**23, 1e23), ({"a": 1, "b": 2}, {"b": 2, "a": 1.0})]
    )
    def test_that_are_the_same(self, before: Any, after: Any) -> None:
        assert diff(before, after).is_empty

    def test_elements_are_aligned(self) -> None:
        before = {"stop": ["a", "b", "c", "d"]}
        after = {"stop": ["b", "c", "x", "d", "e"]}
        assert diff(before, after).edits == (
            Removed(path=("stop", 0), value="a"),
            Added(path=("stop", 2), value="x"),
            Added(path=("stop", 4), value="e"),
        )

    def test_elements_with_names_are_told_by_them(self) -> None:
        before = [
            {"name": "x", "type": "String"},
            {"name": "y", "type": "String"},
            {"name": "z", "type": "String"},
        ]
        after = [
            {"name": "z", "type": "String"},
            {"name": "x", "type": "Number"},
            {"name": "y", "type": "String"},
        ]
        assert diff(before, after).edits == (
            Replaced(path=("x", "type"), before="String", after="Number"),
            Moved(path=("z",), to=0),
        )

    def test_an_input_that_is_renamed_keeps_what_else_it_has(self) -> None:
        before = {"inputs": [{"name": "x", "type": "String", "expression": "$.data"}]}
        after = {"inputs": [{"name": "y", "type": "String", "expression": "$.data"}]}
        assert diff(before, after).edits == (Replaced(path=("inputs", "x", "name"), before="x", after="y"),)

    def test_code_is_compared_by_lines_and_prose_by_words(self) -> None:
        text = "first = one\nsecond = two\n"
        [code] = diff({"code": text}, {"code": text.replace("two", "2")}).edits
        [prose] = diff({"text": text}, {"text": text.replace("two", "2")}).edits
        assert isinstance(code, TextChanged)
        assert isinstance(prose, TextChanged)
        assert [span.text for span in code.spans] == ["first = one\n", "second = two\n", "second = 2\n"]
        assert [span.text for span in prose.spans] == ["first = one\nsecond = ", "two", "2", "\n"]

    def test_a_placeholder_is_a_word(self) -> None:
        [found] = diff("Write a poem about {{topic}} please", "Write a poem about {{theme}} please").edits
        assert isinstance(found, TextChanged)
        assert [span.text for span in found.spans][1:3] == ["{{topic}}", "{{theme}}"]

    def test_texts_with_hardly_a_word_in_common_are_two_texts(self) -> None:
        [found] = diff(
            "Sum up the letter in a sentence, and nothing else",
            "Translate what was written and keep the tone of the author",
        ).edits
        assert isinstance(found, TextChanged)
        assert [span.in_ for span in found.spans] == ["before", "after"]


class TestLimits:
    @pytest.mark.parametrize("count", [500, 4000])
    def test_what_would_take_too_long_is_compared_as_a_whole(self, count: int) -> None:
        before = "\n".join(f"{'even' if n % 2 else n} line" for n in range(count))
        after = "\n".join(f"{'even' if n % 2 else -n} line" for n in range(count))
        [found] = diff({"code": before}, {"code": after}).edits
        assert isinstance(found, TextChanged)
        assert len(found.spans) < 10
        assert (found.before, found.after) == (before, after)

    def test_the_limit_is_one_for_all(self) -> None:
        one = [
            "Answer the question about water in one sentence.",
            "Discuss the question about gas in one sentence.",
        ]
        before, after = ({str(n): text for n in range(50)} for text in one)
        by_words = [
            isinstance(edit, TextChanged) and len(edit.spans) > 4
            for edit in diff(before, after, most_steps=600).edits
        ]
        assert by_words == sorted(by_words, reverse=True)
        assert 0 < sum(by_words) < 50

    @pytest.mark.parametrize(
        ("found", "other"),
        [
            (diff({"a": 1}, {"a": 2}), {"a": 3}),
            (diff({"a": 1}, {}), {"b": 1}),
            (diff({}, {"a": 1}), {"a": 1}),
            (diff([1, 2], [2]), [3, 2]),
            (diff([1], [1, 2, 3]), []),
            (diff({"a": [1]}, {"a": [2]}), {"a": {"b": 1}}),
            (diff("A text that has some words in it", "A text that has words in it"), "Another"),
            (diff(_flow([_node("A")], []), _flow([], [])), _flow([_node("B")], [])),
            (diff(_flow([_node("A")], []), _flow([], [])), {"nodes": 1}),
        ],
    )
    def test_a_diff_of_another_value_is_refused(self, found: Diff, other: Any) -> None:
        with pytest.raises(DoesNotFit, match="in another value"):
            apply(found, other)


class TestText:
    def test_nothing(self) -> None:
        assert render(diff({}, {})) == "no differences\n"

    def test_what_would_play_with_a_terminal_is_spelled_out(self) -> None:
        evil = "\x1b]0;owned\x07 \x9b2J \u202eabc\u2066 \r over the line \u200b{end} \u2028"
        before = {"text": f"Harmless text of some words {evil}", "code": "a\nb", evil: 1}
        after = {"text": f"Harmful text of some words {evil}", "code": f"a\n{evil}", "new": [evil]}
        before_flow, after_flow = _flow([], []), _flow([_node(evil, evil)], [_data(evil, evil)])
        for found in (diff(before, after), diff(before_flow, after_flow)):
            shown = render(found, is_coloured=False)
            assert not re.search("[\x00-\x09\x0b-\x1f\x7f-\x9f\u200b\u2028\u202e\u2066]", shown)
            assert "\\x1b]0;owned\\x07" in shown
            assert "\x1b]" not in render(found, is_coloured=True)

    def test_what_is_nested_deeply_is_told_in_a_row_in_the_end(self) -> None:
        value: Any = "x" * 100
        for _ in range(300):
            value = [value, 1]
        lines = render(diff({}, {"new": value})).splitlines()
        assert len(lines) < 100
        assert sum("x" * 100 in line for line in lines) == 1

    def test_wide_characters_take_two_columns(self) -> None:
        text = "水道局の相談窓口です。手紙を読んで、 何についての手紙か一言で答えてください。"
        shown = render(diff(text, f"{text}丁寧にお願いします。"), width_columns=40)
        wide = [len(line) + len(re.findall(r"[\u3000-\u9fff]", line)) for line in shown.splitlines()]
        assert len(wide) > 3
        assert max(wide) <= 40

    def test_so_many_lines_are_shown_around_a_change(self) -> None:
        lines = [f"line {n}" for n in range(20)]
        before = "\n".join(lines)
        after = "\n".join([*lines[:10], "new", *lines[10:]])
        shown = render(diff({"code": before}, {"code": after}), context_lines=1)
        assert [line.strip() for line in shown.splitlines()[2:]] == ["…", "line 9", "+ new", "line 10", "…"]


def test_datapoints_are_told_by_their_ids() -> None:
    found = diff_datapoints(["dp_1", "dp_2", "dp_3"], ["dp_3", "dp_4", "dp_1"])
    assert (found.added, found.removed, found.kept) == (("dp_4",), ("dp_2",), 2)
    assert found.line == "datapoints: 1 added, 1 removed, 2 kept"
    assert diff_datapoints(["dp_1", "dp_2"], ["dp_2", "dp_1"]).line == "no differences"
