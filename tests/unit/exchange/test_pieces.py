"""What belongs together stays together when an import goes in pieces."""

from __future__ import annotations

from typing import Any

from headrace.apis.bedrock.exchange.bundle import Bundle, Item, ItemKind, reference
from headrace.apis.bedrock.exchange.pieces import pieces

MARK = "0123456789abcdef"


def item(name: str, kind: ItemKind = ItemKind.FLOW, **members: Any) -> Item:
    own = {key: members.pop(key) for key in ("owner", "content") if key in members}
    return Item(name=name, kind=kind, source=f"{name}.json", members=members, **own)


def names(*items: Item) -> list[list[str]]:
    return [[one.name for one in piece.items] for piece in pieces(Bundle(mark=MARK, items=items))]


def test_what_refers_to_nothing_comes_alone() -> None:
    assert names(item("a"), item("b")) == [["a"], ["b"]]
    assert names() == []


def test_versions_and_aliases_come_with_their_owners_in_order() -> None:
    found = names(
        item("a"),
        item("b"),
        item("a1", ItemKind.FLOW_VERSION, owner="a"),
        item("b1", ItemKind.FLOW_VERSION, owner="b"),
        item("a_live", ItemKind.FLOW_ALIAS, owner="a"),
        item("far", ItemKind.FLOW_ALIAS, owner="0XE4WXCT1P"),
    )
    assert found == [["a", "a1", "a_live"], ["b", "b1"], ["far"]]


def test_flows_come_with_their_prompts_and_with_those_that_share_them() -> None:
    def uses(prompt: str) -> dict[str, Any]:
        return {"nodes": [{"arn": f"see {reference(MARK, prompt, 'Arn')}"}]}

    found = names(
        item("ask", ItemKind.PROMPT),
        item("tell", ItemKind.PROMPT),
        item("a", definition=uses("ask")),
        item("b", definition=uses("tell")),
        item("c"),
        item("c1", ItemKind.FLOW_VERSION, owner="c", content={"definition": uses("ask")}),
        item("d", definition={"text": f"@{MARK}: and nothing that is here"}),
    )
    assert found == [["ask", "a", "c", "c1"], ["tell", "b"], ["d"]]


def test_many_that_hang_together_are_one_piece() -> None:
    chain = [
        item("n0"),
        *(item(f"n{nth}", of=reference(MARK, f"n{nth - 1}", "Arn")) for nth in range(1, 5_000)),
    ]
    (piece,) = names(*chain)
    assert piece == [one.name for one in chain]
