"""How long things are kept, what is to be forgotten, and providers, in SQL."""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime

import msgspec

from headrace.core.keeping import Erasure, Retention
from headrace.core.keeping_ports import Placed, Seal
from headrace.core.logs import Log
from headrace.core.providers import ProviderAccount, ProviderUse, Span
from headrace.core.records import Execution
from headrace.storage.places import first_place
from headrace.storage.sql.collection import SqlCollection
from headrace.storage.sql.rows import mapper

ERASURE = mapper(Erasure)
EXECUTION = mapper(Execution)
LOG = mapper(Log)
PROVIDER_ACCOUNT = mapper(ProviderAccount)
PROVIDER_USE = mapper(ProviderUse)
RETENTION = mapper(Retention)
FIRST_PLACE = -(2**63)

SEALED = {
    "keys": ("sealed_keys", "reseal_key", ("id",)),
    "secrets": ("sealed_secrets", "reseal_secret", ("account", "file_id", "name")),
    "provider_accounts": ("sealed_provider_accounts", "reseal_provider_account", ("account", "provider")),
}
"""The tables with sealed values: what reads these, what replaces one, and by what a row is known."""


class Keeping(SqlCollection):
    def rule(self, *, file_id: str) -> Retention | None:
        row = self._one("retention", file_id=file_id)
        return RETENTION.load(row) if row else None

    def rules(self) -> list[Retention]:
        return [RETENTION.load(row) for row in self._all("retentions")]

    def put_rule(self, rule: Retention) -> None:
        self._run("put_retention", **RETENTION.dump(rule))

    def remove_rule(self, *, file_id: str) -> None:
        self._run("remove_retention", file_id=file_id)

    def accounts(self, *, with_rules: bool) -> list[str]:
        statement = "accounts_with_retentions" if with_rules else "all_accounts"
        return [account for (account,) in self._connection.all(statement)]

    def files_with_logs(self) -> list[str]:
        return list(dict.fromkeys(file_id for (file_id,) in self._all("files_with_logs")))

    def old(self, *, file_id: str, before: datetime, after: int | None, take: int) -> list[tuple[int, str]]:
        first = FIRST_PLACE if after is None else after
        rows = self._all("old_logs", file_id=file_id, before=first_place(before), after=first, take=take)
        return [(int(place), str(log_id)) for place, log_id in rows]

    def page(self, *, after: int | None, take: int) -> list[Placed]:
        rows = self._all("logs_from", after=FIRST_PLACE if after is None else after, take=take)
        return [Placed(place=row[0], log=LOG.load(tuple(row[1:]))) for row in rows]

    def some(self, *, ids: Collection[str]) -> list[Log]:
        return [LOG.load(row) for row in self._all("logs_kept", ids=_json(ids))]

    def hanging(self, *, ids: Collection[str]) -> list[str]:
        text = _json(ids)
        rows = [*self._all("logs_below", ids=text), *self._all("logs_on", ids=text)]
        return list(dict.fromkeys(log_id for (log_id,) in rows))

    def in_traces(self, *, ids: Collection[str]) -> list[str]:
        return [log_id for (log_id,) in self._all("logs_of_roots", ids=_json(ids))]

    def executions(self, *, after: str, take: int) -> list[Execution]:
        return [EXECUTION.load(row) for row in self._all("executions_from", after=after, take=take)]

    def executions_named(self, *, name: str) -> list[Execution]:
        return [EXECUTION.load(row) for row in self._all("executions_named", name=name)]

    def logs_of_execution(self, *, execution_id: str) -> list[str]:
        return [log_id for (log_id,) in self._all("ids_of_execution", execution_id=execution_id)]

    def add_erasure(self, erasure: Erasure) -> None:
        self._run("add_erasure", **ERASURE.dump(erasure))

    def erasures(self, *, take: int) -> list[Erasure]:
        return [ERASURE.load(row) for row in self._all("erasures", take=take)]

    def seals(self) -> list[Seal]:
        return [
            Seal(table=table, key=tuple(key), sealed=sealed)
            for table, (read, _, _) in SEALED.items()
            for *key, sealed in self._connection.all(read)
        ]

    def reseal(self, seal: Seal) -> None:
        _, write, names = SEALED[seal.table]
        self._connection.run(write, sealed=seal.sealed, **dict(zip(names, seal.key, strict=True)))


class ProviderAccounts(SqlCollection):
    def get(self, *, provider: str) -> ProviderAccount | None:
        row = self._one("provider_account", provider=provider)
        return PROVIDER_ACCOUNT.load(row) if row else None

    def all(self) -> list[ProviderAccount]:
        return [PROVIDER_ACCOUNT.load(row) for row in self._all("provider_accounts")]

    def put(self, account: ProviderAccount) -> None:
        self._run("put_provider_account", **PROVIDER_ACCOUNT.dump(account))

    def remove(self, *, provider: str) -> None:
        self._run("remove_provider_account", provider=provider)

    def use(self, *, provider: str, span: Span) -> ProviderUse | None:
        row = self._one("provider_use", provider=provider, span=span.value)
        return PROVIDER_USE.load(row) if row else None

    def uses(self) -> list[ProviderUse]:
        return [PROVIDER_USE.load(row) for row in self._all("provider_uses")]

    def add_use(self, use: ProviderUse) -> None:
        self._run("add_provider_use", **PROVIDER_USE.dump(use))


def _json(values: Collection[str]) -> str:
    return msgspec.json.encode(list(dict.fromkeys(values))).decode()
