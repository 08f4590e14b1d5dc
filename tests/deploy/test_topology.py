"""The deployment of deploy/compose.yaml as processes: what it promises while parts of it die or are replaced."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from tests.contract.bedrock.running import chain, install, prompt
from tests.contract.bedrock.things import ROLE, new_name
from tests.contract.conftest import boto_client
from tests.deploy.fleet import Fleet, balancer, ended

pytestmark = [pytest.mark.live, pytest.mark.slow, pytest.mark.timeout(300)]

EXECUTIONS = 12
CALLERS = 4
SHORT = chain(("Short", "Prompt", prompt()))


class Callers:
    """Requests without end from several threads, each of which has to be answered well at the first try."""

    def __init__(self, url: str, calls: list[Callable[[Any, Any], object]]) -> None:
        self._clients = boto_client(url), boto_client(url, "bedrock-agent-runtime")
        self._is_over = threading.Event()
        self.answered = 0
        self.failed: list[str] = []
        self._threads = [threading.Thread(target=self._call, args=(call,)) for call in calls]
        self._lock = threading.Lock()

    def _call(self, call: Callable[[Any, Any], object]) -> None:
        while not self._is_over.is_set():
            try:
                call(*self._clients)
            except Exception as error:
                self.failed.append(f"{time.time():.3f} {error!r}")
            with self._lock:
                self.answered += 1

    def __enter__(self) -> Callers:
        for thread in self._threads:
            thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_over.set()
        for thread in self._threads:
            thread.join()


def test_parts_are_killed_and_replaced_and_nobody_notices(fleet: Fleet, tmp_path: Path) -> None:
    patient = {"drain_delay": "3", "shutdown_timeout": "60", "log_requests": "true"}
    servers = [fleet.server(**patient) for _ in range(2)]
    workers = [fleet.worker(), fleet.worker()]
    with balancer([live.url for live in servers], tmp_path) as url:
        flow = install(boto_client(url), SHORT)
        alias = {"flowIdentifier": flow, "flowAliasIdentifier": "TSTALIASID"}
        inputs = [{"nodeName": "FlowInput", "nodeOutputName": "document", "content": {"document": "x"}}]

        def invoke(_: Any, runtime: Any) -> None:
            answer = runtime.invoke_flow(**alias, inputs=inputs)
            events = list(answer["responseStream"])
            assert events, answer
            assert "flowCompletionEvent" in events[-1], events

        started: list[str] = []

        def start(_: Any, runtime: Any) -> None:
            if len(started) < EXECUTIONS:
                started.append(runtime.start_flow_execution(**alias, inputs=inputs)["executionArn"])
            time.sleep(0.2)

        calls: list[Callable[[Any, Any], object]] = [
            lambda agent, _: agent.list_flows(),
            lambda agent, _: agent.create_flow(name=new_name(), executionRoleArn=ROLE),
            invoke,
            start,
        ]
        with Callers(url, calls) as callers:
            workers[0].told("begun")
            workers[0].signal(signal.SIGKILL)
            for number in range(len(servers)):
                fleet.replace(number)
            before = callers.answered
            deadline = time.monotonic() + 60
            while callers.answered < before + 20 or len(started) < EXECUTIONS:
                assert time.monotonic() < deadline, callers.answered
                time.sleep(0.1)
        assert callers.failed == []
        assert callers.answered > 100
        runtime = boto_client(url, "bedrock-agent-runtime")
        for arn in started:
            assert ended(runtime, **alias, executionIdentifier=arn)["status"] == "Succeeded"
        assert {live.process.returncode for live in servers if live.process is not None} == {None}
