"""Golden pairs: requests with the answers that the contract demands, kept in ``golden/``, one file an operation.

In a pair, ``<fl_1>`` stands for an id: for whatever is there when the name is met first, and for the same ever
after. ``<time>`` stands for any time, ``<clock>`` for one that is written for people, ``<number>`` for any number. ``scenario.json`` has the order in which the pairs are sent.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx

HERE = Path(__file__).parent / "golden"
NAME = re.compile(r"<(?:time|clock|([a-z]+)_[0-9]+)>")
TIME = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}\.[0-9]{6}"
CLOCK = r"[0-9]{4}-[0-9]{2}-[0-9]{2} [0-9]{2}:[0-9]{2}:[0-9]{2}"
ID = "_[0-9A-Za-z]{21}"
NUMBER = "<number>"
PLAIN = "text/plain; charset=utf-8"


def scenario() -> list[tuple[str, str]]:
    """Each pair's operation and name, in the order in which they are sent."""
    listed: list[str] = json.loads((HERE / "scenario.json").read_text())
    return [(operation, name) for operation, _, name in (one.partition(": ") for one in listed)]


def operations() -> list[str]:
    """The operations that have a file."""
    return sorted(file.stem for file in HERE.glob("*.json") if file.stem != "scenario")


def pairs_of(operation: str) -> dict[str, Any]:
    """The pairs of an operation by their names."""
    found: dict[str, Any] = json.loads((HERE / f"{operation}.json").read_text())
    return found


@dataclass(slots=True)
class Names:
    """What the names in the pairs stand for.

    Attributes:
        ids: the id behind each name met so far.
    """

    ids: dict[str, str] = field(default_factory=dict)

    def fill(self, value: Any) -> Any:
        """A request with ids in it instead of names."""
        match value:
            case str():
                return NAME.sub(lambda found: self.ids.get(found[0], found[0]), value)
            case list():
                return [self.fill(one) for one in value]
            case dict():
                return {key: self.fill(one) for key, one in value.items()}
        return value

    def differences(self, wanted: Any, got: Any, where: str = "") -> Iterator[str]:
        """Where an answer is not the one wanted: any key, any type, any value."""
        match wanted, got:
            case dict(), dict():
                for key in wanted.keys() ^ got.keys():
                    yield f"{where}.{key} {'is missing' if key in wanted else 'is new'}"
                for key in (key for key in wanted if key in got):
                    yield from self.differences(wanted[key], got[key], f"{where}.{key}")
            case list(), list() if len(wanted) == len(got):
                for number, (one, other) in enumerate(zip(wanted, got, strict=True)):
                    yield from self.differences(one, other, f"{where}[{number}]")
            case _:
                if not self._is_same(wanted, got):
                    yield f"{where}: {got!r} instead of {self.fill(wanted)!r}"

    def _is_same(self, wanted: Any, got: Any) -> bool:
        if wanted == NUMBER:
            return isinstance(got, int | float)
        if isinstance(wanted, str) and isinstance(got, str):
            return self._fits(wanted, got)
        return type(wanted) is type(got) and bool(wanted == got)

    def _fits(self, wanted: str, got: str) -> bool:
        """Whether a text is the one wanted; names that are new are bound."""
        pattern, end, new = "", 0, list[str]()
        for found in NAME.finditer(wanted):
            pattern, end = pattern + re.escape(wanted[end : found.start()]), found.end()
            if found[1] is None:
                pattern += TIME if found[0] == "<time>" else CLOCK
            elif found[0] in self.ids:
                pattern += re.escape(self.ids[found[0]])
            else:
                new.append(found[0])
                pattern += f"({found[1]}{ID})"
        fitting = re.fullmatch(pattern + re.escape(wanted[end:]), got)
        if fitting is None or set(fitting.groups()) & set(self.ids.values()):
            return False
        self.ids.update(zip(new, fitting.groups(), strict=True))
        return True


def send(plain: httpx.Client, request: dict[str, Any], names: Names) -> httpx.Response:
    """Send the request of a pair."""
    content = request.get("text")
    if "body" in request:
        content = json.dumps(names.fill(request["body"]))
    return plain.request(
        request["method"],
        f"/v5{names.fill(request['path'])}",
        params=names.fill(request.get("query")),
        headers=request["headers"],
        content=content,
    )


def check(answer: httpx.Response, wanted: dict[str, Any], names: Names) -> list[str]:
    """Where an answer is not the one of its pair."""
    if answer.status_code != wanted["status"]:
        return [f"status {answer.status_code} instead of {wanted['status']}: {answer.text}"]
    if "text" in wanted:
        is_same = (answer.headers["content-type"], answer.text) == (PLAIN, wanted["text"])
        return [] if is_same else [f"{answer.headers['content-type']}: {answer.text!r}"]
    if "body" not in wanted:
        return ["there is a body"] if answer.content else []
    if answer.headers["content-type"] != "application/json":
        return [f"content type {answer.headers['content-type']}"]
    return list(names.differences(wanted["body"], answer.json()))
