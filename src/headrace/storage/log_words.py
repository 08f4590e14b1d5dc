"""What the full-text indexes of logs hold, and how they are asked; no text of a user is their syntax."""

from __future__ import annotations

from headrace.core import search
from headrace.core.logs import Log, LogQuery

_COMMON = {"log", "og_"}
"""In almost every id, so of no use to find one."""


def index_words(log: Log, *, file_number: int, version_number: int) -> str:
    """All that a log is found by, as words between blanks.

    ``t7_word`` is a word of the texts of a log of file 7, ``m7_word`` one of its metadata; ``v3`` says that
    it is of version 3, ``y`` that it is in a trace, ``n`` that it is in none.
    """
    found = [f"t{file_number}_{word}" for word in search.text_words(log)]
    found += [f"m{file_number}_{word}" for word in search.metadata_words(log)]
    if found:
        found += [f"v{version_number}", _trace_word(log.is_in_trace)]
    return " ".join(found)


def match_words(query: LogQuery, *, file_number: int, version_number: int | None) -> str | None:
    """The expression for the logs of a file that have the words of a query; None when it has none."""
    wanted = [
        term
        for field, text in (("t", query.search), ("m", query.metadata))
        for term in _terms(f"{field}{file_number}_", search.wanted(text))
    ]
    if not wanted:
        return None
    if version_number is not None:
        wanted.append(f'"v{version_number}"')
    if query.in_trace is not None:
        wanted.append(f'"{_trace_word(query.in_trace)}"')
    return " AND ".join(wanted)


def match_triples(part: str) -> str | None:
    """The expression for the logs that may have a part in their id; None when it would leave out none."""
    triples = dict.fromkeys(part[start : start + 3] for start in range(len(part) - 2))
    telling = [triple for triple in triples if triple not in _COMMON]
    quoted = ['"' + triple.replace('"', '""') + '"' for triple in telling]
    return " AND ".join(quoted) or None


def _trace_word(is_in_trace: bool) -> str:
    return "y" if is_in_trace else "n"


def _terms(before: str, wanted: search.Wanted | None) -> list[str]:
    if wanted is None:
        return []
    return [*(f'"{before}{word}"' for word in wanted.whole), f'"{before}{wanted.beginning}" *']
