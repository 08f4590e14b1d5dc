"""Values to put into a store, and a way to use a store from a plain function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import msgspec

from headrace.core.access import Key, Right, User
from headrace.core.deployments import Alias, Concurrency, Environment, EnvironmentTag, Move, PointerKind
from headrace.core.evaluations import Evaluation, Run, RunLink, RunStatus, Seat, Slot
from headrace.core.execution import Status
from headrace.core.files import Directory, File
from headrace.core.gates import Approved, Gate, Watch
from headrace.core.keeping import Count, Erasure, Retention, Sort
from headrace.core.logs import Log, Payload, write_payload
from headrace.core.monitoring import Job, Monitor, Work
from headrace.core.ports import Store, Transaction
from headrace.core.providers import ProviderAccount, ProviderUse, Span
from headrace.core.records import EventBatch, Execution, Session
from headrace.core.versions import Draft, DraftStatus, Receipt, Release, Version

T = TypeVar("T")
HOME = "000000000000"
ABROAD = "111111111111"
START = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)


def at(second: int) -> datetime:
    return START + timedelta(seconds=second)


class Desk:
    """A store and the event loop it is used on."""

    def __init__(self, store: Store, runner: asyncio.Runner) -> None:
        self.store = store
        self.runner = runner

    def write(self, work: Callable[[Transaction], T], account: str = HOME) -> T:
        return self.runner.run(self.store.write(account, work))

    def read(self, work: Callable[[Transaction], T], account: str = HOME) -> T:
        return self.runner.run(self.store.read(account, work))


def file(id: str = "fl_1", **changes: Any) -> File:
    values: dict[str, Any] = {
        "kind": "flow",
        "path": f"folder/{id}",
        "directory_id": "dir_root",
        "short_id": id.upper(),
        "short_name": f"name-{id.removeprefix('fl_')}",
        "description": None,
        "readme": "# Über\nall",
        "tags": ("one", "zwei ü"),
        "created_by": "usr_1",
        "created_at": START,
        "updated_at": START,
        "last_number": 0,
    }
    return File(id=id, **values | changes)


def directory(id: str = "dir_1", path: str = "folder", **changes: Any) -> Directory:
    values: dict[str, Any] = {"parent_id": None, "created_at": START, "updated_at": START}
    return Directory(id=id, path=path, **values | changes)


def version(id: str = "flv_1", file_id: str = "fl_1", **changes: Any) -> Version:
    values: dict[str, Any] = {
        "digest": f"digest of {id}",
        "content": b'{"of": "%s", "text": "\xc3\xbc"}' % id.encode(),
        "name": None,
        "description": None,
        "created_by": "usr_1",
        "created_at": START,
        "updated_at": START,
        "last_used_at": START,
        "logs_count": 0,
        "is_runnable": True,
        "is_upserted": False,
    }
    return Version(id=id, file_id=file_id, **values | changes)


def release(number: int = 1, version_id: str = "flv_1", file_id: str = "fl_1", **changes: Any) -> Release:
    values: dict[str, Any] = {
        "content": b'{"of": "%s", "text": "\xc3\xbc"}' % version_id.encode(),
        "description": None,
        "short_name": "name-1",
        "created_by": "usr_1",
        "created_at": START,
        "is_runnable": True,
    }
    return Release(file_id=file_id, number=number, version_id=version_id, **values | changes)


def draft(file_id: str = "fl_1", **changes: Any) -> Draft:
    values: dict[str, Any] = {
        "id": f"flv_draft_{file_id}",
        "content": b"{}",
        "digest": "d",
        "is_edited": True,
        "status": DraftStatus.NOT_PREPARED,
        "findings": None,
        "snapshot_id": None,
        "snapshot": None,
        "snapshot_digest": None,
        "created_by": "usr_1",
        "created_at": START,
        "updated_at": START,
    }
    return Draft(file_id=file_id, **values | changes)


def environment(id: str = "env_1", name: str = "production", **changes: Any) -> Environment:
    values: dict[str, Any] = {"tag": EnvironmentTag.OTHER, "created_at": START}
    return Environment(id=id, name=name, **values | changes)


def move(id: str = "mv_1", file_id: str = "fl_1", **changes: Any) -> Move:
    values: dict[str, Any] = {
        "kind": PointerKind.ENVIRONMENT,
        "pointer_id": "env_1",
        "version_id": "flv_1",
        "target": None,
        "is_automatic": False,
        "moved_by": "usr_1",
        "moved_at": START,
    }
    return Move(id=id, file_id=file_id, **values | changes)


def alias(id: str = "ALIAS00001", file_id: str = "fl_1", **changes: Any) -> Alias:
    values: dict[str, Any] = {
        "name": f"name of {id}",
        "description": None,
        "concurrency": Concurrency(mode="Manual", most=3),
        "created_at": START,
        "updated_at": START,
    }
    return Alias(id=id, file_id=file_id, **values | changes)


def receipt(token: str = "t1", **changes: Any) -> Receipt:
    values: dict[str, Any] = {
        "operation": "create",
        "parent": "",
        "request_hash": "h",
        "result_id": "fl_1",
        "number": None,
        "created_at": START,
    }
    return Receipt(token=token, **values | changes)


def execution(id: str = "exe_1", file_id: str = "fl_1", **changes: Any) -> Execution:
    values: dict[str, Any] = {
        "name": f"name of {id}",
        "version_id": "flv_1",
        "number": 1,
        "is_draft": False,
        "pointer_id": "ALIAS00001",
        "environment_id": None,
        "status": Status.RUNNING,
        "started_by": "usr_1",
        "started_at": START,
        "ended_at": None,
        "input": '"ü"',
        "output": None,
        "error": None,
        "failed_node": None,
        "input_tokens": 0,
        "output_tokens": 0,
        "cost_usd": None,
        "events_count": 0,
    }
    return Execution(id=id, file_id=file_id, **values | changes)


def batch(execution_id: str = "exe_1", first: int = 0, size: int = 2, body: bytes = b"[]") -> EventBatch:
    return EventBatch(execution_id=execution_id, first=first, size=size, body=body)


def session(name: str = "talk", file_id: str = "fl_1", **changes: Any) -> Session:
    values: dict[str, Any] = {
        "execution_id": "exe_1",
        "pointer_id": "ALIAS00001",
        "is_busy": False,
        "node": "Agent",
        "content": b"{}",
        "digest": "d",
        "state": b"{}",
        "turn_at": START,
    }
    return Session(file_id=file_id, name=name, **values | changes)


def payload(*, output: str | None = None, error: str | None = None, **documents: Any) -> bytes:
    """A payload; the documents are of any JSON."""
    raw = {name: msgspec.Raw(msgspec.json.encode(value)) for name, value in documents.items()}
    return write_payload(Payload(output=output, error=error, **raw))


PAYLOAD = payload(inputs={"question": "Hello"}, metadata={"stage": "production"})


def log(id: str = "log_1", version_id: str = "flv_1", file_id: str = "fl_1", **changes: Any) -> Log:
    values: dict[str, Any] = {
        "kind": "flow",
        "created_by": "usr_1",
        "created_at": START,
        "trace_id": id,
        "payload": PAYLOAD,
    }
    return Log(id=id, version_id=version_id, file_id=file_id, **values | changes)


def judgment(id: str, judged_id: str, **changes: Any) -> Log:
    values: dict[str, Any] = {
        "kind": "evaluator",
        "judged_id": judged_id,
        "judged_version_id": "flv_1",
        "judgment": b"true",
    }
    return log(id, "evv_1", "ev_1", **values | changes)


def monitor(id: str = "mon_1", file_id: str = "fl_1", **changes: Any) -> Monitor:
    values: dict[str, Any] = {
        "evaluator_id": "ev_1",
        "version_id": "evv_1",
        "environment_id": None,
        "is_active": True,
        "created_at": START,
        "updated_at": START,
    }
    return Monitor(id=id, file_id=file_id, **values | changes)


def job(subject: str = "log_1", **changes: Any) -> Job:
    values: dict[str, Any] = {"account": HOME, "work": Work.JUDGE, "due_at": START}
    return Job(subject=subject, **values | changes)


def user(id: str = "usr_1", **changes: Any) -> User:
    values: dict[str, Any] = {"email": f"{id}@example.com", "full_name": "Ada Äpfel", "created_at": START}
    return User(id=id, **values | changes)


def key(id: str = "key_1", **changes: Any) -> Key:
    values: dict[str, Any] = {
        "account": HOME,
        "user_id": "usr_1",
        "right": Right.EDITOR,
        "name": "laptop",
        "api_key_hash": f"hash {id}",
        "access_key_id": f"AKIA{id}",
        "secret_sealed": "sealed",
        "created_at": START,
    }
    return Key(id=id, **values | changes)


def evaluation(id: str = "evr_1", file_id: str = "fl_1", **changes: Any) -> Evaluation:
    values: dict[str, Any] = {"name": None, "created_by": "usr_1", "created_at": START, "updated_at": START}
    return Evaluation(id=id, file_id=file_id, **values | changes)


def seat(version_id: str = "evv_1", evaluation_id: str = "evr_1", **changes: Any) -> Seat:
    values: dict[str, Any] = {"evaluator_id": "ev_1", "is_orchestrated": True, "added_at": START}
    return Seat(evaluation_id=evaluation_id, version_id=version_id, **values | changes)


def run(id: str = "rn_1", file_id: str = "fl_1", **changes: Any) -> Run:
    values: dict[str, Any] = {
        "version_id": "flv_1",
        "dataset_id": "ds_1",
        "dataset_version_id": "dsv_1",
        "is_orchestrated": False,
        "status": RunStatus.PENDING,
        "size": 0,
        "created_by": "usr_1",
        "created_at": START,
    }
    return Run(id=id, file_id=file_id, **values | changes)


def link(run_id: str = "rn_1", evaluation_id: str = "evr_1", **changes: Any) -> RunLink:
    values: dict[str, Any] = {"is_control": False, "added_at": START}
    return RunLink(evaluation_id=evaluation_id, run_id=run_id, **values | changes)


def slot(place: int = 0, run_id: str = "rn_1", **changes: Any) -> Slot:
    values: dict[str, Any] = {"datapoint_id": f"dp_{place}", "fingerprint": f"{place:032x}"}
    return Slot(run_id=run_id, place=place, **values | changes)


def gate(file_id: str = "fl_1", **changes: Any) -> Gate:
    values: dict[str, Any] = {
        "kind": PointerKind.ENVIRONMENT,
        "pointer_id": "env_1",
        "spec": '{"rules":[{"type":"approval","by":1}]}',
        "set_by": "usr_1",
        "set_at": START,
    }
    return Gate(file_id=file_id, **values | changes)


def provider_account(provider: str = "openai", **changes: Any) -> ProviderAccount:
    values: dict[str, Any] = {
        "sealed": "sealed provider key",
        "hint": "wxyz",
        "requests_a_minute": 60,
        "tokens_a_day": None,
        "cost_a_month_usd": 1.5,
        "set_by": "usr_1",
        "set_at": START,
    }
    return ProviderAccount(provider=provider, **values | changes)


def provider_use(provider: str = "openai", **changes: Any) -> ProviderUse:
    values: dict[str, Any] = {
        "span": Span.DAY,
        "begins_at": Span.DAY.begin(START),
        "requests": 2,
        "tokens": 30,
        "cost_usd": 0.25,
    }
    return ProviderUse(provider=provider, **values | changes)


def retention(file_id: str = "fl_1", **changes: Any) -> Retention:
    return Retention(file_id=file_id, **{"keep_days": 30, "set_by": "usr_1", "set_at": START} | changes)


def erasure(id: str = "ers_1", **changes: Any) -> Erasure:
    values: dict[str, Any] = {
        "sort": Sort.USER,
        "subject": "a1b2",
        "erased_by": "usr_1",
        "erased_at": START,
        "counts": (Count(kind="logs", number=3),),
    }
    return Erasure(id=id, **values | changes)


def approved(user_id: str = "usr_1", **changes: Any) -> Approved:
    values: dict[str, Any] = {
        "file_id": "fl_1",
        "kind": PointerKind.ENVIRONMENT,
        "pointer_id": "env_1",
        "version_id": "flv_1",
        "reason": None,
        "approved_at": START,
    }
    return Approved(user_id=user_id, **values | changes)


def watch(move_id: str = "mv_1", version_id: str = "flv_1", **changes: Any) -> Watch:
    values: dict[str, Any] = {
        "file_id": "fl_1",
        "kind": PointerKind.ENVIRONMENT,
        "pointer_id": "env_1",
        "rules": "[]",
        "begun_at": START,
        "ends_at": at(60),
    }
    return Watch(move_id=move_id, version_id=version_id, **values | changes)
