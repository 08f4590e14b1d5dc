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
        ("!FindInMap [Models, prod, id]", "has no prod, id"),
        ("!Select [2, [a, b]]", "item 2 of 2"),
        ("!Join [',', [[a], b]]", "can't be part of a text"),
    ],
)
def test_what_needs_cloudformation(text: str, reason: str) -> None:
    with pytest.raises(Unmappable, match=reason):
        SCOPE.evaluate(load_template(text))


@pytest.mark.parametrize("text", ["{", "[1,", "a: [", "a: !!python/object:os.system {}", "a: b: c"])
def test_what_is_neither_json_nor_yaml(text: str) -> None:
    with pytest.raises(Unreadable, match="not valid"):
        load_template(text)
