"""What the full-text indexes of logs hold, and how they are asked; no text of a user is their syntax."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from headrace.core import search
from headrace.core.logs import Log, LogQuery

MAX_TERMS = 32
"""More words than these that begin alike are found faster by their beginning than one by one."""
_COMMON = {"log", "og_"}
"""In almost every id, so of no use to find one."""
_AFTER = "\x01"
"""What no term contains and is less than all that one may."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """The terms that a log must have to be found.

    Attributes:
        whole: all of these.
        beginnings: one that begins with this, for each of these.
    """

    whole: frozenset[str]
    beginnings: frozenset[str]

    def is_in(self, words: str) -> bool:
        """Whether a log is found that has these terms, between blanks."""
        return self.fits(frozenset(words.split(" ")))

    def fits(self, terms: frozenset[str]) -> bool:
        """The same, of terms that are apart already."""
        return self.whole <= terms and all(
            any(term.startswith(beginning) for term in terms) for beginning in self.beginnings
        )

    def expression(self, next_term: Callable[[str], str | None]) -> str | None:
        """What the index is asked; None when it can have none of them.

        A few terms that begin alike are written out: the index takes a tenth of the time then.

        Args:
            next_term: the first term in the index that is not before a text.
        """
        parts = [_quoted(term) for term in sorted(self.whole)]
        for beginning in sorted(self.beginnings):
            terms = _beginning_with(beginning, next_term)
            if not terms:
                return None
            if len(terms) > MAX_TERMS:
                parts.append(f"{_quoted(beginning)} *")
            else:
                parts.append(f"({' OR '.join(map(_quoted, terms))})")
        return " AND ".join(parts)


def _beginning_with(beginning: str, next_term: Callable[[str], str | None]) -> list[str]:
    """The terms with that beginning, up to one too many."""
    found: list[str] = []
    start = beginning
    while len(found) <= MAX_TERMS:
        term = next_term(start)
        if term is None or not term.startswith(beginning):
            break
        found.append(term)
        start = term + _AFTER
    return found


def index_words(log: Log, *, file_number: int, version_number: int) -> str:
    """All that a log is found by, as terms between blanks.

    ``t7_word`` is a word of the texts of a log of file 7, ``m7_word`` one of its metadata; ``v3`` says that
    it is of version 3, ``y`` that it is in a trace, ``n`` that it is in none.
    """
    said, noted = search.all_words(log)
    found = [f"t{file_number}_{word}" for word in said]
    found += [f"m{file_number}_{word}" for word in noted]
    if found:
        found += [f"v{version_number}", _trace_word(log.is_in_trace)]
    return " ".join(found)


def match_words(query: LogQuery, *, file_number: int, version_number: int | None) -> Match | None:
    """What the logs of a file have that have the words of a query; None when it has none."""
    whole: set[str] = set()
    beginnings: set[str] = set()
    for field, text in (("t", query.search), ("m", query.metadata)):
        wanted = search.wanted(text)
        if wanted is not None:
            whole.update(f"{field}{file_number}_{word}" for word in wanted.whole)
            beginnings.add(f"{field}{file_number}_{wanted.beginning}")
    if not beginnings:
        return None
    if version_number is not None:
        whole.add(f"v{version_number}")
    if query.in_trace is not None:
        whole.add(_trace_word(query.in_trace))
    return Match(whole=frozenset(whole), beginnings=frozenset(beginnings))


def match_triples(part: str) -> str | None:
    """The expression for the logs that may have a part in their id; None when it would leave out none."""
    triples = dict.fromkeys(part[start : start + 3] for start in range(len(part) - 2))
    return " AND ".join(_quoted(triple) for triple in triples if triple not in _COMMON) or None


def _trace_word(is_in_trace: bool) -> str:
    return "y" if is_in_trace else "n"


def _quoted(term: str) -> str:
    return '"' + term.replace('"', '""') + '"'
