"""What came of the checks: a table for people, JSON and JUnit for programs."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any
from xml.etree import ElementTree

from headrace.conformance.checks import Standing
from headrace.conformance.runner import Outcome, Result

SHOWN_CHARS = 400
BAD = (Outcome.FAILED, Outcome.DIFFERS)
COLUMNS = ("api", "area", "passed", "failed", "differs", "skipped")


def lines(results: Sequence[Result], *, is_verbose: bool) -> Iterator[str]:
    """The report: what is not as it should be, then a table by area, then a sum."""
    for result in results:
        if result.outcome in BAD or is_verbose:
            yield from _told(result)
    yield from _table(results)
    yield ""
    yield verdict(results)


def verdict(results: Sequence[Result]) -> str:
    """Everything in a sentence."""
    words = []
    for standing in Standing:
        tried = [
            one for one in results if one.check.standing is standing and one.outcome is not Outcome.SKIPPED
        ]
        passed = sum(one.outcome is Outcome.PASSED for one in tried)
        words.append(f"{passed} of {len(tried)} {standing} rules hold")
    skipped = sum(one.outcome is Outcome.SKIPPED for one in results)
    return ", ".join(words) + f"; {skipped} were skipped."


def is_good(results: Iterable[Result], *, is_strict: bool) -> bool:
    """Whether no documented rule failed; with ``is_strict`` no presumed one either."""
    bad = BAD if is_strict else (Outcome.FAILED,)
    return not any(result.outcome in bad for result in results)


def _told(result: Result) -> Iterator[str]:
    check = result.check
    yield f"{result.outcome.upper():8} {check.id}  [{check.standing}, {check.api} {check.section}]"
    if result.outcome is Outcome.PASSED:
        return
    yield f"         {check.title}"
    if result.outcome is Outcome.SKIPPED:
        yield f"         skipped: {result.what}"
    else:
        yield f"         {result.what}"
        yield f"           expected  {shown(result.expected)}"
        yield f"           got       {shown(result.got)}"
        if result.exchange:
            yield f"         {_cut(result.exchange)}"
    yield ""


def shown(value: Any) -> str:
    """A value on a line: text as it is, anything else as JSON."""
    return _cut(value if isinstance(value, str) else json.dumps(value, ensure_ascii=False, default=repr))


def _cut(text: str) -> str:
    text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
    return text if len(text) <= SHOWN_CHARS else f"{text[:SHOWN_CHARS]} ..."


def _table(results: Sequence[Result]) -> Iterator[str]:
    areas: dict[tuple[str, str], Counter[str]] = {}
    for result in results:
        counter = areas.setdefault((result.check.api, result.check.area), Counter())
        counter[result.outcome.value] += 1
    total: Counter[str] = sum(areas.values(), Counter())
    rows = [(api, area, counter) for (api, area), counter in areas.items()]
    width = max((len(area) for _, area, _ in rows), default=4)
    form = "{:<10} {:<" + str(width) + "} {:>7} {:>7} {:>8} {:>8}"
    yield form.format(*COLUMNS)
    for api, area, counter in [*rows, ("", "total", total)]:
        yield form.format(api, area, *(counter[column] or "-" for column in COLUMNS[2:]))


def as_json(results: Sequence[Result], *, about: Mapping[str, Any], left: Sequence[str]) -> str:
    """Everything, for programs."""
    document = {
        **about,
        "summary": dict(Counter(result.outcome.value for result in results)),
        "not_removed": list(left),
        "checks": [_row(result) for result in results],
    }
    return json.dumps(document, indent=2, ensure_ascii=False, default=repr)


def _row(result: Result) -> dict[str, Any]:
    check = result.check
    row: dict[str, Any] = {
        "id": check.id,
        "title": check.title,
        "section": check.section,
        "standing": check.standing.value,
        "outcome": result.outcome.value,
        "lasted_s": round(result.lasted_s, 4),
    }
    if result.outcome is Outcome.SKIPPED:
        row["reason"] = result.what
    elif result.outcome is not Outcome.PASSED:
        row |= {
            "what": result.what,
            "expected": result.expected,
            "got": result.got,
            "exchange": result.exchange,
        }
    return row


def as_junit(results: Sequence[Result], *, is_strict: bool) -> bytes:
    """A suite an area. A presumed rule that does not hold counts as skipped, unless ``is_strict``."""
    root = ElementTree.Element("testsuites", name="headrace conformance")
    suites: dict[str, ElementTree.Element] = {}
    for result in results:
        name = f"{result.check.api}.{result.check.area}"
        if name not in suites:
            suites[name] = ElementTree.SubElement(root, "testsuite", name=name)
        case = ElementTree.SubElement(
            suites[name],
            "testcase",
            classname=name,
            name=result.check.name,
            time=f"{result.lasted_s:.3f}",
        )
        is_failure = not is_good([result], is_strict=is_strict)
        if result.outcome is not Outcome.PASSED:
            told = ElementTree.SubElement(
                case, "failure" if is_failure else "skipped", message=_cut(result.what)
            )
            told.text = _plain("\n".join(_told(result)))
    for suite in suites.values():
        suite.set("tests", str(len(suite)))
        suite.set("failures", str(len(suite.findall("testcase/failure"))))
        suite.set("skipped", str(len(suite.findall("testcase/skipped"))))
    document: bytes = ElementTree.tostring(root, encoding="utf-8", xml_declaration=True)
    return document


def _plain(text: str) -> str:
    """Without what XML has no way to say."""
    return "".join(one if one.isprintable() or one in "\n\t" else "\ufffd" for one in text)
