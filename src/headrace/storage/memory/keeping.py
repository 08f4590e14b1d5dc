"""What the memory store finds to be forgotten, how long it keeps things, and providers."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from headrace.core.errors import Conflict
from headrace.core.keeping import Erasure, Retention
from headrace.core.keeping_ports import Placed, Seal
from headrace.core.logs import Log
from headrace.core.ports import Clash
from headrace.core.providers import ProviderAccount, ProviderUse, Span
from headrace.core.records import Execution
from headrace.storage.memory.tables import Rows, Shared


class Keeping:
    """Places are numbers in the order of creation and arrival, as they are now."""

    def __init__(self, account: str, rows: Rows, shared: Shared) -> None:
        self._account = account
        self._rows = rows
        self._shared = shared

    def rule(self, *, file_id: str) -> Retention | None:
        return self._shared.retentions.get((self._account, file_id))

    def rules(self) -> list[Retention]:
        found = sorted(self._shared.retentions.items())
        return [rule for (account, _), rule in found if account == self._account]

    def put_rule(self, rule: Retention) -> None:
        self._rows.require_file(rule.file_id)
        self._shared.retentions.put((self._account, rule.file_id), rule)

    def remove_rule(self, *, file_id: str) -> None:
        self._shared.retentions.drop((self._account, file_id))

    def accounts(self, *, with_rules: bool) -> list[str]:
        ruled = {account for (account, _), rule in self._shared.retentions.items() if rule.keep_days}
        return sorted(one for one in self._shared.organisations if one in ruled or not with_rules)

    def files_with_logs(self) -> list[str]:
        return sorted({log.file_id for log in self._rows.logs.values()})

    def old(self, *, file_id: str, before: datetime, after: int | None, take: int) -> list[tuple[int, str]]:
        found = [
            (self._place(log), log.id)
            for log in self._rows.logs.values()
            if log.file_id == file_id and log.created_at < before and log.judged_id is None
        ]
        return sorted(one for one in found if after is None or one[0] > after)[:take]

    def page(self, *, after: int | None, take: int) -> list[Placed]:
        found = [Placed(place=self._place(log), log=log) for log in self._rows.logs.values()]
        later = [one for one in found if after is None or one.place > after]
        return sorted(later, key=lambda one: one.place)[:take]

    def _place(self, log: Log) -> int:
        """The time, then the arrival; there are no more than a million logs in memory."""
        return int(log.created_at.timestamp() * 1_000_000) * 1_000_000 + self._rows.arrivals[f"log {log.id}"]

    def some(self, *, ids: Collection[str]) -> list[Log]:
        return [self._rows.logs[one] for one in dict.fromkeys(ids) if one in self._rows.logs]

    def hanging(self, *, ids: Collection[str]) -> list[str]:
        wanted = set(ids)
        logs = list(self._rows.logs.values())
        below = [log.id for log in logs if log.trace_parent_id in wanted]
        return list(dict.fromkeys([*below, *(log.id for log in logs if log.judged_id in wanted)]))

    def in_traces(self, *, ids: Collection[str]) -> list[str]:
        wanted = set(ids)
        return [log.id for log in self._rows.logs.values() if log.trace_id in wanted - {log.id}]

    def executions(self, *, after: str, take: int) -> list[Execution]:
        found = [run for run in self._runs() if run.id > after]
        return sorted(found, key=lambda run: run.id)[:take]

    def _runs(self) -> list[Execution]:
        return [run for (account, _), run in self._shared.executions.items() if account == self._account]

    def executions_named(self, *, name: str) -> list[Execution]:
        return sorted((run for run in self._runs() if run.name == name), key=lambda run: run.id)

    def logs_of_execution(self, *, execution_id: str) -> list[str]:
        return [log.id for log in self._rows.logs.values() if log.execution_id == execution_id]

    def add_erasure(self, erasure: Erasure) -> None:
        if erasure.id in self._rows.erasures:
            raise Clash("id")
        self._rows.erasures.put(erasure.id, erasure)

    def erasures(self, *, take: int) -> list[Erasure]:
        return sorted(self._rows.erasures.values(), key=lambda one: one.id, reverse=True)[:take]

    def seals(self) -> list[Seal]:
        raise Conflict("A store in memory is gone with its key; there is nothing to seal anew.")

    def reseal(self, seal: Seal) -> None:
        raise Conflict("A store in memory is gone with its key; there is nothing to seal anew.")


class ProviderAccounts:
    def __init__(self, rows: Rows) -> None:
        self._rows = rows

    def get(self, *, provider: str) -> ProviderAccount | None:
        return self._rows.provider_accounts.get(provider)

    def all(self) -> list[ProviderAccount]:
        return [one for _, one in sorted(self._rows.provider_accounts.items())]

    def put(self, account: ProviderAccount) -> None:
        self._rows.provider_accounts.put(account.provider, account)

    def remove(self, *, provider: str) -> None:
        self._rows.provider_accounts.drop(provider)

    def use(self, *, provider: str, span: Span) -> ProviderUse | None:
        return self._rows.provider_uses.get((provider, span))

    def uses(self) -> list[ProviderUse]:
        return [one for _, one in sorted(self._rows.provider_uses.items())]

    def add_use(self, use: ProviderUse) -> None:
        known = self.use(provider=use.provider, span=use.span)
        if known is not None and known.begins_at >= use.begins_at:
            use = msgspec.structs.replace(
                known,
                requests=known.requests + use.requests,
                tokens=known.tokens + use.tokens,
                cost_usd=known.cost_usd + use.cost_usd,
            )
        self._rows.provider_uses.put((use.provider, use.span), use)
