"""The judgment in what a model wrote: its last line, after whatever it reasoned before (humanloop 4.8)."""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any

from headrace.core.effects import JSON
from headrace.core.kinds.evaluator import EvaluatorSpec, ReturnType
from headrace.core.parsing import Unreadable, parse_answer

YES = frozenset({"true", "yes", "pass", "passed", "correct", "1"})
NO = frozenset({"false", "no", "fail", "failed", "incorrect", "0"})
MARKS = " \t*_`\"'.!"
"""What surrounds a word and is no part of it."""
SHOWN_CHARS = 500
_NUMBER = re.compile(r"[+-]?(?:\d+(?:\.\d*)?|\.\d+)(?:[eE][+-]?\d{1,3})?")


class NoJudgment(ValueError):
    """A text does not end with a judgment of the type that is wanted."""


def judgment_in(text: str, spec: EvaluatorSpec) -> JSON:
    """The judgment of an evaluator's return type; of a text, all of it.

    Raises:
        NoJudgment: the text has none.
    """
    kind = spec.return_type
    if kind is ReturnType.TEXT:
        return text.strip()
    names = [option.name for option in spec.options or ()]
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    last = lines[-1] if lines else ""
    for candidate in (last, last.rpartition(":")[2]):  # such as "Verdict: true"
        found = _READERS[kind](candidate, names)
        if found is not None:
            return found
    raise NoJudgment(
        f"The model's answer does not end with a judgment of the type {kind}, but with: {last[-SHOWN_CHARS:]}"
    )


def _boolean(text: str, _names: Sequence[str]) -> bool | None:
    word = text.strip(MARKS).casefold()
    return True if word in YES else False if word in NO else None


def _number(text: str, _names: Sequence[str]) -> int | float | None:
    bare = text.strip(MARKS.replace(".", ""))
    bare = bare if _NUMBER.fullmatch(bare) else bare.rstrip(".")
    if not _NUMBER.fullmatch(bare) or len(bare) > 40:
        return None
    return int(bare) if bare.lstrip("+-").isdigit() else float(bare)


def _option(text: str, names: Sequence[str]) -> str | None:
    for form in (text, text.strip(), text.strip(MARKS)):
        if form in names:
            return form
    alike = [name for name in names if name.casefold() == text.strip(MARKS).casefold()]
    return alike[0] if len(alike) == 1 else None


def _options(text: str, names: Sequence[str]) -> list[str] | None:
    parts = _listed(text)
    chosen = [_option(part, names) for part in parts]
    if any(one is None for one in chosen):
        return None
    return list(dict.fromkeys(one for one in chosen if one is not None))


def _listed(text: str) -> list[str]:
    """The parts of ``["a", "b"]`` or of ``a, b``."""
    if text.startswith("["):
        try:
            parsed: Any = parse_answer(text)
        except Unreadable:
            parsed = None
        if isinstance(parsed, list) and all(isinstance(part, str) for part in parsed):
            return parsed
    return text.removeprefix("[").removesuffix("]").split(",")


_READERS: dict[ReturnType, Callable[[str, Sequence[str]], JSON]] = {
    ReturnType.BOOLEAN: _boolean,
    ReturnType.NUMBER: _number,
    ReturnType.SELECT: _option,
    ReturnType.MULTI_SELECT: _options,
}
