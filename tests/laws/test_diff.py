"""What a diff promises, whatever is compared."""

from __future__ import annotations

import copy
import json
from collections.abc import Sequence
from itertools import pairwise
from typing import Any

import msgspec
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from headrace.core.canonical import canonical
from headrace.core.diff import Diff, DoesNotFit, apply, diff, diff_datapoints
from headrace.core.diff.edits import GraphChanged, NodeChanged, Span
from headrace.core.diff.effort import Effort
from headrace.core.diff.sequences import common, staying
from headrace.core.diff.texts import compare_texts

words = st.sampled_from(
    ["", "a", "b", "name", "nodes", "text", "one two three four five six seven eight nine"]
)
prose = st.lists(
    st.sampled_from(
        ["Answer ", "the ", "question", "\n", ". ", "{{topic}}", " ", "in short", "é\u2028", "\r\n"]
    )
).map("".join)
numbers = st.integers(-3, 3) | st.sampled_from([1.0, -0.0, 0.5, 1e23, 10**23, 1e300, 2**53 + 1])
scalars = st.none() | st.booleans() | numbers | words | prose
named = st.fixed_dictionaries({"name": st.sampled_from("abcde")}, optional={"type": words, "value": scalars})
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=5) | st.lists(named, max_size=4) | st.dictionaries(words, inner, max_size=4)
    ),
    max_leaves=20,
)
names = st.sampled_from(["In", "Ask", "Ask2", "Check", "Out", "Outer", ""])
configurations = (
    st.none() | st.fixed_dictionaries({"prompt": scalars}) | st.fixed_dictionaries({"inputs": values})
)
nodes: st.SearchStrategy[dict[str, Any]] = st.fixed_dictionaries(
    {"name": names, "type": st.sampled_from(["Input", "Prompt", "Output"])},
    optional={"configuration": configurations, "inputs": st.lists(named, max_size=2)},
)
ports = st.sampled_from(["x", "y"])
data = st.fixed_dictionaries(
    {"type": st.just("Data"), "source": names, "target": names},
    optional={
        "configuration": st.fixed_dictionaries(
            {"data": st.fixed_dictionaries({"sourceOutput": ports, "targetInput": ports})}
        )
    },
)
conditional = st.fixed_dictionaries(
    {
        "type": st.just("Conditional"),
        "source": names,
        "target": names,
        "configuration": st.fixed_dictionaries(
            {"conditional": st.fixed_dictionaries({"condition": ports})},
        ),
    }
)


@st.composite
def connections(draw: st.DrawFn) -> dict[str, Any]:
    return {"name": draw(st.sampled_from([*"abcdefgh", "AskToOut", "InAsk"])), **draw(data | conditional)}


@st.composite
def graphs(draw: st.DrawFn) -> dict[str, Any]:
    graph: dict[str, Any] = {"nodes": draw(st.lists(nodes, max_size=6, unique_by=lambda node: node["name"]))}
    if draw(st.booleans()):
        graph["connections"] = draw(st.lists(connections(), max_size=8, unique_by=lambda one: one["name"]))
    return graph | draw(st.dictionaries(st.sampled_from(["note", "more"]), values, max_size=1))


@st.composite
def contents(draw: st.DrawFn) -> Any:
    """A flow's content, with a Loop now and then; or anything."""
    graph = draw(graphs())
    if graph["nodes"] and draw(st.booleans()):
        graph["nodes"][0]["configuration"] = {"loop": {"definition": draw(graphs())}}
    return draw(st.sampled_from([graph, {"definition": graph, "executionRoleArn": "arn"}, draw(values)]))


@st.composite
def pairs(draw: st.DrawFn) -> tuple[Any, Any]:
    """Two contents; often one that was made of the other."""
    before = draw(contents())
    if draw(st.booleans()):
        return before, draw(contents())
    after = copy.deepcopy(before)
    for _ in range(draw(st.integers(0, 4))):
        _edit(draw, after)
    return before, after


def _edit(draw: st.DrawFn, value: Any) -> None:
    """Change one thing somewhere in a value."""
    while isinstance(value, dict | list) and value:
        key = draw(st.sampled_from(sorted(value) if isinstance(value, dict) else range(len(value))))
        if not isinstance(value[key], dict | list) or draw(st.integers(0, 3)) == 0:
            break
        value = value[key]
    else:
        return
    change = draw(st.sampled_from(["replace", "remove", "insert", "shuffle"]))
    if change == "replace":
        value[key] = draw(scalars)
    elif change == "remove":
        del value[key]
    elif isinstance(value, list):
        if change == "insert":
            value.insert(key, copy.deepcopy(draw(st.sampled_from(value))))
        else:
            value[:] = draw(st.permutations(value))


def form(value: Any) -> bytes:
    return canonical(json.dumps(value).encode())


@settings(max_examples=300)
@given(pairs())
def test_what_was_there_and_what_differs_make_what_is_there(pair: tuple[Any, Any]) -> None:
    before, after = pair
    kept = copy.deepcopy(before)
    assert form(apply(diff(before, after), before)) == form(after)
    assert before == kept


@settings(max_examples=200)
@given(pairs())
def test_nothing_differs_exactly_where_the_canonical_forms_are_one(pair: tuple[Any, Any]) -> None:
    before, after = pair
    found = diff(before, after)
    assert found.is_empty == (form(before) == form(after))
    assert found.is_empty == (found.summary.line == "no differences")


@given(contents())
def test_nothing_differs_from_itself(value: Any) -> None:
    assert diff(value, copy.deepcopy(value)).edits == ()


@given(pairs())
def test_a_diff_is_json(pair: tuple[Any, Any]) -> None:
    found = diff(*pair)
    read = msgspec.json.decode(msgspec.json.encode(found), type=Diff)
    assert form(apply(read, pair[0])) == form(pair[1])


@given(pairs())
def test_the_order_of_members_makes_no_difference(pair: tuple[Any, Any]) -> None:
    before, after = pair
    assert diff(before, _turned(after)).is_empty == diff(before, after).is_empty
    assert form(apply(diff(before, after), _turned(before))) == form(after)


def _turned(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _turned(inner) for key, inner in reversed(value.items())}
    return [_turned(item) for item in value] if isinstance(value, list) else value


@given(pairs(), st.integers(0, 60))
def test_it_is_as_exact_when_it_may_cost_little(pair: tuple[Any, Any], most_steps: int) -> None:
    before, after = pair
    assert form(apply(diff(before, after, most_steps=most_steps), before)) == form(after)


@given(pairs(), contents())
def test_it_fits_another_value_or_is_refused(pair: tuple[Any, Any], other: Any) -> None:
    found = diff(*pair)
    assume(form(other) != form(pair[0]))
    try:
        made = apply(found, other)
    except DoesNotFit:
        return
    # What it says nothing of may be another, and stays.
    assert found.is_empty <= (form(made) == form(other))


@settings(max_examples=200)
@given(graphs(), st.data(), st.sampled_from(["Renamed", "Ask3"]), st.booleans())
def test_a_renaming_is_one_renaming_and_nothing_else(
    graph: dict[str, Any], data: st.DataObject, name: str, relabels: bool
) -> None:
    assume(graph["nodes"])
    was = data.draw(st.sampled_from(graph["nodes"]))["name"]
    after = copy.deepcopy(graph)
    for node in after["nodes"]:
        node["name"] = name if node["name"] == was else node["name"]
    for connection in after.get("connections", ()):
        for end in ("source", "target"):
            connection[end] = name if connection[end] == was else connection[end]
            if relabels and was and connection["name"].count(was) == 1 and connection[end] == name:
                connection["name"] = connection["name"].replace(was, name)
    [found] = diff(graph, after).edits
    assert isinstance(found, GraphChanged)
    assert found.nodes == (NodeChanged(name=name, was=was, type=found.nodes[0].type),)
    assert (found.connections, found.order, found.edits) == ((), (), ())
    assert all(one.follows for one in found.relabelled)
    assert diff(graph, after).summary.line == "nodes: 1 renamed"


@given(graphs(), st.randoms(use_true_random=False))
def test_another_order_is_told_as_nothing_but_another_order(graph: dict[str, Any], random: Any) -> None:
    after = copy.deepcopy(graph)
    random.shuffle(after["nodes"])
    for edit in diff(graph, after).edits:
        assert isinstance(edit, GraphChanged)
        assert (edit.nodes, edit.connections, edit.relabelled, edit.edits) == ((), (), (), ())
        assert {move.path[0] for move in edit.order} == {"nodes"}


@given(prose, prose, st.sampled_from(["word", "line"]))
def test_the_pieces_of_a_text_are_both_texts(before: str, after: str, unit: Any) -> None:
    spans = compare_texts(before, after, unit=unit, effort=Effort(10_000))
    assert "".join(span.text for span in spans if span.in_ != "after") == before
    assert "".join(span.text for span in spans if span.in_ != "before") == after
    assert all(span.text for span in spans)
    assert all(one.in_ != next_one.in_ for one, next_one in pairwise(spans))
    assert (before == after) <= (spans in ((), (Span(in_="both", text=before),)))


def _length(before: Sequence[int], after: Sequence[int]) -> int:
    """The length of the longest common subsequence, by the textbook."""
    row = [0] * (len(after) + 1)
    for one in before:
        last = row
        row = [0]
        for j, other in enumerate(after):
            row.append(last[j] + 1 if one == other else max(row[j], last[j + 1]))
    return row[-1]


@settings(max_examples=400)
@given(st.lists(st.integers(0, 4), max_size=14), st.lists(st.integers(0, 4), max_size=14))
def test_what_is_common_is_the_longest_there_is(before: list[int], after: list[int]) -> None:
    found = common(before, after, Effort(10_000))
    assert all(before[i] == after[j] for i, j in found)
    assert all(one[0] < other[0] and one[1] < other[1] for one, other in pairwise(found))
    assert len(found) == _length(before, after)


@given(st.integers(0, 9).flatmap(lambda count: st.permutations(range(count))))
def test_what_stays_is_rising_and_the_longest_there_is(places: list[int]) -> None:
    stay = [place for place in places if place in staying(places)]
    assert stay == sorted(stay)
    assert len(stay) == _length(places, sorted(places))


@given(st.lists(st.text(max_size=2)), st.lists(st.text(max_size=2)))
def test_datapoints_are_compared_as_sets(before: list[str], after: list[str]) -> None:
    found = diff_datapoints(iter(before), iter(after))
    assert set(found.added) == set(after) - set(before)
    assert set(found.removed) == set(before) - set(after)
    assert found.kept == len(set(before) & set(after))
    assert found.is_empty == (set(before) == set(after))


@pytest.mark.parametrize("depth", [70, 200])
def test_what_is_nested_deeply_is_compared_all_the_same(depth: int) -> None:
    before: Any = "a"
    after: Any = "b"
    for _ in range(depth):
        before, after = {"in": [before]}, {"in": [after]}
    assert form(apply(diff(before, after), before)) == form(after)
