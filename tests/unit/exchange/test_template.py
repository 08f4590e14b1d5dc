"""CloudFormation's language: short forms, functions, conditions."""

from __future__ import annotations

from typing import Any

import pytest

from headrace.apis.bedrock.exchange.documents import Unreadable
from headrace.apis.bedrock.exchange.template import NO_VALUE, Scope, Unmappable, load_template


def attribute(name: str, wanted: str) -> Any:
    if name != "Thing":
        raise Unmappable(f"no {name}")
    return f"<{wanted}>"


SCOPE = Scope(
    values={"Stage": "dev", "Names": ["a", "b"], "Count": 2, "Yes": True, "AWS::NoValue": NO_VALUE},
    mappings={"Models": {"dev": {"id": "small"}}},
    conditions={
        "IsDev": {"Fn::Equals": [{"Ref": "Stage"}, "dev"]},
        "IsTwo": {"Fn::Equals": [{"Ref": "Count"}, "2"]},
        "Both": {"Fn::And": [{"Condition": "IsDev"}, {"Condition": "IsTwo"}]},
        "Neither": {"Fn::Not": [{"Fn::Or": [{"Condition": "IsDev"}, {"Condition": "IsTwo"}]}]},
        "Broken": {"Fn::Contains": ["a", "b"]},
        "IsOn": {"Fn::Equals": [{"Ref": "Yes"}, "true"]},
        "IsOnToo": {"Fn::Equals": [True, {"Ref": "Yes"}]},
        "Loop": {"Fn::Not": [{"Condition": "LoopToo"}]},
        "LoopToo": {"Condition": "Loop"},
        **{
            f"Twice{n}": {"Fn::And": [{"Condition": f"Twice{n - 1}"}, {"Condition": f"Twice{n - 1}"}]}
            for n in range(1, 60)
        },
        "Twice0": {"Fn::Equals": ["a", "a"]},
    },
    attribute=attribute,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("!Ref Stage", "dev"),
        ("!Ref Names", ["a", "b"]),
        ("!Ref Thing", "<Ref>"),
        ("!GetAtt Thing.Arn", "<Arn>"),
        ("!GetAtt [Thing, Arn]", "<Arn>"),
        ("Fn::GetAtt: Thing.Deep.Name", "<Deep.Name>"),
        ("!Sub '${Stage}-${Thing.Arn}-${Thing}-${!Stage}'", "dev-<Arn>-<Ref>-${Stage}"),
        ("!Sub ['${Own}-${Yes}', {Own: !Ref Count}]", "2-true"),
        ("!Join [':', [a, !Ref Stage, !Ref Count]]", "a:dev:2"),
        ("!Select [1, !Split [',', 'x,y']]", "y"),
        ("!FindInMap [Models, !Ref Stage, id]", "small"),
        ("!If [Both, yes-it-is, no]", "yes-it-is"),
        ("!If [Neither, 1, 2]", 2),
        ("!If [IsOn, 1, 2]", 1),
        ("!If [IsOnToo, 1, 2]", 1),
        ("!If [Twice59, 1, 2]", 1),
        ("{a: !Ref 'AWS::NoValue', b: [1, !If [Neither, 1, !Ref 'AWS::NoValue']]}", {"b": [1]}),
        ("!Base64 dev", "ZGV2"),
        ("Fn::ToJsonString: {a: !Ref Count}", '{"a": 2}'),
        ("2010-09-09", "2010-09-09"),
        ("{Ref: a, Other: b}", {"Ref": "a", "Other": "b"}),
        ('{"Fn::Sub": "${Stage}"}', "dev"),
    ],
)
def test_what_functions_come_to(text: str, expected: Any) -> None:
    assert SCOPE.evaluate(load_template(text)) == expected


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("!ImportValue x", "Fn::ImportValue can't be carried out"),
        ("!Ref Nothing", "no Nothing"),
        ("!Sub '${Nothing.Arn}'", "no Nothing"),
        ("!If [Unknown, 1, 2]", "no condition Unknown"),
        ("!If [Broken, 1, 2]", "is no condition"),
        ("!If [Loop, 1, 2]", "the condition Loop depends on itself"),
        ("!FindInMap [Models, prod, id]", "has no prod, id"),
        ("!Select [2, [a, b]]", "item 2 of 2"),
        ("!Join [',', [[a], b]]", "can't be part of a text"),
    ],
)
def test_what_needs_cloudformation(text: str, reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        SCOPE.evaluate(load_template(text))


@pytest.mark.parametrize(
    "text",
    [
        "{",
        "[1,",
        "a: [",
        "a: !!python/object:os.system {}",
        "a: b: c",
        "!!int x",
        "!!bool x",
        "!!timestamp x",
    ],
)
def test_what_is_neither_json_nor_yaml(text: str) -> None:
    with pytest.raises(Unreadable, match="not valid"):
        load_template(text)


def _much(of: str) -> str:
    """YAML in which each of nine lines holds the line before nine times."""
    lines = [f"a0: &a0 {of}"]
    lines += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 10)]
    return "\n".join(lines)


def _much_merged() -> str:
    """The same with merges."""
    lines = ["a0: &a0 {" + ", ".join(f"k{n}: {n}" for n in range(9)) + "}"]
    lines += [f"a{n}: &a{n} {{<<: [{', '.join([f'*a{n - 1}'] * 9)}]}}" for n in range(1, 10)]
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        (_much("[lol]"), "more than 1,000,000 values"),
        (_much_merged(), "too many members"),
        ("a: &a [*a]", "nested deeper than 250 levels"),
        ("a: &a {b: *a}", "nested deeper than 250 levels"),
        ("[" * 251 + "]" * 251, "nested deeper than 250 levels"),
        ("[" * 100_000, "nested deeper than 250 levels"),
        ("a: " + "[" * 5_000, "nested too deep"),
        ('{"a": NaN}', "the number nan"),
        ('{"a": -Infinity}', "the number -inf"),
        ('{"a": 1e400}', "the number inf"),
        ("a: .nan", "the number nan"),
        (r'{"a": "\ud800"}', "not Unicode"),
        (r'{"\ud800": 1}', "no text"),
        ("a: !!set {b, c}", "a set"),
        ("a: !!binary aaaa", "a bytes"),
        ("yes: 1", "named True"),
    ],
)
def test_what_is_too_much_or_not_in_json(text: str, reason: str) -> None:
    with pytest.raises(Unreadable, match=reason):
        load_template(text)


def test_what_yaml_shares_is_copied_and_names_are_texts() -> None:
    found = load_template("one: &a {111122223333: x}\ntwo: *a\nthree: {<<: *a, b: 1}")
    assert found == {
        "one": {"111122223333": "x"},
        "two": {"111122223333": "x"},
        "three": {"111122223333": "x", "b": 1},
    }
    assert found["one"] is not found["two"]
