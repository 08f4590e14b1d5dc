"""The rules and the scraping that the page on watching shows are of metrics that there are."""

from __future__ import annotations

import re
from typing import Any

import yaml
from tests.docs.pages import ROOT, blocks

from headrace.apis.metrics.table import METRICS, PROCESS, Kind

PAGE = ROOT / "docs" / "how-to" / "watch-the-server.md"
ENDINGS = {
    Kind.COUNTER: ("_total",),
    Kind.GAUGE: ("",),
    Kind.INFO: ("_info",),
    Kind.HISTOGRAM: ("_bucket", "_sum", "_count"),
}
LABELS = {
    one.name + ending: {*one.labels, *(["le"] if ending == "_bucket" else [])}
    for one in METRICS
    for ending in ENDINGS[one.kind]
} | {name: set[str]() for name in PROCESS}
OF_PROMETHEUS = {"job", "instance"}


def rules() -> list[dict[str, Any]]:
    texts = [block.text for block in blocks(PAGE) if block.language == "yaml"]
    return [
        rule for text in texts for group in yaml.safe_load(text).get("groups", []) for rule in group["rules"]
    ]


def test_alerts_are_of_metrics_and_labels_that_there_are() -> None:
    assert len(rules()) > 8
    for rule in rules():
        used = re.findall(r"\b((?:headrace|process)_\w+)(?:\{([^}]*)\})?", rule["expr"])
        assert used or "up{" in rule["expr"], rule
        for name, selector in used:
            assert name in LABELS, rule
            named = set(re.findall(r"(\w+)\s*(?:=~|!~|!=|=)", selector))
            assert named <= LABELS[name] | OF_PROMETHEUS, rule


def test_parentheses_close() -> None:
    for rule in rules():
        assert rule["expr"].count("(") == rule["expr"].count(")"), rule
