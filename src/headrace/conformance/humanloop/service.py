"""Humanloop as one of the services that checks are made of: whom to ask, and how to leave nothing behind."""

from __future__ import annotations

from typing import Any

from headrace.conformance.checks import Differs
from headrace.conformance.humanloop.client import API, KINDS, Humanloop, Setup
from headrace.conformance.ledger import Entry
from headrace.conformance.wire import NoAnswer

GONE = (200, 204, 404)


class HumanloopService:
    """Makes a client for each check, and removes what checks made."""

    def __init__(self, setup: Setup) -> None:
        self._setup = setup

    def client(self, owner: str) -> Humanloop:
        return Humanloop(self._setup, owner)

    def stop(self) -> None:
        """Nothing here goes on by itself."""

    def ping(self) -> None:
        Humanloop(self._setup, "").call("GET", "flows")

    def remove(self, entry: Entry) -> str | None:
        client = Humanloop(self._setup, entry.owner)
        try:
            answer = client.setup.wire.send("DELETE", entry.path, headers={"X-API-KEY": self._setup.api_key})
        except NoAnswer as error:
            return str(error)
        return None if answer.status in GONE else answer.shown()

    def sweep(self) -> list[str]:
        """Remove the directory that everything is made in, with whatever is still in it."""
        client = Humanloop(self._setup, "")
        try:
            answer = client.call("GET", "directories")
            if answer.status != 200:
                return []  # a server without directories has none of ours
            mine = [one for one in answer.json() if _is_below(str(one["path"]), self._setup.prefix)]
            mine.sort(key=lambda one: -str(one["path"]).count("/"))  # what is inside first
            return [reason for one in mine for reason in self._emptied(client, one)]
        except (Differs, NoAnswer, KeyError, TypeError) as error:
            return [f"/directories can't be read, so {self._setup.prefix} may be left: {error}"]

    def _emptied(self, client: Humanloop, directory: dict[str, Any]) -> list[str]:
        found = client.ok("GET", "directories", str(directory["id"]))
        paths = [f"/{KINDS[str(one['id']).partition('_')[0]]}/{one['id']}" for one in found.get("files", ())]
        entries = [Entry(api=API, path=path, owner="") for path in paths]
        entries.append(Entry(api=API, path=f"/directories/{directory['id']}", owner=""))
        return [reason for entry in entries if (reason := self.remove(entry)) is not None]


def _is_below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith((f"{prefix}/", f"{prefix}-"))
