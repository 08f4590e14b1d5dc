"""What logs hold and do not keep: in memory only, for the evaluators that judge them (humanloop 3.11)."""

from __future__ import annotations

from collections import OrderedDict

from headrace.core.logs import Log, Payload, read_payload, write_payload

MOST_BYTES = 64 * 1024 * 1024


class Unsaved:
    """The payloads that came in last; older ones are forgotten when there are too many, all at the end.

    What a transaction puts here and is undone is found by nobody: there is no such log.

    Args:
        most_bytes: of all organisations together.
    """

    def __init__(self, most_bytes: int = MOST_BYTES) -> None:
        self._most_bytes = most_bytes
        self._size_bytes = 0
        self._payloads: OrderedDict[tuple[str, str], bytes] = OrderedDict()

    def put(self, account: str, log: Log, payload: Payload) -> None:
        """Hold on to all of a log's payload, if the log itself does not keep it."""
        if log.is_saved:
            return
        self._size_bytes -= len(self._payloads.pop((account, log.id), b""))
        self._payloads[account, log.id] = text = write_payload(payload)
        self._size_bytes += len(text)
        while self._size_bytes > self._most_bytes:
            _, oldest = self._payloads.popitem(last=False)
            self._size_bytes -= len(oldest)

    def has(self, account: str, log: Log) -> bool:
        """Whether all that a log held is known here."""
        return log.is_saved or (account, log.id) in self._payloads

    def text(self, account: str, log: Log) -> bytes:
        """The JSON text of what a log holds, as much of it as is known."""
        return log.payload if log.is_saved else self._payloads.get((account, log.id), log.payload)

    def content(self, account: str, log: Log) -> Payload:
        """The same, decoded."""
        return read_payload(self.text(account, log))
