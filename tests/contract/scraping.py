"""Reads `/metrics` as Prometheus does, with its own parser."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx
from prometheus_client.openmetrics.parser import text_string_to_metric_families as read_openmetrics
from prometheus_client.parser import text_string_to_metric_families as read_text
from tests.contract.conftest import NO_CERTIFICATES

OPENMETRICS = "application/openmetrics-text; version=1.0.0"
WITHIN_S = 60
web = httpx.Client(verify=NO_CERTIFICATES, timeout=30, limits=httpx.Limits(max_keepalive_connections=0))
"""Asks without a look at the certificates of the system, which takes longer than to ask; and each time anew."""


@dataclass(frozen=True, kw_only=True)
class Scrape:
    """What came of one look.

    Attributes:
        samples: by name and labels.
        kinds: of the families, by name.
    """

    text: str
    samples: dict[tuple[str, frozenset[tuple[str, str]]], float]
    kinds: dict[str, str]

    def get(self, name: str, **labels: str) -> float:
        """The sum of all samples of a name that have these labels, among others."""
        wanted = labels.items()
        return sum(
            value
            for (known, told), value in self.samples.items()
            if known == name and wanted <= dict(told).items()
        )


def scrape(url: str, *, accept: str = "", **headers: str) -> Scrape:
    """Look once."""
    answer = web.get(f"{url}/metrics", headers={"accept": accept, **headers})
    assert answer.status_code == 200, answer.text
    read: Any = read_openmetrics if accept else read_text
    families = list(read(answer.text))
    samples = {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in families
        for sample in family.samples
    }
    return Scrape(text=answer.text, samples=samples, kinds={one.name: one.type for one in families})


def until(look: Callable[[], Any], what: str) -> Any:
    """What is found, as soon as there is something."""
    end = time.monotonic() + WITHIN_S
    while not (found := look()):
        assert time.monotonic() < end, what
        time.sleep(0.05)
    return found
