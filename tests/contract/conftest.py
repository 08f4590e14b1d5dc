"""A live server for the contract tests: the real command, in a process of its own, on a free port."""

from __future__ import annotations

import functools
import os
import signal
import ssl
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

import pytest
from tests import stores
from tests.contract.nursery import Forked, nursery
from tests.prepared import prepare

READY_WITHIN_S = 60
ENDED_WITHIN_S = 240
"""A server that ends writes down first what ran: ten thousand runs may wait for that."""
NO_CERTIFICATES = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
"""For clients of plain HTTP. They would load every certificate of the system, longer than most tests take."""
THOROUGH = {
    "test_commands.py",
    "test_environments.py",
    "test_exchange.py",
    "test_executions_cli.py",
    "test_file_texts.py",
    "test_humanloop_exchange.py",
    "test_humanloop_exchange_again.py",
    "test_run_cli.py",
}
"""Files whose tests are slow together, and which others stand for in the fast run: all are about commands, or about
moving in and out, whose parts have tests of their own."""
_making = threading.Lock()


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave thorough tests out of the fast run."""
    for item in items:
        if item.path.name in THOROUGH and item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.slow)


@dataclass
class LiveServer:
    """A running `headrace serve`.

    Attributes:
        store: its store's URL; a file survives `restart`.
        settings: extra environment, by setting's name.
        stderr: the file that its log goes to; None is this process's own standard error.
        is_forked: whether it is forked from a process that has imported all it needs, which is far quicker,
            or is the real command. The store of one that is forked is a copy of an empty one, if it is new.
        modules: what it has imported then besides.
    """

    store: str
    settings: dict[str, str] = field(default_factory=dict)
    stderr: IO[str] | None = None
    is_forked: bool = True
    modules: tuple[str, ...] = ()
    url: str = ""
    process: subprocess.Popen[str] | Forked | None = None
    _humanloop: dict[str, Any] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.store = stores.url_of(self.store)

    def start(self, *options: str) -> LiveServer:
        environment = {k: v for k, v in os.environ.items() if not k.startswith("HEADRACE_")}
        environment |= stores.variables() | {
            f"HEADRACE_{name.upper()}": value for name, value in self.settings.items()
        }
        if os.environ.get("HEADRACE_TEST_WEB"):  # the web UI as somebody has just built it
            environment["HEADRACE_WEB_FOLDER"] = os.environ["HEADRACE_TEST_WEB"]
        arguments = ["serve", "--port", "0", "--store", self.store, *options]
        if self.is_forked:
            prepare(self.store)
            self.process = nursery().start(
                arguments, environment=environment, stderr=self.stderr, modules=self.modules
            )
        else:
            self.process = subprocess.Popen(
                [sys.executable, "-m", "headrace", *arguments],
                env=environment,
                stdout=subprocess.PIPE,
                stderr=self.stderr,
                text=True,
            )
        assert self.process.stdout is not None
        line = self.process.stdout.readline()  # returns at once when the process dies
        assert "listening on" in line, f"the server did not start: {line!r}"
        self.url = line.rpartition(" ")[2].strip()
        self._humanloop.clear()
        return self

    def stop(self) -> int:
        """End it the polite way; its exit status."""
        return self._end(signal.SIGTERM)

    def kill(self) -> int:
        """End it as a power cut would."""
        return self._end(signal.SIGKILL)

    def _end(self, number: signal.Signals) -> int:
        assert self.process is not None
        self.process.send_signal(number)
        status = self.process.wait(timeout=ENDED_WITHIN_S)
        assert self.process.stdout is not None
        self.process.stdout.close()
        return status

    def boto(self, service: str = "bedrock-agent", **options: Any) -> Any:
        """A boto3 client of this server."""
        return boto_client(self.url, service, **options)

    def humanloop(self, api_key: str = "any") -> Any:
        """The Humanloop client of this server and key: one, because each has a thread that never ends."""
        if api_key not in self._humanloop:
            self._humanloop[api_key] = humanloop_client(self.url, api_key)
        return self._humanloop[api_key]


def humanloop_client(url: str, api_key: str) -> Any:
    """A Humanloop client with the HTTP client that it makes by itself, but for the certificates."""
    import httpx
    from humanloop import Humanloop

    finish_models()
    plain = httpx.Client(verify=NO_CERTIFICATES, timeout=60, follow_redirects=True)
    return Humanloop(api_key=api_key, base_url=f"{url}/v5", httpx_client=plain)


@functools.cache
def finish_models() -> None:
    """Let pydantic see through the SDK's types once; they are left so that it does anew for each answer."""
    import humanloop.types
    import pydantic

    for one in vars(humanloop.types).values():
        if isinstance(one, type) and issubclass(one, pydantic.BaseModel):
            one.model_rebuild()


@functools.cache
def _boto_session() -> Any:
    """One for all clients: it reads the service models once. A client shares nothing else of it."""
    import boto3

    return boto3.session.Session()


def boto_client(
    url: str,
    service: str = "bedrock-agent",
    *,
    access_key: str = "any",
    secret_key: str = "any",
    verify: str | None = None,
    **config: Any,
) -> Any:
    """A boto3 client that never repeats a call by itself."""
    from botocore.config import Config

    with _making:  # a session makes one client at a time
        return _boto_session().client(
            service,
            endpoint_url=url,
            region_name="us-east-1",
            verify=verify,
            aws_access_key_id=access_key,
            aws_secret_access_key=secret_key,
            config=Config(**{"retries": {"total_max_attempts": 1}, "max_pool_connections": 120, **config}),
        )


@pytest.fixture(scope="session")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LiveServer]:
    """One server in open mode for the whole session; tests keep apart by the names they use."""
    path = tmp_path_factory.mktemp("server") / "headrace.db"
    live = LiveServer(store=f"sqlite:///{path}", is_forked=False).start()
    yield live
    assert live.stop() == 0


@pytest.fixture
def make_server(tmp_path: Path) -> Iterator[Any]:
    """Servers of a test's own: `make_server(rate_limit="1")`; stopped when the test ends."""
    made: list[LiveServer] = []

    def make(*options: str, stderr: IO[str] | None = None, **settings: str) -> LiveServer:
        path = tmp_path / f"headrace-{len(made)}.db"
        store = settings.pop("store", f"sqlite:///{path}")
        live = LiveServer(store=store, settings=settings, stderr=stderr)
        made.append(live.start(*options))
        return live

    yield make
    for live in made:
        if live.process is not None and live.process.poll() is None:
            live.stop()
