"""Which files the server can call by itself for a run of an evaluation (humanloop 4.2, 4.3)."""

from __future__ import annotations

from headrace.core.errors import Invalid
from headrace.core.files import File
from headrace.core.kinds import KINDS
from headrace.core.kinds.tool import read_tool
from headrace.core.ports import Transaction
from headrace.core.versions import Version
from headrace.services.base import Ports
from headrace.services.calls.tool_calls import check_runs
from headrace.services.runs import flow_calls

CALLABLE = ("prompt", "tool", "agent", "flow")
"""The kinds that are; `headrace.services.evaluations.generating` has how each is called."""


def check(tx: Transaction, ports: Ports, file: File, version: Version) -> None:
    """Refuse a run whose logs the server is to make, and can't.

    Raises:
        Invalid: it can't call the version.
    """
    title = KINDS[file.kind].title
    if file.kind not in CALLABLE:
        message = (
            f"A {title} is not callable on the server: run it yourself and send its logs, with "
            "`orchestrated` set to false."
        )
        raise Invalid.at("orchestrated", message=message, kind="not_callable")
    if file.kind == "tool":
        check_runs(read_tool(version.content))
    if file.kind == "flow":
        flow_calls.check(tx, ports, version)
