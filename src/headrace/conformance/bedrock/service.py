"""Bedrock as one of the services that checks are made of: whom to ask, and how to leave nothing behind."""

from __future__ import annotations

from headrace.conformance.bedrock.client import API, Bedrock, Setup
from headrace.conformance.bedrock.operations import OPERATIONS
from headrace.conformance.checks import Differs
from headrace.conformance.ledger import Entry
from headrace.conformance.wire import NoAnswer

GONE = (200, 202, 204, 404)


class BedrockService:
    """Makes a client for each check, and removes what checks made."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def client(self, owner: str) -> Bedrock:
        return Bedrock(self._setup, owner)

    def stop(self) -> None:
        self._setup.stopping.set()

    def ping(self) -> None:
        Bedrock(self._setup, "").call("ListFlows")

    def remove(self, entry: Entry) -> str | None:
        client = Bedrock(self._setup, entry.owner)
        try:
            answer = client.send("DELETE", entry.path)
        except NoAnswer as error:
            return str(error)
        return None if answer.status in GONE else answer.shown()

    def sweep(self) -> list[str]:
        """Remove flows and prompts whose name is this run's: the answer that told of them may be lost."""
        left: list[str] = []
        for operation, key, path in (
            ("ListFlows", "flowSummaries", "/flows/{}/?skipResourceInUseCheck=true"),
            ("ListPrompts", "promptSummaries", "/prompts/{}/"),
        ):
            left += self._sweep(operation, key, path)
        return left

    def _sweep(self, operation: str, key: str, path: str) -> list[str]:
        client = Bedrock(self._setup, "")
        if client.call(operation).status != OPERATIONS[operation].status:
            return []  # a server without them has none of ours
        try:
            found = [
                str(one["id"])
                for one in client.every(operation, key=key)
                if str(one.get("name", "")).startswith(self._setup.prefix)
            ]
        except (Differs, NoAnswer, KeyError, TypeError, AttributeError) as error:
            return [
                f"{operation} can't be read, so something named {self._setup.prefix}… may be left: {error}"
            ]
        entries = [Entry(api=API, path=path.format(one), owner="") for one in found]
        return [reason for entry in entries if (reason := self.remove(entry)) is not None]
